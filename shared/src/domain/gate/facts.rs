//! What the gate looks at.

use chrono::{DateTime, Days, NaiveDate, NaiveTime, Utc};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use strum::{EnumIter, EnumString, IntoStaticStr};

use super::super::{
    basis::{Basis, BasisRules},
    country::Country,
    email::EmailAddress,
    hours::SendingHours,
    score::{Confidence, Score},
};

/// Everything the gate looks at. What is granted is not among it: the gate is asked first.
#[derive(Debug, Clone)]
pub struct Facts {
    /// Whether the deployment may send, and no person has stopped it: no mail leaves while it is false.
    pub sending_enabled: bool,
    /// Whether the sender's postal address is configured: the law of most countries wants it in
    /// every mail (CAN-SPAM, 15 U.S.C. § 7704(a)(5)).
    pub postal_address: bool,
    pub campaign: CampaignFacts,
    pub recipient: RecipientFacts,
    pub address: Address,
    pub assessment: Assessment,
    pub content: ContentFacts,
    pub frequency: FrequencyCaps,
}

/// The span of the frequency cap.
pub(super) const FREQUENCY_DAYS: u32 = 90;

/// Longer than any gap need be, and a date that every calendar holds.
pub(super) const A_HUNDRED_YEARS: u32 = 36_525;

/// How often one mailbox may be written to, by all campaigns together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FrequencyCaps {
    /// Days that must lie between two mails. On one day (UTC) a mailbox gets one mail, even at 0.
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

    /// How many days back a mailbox's mails must be read.
    pub fn days_looked_back(self) -> u32 {
        self.gap_days.clamp(FREQUENCY_DAYS, A_HUNDRED_YEARS)
    }
}

/// Of the rules that a plan was made under.
pub type RulesHash = [u8; 32];

#[derive(Debug, Clone)]
pub struct CampaignFacts {
    pub status: CampaignStatus,
    /// Lowest score that is mailed.
    pub min_score: Score,
    /// Below it a person looks.
    pub min_confidence: Confidence,
    /// Whether a person approves every mail.
    pub review_all: bool,
    /// Whether what the rules score is final where the model gives no answer; or else a person looks, or
    /// the lead waits for the model.
    pub rules_decide: bool,
    /// Its own rules of lawful basis, over the table's.
    pub basis_rules: BasisRules,
    /// When mails leave, in the recipient's day; `None` means at any hour.
    pub hours: Option<SendingHours>,
    /// Whether its bounces or complaints have stopped it, until a person says otherwise.
    pub breaker_open: bool,
}

impl CampaignFacts {
    /// Names the rules that say what is planned: when one changes, leads are planned anew. What only
    /// makes a mail wait is asked again anyway, each time that it is due.
    pub fn rules_hash(&self) -> RulesHash {
        let mut hash = Sha256::new();
        let Self {
            min_score,
            review_all,
            rules_decide,
            ..
        } = self;
        hash.update([
            min_score.get(),
            u8::from(*review_all),
            u8::from(*rules_decide),
        ]);
        hash.update(self.min_confidence.get().to_be_bytes());
        for (country, rule) in &self.basis_rules {
            let rule: &'static str = rule.into();
            hash.update(format!("{country}={rule};"));
        }
        hash.finalize().into()
    }
}

/// A campaign's life. Its text is the word of the column `campaigns.status`.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, EnumIter, EnumString, IntoStaticStr,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum CampaignStatus {
    Draft,
    /// Collects and sends.
    Active,
    Paused,
    Ended,
}

impl CampaignStatus {
    pub fn from_word(word: &str) -> Option<Self> {
        word.parse().ok()
    }

    /// Whether a person may take it there. What has ended stays so: mails that waited were refused for it.
    pub fn may_become(self, next: Self) -> bool {
        match next {
            Self::Draft => false,
            Self::Active => matches!(self, Self::Draft | Self::Paused),
            Self::Paused => self == Self::Active,
            Self::Ended => self != Self::Ended,
        }
    }
}

/// The mailbox.
#[derive(Debug, Clone, Default)]
pub struct RecipientFacts {
    /// Erased on request: permanent.
    pub erased: bool,
    /// Opted out, bounced or complained.
    pub suppressed: bool,
    /// Where the person is, if known.
    pub country: Option<Country>,
    /// Why we may write, if recorded.
    pub basis: Option<Basis>,
    pub past: PastMails,
}

/// The other mails of a mailbox that left, may have left, or are about to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct PastMails {
    /// Those of the last 90 days.
    pub count: u32,
    /// Start of the day (UTC) of the latest one, however long ago.
    pub latest: Option<DateTime<Utc>>,
    /// Start of the day (UTC) of the earliest one of the last 90 days.
    pub earliest: Option<DateTime<Utc>>,
}

impl PastMails {
    /// Of a mailbox whose other mails are of these days (UTC).
    pub fn on(days: &[NaiveDate], today: NaiveDate) -> Self {
        let since = today.checked_sub_days(Days::new(FREQUENCY_DAYS.into()));
        let recent = || days.iter().filter(|day| Some(**day) > since);
        let start = |day: &NaiveDate| day.and_time(NaiveTime::MIN).and_utc();
        Self {
            count: u32::try_from(recent().count()).unwrap_or(u32::MAX),
            latest: days.iter().max().map(start),
            earliest: recent().min().map(start),
        }
    }
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

/// Who scored it. Its text is the word of the column `enriched_leads.method`.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, EnumIter, EnumString, IntoStaticStr,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Method {
    /// The language model, its answer validated.
    Model,
    /// The scorer that needs no model.
    Rules,
}

impl Method {
    pub fn as_str(self) -> &'static str {
        self.into()
    }

    pub fn from_word(word: &str) -> Option<Self> {
        word.parse().ok()
    }
}

/// Whether the text may be sent at all, as the scorer sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Compliance {
    Ok,
    /// A person should look.
    Review,
    Block,
}

/// What a person has said of a mail, and whether it still holds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Approval {
    /// No person has approved it.
    #[default]
    Missing,
    Valid,
    /// The mail was approved for a profile that has changed.
    Outdated,
}

impl Approval {
    /// What became of an approval: when it was given, and when the profile last changed.
    pub fn of(approved_at: DateTime<Utc>, profile_changed_at: Option<DateTime<Utc>>) -> Self {
        match profile_changed_at {
            Some(at) if at > approved_at => Self::Outdated,
            _ => Self::Valid,
        }
    }

    pub fn is_given(self) -> bool {
        self != Self::Missing
    }
}

/// What scorer and reviewer say of a lead.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Assessment {
    pub score: Score,
    pub confidence: Confidence,
    pub compliance: Compliance,
    pub method: Method,
    pub approval: Approval,
}

impl Assessment {
    /// This assessment under a newer one of the same person, which can make it stricter and never
    /// more lenient: a mail that is planned does not leave once its person is off limits.
    #[must_use]
    pub fn restricted_by(self, score: Score, compliance: Compliance) -> Self {
        Self {
            score: self.score.min(score),
            compliance: self.compliance.max(compliance),
            ..self
        }
    }
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
