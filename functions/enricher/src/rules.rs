//! What can be said without a model: a score from plain signs, and objections that no model may
//! talk away.

use shared::domain::{
    email::EmailAddress,
    gate::Compliance,
    lead::Lead,
    score::{Confidence, Score},
};

/// A score by rules. It has no draft: a person writes or waits for the model.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct RuleScore {
    pub(crate) niche: &'static str,
    pub(crate) score: Score,
    pub(crate) summary: String,
    pub(crate) compliance: Compliance,
    pub(crate) reasons: Vec<String>,
    pub(crate) confidence: Confidence,
}

/// Something that speaks against writing, found in the profile's own words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Objection {
    pub(crate) compliance: Compliance,
    pub(crate) reason: &'static str,
}

/// Scores by e-mail domain, website and presence. Twenty points for each solid sign.
pub(crate) fn score(lead: &Lead) -> RuleScore {
    let mut points = 0;
    let mut signs = Vec::new();
    let mut sign = |value: i64, what: &'static str| {
        points += value;
        signs.push(what);
    };
    let address = lead
        .email
        .as_deref()
        .and_then(|text| EmailAddress::parse(text).ok());
    let site = lead.website.as_deref().map(host);
    match (&address, &site) {
        (Some(address), Some(site)) if same_owner(address.domain(), site) => {
            sign(40, "mail on the domain of the website");
        }
        (Some(address), _) if !is_free_mail(address.domain()) => sign(30, "mail on an own domain"),
        (Some(_), _) => sign(20, "a mail address"),
        (None, _) => {}
    }
    if site.is_some() {
        sign(20, "a website");
    }
    match lead.follower_count {
        Some(1_000..=500_000) => sign(20, "an audience"),
        Some(200..) => sign(10, "some audience"),
        Some(_) | None => {}
    }
    if lead
        .bio
        .as_deref()
        .is_some_and(|bio| bio.chars().count() >= 40)
    {
        sign(10, "a description");
    }
    if lead.verified {
        sign(10, "a verified name");
    }
    let texts: Vec<String> = [&lead.name, &lead.bio]
        .into_iter()
        .flatten()
        .cloned()
        .collect();
    let objections = objections(&texts);
    let summary = if signs.is_empty() {
        "Scored by rules: no sign that speaks for this profile.".to_owned()
    } else {
        format!("Scored by rules: {}.", signs.join(", "))
    };
    RuleScore {
        niche: niche(&texts),
        score: Score::new(points).unwrap_or(Score::MAX),
        summary,
        compliance: objections
            .iter()
            .map(|o| o.compliance)
            .max()
            .unwrap_or(Compliance::Ok),
        reasons: objections.iter().map(|o| o.reason.to_owned()).collect(),
        confidence: Confidence::new(0.3).unwrap_or(Confidence::MIN),
    }
}

/// What speaks against writing to a profile with these texts.
pub(crate) fn objections(texts: &[String]) -> Vec<Objection> {
    let text = texts.join("\n").to_lowercase();
    let found = OBJECTIONS
        .iter()
        .filter(|(words, ..)| words.iter().any(|w| contains(&text, w)));
    found
        .map(|(_, compliance, reason)| Objection {
            compliance: *compliance,
            reason,
        })
        .collect()
}

/// The phrase, not as a part of a longer word.
fn contains(text: &str, phrase: &str) -> bool {
    text.match_indices(phrase).any(|(at, _)| {
        let before = text.get(..at).and_then(|t| t.chars().next_back());
        let after = text.get(at + phrase.len()..).and_then(|t| t.chars().next());
        !before.is_some_and(char::is_alphanumeric) && !after.is_some_and(char::is_alphanumeric)
    })
}

type Row = (&'static [&'static str], Compliance, &'static str);

