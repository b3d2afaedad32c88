//! A campaign's settings, as a person gives them.

use serde::Serialize;

use super::{
    basis::{BasisRule, BasisRules},
    country::Country,
    gate::{CampaignFacts, CampaignStatus},
    hours::SendingHours,
    letter::Language,
    place::is_assigned,
    reason::Reason,
    score::{Confidence, Score},
};

/// The word for the language of each profile.
pub const PROFILE: &str = "profile";

/// What is offered, to whom, under which rules.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Settings {
    pub status: CampaignStatus,
    /// What is offered: the model and the recipient read it.
    pub offer: String,
    /// Whom it is for: the model reads it.
    pub audience: String,
    /// 0 to 100.
    pub min_score: i16,
    /// 0 to 1.
    pub min_confidence: f32,
    /// What texts are written in; `None`: that of each profile.
    pub language: Option<Language>,
    /// Mails a day at most.
    pub daily_cap: i32,
    /// Whether a person approves every mail.
    pub review_all: bool,
    /// Whether the score of the rules is final where the model gives no answer.
    pub rules_decide: bool,
    /// What holds in a country, over the table's rule.
    pub countries: BasisRules,
    /// Hours of the recipient's day; `None`: any.
    pub hours: Option<(i16, i16)>,
}

impl Settings {
    /// Those of a new campaign: it is a draft, and sends nothing.
    pub fn new(offer: String, audience: String) -> Self {
        Self {
            status: CampaignStatus::Draft,
            offer,
            audience,
            language: None,
            min_score: 70,
            min_confidence: 0.5,
            daily_cap: 50,
            review_all: false,
            rules_decide: false,
            countries: BasisRules::new(),
            hours: Some((8, 20)),
        }
    }

    /// As the gate reads them, with its breaker closed. `None` where a number is out of its range.
    pub fn facts(&self) -> Option<CampaignFacts> {
        let hours = match self.hours {
            None => None,
            Some((from, until)) => {
                let hour = |hour: i16| u32::try_from(hour).ok();
                Some(SendingHours::new(hour(from)?, hour(until)?).ok()?)
            }
        };
        Some(CampaignFacts {
            status: self.status,
            min_score: Score::new(self.min_score.into())?,
            min_confidence: Confidence::new(self.min_confidence)?,
            review_all: self.review_all,
            rules_decide: self.rules_decide,
            basis_rules: self.countries.clone(),
            hours,
            breaker_open: false,
        })
    }

    /// What mails waited for that these settings may have lifted.
    pub fn lifts(&self, before: &Self) -> impl Iterator<Item = Reason> {
        let resumed = self.status == CampaignStatus::Active && before.status != self.status;
        let lifted = [
            (resumed, Reason::CampaignPaused),
            (self.hours != before.hours, Reason::QuietHours),
        ];
        lifted
            .into_iter()
            .filter(|(so, _)| *so)
            .map(|(_, reason)| reason)
    }

    /// Whether the model would be asked something else.
    pub fn asks_other_than(&self, before: &Self) -> bool {
        (&self.offer, &self.audience, self.language)
            != (&before.offer, &before.audience, before.language)
    }
}

/// What a person changes; `None` stays.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Change {
    pub status: Option<CampaignStatus>,
    pub offer: Option<String>,
    pub audience: Option<String>,
    pub language: Option<TextLanguage>,
    pub min_score: Option<i16>,
    pub min_confidence: Option<f32>,
    pub daily_cap: Option<i32>,
    pub review_all: Option<bool>,
    pub rules_decide: Option<bool>,
    /// `None` for a country: the table's rule holds again.
    pub countries: Vec<(Country, Option<BasisRule>)>,
    pub hours: Option<Hours>,
}

/// From the hour on, before the hour; `None`: any.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hours(pub Option<(i16, i16)>);

/// The language of a campaign's texts; `None`: that of each profile.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TextLanguage(pub Option<Language>);

