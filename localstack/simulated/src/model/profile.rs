//! The profile inside a prompt, and what of it can be quoted.

use serde::Deserialize;

/// The profile as the prompt gives it.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Profile {
    pub(super) username: Option<String>,
    pub(super) name: Option<String>,
    pub(super) bio: Option<String>,
    pub(super) website: Option<String>,
    pub(super) location: Option<String>,
    pub(super) language: Option<String>,
    pub(super) followers: Option<u64>,
    pub(super) verified: Option<bool>,
}

impl Profile {
    /// The first profile between the delimiters. When a prompt lets a profile close
    /// the delimiters early, everything up to there is taken for the profile.
    pub(super) fn read(prompt: &str) -> Self {
        let mut between = prompt
            .split("<profile>")
            .skip(1)
            .filter_map(|text| text.split("</profile>").next());
        let read = between.find_map(|text| serde_json::from_str(text.trim()).ok());
        let all = || prompt.split("<profile>").nth(1).map(str::to_owned);
        read.unwrap_or_else(|| Self {
            bio: all(),
            ..Self::default()
        })
    }

    /// The first name for a greeting, if there is a plausible one.
    pub(super) fn first_name(&self) -> Option<&str> {
        let name = self.name.as_deref().or(self.username.as_deref())?;
        let first = name.split_whitespace().next()?;
        first
            .chars()
            .all(|c| c.is_alphabetic() || matches!(c, '\'' | '-'))
            .then_some(first)
    }
}

/// The parts of a bio that can be quoted as they stand: no addresses, links or invisible letters.
pub(super) fn clauses(bio: &str) -> Vec<&str> {
    bio.split(['|', '·', '•', '✨', '\n', '.', '。'])
        .map(str::trim)
        .filter(|clause| (6..=90).contains(&clause.chars().count()) && is_quotable(clause))
        .collect()
}

fn is_quotable(clause: &str) -> bool {
    let marks = [
        "@",
        "://",
        "[",
        "(at)",
        "(dot)",
        ":",
        "：",
        "→",
        "✉",
        "<",
        ">",
        "連絡先",
        "  ",
    ];
    let hidden = |c: char| {
        c.is_control()
            || matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}' | '\u{ad}')
    };
    let letters = clause.chars().filter(|c| c.is_alphabetic()).count();
    letters >= 4 && !marks.iter().any(|mark| clause.contains(mark)) && !clause.contains(hidden)
}
