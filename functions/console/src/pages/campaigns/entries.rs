//! A campaign's form: from its settings to entries, and back.

use shared::domain::{
    basis::{BasisRule, BasisRules, DEFAULTS, default_rule},
    campaign::{self, PROFILE, Settings, TextLanguage},
    country::Country,
    gate::CampaignStatus,
    hours::SendingHours,
    letter::Language,
    place,
};

use crate::fields::{Entries, NOTE, Problems, Text, quoted, whole};

/// Most mails a day that a person may enter: more is a slip of the finger.
const MOST_A_DAY: i32 = 1_000_000;

const NAME: Text = Text {
    field: "name",
    label: "Name",
    longest: 200,
    lines: false,
    required: true,
};
const OFFER: Text = Text {
    field: "offer",
    label: "Offer",
    longest: 4_000,
    lines: true,
    required: true,
};
const AUDIENCE: Text = Text {
    field: "audience",
    label: "Audience",
    longest: 4_000,
    lines: true,
    required: true,
};

/// What a form asks for.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Wanted {
    pub(crate) name: String,
    /// As a draft's: a form says nothing of the status.
    pub(crate) settings: Settings,
    pub(crate) note: Option<String>,
}

/// A form that says what these settings say.
pub(crate) fn of(name: &str, settings: &Settings) -> Entries {
    let mut entries = Entries::default();
    entries.set("name", name);
    entries.set("offer", &settings.offer);
    entries.set("audience", &settings.audience);
    entries.set(
        "language",
        settings.language.map_or(PROFILE, Language::code),
    );
    entries.set("min_score", settings.min_score);
    entries.set("min_confidence", settings.min_confidence);
    entries.set("daily_cap", settings.daily_cap);
    for (field, so) in [
        ("review_all", settings.review_all),
        ("rules_decide", settings.rules_decide),
        ("any_hour", settings.hours.is_none()),
    ] {
        if so {
            entries.set(field, "yes");
        }
    }
    if let Some((from, until)) = settings.hours {
        entries.set("hours_from", format_args!("{from:02}:00"));
        entries.set("hours_to", format_args!("{until:02}:00"));
    }
    for (country, rule) in &settings.countries {
        let word: &'static str = rule.into();
        entries.set(format!("rule_{country}"), word);
    }
    entries
}

/// Reads a form.
///
/// # Errors
/// Names each entry that cannot be taken.
pub(crate) fn read(entries: &Entries) -> Result<Wanted, Problems> {
    let mut problems = Problems::default();
    let name = NAME.read(entries, &mut problems);
    let offer = OFFER.read(entries, &mut problems);
    let audience = AUDIENCE.read(entries, &mut problems);
    let note = NOTE.read(entries, &mut problems);
    let defaults = Settings::new(offer, audience);
    let mut take = |field, label, result: Result<i32, String>| {
        result
            .map_err(|message| problems.add(field, label, message))
            .ok()
    };
    let min_score = take(
        "min_score",
        "Lowest score",
        whole(entries.get("min_score"), 0, 100, defaults.min_score.into()),
    );
    let daily_cap = take(
        "daily_cap",
        "Mails a day",
        whole(entries.get("daily_cap"), 0, MOST_A_DAY, defaults.daily_cap),
    );
    let min_confidence = confidence(entries, &mut problems);
    let language = language(entries, &mut problems);
    let hours = hours(entries, &mut problems);
    let countries = countries(entries, &mut problems);
    let settings = Settings {
        min_score: min_score
            .and_then(|score| i16::try_from(score).ok())
            .unwrap_or(defaults.min_score),
        min_confidence: min_confidence.unwrap_or(defaults.min_confidence),
        daily_cap: daily_cap.unwrap_or(defaults.daily_cap),
        review_all: entries.is_on("review_all"),
        rules_decide: entries.is_on("rules_decide"),
        status: CampaignStatus::Draft,
        language,
        countries,
        hours,
        ..defaults
    };
    if problems.is_empty() {
        let note = (!note.is_empty()).then_some(note);
        Ok(Wanted {
            name,
            settings,
            note,
        })
    } else {
        Err(problems)
    }
}

fn confidence(entries: &Entries, problems: &mut Problems) -> Option<f32> {
    let entry = entries.get("min_confidence").trim();
    let read = campaign::confidence(&entry.replace(',', "."));
    if read.is_err() {
        let what = if entry.is_empty() {
            String::new()
        } else {
            format!("{} is not a number from 0 to 1. ", quoted(entry))
        };
        problems.add(
            "min_confidence",
            "Lowest confidence",
            format!("{what}Enter a number from 0 to 1, for example 0.5."),
        );
    }
    read.ok()
}

