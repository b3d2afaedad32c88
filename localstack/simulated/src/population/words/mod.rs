//! The words people are made of, one table a language.

mod de;
mod en;
mod es;
mod fr;
mod it;
mod ja;
mod pt;

use super::person::Language;

/// What a language offers to make a person from. Names in another script are written
/// `script|latin`; `{}` in a template is filled in.
pub(crate) struct Lexicon {
    pub(crate) given: &'static [&'static str],
    pub(crate) family: &'static [&'static str],
    pub(crate) topics: &'static [Topic],
    /// How people say that they are open to partners.
    pub(crate) partners: &'static [&'static str],
    /// How people give their address: `{}` is the address.
    pub(crate) contacts: &'static [&'static str],
    /// Bios that say nothing.
    pub(crate) vague: &'static [&'static str],
    /// Posts that speak of affiliate programmes: `{}` is the topic.
    pub(crate) posts: &'static [&'static str],
}

/// A topic that a person is about.
pub(crate) struct Topic {
    /// The name a classifier would give it, in English.
    pub(crate) niche: &'static str,
    /// The topic as people call it in this language.
    pub(crate) word: &'static str,
    pub(crate) roles: &'static [&'static str],
    pub(crate) details: &'static [&'static str],
}

/// Topics no programme may be offered to.
pub(crate) const PROHIBITED: &[Topic] = &[
    Topic {
        niche: "gambling",
        word: "betting",
        roles: &["Daily betting tips", "Online casino insider"],
        details: &[
            "Free spins and bonus codes every night",
            "Turning small stakes into big wins",
        ],
    },
    Topic {
        niche: "health claims",
        word: "natural healing",
        roles: &["Miracle detox mentor", "Natural cure coach"],
        details: &[
            "Lose 10 kg in a week, guaranteed",
            "Reverse diabetes without medication",
        ],
    },
    Topic {
        niche: "adult",
        word: "spicy content",
        roles: &["18+ creator", "Adults only model"],
        details: &["Uncensored sets on my page", "NSFW, you have been warned"],
    },
    Topic {
        niche: "get rich quick",
        word: "trading signals",
        roles: &["Crypto signals VIP", "Forex wizard"],
        details: &[
            "Guaranteed 5x returns each month",
            "Double your money risk-free",
        ],
    },
];

/// The words of a language.
pub(crate) fn lexicon(language: Language) -> &'static Lexicon {
    match language {
        Language::English => &en::LEXICON,
        Language::German => &de::LEXICON,
        Language::French => &fr::LEXICON,
        Language::Spanish => &es::LEXICON,
        Language::Portuguese => &pt::LEXICON,
        Language::Italian => &it::LEXICON,
        Language::Japanese => &ja::LEXICON,
    }
}
