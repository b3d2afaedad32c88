//! Why a mail waits, is reviewed or is refused.

mod explain;

use std::{fmt, str::FromStr};

pub use explain::DecidedBy;
use serde::{Deserialize, Serialize};

macro_rules! reasons {
    ($($(#[$doc:meta])* $name:ident = $word:literal,)*) => {
        /// One rule's answer, as the database and the log write it.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
        pub enum Reason {
            $($(#[$doc])* #[serde(rename = $word)] $name,)*
        }

        impl Reason {
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            pub fn from_word(word: &str) -> Option<Self> {
                match word { $($word => Some(Self::$name),)* _ => None }
            }

            pub fn as_str(self) -> &'static str {
                match self { $(Self::$name => $word,)* }
            }
        }
    };
}

reasons! {
    /// The person's data was erased.
    Erased = "erased",
    /// Unsubscribed, complained, bounced for good, or suppressed by hand.
    Suppressed = "suppressed",
    /// The profile gives no address.
    NoEmail = "no_email",
    /// The address cannot be mailed.
    InvalidAddress = "invalid_address",
    /// The profile gives another address by now: its owner is asked about anew.
    AddressChanged = "address_changed",
    /// `info@` and its like never asked for offers.
    RoleAddress = "role_address",
    /// A throw-away mailbox.
    DisposableAddress = "disposable_address",
    /// The domain may be read as another than it is.
    DoubtfulAddress = "doubtful_address",
    /// The score is below the campaign's.
    LowScore = "low_score",
    /// The compliance assessment is "block".
    NotCompliant = "not_compliant",
    /// The country asks for consent and none is recorded.
    ConsentNeeded = "consent_needed",
    /// The campaign writes to no person in this country.
    CountryExcluded = "country_excluded",
    /// This mailbox already has a mail of this campaign and step.
    DuplicateRecipient = "duplicate_recipient",
    /// There is no text to send.
    NoMessage = "no_message",
    /// The text is not the one that was planned or approved.
    ContentChanged = "content_changed",
    /// The text has a placeholder, a foreign link or another fault.
    ContentFault = "content_fault",
    /// The campaign is over.
    CampaignEnded = "campaign_ended",
    /// The country is not known.
    CountryUnknown = "country_unknown",
    /// Whether the country's conditions are met is for a person to decide.
    CountryReview = "country_review",
    /// The rules scored it, not the model.
    ScoredByRules = "scored_by_rules",
    /// The model is not sure enough.
    LowConfidence = "low_confidence",
    /// The compliance assessment is "review".
    ComplianceReview = "compliance_review",
    /// The profile is another than when a person approved the mail.
    ProfileChanged = "profile_changed",
    /// The campaign has every mail approved.
    ReviewAll = "review_all",
    /// The kill switch is on.
    SendingDisabled = "sending_disabled",
    /// The campaign is paused or a draft.
    CampaignPaused = "campaign_paused",
    /// The sender's postal address is not configured.
    NoPostalAddress = "no_postal_address",
    /// Too many of the campaign's mails bounced or were complained about.
    BreakerOpen = "breaker_open",
    /// Its last mail was too few days ago.
    FrequencyGap = "frequency_gap",
    /// It had as many mails as a mailbox may have in 90 days.
    FrequencyCap = "frequency_cap",
    /// It is night, early or late where the recipient is.
    QuietHours = "quiet_hours",
    /// The campaign's mails of today are used up.
    DailyCap = "daily_cap",
    /// The sending domain is young: its mails of today are used up.
    Ramp = "ramp",
    /// SES's quota of 24 hours is used up.
    DailyQuota = "daily_quota",
    /// SES's rate is used up for the next seconds.
    Rate = "rate",
    /// The servers of this domain had a mail a moment ago.
    DomainSpacing = "domain_spacing",
    /// The sender was too slow for the slot that it was granted, and did not call.
    LateForSlot = "late_for_slot",
    /// This mailbox had its mail of today.
    RecipientDay = "recipient_day",
    /// SES asked to slow down.
    Throttled = "throttled",
    /// SES could not be reached.
    MailerUnreachable = "mailer_unreachable",
    /// SES refuses this account or set-up for now.
    MailerRefuses = "mailer_refuses",
    /// SES refused this mail for good.
    MailRejected = "mail_rejected",
    /// The call's answer was lost.
    NoAnswer = "no_answer",
    /// The sender stopped before it stored the answer.
    LeaseExpired = "lease_expired",
    /// An operator closed the question of what became of the call.
    GivenUp = "given_up",
    /// An operator had it sent again after a call whose outcome is not known.
    Resend = "resend",
    /// A reviewer rejected it.
    ReviewerRejected = "reviewer_rejected",
    /// A person wrote its text anew, which is not approved yet.
    Edited = "edited",
    /// A person took a refusal back.
    Reopened = "reopened",
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A word that is no reason: the schema is ahead of this program, or an operator wrote it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a reason that this program knows")]
pub struct UnknownReason;

impl FromStr for Reason {
    type Err = UnknownReason;

    fn from_str(word: &str) -> Result<Self, Self::Err> {
        Self::from_word(word).ok_or(UnknownReason)
    }
}