/// A form that says nothing of it means that of each profile.
fn language(entries: &Entries, problems: &mut Problems) -> Option<Language> {
    let entry = entries.get("language").trim();
    if entry.is_empty() {
        return None;
    }
    let read = campaign::text_language(entry).map_err(|_| {
        let message = format!(
            "{} is no language that mails are written in. Choose one of the list.",
            quoted(entry)
        );
        problems.add("language", "Language", message);
    });
    read.map_or(None, |TextLanguage(language)| language)
}

fn hours(entries: &Entries, problems: &mut Problems) -> Option<(i16, i16)> {
    if entries.is_on("any_hour") {
        return None;
    }
    let mut hour_of = |field| {
        let entry = entries.get(field);
        let read = hour(entry);
        if read.is_none() {
            let message = format!(
                "{} is not a whole hour. Enter one from 00:00 to 24:00, for example 08:00.",
                quoted(entry.trim())
            );
            problems.add(field, "Hours", message);
        }
        read
    };
    let (from, until) = hour_of("hours_from").zip(hour_of("hours_to"))?;
    if SendingHours::new(from.into(), until.into()).is_err() {
        let message = format!("The end must be later than {from:02}:00.");
        problems.add("hours_to", "Hours", message);
    }
    Some((from.into(), until.into()))
}

/// `8`, `08` or `08:00`.
fn hour(entry: &str) -> Option<u8> {
    let text = entry.trim();
    let text = text.strip_suffix(":00").unwrap_or(text);
    let digits = (1..=2).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
    let hour: u8 = digits.then(|| text.parse().ok())??;
    (hour <= 24).then_some(hour)
}

fn countries(entries: &Entries, problems: &mut Problems) -> BasisRules {
    let mut rules = BasisRules::new();
    for (code, word) in entries.beginning("rule_") {
        let country = code.parse().ok().filter(place::is_assigned);
        match (country, word, word.parse::<BasisRule>()) {
            // The table's rule holds.
            (_, "", _) => {}
            (Some(country), _, Ok(rule)) => {
                rules.insert(country, rule);
            }
            (None, _, _) | (_, _, Err(_)) => problems.add(
                "other_country",
                "Country rules",
                format!(
                    "{} is no rule of a country.",
                    quoted(&format!("{code}: {word}"))
                ),
            ),
        }
    }
    let name = entries.get("other_country").trim();
    if !name.is_empty() {
        let country = place::named(name).filter(place::is_assigned);
        let rule = entries.get("other_rule").parse::<BasisRule>();
        match (country, rule) {
            (Some(country), Ok(rule)) => {
                rules.insert(country, rule);
            }
            (None, _) => problems.add(
                "other_country",
                "Country rules",
                format!(
                    "{} is no country that we know. Enter its English name or its code, for example Japan or JP.",
                    quoted(name)
                ),
            ),
            (Some(_), Err(_)) => problems.add(
                "other_rule",
                "Country rules",
                format!("Choose a rule for {}.", quoted(name)),
            ),
        }
    }
    rules
}

/// A country's line in the form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CountryLine {
    pub(crate) code: String,
    pub(crate) name: String,
    /// The table's rule, and why.
    pub(crate) default: &'static str,
    pub(crate) why: &'static str,
    /// The word of the campaign's own rule; empty for the table's.
    pub(crate) chosen: String,
}

/// The countries that a form shows: those whose rule differs, then the rest of the table.
pub(super) fn country_lines(entries: &Entries) -> (Vec<CountryLine>, Vec<CountryLine>) {
    let own = entries.beginning("rule_").map(|(code, _)| code);
    let mut codes: Vec<&str> = own
        .chain(DEFAULTS.iter().map(|(code, _, _)| *code))
        .collect();
    codes.sort_unstable();
    codes.dedup();
    let lines = codes.into_iter().filter_map(|code| {
        let country: Country = code.parse().ok().filter(place::is_assigned)?;
        let (rule, why) = default_rule(country)
            .unwrap_or((BasisRule::Review, "a country without a row in the table"));
        Some(CountryLine {
            code: code.to_owned(),
            name: place::english_name(&country).to_owned(),
            default: rule.title(),
            why,
            chosen: entries.get(&format!("rule_{code}")).to_owned(),
        })
    });
    let mut lines: Vec<CountryLine> = lines.collect();
    lines.sort_by(|one, other| one.name.cmp(&other.name));
    lines.into_iter().partition(|line| !line.chosen.is_empty())
}

#[cfg(test)]
mod tests;
