//! Why a mail waits, is parked or is refused: the words of the ledger.

use std::fmt;

use serde::{Deserialize, Serialize};

macro_rules! reasons {
    ($($(#[$doc:meta])* $name:ident = $word:literal,)*) => {
        /// One rule's answer. The word is what the database, the log and the funnel show.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
        pub enum Reason {
            $($(#[$doc])* #[serde(rename = $word)] $name,)*
        }

        impl Reason {
            /// Every reason.
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            /// Reads the ledger's word.
            pub fn from_word(word: &str) -> Option<Self> {
                match word { $($word => Some(Self::$name),)* _ => None }
            }

            /// The ledger's word.
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
    /// The score is below the campaign's.
    LowScore = "low_score",
    /// The compliance verdict is "block".
    NotCompliant = "not_compliant",
    /// The country asks for consent and none is recorded.
    ConsentNeeded = "consent_needed",
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
    /// The country's conditions are for a person to judge.
    CountryReview = "country_review",
    /// The rules scored it, not the model.
    ScoredByRules = "scored_by_rules",
    /// The model is not sure enough.
    LowConfidence = "low_confidence",
    /// The compliance verdict is "review".
    ComplianceReview = "compliance_review",
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
    Pace = "pace",
    /// The servers of this domain had a mail a moment ago.
    DomainSpacing = "domain_spacing",
    /// The sender was too slow for the place in time it was given; it called nobody.
    LateForSlot = "late_for_slot",
    /// This mailbox had its mail of today.
    RecipientDay = "recipient_day",
    /// The facts changed between the decision and the call; decided again.
    FactsChanged = "facts_changed",
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
    /// The sender was gone before the answer.
    LeaseExpired = "lease_expired",
    /// A person asks no more what became of the call.
    GivenUp = "given_up",
    /// A person had it sent again after a call whose outcome nobody knew.
    Resend = "resend",
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
