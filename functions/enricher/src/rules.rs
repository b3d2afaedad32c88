//! What can be said without a model: a score from plain signs.

use shared::domain::{
    email::EmailAddress,
    gate::Compliance,
    lead::Lead,
    score::{Confidence, Score},
};

use crate::objections::{contains, objections};

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
}