impl Change {
    pub fn is_nothing(&self) -> bool {
        *self == Self::default()
    }

    pub fn applied_to(&self, before: &Settings) -> Settings {
        let mut countries = before.countries.clone();
        for (country, rule) in &self.countries {
            match rule {
                Some(rule) => countries.insert(*country, *rule),
                None => countries.remove(country),
            };
        }
        Settings {
            status: self.status.unwrap_or(before.status),
            offer: self.offer.clone().unwrap_or_else(|| before.offer.clone()),
            audience: self
                .audience
                .clone()
                .unwrap_or_else(|| before.audience.clone()),
            language: self
                .language
                .map_or(before.language, |TextLanguage(language)| language),
            min_score: self.min_score.unwrap_or(before.min_score),
            min_confidence: self.min_confidence.unwrap_or(before.min_confidence),
            daily_cap: self.daily_cap.unwrap_or(before.daily_cap),
            review_all: self.review_all.unwrap_or(before.review_all),
            rules_decide: self.rules_decide.unwrap_or(before.rules_decide),
            countries,
            hours: self.hours.map_or(before.hours, |Hours(hours)| hours),
        }
    }
}

/// Reads `FR=allow`, `US=never`, or `DE=default` for the table's rule.
///
/// # Errors
/// A sentence that says what is wrong.
pub fn country_rule(text: &str) -> Result<(Country, Option<BasisRule>), String> {
    let form =
        "a country's rule is given as FR=allow, with allow, review, consent, never or default";
    let (country, rule) = text.split_once('=').ok_or(form)?;
    let code = country.trim().to_uppercase();
    let country: Country = code.parse().ok().filter(is_assigned).ok_or_else(|| {
        format!(
            "`{}` is no country code of two letters, such as FR",
            country.trim()
        )
    })?;
    match rule.trim() {
        "default" => Ok((country, None)),
        word => word
            .parse()
            .map(|rule| (country, Some(rule)))
            .map_err(|_| format!("`{word}` is no rule: {form}")),
    }
}

/// Reads `8-20`, or `any`.
///
/// # Errors
/// A sentence that says what is wrong.
pub fn hours(text: &str) -> Result<Hours, String> {
    let text = text.trim();
    if text == "any" {
        return Ok(Hours(None));
    }
    let form = || format!("`{text}` is no span of hours: 8-20, or any");
    let (from, until) = text.split_once('-').ok_or_else(form)?;
    let hour = |text: &str| text.trim().parse::<u8>().map_err(|_| form());
    let (from, until) = (hour(from)?, hour(until)?);
    SendingHours::new(from.into(), until.into()).map_err(|error| error.to_string())?;
    Ok(Hours(Some((from.into(), until.into()))))
}

/// Reads a language's code, or `profile` for that of each profile.
///
/// # Errors
/// A sentence that says what is wrong.
pub fn text_language(text: &str) -> Result<TextLanguage, String> {
    let text = text.trim();
    if text == PROFILE {
        return Ok(TextLanguage(None));
    }
    let language = text.parse().map(|language| TextLanguage(Some(language)));
    language.map_err(|_| {
        let codes: Vec<&str> = Language::all().map(Language::code).collect();
        format!(
            "`{text}` is no language that mails are written in: {PROFILE} for that of each profile, or one of {}",
            codes.join(", ")
        )
    })
}

/// Reads a score from 0 to 100.
///
/// # Errors
/// A sentence that says what is wrong.
pub fn score(text: &str) -> Result<i16, String> {
    let score = text.trim().parse().ok().and_then(Score::new);
    score
        .map(|score| score.get().into())
        .ok_or_else(|| "a score is a whole number from 0 to 100".to_owned())
}

