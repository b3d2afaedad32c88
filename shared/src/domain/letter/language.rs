//! The languages that mails have a frame in.

use serde::Serialize;
use strum::{Display, EnumIter, EnumString, IntoEnumIterator as _, IntoStaticStr};

/// A language, by its code of ISO 639-1.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Serialize, Display, EnumIter, EnumString, IntoStaticStr,
)]
pub enum Language {
    #[serde(rename = "en")]
    #[strum(serialize = "en")]
    English,
    #[serde(rename = "de")]
    #[strum(serialize = "de")]
    German,
    #[serde(rename = "fr")]
    #[strum(serialize = "fr")]
    French,
    #[serde(rename = "es")]
    #[strum(serialize = "es")]
    Spanish,
    #[serde(rename = "it")]
    #[strum(serialize = "it")]
    Italian,
    #[serde(rename = "pt")]
    #[strum(serialize = "pt")]
    Portuguese,
    #[serde(rename = "nl")]
    #[strum(serialize = "nl")]
    Dutch,
}

/// What says in which language a text is, as tags of BCP 47.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Languages {
    /// Whether there is a text: then what was asked for when it was written counts.
    pub is_written: bool,
    /// The campaign's choice of then.
    pub text: Option<String>,
    /// The campaign's choice of now.
    pub campaign: Option<String>,
    pub profile: Option<String>,
}

impl Languages {
    /// The language of the text, and so of the sentences around it. `None`: nobody knows.
    pub fn of_text(&self) -> Option<String> {
        let language = self.chosen().or(self.profile.as_deref());
        language.map(str::to_owned)
    }

    /// What a campaign wanted the text written in; `None`: the profile's language.
    pub fn chosen(&self) -> Option<&str> {
        let chosen = if self.is_written {
            &self.text
        } else {
            &self.campaign
        };
        chosen.as_deref()
    }
}

impl Language {
    pub fn all() -> impl Iterator<Item = Self> {
        Self::iter()
    }

    pub fn code(self) -> &'static str {
        self.into()
    }

    /// Its English name.
    pub fn title(self) -> &'static str {
        match self {
            Self::English => "English",
            Self::German => "German",
            Self::French => "French",
            Self::Spanish => "Spanish",
            Self::Italian => "Italian",
            Self::Portuguese => "Portuguese",
            Self::Dutch => "Dutch",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_keeps_language_it_was_asked_in() {
        let tag = |tag: &str| (!tag.is_empty()).then(|| tag.to_owned());
        for (is_written, text, campaign, profile, expected) in [
            (true, "it", "de", "fr", "it"),
            (true, "", "de", "fr", "fr"),
            (true, "", "de", "", ""),
            (false, "", "de", "fr", "de"),
            (false, "", "", "fr", "fr"),
            (false, "", "", "", ""),
        ] {
            let languages = Languages {
                is_written,
                text: tag(text),
                campaign: tag(campaign),
                profile: tag(profile),
            };
            assert_eq!(languages.of_text(), tag(expected), "{languages:?}");
        }
    }
}
