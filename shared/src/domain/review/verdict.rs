//! What a reviewer presses in the console.

use strum::{EnumString, IntoStaticStr, VariantArray};

use super::super::content::Draft;

/// How long an approved mail is held, so that the approval can be taken back.
pub const UNDO_SECONDS: i32 = 30;
/// How long a draft is kept for whoever looks at it.
pub const LEASE_MINUTES: i32 = 5;
/// A draft that somebody put aside is not shown to them again for so long.
pub const SKIPPED_HOURS: i32 = 12;

/// What a person decides about the draft that they saw.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    Approve,
    /// With this text instead.
    ApproveEdited(Draft),
    Reject(Rejection),
    /// Somebody else, or later.
    Skip,
}

/// Why a draft is rejected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rejection {
    pub why: RejectReason,
    /// In the person's own words.
    pub words: Option<String>,
}

/// Longest own words, in characters: they stand in the audit log.
const WORDS_MAX: usize = 300;

impl Rejection {
    /// Reads why a person rejects.
    ///
    /// # Errors
    /// What is missing or too long, as a sentence.
    pub fn read(why: &str, words: &str) -> Result<Self, &'static str> {
        let why = why.parse::<RejectReason>();
        let why = why.map_err(|_| "Choose why you reject it.")?;
        let words = words.trim();
        if words.chars().count() > WORDS_MAX {
            return Err("Your own words have at most 300 characters.");
        }
        if why == RejectReason::Other && words.is_empty() {
            return Err("Say in your words why you reject it.");
        }
        Ok(Self {
            why,
            words: Some(words.to_owned()).filter(|words| !words.is_empty()),
        })
    }
}

/// Each has its own consequence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, EnumString, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "snake_case")]
pub enum RejectReason {
    WrongPerson,
    Claim,
    Unwelcome,
    Tone,
    Other,
}

impl RejectReason {
    pub fn as_str(self) -> &'static str {
        self.into()
    }

    pub fn title(self) -> &'static str {
        match self {
            Self::WrongPerson => "Wrong person",
            Self::Claim => "A claim is not true",
            Self::Unwelcome => "Does not want offers",
            Self::Tone => "Tone or language",
            Self::Other => "Another reason",
        }
    }

    /// What follows from it, beside that this mail never leaves.
    pub fn consequence(self) -> &'static str {
        match self {
            Self::WrongPerson => "Not written to in this campaign.",
            Self::Claim => "Counted against the model.",
            Self::Unwelcome => "Suppressed in all campaigns.",
            Self::Tone => "Counted, nothing else changes.",
            Self::Other => "Say it in your words.",
        }
    }

    /// Whether the mailbox gets no more mail from anybody.
    pub fn suppresses(self) -> bool {
        self == Self::Unwelcome
    }
}
