//! What can be said without a model: a score from plain signs.

use shared::domain::{
    email::EmailAddress,
    gate::{Approval, Assessment, Method},
    lead::Lead,
    score::{Confidence, Score},
};
use url::Url;

use crate::{
    red_flags::{RedFlag, compliance, red_flags},
    score::Scored,
};

/// Scores by e-mail domain, website and presence, without a draft. Twenty points for each solid sign.
pub(crate) fn score(lead: &Lead) -> Scored {
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
    let site = lead.website.as_deref().and_then(host);
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
    let flags = flags(lead);
    let summary = if signs.is_empty() {
        "Scored by rules: no sign that speaks for this profile.".to_owned()
    } else {
        format!("Scored by rules: {}.", signs.join(", "))
    };
    Scored {
        niche: niche(lead).to_owned(),
        summary,
        draft: None,
        assessment: Assessment {
            score: Score::new(points).unwrap_or(Score::MAX),
            confidence: Confidence::new(0.3).unwrap_or(Confidence::MIN),
            compliance: compliance(&flags),
            method: Method::Rules,
            approval: Approval::Missing,
        },
        reasons: flags.iter().map(RedFlag::reason).collect(),
        evidence: serde_json::json!([]),
        model: None,
        cost_micros: 0,
    }
}

/// What the profile's own words say against writing to it: as it is stored, not as the model sees it.
pub(crate) fn flags(lead: &Lead) -> Vec<RedFlag> {
    let texts = [&lead.name, &lead.bio, &lead.location];
    let texts: Vec<&str> = texts.into_iter().flatten().map(String::as_str).collect();
    red_flags(&texts)
}

/// The phrase, not as a part of a longer word.
fn contains(text: &str, phrase: &str) -> bool {
    text.match_indices(phrase).any(|(at, _)| {
        let before = text.get(..at).and_then(|t| t.chars().next_back());
        let after = text.get(at + phrase.len()..).and_then(|t| t.chars().next());
        !before.is_some_and(char::is_alphanumeric) && !after.is_some_and(char::is_alphanumeric)
    })
}

fn niche(lead: &Lead) -> &'static str {
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
    let texts = [&lead.name, &lead.bio];
    let texts: Vec<&str> = texts.into_iter().flatten().map(String::as_str).collect();
    let text = texts.join("\n").to_lowercase();
    let found = NICHES
        .iter()
        .find(|(_, words)| words.iter().any(|word| contains(&text, word)));
    found.map_or("unknown", |(niche, _)| niche)
}

/// The website's host, also where the profile leaves the scheme out.
fn host(website: &str) -> Option<String> {
    let url = Url::parse(website).ok().filter(Url::has_host);
    let url = url.or_else(|| Url::parse(&format!("https://{website}")).ok())?;
    let host = url.host_str()?;
    Some(host.strip_prefix("www.").unwrap_or(host).to_owned())
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

    fn points(lead: &Lead) -> u8 {
        score(lead).assessment.score.get()
    }

    #[test]
    fn host_reads_addresses_as_people_write_them() {
        for (website, expected) in [
            ("https://www.Ana.Example:8443/a?b#c", Some("ana.example")),
            ("ana.example/about", Some("ana.example")),
            ("ana.example:8080", Some("ana.example")),
            ("https://user@ana.example/", Some("ana.example")),
            ("not a host", None),
        ] {
            assert_eq!(host(website).as_deref(), expected, "{website}");
        }
    }

    #[test]
    fn plain_signs_add_up() {
        let full = Lead {
            email: Some("ana@anafit.example".to_owned()),
            ..lead()
        };
        assert_eq!(points(&full), 100);
        assert_eq!(points(&lead()), 90, "own domain, but not the website's");
        let free = Lead {
            email: Some("ana@gmail.com".to_owned()),
            website: None,
            ..lead()
        };
        assert_eq!(points(&free), 60);
        let nothing = Lead {
            email: None,
            website: None,
            follower_count: Some(12),
            bio: None,
            verified: false,
            ..lead()
        };
        assert_eq!(points(&nothing), 0);
        assert_eq!(score(&lead()).niche, "fitness");
    }
}