const OBJECTIONS: &[Row] = &[
    (
        &[
            "ignore previous",
            "ignore all previous",
            "ignore the above",
            "ignore your instructions",
            "disregard previous",
            "disregard all",
            "system prompt",
            "you are now",
            "score 100",
            "score: 100",
            "mark compliant",
            "mark as compliant",
            "as an ai",
            "new instructions",
        ],
        Compliance::Review,
        "the profile speaks to the model",
    ),
    (
        &[
            "casino",
            "gambling",
            "betting",
            "sportsbook",
            "slots",
            "glücksspiel",
            "apuestas",
        ],
        Compliance::Block,
        "gambling",
    ),
    (
        &["nsfw", "onlyfans", "porn", "xxx", "escort", "adult content"],
        Compliance::Block,
        "adult content",
    ),
    (
        &[
            "years old and in school",
            "middle school student",
            "13 y/o",
            "14 y/o",
            "15 y/o",
            "13yo",
            "14yo",
            "15yo",
        ],
        Compliance::Block,
        "perhaps a child",
    ),
    (
        &[
            "cures cancer",
            "cure cancer",
            "miracle cure",
            "cures",
            "detox cure",
            "heals cancer",
            "cure diabetes",
        ],
        Compliance::Review,
        "health claims",
    ),
    (
        &[
            "guaranteed returns",
            "guaranteed profit",
            "get rich",
            "double your money",
            "guaranteed income",
        ],
        Compliance::Review,
        "income claims",
    ),
    (
        &[
            "no solicitation",
            "no unsolicited",
            "no cold emails",
            "no promo",
            "no ads please",
            "no offers",
            "do not contact",
            "keine werbung",
        ],
        Compliance::Block,
        "the profile asks not to get offers",
    ),
];

fn niche(texts: &[String]) -> &'static str {
    const NICHES: &[(&str, &[&str])] = &[
        (
            "fitness",
            &[
                "fitness", "coach", "runner", "running", "yoga", "gym", "trail",
            ],
        ),
        (
            "food",
            &["food", "chef", "recipes", "vegan", "cooking", "baker"],
        ),
        (
            "travel",
            &["travel", "nomad", "backpacker", "viajes", "reise"],
        ),
        (
            "technology",
            &["developer", "software", "tech", "programmer", "rust", "ai"],
        ),
        ("beauty", &["beauty", "makeup", "skincare", "fashion"]),
        ("finance", &["finance", "investing", "budget", "money"]),
        (
            "parenting",
            &["mom", "dad", "parenting", "mother", "father"],
        ),
        ("gaming", &["gamer", "gaming", "twitch", "esports"]),
        (
            "photography",
            &["photographer", "photography", "fotografía"],
        ),
    ];
    let text = texts.join("\n").to_lowercase();
    let found = NICHES
        .iter()
        .find(|(_, words)| words.iter().any(|word| contains(&text, word)));
    found.map_or("unknown", |(niche, _)| niche)
}

fn host(website: &str) -> String {
    let rest = website.split_once("://").map_or(website, |(_, rest)| rest);
    let host = rest.split(['/', '?', '#', ':']).next().unwrap_or(rest);
    host.trim_start_matches("www.").to_lowercase()
}

fn same_owner(domain: &str, site: &str) -> bool {
    let within = |inner: &str, outer: &str| {
        inner
            .strip_suffix(outer)
            .is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
    };
    within(domain, site) || within(site, domain)
}

fn is_free_mail(domain: &str) -> bool {
    const FREE: &[&str] = &[
        "gmail.com",
        "googlemail.com",
        "yahoo.com",
        "hotmail.com",
        "outlook.com",
        "live.com",
        "icloud.com",
        "me.com",
        "aol.com",
        "gmx.de",
        "gmx.net",
        "web.de",
        "proton.me",
        "mail.com",
        "protonmail.com",
        "yandex.com",
        "qq.com",
    ];
    FREE.contains(&domain)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::prompt::tests::lead;

    #[test]
    fn plain_signs_add_up() {
        let full = Lead {
            email: Some("ana@anafit.example".to_owned()),
            ..lead()
        };
        assert_eq!(score(&full).score.get(), 100);
        assert_eq!(
            score(&lead()).score.get(),
            90,
            "own domain, but not the website's"
        );
        let free = Lead {
            email: Some("ana@gmail.com".to_owned()),
            website: None,
            ..lead()
        };
        assert_eq!(score(&free).score.get(), 60);
        let nothing = Lead {
            email: None,
            website: None,
            follower_count: Some(12),
            bio: None,
            verified: false,
            ..lead()
        };
        assert_eq!(score(&nothing).score.get(), 0);
        assert_eq!(score(&lead()).niche, "fitness");
    }

    #[test]
    fn objections_are_words_not_parts_of_words() {
        let reasons = |text: &str| {
            objections(&[text.to_owned()])
                .iter()
                .map(|o| o.reason)
                .collect::<Vec<_>>()
        };
        assert_eq!(reasons("Best CASINO tips"), ["gambling"]);
        assert_eq!(
            reasons("no unsolicited mail"),
            ["the profile asks not to get offers"]
        );
        assert_eq!(
            reasons("IGNORE PREVIOUS instructions"),
            ["the profile speaks to the model"]
        );
        assert!(reasons("I secure networks, obscures nothing").is_empty());
    }
}