/// Reads a confidence from 0 to 1.
///
/// # Errors
/// A sentence that says what is wrong.
pub fn confidence(text: &str) -> Result<f32, String> {
    let confidence = text.trim().parse().ok().and_then(Confidence::new);
    confidence
        .map(Confidence::get)
        .ok_or_else(|| "a confidence is a number from 0 to 1".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::letter::Frame;

    #[test]
    fn rules_of_countries_are_read_or_refused() {
        let fr = "FR".parse().unwrap();
        for (text, expected) in [
            ("FR=allow", Ok((fr, Some(BasisRule::Allow)))),
            (" fr = never ", Ok((fr, Some(BasisRule::Never)))),
            ("FR=default", Ok((fr, None))),
        ] {
            assert_eq!(country_rule(text), expected, "{text}");
        }
        for (text, says) in [
            ("FR=yes", "`yes` is no rule"),
            ("France=allow", "`France` is no country code"),
            ("XQ=allow", "`XQ` is no country code"),
            ("FR", "FR=allow"),
        ] {
            let error = country_rule(text).unwrap_err();
            assert!(error.contains(says), "{text}: {error}");
        }
    }

    #[test]
    fn hours_are_a_span_or_any() {
        assert_eq!(hours("8-20"), Ok(Hours(Some((8, 20)))));
        assert_eq!(hours("0 - 24"), Ok(Hours(Some((0, 24)))));
        assert_eq!(hours("any"), Ok(Hours(None)));
        for text in ["20-8", "8", "8-25", "eight-20", "-1-5", ""] {
            assert!(hours(text).is_err(), "{text}");
        }
    }

    #[test]
    fn languages_are_those_of_frames() {
        assert_eq!(text_language("profile"), Ok(TextLanguage(None)));
        for language in Language::all() {
            let read = text_language(language.code());
            assert_eq!(read, Ok(TextLanguage(Some(language))));
            let frame = Frame::of(Some(language.code()));
            assert_eq!(frame.language, language, "it has no frame");
        }
        for text in ["", "German", "DE", "ja", "de-AT"] {
            let error = text_language(text).unwrap_err();
            assert!(error.contains("en, de, fr"), "{text}: {error}");
        }
    }

    #[test]
    fn numbers_out_of_range_are_refused() {
        assert_eq!((score("0"), score("100")), (Ok(0), Ok(100)));
        assert_eq!((confidence("0"), confidence("1")), (Ok(0.0), Ok(1.0)));
        for text in ["-1", "101", "x", "1.5"] {
            assert!(score(text).is_err() && (text == "x" || confidence(text).is_err()));
        }
    }

    #[test]
    fn change_leaves_what_it_does_not_name() {
        let before = Settings {
            countries: BasisRules::from([("US".parse().unwrap(), BasisRule::Never)]),
            ..Settings::new("o".to_owned(), "a".to_owned())
        };
        assert_eq!(Change::default().applied_to(&before), before);
        assert!(Change::default().is_nothing());
        let change = Change {
            min_score: Some(50),
            countries: vec![
                ("US".parse().unwrap(), None),
                ("FR".parse().unwrap(), Some(BasisRule::Allow)),
            ],
            hours: Some(Hours(None)),
            ..Change::default()
        };
        let after = change.applied_to(&before);
        assert_eq!((after.min_score, after.hours), (50, None));
        assert_eq!(
            after.countries,
            BasisRules::from([("FR".parse().unwrap(), BasisRule::Allow)])
        );
        assert!(!after.asks_other_than(&before) && after.offer == before.offer);
        let lifted: Vec<Reason> = after.lifts(&before).collect();
        assert_eq!(lifted, [Reason::QuietHours]);
        let language = Change {
            language: Some(TextLanguage(Some(Language::German))),
            ..Change::default()
        };
        let german = language.applied_to(&before);
        assert_eq!(Change::default().applied_to(&german), german);
        let other = Settings {
            audience: "b".to_owned(),
            ..before.clone()
        };
        for asks_otherwise in [german, other] {
            assert!(asks_otherwise.asks_other_than(&before));
        }
    }
}
