//! What speaks against writing to a profile, in its own words: no model may talk it away
//! (invariant 6).

use shared::domain::gate::Compliance;

/// Something that speaks against writing, found in the profile's own words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct RedFlag {
    pub(crate) compliance: Compliance,
    pub(crate) reason: &'static str,
}

/// What speaks against writing to a profile with these texts.
pub(crate) fn red_flags(texts: &[String]) -> Vec<RedFlag> {
    let text = texts.join("\n").to_lowercase();
    let found = RED_FLAGS
        .iter()
        .filter(|(words, ..)| words.iter().any(|w| contains(&text, w)));
    found
        .map(|(_, compliance, reason)| RedFlag {
            compliance: *compliance,
            reason,
        })
        .collect()
}

/// The phrase, not as a part of a longer word.
pub(crate) fn contains(text: &str, phrase: &str) -> bool {
    text.match_indices(phrase).any(|(at, _)| {
        let before = text.get(..at).and_then(|t| t.chars().next_back());
        let after = text.get(at + phrase.len()..).and_then(|t| t.chars().next());
        !before.is_some_and(char::is_alphanumeric) && !after.is_some_and(char::is_alphanumeric)
    })
}

type Row = (&'static [&'static str], Compliance, &'static str);

const RED_FLAGS: &[Row] = &[
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn red_flags_are_words_not_parts_of_words() {
        let reasons = |text: &str| {
            red_flags(&[text.to_owned()])
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
