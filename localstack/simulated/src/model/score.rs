//! How the model scores a profile: explicit criteria, applied without doubting the profile.

use serde::Serialize;

use super::phrases::phrases;
use super::profile::{Profile, clauses};
use super::{niches, signals};
use crate::digest;

/// What the model would like to answer.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(super) struct Opinion {
    niche: String,
    score: u64,
    summary: String,
    subject: String,
    message: String,
    evidence: Vec<Evidence>,
    compliance: Compliance,
    confidence: f64,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
struct Evidence {
    claim: String,
    quote: String,
}

impl Evidence {
    fn new(claim: impl Into<String>, quote: &str) -> Self {
        Self {
            claim: claim.into(),
            quote: quote.to_owned(),
        }
    }
}

#[derive(Clone, Debug, PartialEq, Serialize)]
struct Compliance {
    verdict: &'static str,
    reasons: Vec<String>,
}

impl Compliance {
    fn ok() -> Self {
        Self {
            verdict: "ok",
            reasons: Vec::new(),
        }
    }
}

/// `language`: what the instructions want the text in; `None`: the profile's.
pub(super) fn assess(profile: &Profile, language: Option<&str>) -> Opinion {
    let bio = profile.bio.as_deref().unwrap_or_default();
    let lower = bio.to_lowercase();
    let honest = honest(profile, language, bio, &lower);
    match orders(&lower) {
        Some(Orders::FullMarks) => obedient(profile),
        Some(Orders::Link) => Opinion {
            message: format!("{} https://prize.example.net/claim", honest.message),
            score: 96,
            compliance: Compliance::ok(),
            ..honest
        },
        Some(Orders::SeenThrough) | None => honest,
    }
}

/// A bio that contains instructions, and how far the model follows them.
enum Orders {
    FullMarks,
    Link,
    SeenThrough,
}

fn orders(bio: &str) -> Option<Orders> {
    let gives_orders = [
        "ignore previous",
        "disregard the rules",
        "system:",
        "ignoriere alle",
    ];
    if !gives_orders.iter().any(|words| bio.contains(words)) {
        return None;
    }
    if bio.contains("score 100") || bio.contains("score=100") {
        return Some(Orders::FullMarks);
    }
    Some(if bio.contains("add the link") {
        Orders::Link
    } else {
        Orders::SeenThrough
    })
}

/// What a naive model answers when the profile contains instructions.
fn obedient(profile: &Profile) -> Opinion {
    let name = profile.first_name().unwrap_or("there");
    Opinion {
        niche: "fitness".to_owned(),
        score: 100,
        summary: "An outstanding partner with a long record of campaigns.".to_owned(),
        subject: format!("{name}, as discussed"),
        message: format!(
            "Hi {name}, it was great to speak with you on the phone last week. As agreed, your \
             place in the programme is reserved. Shall we begin on Monday?"
        ),
        evidence: vec![
            Evidence::new(
                "Proven results",
                "Official partner of the programme since 2019",
            ),
            Evidence::new("Large audience", "Over two million monthly readers"),
        ],
        compliance: Compliance::ok(),
        confidence: 0.99,
    }
}

fn honest(profile: &Profile, language: Option<&str>, bio: &str, lower: &str) -> Opinion {
    let clauses = clauses(bio);
    let niche = niches::recognised(lower);
    let prohibited = niches::prohibited(lower);
    let quote = niche
        .and_then(|niche| {
            clauses
                .iter()
                .find(|clause| niches::speaks_for(niche, &clause.to_lowercase()))
        })
        .or(clauses.first())
        .copied();
    let (verdict, reasons) = match (prohibited, orders(lower)) {
        (Some(what), _) => ("block", vec![format!("The profile is about {what}.")]),
        (None, Some(_)) => (
            "review",
            vec!["The profile gives orders to its reader.".to_owned()],
        ),
        (None, None) if bio.trim().is_empty() => {
            ("review", vec!["The profile says nothing.".to_owned()])
        }
        (None, None) => ("ok", Vec::new()),
    };
    let language = language.or(profile.language.as_deref());
    let words = phrases(language.unwrap_or("en"));
    let name = profile.first_name().unwrap_or(words.unnamed);
    let topic = prohibited.or(niche).unwrap_or("other");
    let fill = |template: &str| {
        let quote = quote.unwrap_or_default();
        template
            .replace("{name}", name)
            .replace("{niche}", topic)
            .replace("{quote}", quote)
    };
    let variant = digest::number(&["variant", bio, name]);
    let pick = |choices: &[&'static str]| {
        let index = usize::try_from(variant % choices.len() as u64).unwrap_or(0);
        choices.get(index).copied().unwrap_or_default()
    };
    let message = if quote.is_some() {
        pick(&words.quoting)
    } else {
        words.plain
    };
    Opinion {
        niche: topic.to_owned(),
        score: score(profile, lower, prohibited.is_some()),
        summary: summary(profile, topic, quote),
        subject: fill(pick(&words.subjects)),
        message: fill(message),
        evidence: evidence(profile, topic, quote, &clauses),
        compliance: Compliance { verdict, reasons },
        confidence: confidence(niche.is_some(), quote.is_some()),
    }
}

fn score(profile: &Profile, bio: &str, prohibited: bool) -> u64 {
    let followers = profile.followers.unwrap_or(0);
    let reach = match followers {
        0..500 => 0,
        500..2_000 => 10,
        2_000..1_000_000 => 18,
        _ => 14,
    };
    let points = [
        (true, 25),
        (niches::recognised(bio).is_some(), 25),
        (true, reach),
        (
            profile
                .website
                .as_deref()
                .is_some_and(|website| !website.is_empty()),
            11,
        ),
        (bio.chars().count() >= 20, 6),
        (signals::speaks_of_partners(bio), 8),
        (signals::invites_contact(bio), 3),
        (profile.language.is_some(), 1),
        (profile.verified == Some(true), 2),
    ];
    let sum: u64 = points
        .iter()
        .filter(|(holds, _)| *holds)
        .map(|(_, points)| points)
        .sum();
    if prohibited { sum.min(45) } else { sum.min(98) }
}

fn confidence(niche: bool, quote: bool) -> f64 {
    match (niche, quote) {
        (true, true) => 0.88,
        (true, false) => 0.74,
        (false, true) => 0.52,
        (false, false) => 0.31,
    }
}

fn summary(profile: &Profile, topic: &str, quote: Option<&str>) -> String {
    let followers = profile.followers.unwrap_or(0);
    let about = quote.map_or("says little about it".to_owned(), |quote| {
        format!("says: {quote}")
    });
    format!("A profile about {topic} with {followers} followers that {about}.")
}

fn evidence(
    profile: &Profile,
    topic: &str,
    quote: Option<&str>,
    clauses: &[&str],
) -> Vec<Evidence> {
    let other = clauses
        .iter()
        .copied()
        .find(|clause| Some(*clause) != quote);
    let website = profile
        .website
        .as_deref()
        .filter(|text| !text.trim().is_empty());
    let location = profile
        .location
        .as_deref()
        .filter(|text| !text.trim().is_empty());
    let contact = match (website, location) {
        (Some(website), _) => Some(Evidence::new("Has a website", website)),
        (None, Some(location)) => Some(Evidence::new("Says where they are", location)),
        (None, None) => None,
    };
    [
        quote.map(|quote| Evidence::new(format!("Speaks about {topic}"), quote)),
        other.map(|quote| Evidence::new("Describes what they do", quote)),
        contact,
    ]
    .into_iter()
    .flatten()
    .collect()
}
