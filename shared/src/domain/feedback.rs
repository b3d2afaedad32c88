//! What SES's events mean for a mail and for its mailbox.
//!
//! | Bounce | Class | Source |
//! |---|---|---|
//! | `Permanent`, any subtype, known or not | hard: the mailbox is suppressed | SES guide, bounce types; `Suppressed` and `On…SuppressionList`: SES did not even try |
//! | `Transient`: `MessageTooLarge`, `ContentRejected`, `AttachmentRejected` | about the mail, not the mailbox | SES guide |
//! | `Transient`: `MailboxFull` | soft: counted, five in a row suppress | SES guide |
//! | the rest: a dead domain (`5.1.2`, `5.4.4`, "unable to lookup DNS"), no such mailbox (`5.1.1`) | hard | RFC 3463, by `status` or `diagnosticCode` |
//! | the rest: too large, not authenticated (`5.7.26`) | about the mail | RFC 3463, RFC 7372 |
//! | the rest: action `failed`, or a code 4 or 5 | soft | RFC 3464, RFC 3463 |
//! | `Transient`: `General` without these | an automatic reply: recorded only | what out-of-office notes look like (SES simulator, `ooto@`) |
//! | `Undetermined`, and whatever this version does not know | soft | the careful side |

mod diagnosis;
pub mod fold;
pub mod suppression;

use std::str::FromStr;

use diagnosis::{Diagnosis, diagnose};
pub use suppression::{OptOutWay, Suppression};

use super::send_state::SendState;

/// What happened to one mail, as far as its meaning depends on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Report<'a> {
    /// SES took the mail.
    Send,
    /// The recipient's server took it.
    Delivery,
    /// The recipient's server refused it, or a note about it came back.
    Bounce(BounceReport<'a>),
    /// The recipient called it spam.
    Complaint {
        /// `complaintSubType`.
        subtype: Option<&'a str>,
        /// `complaintFeedbackType`.
        feedback: Option<&'a str>,
    },
    /// SES found a virus in it.
    Reject,
    /// It was opened.
    Open,
    /// A link in it was followed.
    Click,
    /// It is late.
    DeliveryDelay,
    /// It could not be written from SES's template: it never left.
    RenderingFailure,
    /// A preference in a list of SES's.
    Subscription,
    /// A mail to us whose token says "no more".
    Unsubscribe,
    /// A type that this version does not know, about a mail of ours.
    Unknown,
}

/// What SES says about a bounce.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BounceReport<'a> {
    /// `bounceType`.
    pub kind: &'a str,
    /// `bounceSubType`.
    pub subtype: &'a str,
    /// The recipient's `action`.
    pub action: Option<&'a str>,
    /// The recipient's `status`.
    pub status: Option<&'a str>,
    /// The recipient's `diagnosticCode`: what the server answered.
    pub diagnostic: Option<&'a str>,
}

/// Begins the id of a mail that SES gave none for: it is no id of SES's, and no send takes it for one.
pub const UNNAMED_MAIL: &str = "unnamed-";

/// What a bounce is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BounceClass {
    /// There is no such mailbox, or it takes nothing from us.
    Hard,
    /// Not now.
    Soft,
    /// Not this mail.
    Mail,
    /// No bounce at all: an automatic reply.
    Reply,
}

impl BounceClass {
    /// The word that an event's detail begins with.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Hard => "hard",
            Self::Soft => "soft",
            Self::Mail => "mail",
            Self::Reply => "reply",
        }
    }

    /// Whether it says something about the mailbox; the rest is about the mail alone.
    pub fn concerns_mailbox(self) -> bool {
        matches!(self, Self::Hard | Self::Soft)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a class of bounces that this program knows")]
pub struct UnknownBounce;

impl FromStr for BounceClass {
    type Err = UnknownBounce;

    fn from_str(word: &str) -> Result<Self, Self::Err> {
        [Self::Hard, Self::Soft, Self::Mail, Self::Reply]
            .into_iter()
            .find(|class| class.as_str() == word)
            .ok_or(UnknownBounce)
    }
}

/// What follows from an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Effect {
    /// The state that the send has at least. An event about a mail of ours proves that SES took it.
    pub state: Option<SendState>,
    /// What it says about the mailbox.
    pub bounce: Option<BounceClass>,
    /// Whether the recipient is suppressed by it.
    pub suppression: Option<Suppression>,
}

/// The one place that gives events their meaning.
pub fn effect(report: &Report<'_>) -> Effect {
    let at_least = |state| Effect {
        state: Some(state),
        bounce: None,
        suppression: None,
    };
    let nothing = Effect {
        state: None,
        bounce: None,
        suppression: None,
    };
    match *report {
        Report::Send | Report::DeliveryDelay | Report::Unknown => at_least(SendState::Sent),
        Report::Delivery => at_least(SendState::Delivered),
        Report::Open => at_least(SendState::Opened),
        Report::Click => at_least(SendState::Clicked),
        Report::Reject => at_least(SendState::Rejected),
        Report::RenderingFailure | Report::Subscription => nothing,
        Report::Unsubscribe => Effect {
            suppression: Some(Suppression::Unsubscribed),
            ..nothing
        },
        Report::Bounce(ref report) => bounced(classify(report)),
        Report::Complaint { subtype, feedback } if is_complaint(subtype, feedback) => Effect {
            suppression: Some(Suppression::Complained),
            ..at_least(SendState::Complained)
        },
        Report::Complaint { .. } => at_least(SendState::Sent),
    }
}

fn bounced(class: BounceClass) -> Effect {
    Effect {
        state: Some(match class {
            BounceClass::Hard | BounceClass::Soft | BounceClass::Mail => SendState::Bounced,
            BounceClass::Reply => SendState::Sent,
        }),
        bounce: Some(class),
        suppression: match class {
            BounceClass::Hard => Some(Suppression::Bounced),
            BounceClass::Soft | BounceClass::Mail | BounceClass::Reply => None,
        },
    }
}

/// The class of a bounce; see the table above.
pub fn classify(report: &BounceReport<'_>) -> BounceClass {
    let (kind, subtype) = (report.kind.to_lowercase(), report.subtype.to_lowercase());
    match (kind.as_str(), subtype.as_str()) {
        ("permanent", _) => return BounceClass::Hard,
        ("transient", "messagetoolarge" | "contentrejected" | "attachmentrejected") => {
            return BounceClass::Mail;
        }
        ("transient", "mailboxfull") => return BounceClass::Soft,
        _ => {}
    }
    match diagnose(report) {
        Diagnosis::NoSuchMailbox => BounceClass::Hard,
        Diagnosis::Mail => BounceClass::Mail,
        Diagnosis::Failed => BounceClass::Soft,
        Diagnosis::NoFailure if (kind.as_str(), subtype.as_str()) == ("transient", "general") => {
            BounceClass::Reply
        }
        Diagnosis::NoFailure => BounceClass::Soft,
    }
}

/// Everything but "this is no spam", which a mailbox on SES's suppression list cannot say.
fn is_complaint(subtype: Option<&str>, feedback: Option<&str>) -> bool {
    subtype.is_some() || !feedback.is_some_and(|word| word.eq_ignore_ascii_case("not-spam"))
}

#[cfg(test)]
mod tests;
