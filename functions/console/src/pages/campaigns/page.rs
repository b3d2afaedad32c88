//! The page of one campaign: its form, its figures, and three of its leads.

use askama::Template;
use axum::{http::StatusCode, response::Response};
use serde::Deserialize;
use shared::{
    db::{
        PgConnection,
        console::{
            campaigns::{self, Changed, Figures},
            preview::{LOOKED_AT, SHOWN},
            shell::MOST_COUNTED,
        },
        operator::Campaign,
    },
    domain::{basis::BasisRule, campaign::Settings, gate::CampaignStatus, person::Role},
};

use super::{entries, entries::CountryLine, life, preview, preview::Card};
use crate::{
    Deps,
    access::Caller,
    answer,
    answer::Failure,
    fields::{Entries, Problems},
    filters,
    view::{Place, Shell, StateMark, capped, counted, number},
};

#[derive(Template)]
#[template(path = "campaign.html")]
struct CampaignPage {
    shell: Shell,
    /// None where it is a new one.
    known: Option<Known>,
    entries: Entries,
    problems: Problems,
    own_rules: Vec<CountryLine>,
    other_rules: Vec<CountryLine>,
    cards: Vec<Card>,
    /// Where the next three are.
    others: i64,
    may_operate: bool,
    /// Whether the preview is of what is in the form and not of what is stored.
    is_draft_preview: bool,
}

/// A campaign that is stored, with what is known of it.
#[derive(Debug)]
struct Known {
    campaign: Campaign,
    figures: Figures,
    changed: Option<Changed>,
}

impl Known {
    fn status(&self) -> CampaignStatus {
        self.campaign.settings.status
    }

    fn state(&self) -> StateMark {
        state_mark(self.status(), self.figures.stopped)
    }

    /// How many leads reach the lowest score.
    fn qualified(&self) -> String {
        let Figures {
            assessed,
            qualified,
            ..
        } = self.figures;
        match assessed > MOST_COUNTED && qualified > MOST_COUNTED {
            true => format!("more than {} leads qualify", number(MOST_COUNTED)),
            false => format!(
                "{} of {} leads qualify",
                number(qualified),
                capped(assessed)
            ),
        }
    }

    /// How many leads are below the lowest confidence, where all were counted.
    fn unsure(&self) -> Option<String> {
        let counted = counted(self.figures.unsure, "lead is below", "leads are below");
        (self.figures.assessed <= MOST_COUNTED).then_some(counted)
    }

    fn is_draft(&self) -> bool {
        self.status() == CampaignStatus::Draft
    }

    fn may_become(&self, word: &str) -> bool {
        CampaignStatus::from_word(word).is_some_and(|next| self.status().may_become(next))
    }
}

impl CampaignPage {
    fn rule_word(&self, rule: &BasisRule) -> &'static str {
        rule.into()
    }

    fn rule_title(&self, word: &str) -> &'static str {
        word.parse().map_or("", BasisRule::title)
    }

    fn rules() -> [BasisRule; 4] {
        use BasisRule::{Allow, Consent, Never, Review};
        [Allow, Review, Consent, Never]
    }

    /// Where the form is sent.
    fn action(&self) -> String {
        match &self.known {
            None => "/campaigns".to_owned(),
            Some(known) => format!("/campaigns/{}", known.campaign.id),
        }
    }

    fn revision(&self) -> String {
        self.entries.shown("revision")
    }
}

/// How a campaign's status is shown.
pub(crate) fn state_mark(status: CampaignStatus, stopped: bool) -> StateMark {
    let (class, word) = match status {
        CampaignStatus::Active if stopped => ("state state-bad", "Stopped automatically"),
        CampaignStatus::Active => ("state state-good", "Active"),
        CampaignStatus::Draft => ("state state-waiting", "Draft"),
        CampaignStatus::Paused => ("state state-waiting", "Paused"),
        CampaignStatus::Ended => ("state", "Ended"),
    };
    StateMark { class, word }
}

/// What the last request did, and which leads to look at.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Shown {
    done: Option<String>,
    /// Leads that were looked at before.
    #[serde(default)]
    others: i64,
    /// The campaign whose settings a new one begins with.
    pub(super) copy: Option<i64>,
    /// How many leads it was about.
    count: Option<u64>,
}

/// A form as it is shown, and what is wrong with it.
pub(super) struct Filled {
    pub(super) entries: Entries,
    pub(super) problems: Problems,
}

impl Filled {
    pub(super) fn fresh(entries: Entries) -> Self {
        Self {
            entries,
            problems: Problems::default(),
        }
    }

    fn status(&self) -> StatusCode {
        if self.problems.is_empty() {
            StatusCode::OK
        } else {
            StatusCode::UNPROCESSABLE_ENTITY
        }
    }
}

/// The page of a new campaign.
pub(super) async fn new_page(
    conn: &mut PgConnection,
    deps: &Deps,
    caller: &Caller,
    form: Filled,
) -> Result<Response, Failure> {
    let shell = Shell::load(conn, deps, caller, Place::Campaigns).await?;
    let status = form.status();
    let (own_rules, other_rules) = entries::country_lines(&form.entries);
    let page = CampaignPage {
        may_operate: shell.may(Role::Operator),
        shell,
        known: None,
        entries: form.entries,
        problems: form.problems,
        own_rules,
        other_rules,
        cards: Vec::new(),
        others: 0,
        is_draft_preview: false,
    };
    Ok(answer::page(status, &page))
}

/// The page of a stored campaign.
pub(super) async fn known_page(
    conn: &mut PgConnection,
    deps: &Deps,
    caller: &Caller,
    (campaign, form, shown): (Campaign, Filled, Shown),
) -> Result<Response, Failure> {
    let shell = Shell::load(conn, deps, caller, Place::Campaigns).await?;
    let id = campaign.id;
    // A preview is of what the form says, unless that cannot be read.
    let wanted = entries::read(&form.entries).ok();
    let settings = wanted.map_or_else(
        || campaign.settings.clone(),
        |wanted| Settings {
            status: campaign.settings.status,
            ..wanted.settings
        },
    );
    let figures = campaigns::figures(conn, id, settings.min_score, settings.min_confidence).await?;
    let skipped = shown.others.clamp(0, LOOKED_AT);
    let cards = preview::cards(conn, id, &settings, skipped).await?;
    let changed = campaigns::last_change(conn, id).await?;
    let said = shown.done.as_deref();
    let said = said.and_then(|done| life::said(done, &campaign, shown.count));
    let status = form.status();
    let (own_rules, other_rules) = entries::country_lines(&form.entries);
    let page = CampaignPage {
        may_operate: shell.may(Role::Operator),
        shell: shell.saying(said),
        is_draft_preview: settings != campaign.settings,
        known: Some(Known {
            campaign,
            figures,
            changed,
        }),
        entries: form.entries,
        problems: form.problems,
        own_rules,
        other_rules,
        others: skipped + SHOWN,
        cards,
    };
    Ok(answer::page(status, &page))
}
