//! A lead: one profile on one platform.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{
    country::Country,
    email::{EmailAddress, EmailHash},
    ids::LeadId,
};

/// Where a profile lives. With the profile's id it is the lead's identity (invariant 1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Platform {
    /// X, formerly Twitter.
    X,
    /// Instagram.
    Instagram,
    /// Facebook pages.
    Facebook,
    /// LinkedIn.
    LinkedIn,
    /// An imported list that names no platform.
    Csv,
}

impl Platform {
    /// The database's word, column `leads.source`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::X => "x",
            Self::Instagram => "instagram",
            Self::Facebook => "facebook",
            Self::LinkedIn => "linkedin",
            Self::Csv => "csv",
        }
    }

    /// Reads a word as people and exports write it.
    pub fn from_word(word: &str) -> Option<Self> {
        match word.trim().to_ascii_lowercase().as_str() {
            "x" | "twitter" => Some(Self::X),
            "instagram" => Some(Self::Instagram),
            "facebook" => Some(Self::Facebook),
            "linkedin" => Some(Self::LinkedIn),
            "csv" => Some(Self::Csv),
            _ => None,
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
}

impl fmt::Display for Platform {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
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
