//! What the gate looks at, read from the database in one statement.

use serde::{Deserialize, Serialize};

use chrono::{DateTime, Utc};

use super::super::{
    basis::{Basis, BasisRules},
    country::Country,
    email::EmailAddress,
    hours::SendingHours,
    quota::Quota,
    score::{Confidence, Score},
};

/// Everything the gate looks at, read from the database in one statement.
#[derive(Debug, Clone)]
pub struct Facts {
    /// The kill switch: no mail leaves while it is false.
    pub sending_enabled: bool,
    /// Whether the sender's postal address is configured: the law of most countries wants it in
    /// every mail (CAN-SPAM, 15 U.S.C. § 7704(a)(5)).
    pub postal_address: bool,
    /// The campaign's rules.
    pub campaign: CampaignFacts,
    /// What is known about the mailbox.
    pub recipient: RecipientFacts,
    /// The address to write to, if the profile gives one that can be mailed.
    pub address: Address,
    /// What the scorer said.
    pub verdict: Verdict,
    /// Whether there is a text, and whether it is the one that was decided on.
    pub content: ContentFacts,
    /// How often one mailbox may be written to.
    pub frequency: FrequencyCaps,
    /// Room within every limit of speed and volume, as the ledger granted it.
    pub quota: Quota,
}

/// How often one mailbox may be written to, by all campaigns together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FrequencyCaps {
    /// Days that must lie between two mails.
    pub gap_days: u32,
    /// Most mails within 90 days.
    pub max_90_days: u32,
}

impl FrequencyCaps {
    /// What holds unless the owner says otherwise.
    pub const DEFAULT: Self = Self {
        gap_days: 2,
        max_90_days: 5,
    };
}

/// The campaign, as it stands.
#[derive(Debug, Clone)]
pub struct CampaignFacts {
    /// Where it is in its life.
    pub status: CampaignStatus,
    /// Lowest score that is mailed.
    pub min_score: Score,
    /// Below it a person looks.
    pub min_confidence: Confidence,
    /// Whether a person approves every mail.
    pub review_all: bool,
    /// Its own rules of lawful basis, over the table's.
    pub basis_rules: BasisRules,
    /// When mails leave, in the recipient's day; `None` means at any hour.
    pub hours: Option<SendingHours>,
    /// Whether its bounces or complaints have stopped it, until a person says otherwise.
    pub breaker_open: bool,
}

/// A campaign's life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CampaignStatus {
    /// Not started.
    Draft,
    /// Collects and sends.
    Active,
    /// Waits.
    Paused,
    /// Over.
    Ended,
}

impl CampaignStatus {
    /// Reads the database's word.
    pub fn from_word(word: &str) -> Option<Self> {
        match word {
            "draft" => Some(Self::Draft),
            "active" => Some(Self::Active),
            "paused" => Some(Self::Paused),
            "ended" => Some(Self::Ended),
            _ => None,
        }
    }
}

/// The mailbox.
#[derive(Debug, Clone, Default)]
pub struct RecipientFacts {
    /// Erased on request: permanent.
    pub erased: bool,
    /// Said no, bounced or complained.
    pub suppressed: bool,
    /// Where the person is, if known.
    pub country: Option<Country>,
    /// Why we may write, if recorded.
    pub basis: Option<Basis>,
    /// The mails of the last 90 days that left or may have left, before this one.
    pub past: PastMails,
}

/// A mailbox's mails of the last 90 days.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct PastMails {
    /// How many.
    pub count: u32,
    /// Start of the day (UTC) of the latest one.
    pub latest: Option<DateTime<Utc>>,
    /// Start of the day (UTC) of the earliest one.
    pub earliest: Option<DateTime<Utc>>,
}

/// The address of a profile.
#[derive(Debug, Clone)]
pub enum Address {
    /// It can be parsed.
    Given(EmailAddress),
    /// The profile has none.
    Missing,
    /// The profile has something that is none.
    Invalid,
    /// The profile has another one than the mail was planned for.
    Changed,
}

/// Who scored it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Method {
    /// The language model, checked.
    Model,
    /// The scorer that needs no model.
    Rules,
}

impl Method {
    /// The database's word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Model => "model",
            Self::Rules => "rules",
        }
    }

    /// Reads the database's word.
    pub fn from_word(word: &str) -> Option<Self> {
        match word {
            "model" => Some(Self::Model),
            "rules" => Some(Self::Rules),
            _ => None,
        }
    }
}

/// Whether the text may be sent at all, as the scorer judged it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Compliance {
    /// Nothing against it.
    Ok,
    /// A person should look.
    Review,
    /// No.
    Block,
}

/// What the scorer said.
#[derive(Debug, Clone)]
pub struct Verdict {
    /// Fit.
    pub score: Score,
    /// How sure.
    pub confidence: Confidence,
    /// Compliance.
    pub compliance: Compliance,
    /// Model or rules.
    pub method: Method,
    /// Whether a person approved it.
    pub reviewed: bool,
}

/// The text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ContentFacts {
    /// It is what was planned or approved, and has no fault.
    Sound,
    /// There is none.
    Missing,
    /// It is not what was planned or approved.
    Changed,
    /// It has a placeholder, a foreign link or another fault.
    Faulty,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_databases_words_read_back() {
        let statuses = [
            ("draft", CampaignStatus::Draft),
            ("active", CampaignStatus::Active),
            ("paused", CampaignStatus::Paused),
            ("ended", CampaignStatus::Ended),
        ];
        for (word, status) in statuses {
            assert_eq!(CampaignStatus::from_word(word), Some(status));
        }
        assert_eq!(CampaignStatus::from_word("over"), None);
        for method in [Method::Model, Method::Rules] {
            assert_eq!(Method::from_word(method.as_str()), Some(method));
        }
        assert_eq!(Method::Model.as_str(), "model");
        assert_eq!(Method::from_word("guess"), None);
    }
}
