//! A campaign as the API writes and reads it.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use shared::{
    db::operator,
    domain::{campaign::PROFILE, country::Country, letter::Language},
};
use utoipa::ToSchema;

use super::super::{
    answer::Refused,
    request::{Whole, given},
};
use crate::fields::Entries;

/// A campaign: what is offered, to whom, under which rules.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Campaign {
    pub(super) id: i64,
    /// Rises with every change.
    revision: i64,
    name: String,
    /// `draft`, `active`, `paused` or `ended`.
    status: &'static str,
    offer: String,
    audience: String,
    /// What texts are written in: a code of two letters, or `profile` for that of each profile.
    language: &'static str,
    /// 0 to 100.
    min_score: i16,
    /// 0 to 1.
    min_confidence: f64,
    /// Mails a day at most.
    daily_cap: i32,
    /// Whether a person approves every mail.
    review_all: bool,
    /// Whether the score of the rules is final where the model gives no answer.
    rules_decide: bool,
    /// Whether mails leave at any hour of the recipient's day.
    any_hour: bool,
    /// A whole hour such as `08:00`; null where any hour will do.
    hours_from: Option<String>,
    hours_to: Option<String>,
    /// Rules of countries that differ from the table's: `allow`, `review`, `consent` or `never`, by the country's
    /// code.
    countries: BTreeMap<String, &'static str>,
    created_at: DateTime<Utc>,
    changed_at: DateTime<Utc>,
}

impl From<operator::Campaign> for Campaign {
    fn from(campaign: operator::Campaign) -> Self {
        let settings = campaign.settings;
        let hour = |hour: i16| format!("{hour:02}:00");
        Self {
            id: campaign.id.0,
            revision: campaign.revision,
            name: campaign.name,
            status: settings.status.into(),
            offer: settings.offer,
            audience: settings.audience,
            language: settings.language.map_or(PROFILE, Language::code),
            min_score: settings.min_score,
            min_confidence: (f64::from(settings.min_confidence) * 1_000.0).round() / 1_000.0,
            daily_cap: settings.daily_cap,
            review_all: settings.review_all,
            rules_decide: settings.rules_decide,
            any_hour: settings.hours.is_none(),
            hours_from: settings.hours.map(|(from, _)| hour(from)),
            hours_to: settings.hours.map(|(_, until)| hour(until)),
            countries: settings
                .countries
                .iter()
                .map(|(country, rule)| (country.to_string(), rule.into()))
                .collect(),
            created_at: campaign.created_at,
            changed_at: campaign.changed_at,
        }
    }
}

impl Campaign {
    /// What tells this version apart.
    pub(super) fn tag(&self) -> String {
        tag(self.revision)
    }
}

/// What tells a version apart.
pub(super) fn tag(revision: i64) -> String {
    format!("\"r{revision}\"")
}

/// Which version a tag names.
pub(super) fn revision(tag: &str) -> Option<i64> {
    tag.strip_prefix("\"r")?.strip_suffix('"')?.parse().ok()
}

/// What a campaign is to be. A field that is not given stays as it is, or as a new campaign has it.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CampaignFields {
    /// Needed for a new one.
    #[serde(default, deserialize_with = "given")]
    #[schema(nullable = false, min_length = 1, max_length = 200)]
    name: Option<String>,
    /// Needed for a new one: the model and the recipient read it.
    #[serde(default, deserialize_with = "given")]
    #[schema(nullable = false, min_length = 1, max_length = 4000)]
    offer: Option<String>,
    /// Needed for a new one: the model reads it.
    #[serde(default, deserialize_with = "given")]
    #[schema(nullable = false, min_length = 1, max_length = 4000)]
    audience: Option<String>,
    /// What texts are written in: `en`, `de`, `fr`, `es`, `it`, `pt` or `nl`, or `profile` for that of each profile.
    #[serde(default, deserialize_with = "given")]
    #[schema(nullable = false, pattern = "^(profile|en|de|fr|es|it|pt|nl)$")]
    language: Option<String>,
    #[serde(default, deserialize_with = "given")]
    #[schema(nullable = false, value_type = Option<i64>, minimum = 0, maximum = 100)]
    min_score: Option<Whole>,
    #[serde(default, deserialize_with = "given")]
    #[schema(nullable = false, minimum = 0, maximum = 1)]
    min_confidence: Option<f64>,
    #[serde(default, deserialize_with = "given")]
    #[schema(nullable = false, value_type = Option<i64>, minimum = 0, maximum = 1_000_000)]
    daily_cap: Option<Whole>,
    #[serde(default, deserialize_with = "given")]
    #[schema(nullable = false)]
    review_all: Option<bool>,
    #[serde(default, deserialize_with = "given")]
    #[schema(nullable = false)]
    rules_decide: Option<bool>,
    #[serde(default, deserialize_with = "given")]
    #[schema(nullable = false)]
    any_hour: Option<bool>,
    #[serde(default, deserialize_with = "given")]
    #[schema(nullable = false, pattern = "^([01]?[0-9]|2[0-4])(:00)?$")]
    hours_from: Option<String>,
    #[serde(default, deserialize_with = "given")]
    #[schema(nullable = false, pattern = "^([01]?[0-9]|2[0-4])(:00)?$")]
    hours_to: Option<String>,
    /// Rules by the country's code: `allow`, `review`, `consent` or `never`; null takes the table's rule back. The
    /// others stay.
    #[serde(default, deserialize_with = "given")]
    #[schema(nullable = false)]
    countries: Option<BTreeMap<String, Option<String>>>,
    /// Kept with the change in the audit log.
    #[serde(default, deserialize_with = "given")]
    #[schema(nullable = false, max_length = 300)]
    note: Option<String>,
}

impl CampaignFields {
    /// The form that says so, where another was filled in before: one set of rules reads both.
    ///
    /// # Errors
    /// When a key of `countries` is no country's code.
    pub(super) fn onto(self, mut entries: Entries) -> Result<Entries, Refused> {
        let names_hours = self.hours_from.is_some() || self.hours_to.is_some();
        // Whoever names hours wants them kept.
        let any_hour = self.any_hour.or(names_hours.then_some(false));
        for (field, text) in [
            ("name", self.name),
            ("offer", self.offer),
            ("audience", self.audience),
            ("language", self.language),
            (
                "min_score",
                self.min_score.map(|number| number.0.to_string()),
            ),
            (
                "min_confidence",
                self.min_confidence.map(|share| share.to_string()),
            ),
            (
                "daily_cap",
                self.daily_cap.map(|number| number.0.to_string()),
            ),
            ("hours_from", self.hours_from),
            ("hours_to", self.hours_to),
            ("note", self.note),
        ] {
            if let Some(text) = text {
                entries.set(field, text);
            }
        }
        for (field, so) in [
            ("review_all", self.review_all),
            ("rules_decide", self.rules_decide),
            ("any_hour", any_hour),
        ] {
            if let Some(so) = so {
                entries.set(field, if so { "yes" } else { "" });
            }
        }
        for (code, rule) in self.countries.into_iter().flatten() {
            // Stored rules stand under the code in capitals: under another spelling this one would miss them.
            let country: Result<Country, _> = code.parse();
            let country = country.map_err(|_| {
                Refused::field("/countries", "A key is no country’s code of two letters.")
            })?;
            entries.set(format!("rule_{country}"), rule.unwrap_or_default());
        }
        Ok(entries)
    }
}
