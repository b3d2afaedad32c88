//! A lead: one profile on one platform.

use serde::{Deserialize, Serialize};
use strum::{Display, EnumIter, EnumString, IntoStaticStr};

use super::{
    country::Country,
    email::{EmailAddress, EmailHash},
    ids::LeadId,
};

/// Where a profile lives. With the profile's id it is the lead's identity (invariant 1).
///
/// Its text is the word of the column `leads.source`.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    Display,
    EnumIter,
    EnumString,
    IntoStaticStr,
)]
#[serde(rename_all = "lowercase")]
#[strum(serialize_all = "lowercase")]
pub enum Platform {
    X,
    Instagram,
    Facebook,
    LinkedIn,
    /// An imported list that names no platform.
    Csv,
}

impl Platform {
    pub fn as_str(self) -> &'static str {
        self.into()
    }

    /// Reads a word as people and exports write it.
    pub fn from_word(word: &str) -> Option<Self> {
        match word.trim().to_ascii_lowercase().as_str() {
            "twitter" => Some(Self::X),
            word => word.parse().ok(),
        }
    }

    /// How a mail's footer names it.
    pub fn title(self) -> &'static str {
        match self {
            Self::X => "X",
            Self::Instagram => "Instagram",
            Self::Facebook => "Facebook",
            Self::LinkedIn => "LinkedIn",
            Self::Csv => "imported",
        }
    }

    /// Where a profile was found, to be read after its name.
    pub fn place(self) -> &'static str {
        match self {
            Self::X => "on X",
            Self::Instagram => "on Instagram",
            Self::Facebook => "on Facebook",
            Self::LinkedIn => "on LinkedIn",
            Self::Csv => "from a list",
        }
    }
}

/// Who says what is known of a lead. It decides what a mail tells its recipient about where the data is from, and how
/// far a row may change what is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Origin {
    /// The platform's own service: its ids and handles are right.
    Service,
    /// A list that was given to the operator.
    List,
}

impl Origin {
    /// Of a source of this kind.
    pub fn of_kind(kind: &str) -> Option<Self> {
        match kind {
            "x" | "simulated" => Some(Self::Service),
            "csv" => Some(Self::List),
            _ => None,
        }
    }
}

/// A normalised, validated profile on its way into the database.
///
/// `None` means that the source did not say: it never overwrites what another run has found.
#[derive(Debug, Clone, PartialEq)]
pub struct NewLead {
    /// The platform.
    pub platform: Platform,
    /// The platform's id; `@` and the username where the source gives none.
    pub external_id: String,
    /// Lower case, without `@`.
    pub username: String,
    /// Display name.
    pub name: Option<String>,
    /// The address and its key.
    pub email: Option<(EmailAddress, EmailHash)>,
    /// Canonical https address of the profile.
    pub profile_url: Option<String>,
    /// Never negative.
    pub follower_count: Option<i64>,
    /// What the person says of themself.
    pub bio: Option<String>,
    /// Whether the platform vouches for the name.
    pub verified: Option<bool>,
    /// As written.
    pub location: Option<String>,
    /// As given, http or https.
    pub website: Option<String>,
    /// Derived from what the profile says.
    pub country: Option<Country>,
    /// ISO 639-1.
    pub language: Option<String>,
    /// The source's own words, as JSON, at most 16 KiB.
    pub raw: Option<serde_json::Value>,
}

/// A lead as a scorer reads it.
#[derive(Debug, Clone)]
pub struct Lead {
    /// Its row.
    pub id: LeadId,
    /// The platform.
    pub platform: Platform,
    /// Lower case, without `@`.
    pub username: String,
    /// Display name.
    pub name: Option<String>,
    /// The address as stored: normalised when it was collected.
    pub email: Option<String>,
    /// What the person says of themself.
    pub bio: Option<String>,
    /// Never negative.
    pub follower_count: Option<i64>,
    /// Whether the platform vouches for the name.
    pub verified: bool,
    /// As written.
    pub location: Option<String>,
    /// http or https.
    pub website: Option<String>,
    /// Derived from what the profile says.
    pub country: Option<Country>,
    /// ISO 639-1.
    pub language: Option<String>,
}

#[cfg(test)]
mod tests {
    use strum::IntoEnumIterator;

    use super::*;

    #[test]
    fn platform_word_reads_back() {
        for platform in Platform::iter() {
            assert_eq!(platform.as_str().parse(), Ok(platform));
            let spelled = format!(" {} ", platform.title().to_uppercase());
            let read = Platform::from_word(&spelled);
            assert!(platform == Platform::Csv || read == Some(platform));
        }
        assert_eq!(Platform::from_word("Twitter"), Some(Platform::X));
        assert!("twitter".parse::<Platform>().is_err(), "no word of ours");
    }
}
