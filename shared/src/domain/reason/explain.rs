//! A sentence for each reason why a mail left or did not.

use std::fmt;

use serde::Serialize;

use super::Reason;

/// Which part of the system gave a reason.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum DecidedBy {
    Gate,
    Planner,
    Sender,
    Sweep,
    Ses,
    Operator,
}

impl DecidedBy {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Gate => "gate",
            Self::Planner => "planner",
            Self::Sender => "sender",
            Self::Sweep => "sweep",
            Self::Ses => "SES",
            Self::Operator => "operator",
        }
    }
}

impl fmt::Display for DecidedBy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Reason {
    /// What it means, in one or two sentences.
    pub fn explain(self) -> &'static str {
        match self {
            // The gate refuses.
            Self::Erased => "This person's data was erased. This address gets no more mail.",
            Self::Suppressed => {
                "The recipient opted out or complained, or the address bounced. It gets no more mail."
            }
            Self::NoEmail => "The profile gives no email address.",
            Self::InvalidAddress => "The email address is not valid.",
            Self::AddressChanged => {
                "The profile now gives a different address from the one this mail was planned for."
            }
            Self::RoleAddress => {
                "The address belongs to a role, such as info@, and not to a person."
            }
            Self::DisposableAddress => "The address is a disposable mailbox.",
            Self::DoubtfulAddress => {
                "The address is spelt almost like another provider's, or with letters that look like others. A person must check it."
            }
            Self::LowScore => "The lead's score is below the campaign's minimum.",
            Self::NotCompliant => "The compliance assessment does not allow it.",
            Self::ConsentNeeded => {
                "The recipient's country requires consent, and none is recorded."
            }
            Self::CountryExcluded => {
                "The campaign does not write to anyone in the recipient's country."
            }
            Self::CampaignEnded => "The campaign has ended.",
            Self::NoMessage => "There is no message to send.",
            Self::ContentChanged => "The message is not the one that was planned or approved.",
            Self::ContentFault => {
                "Something is wrong with the message: a placeholder, a link that is not allowed, or its length."
            }
            // A person must look first.
            Self::CountryUnknown => "The recipient's country is unknown, so a person must decide.",
            Self::CountryReview => {
                "The recipient's country has conditions that a person must check."
            }
            Self::ScoredByRules => {
                "The lead was scored by the rules and not by the model, so a person must decide."
            }
            Self::LowConfidence => {
                "The model is less confident than the campaign requires, so a person must decide."
            }
            Self::ComplianceReview => "The compliance assessment asks a person to decide.",
            Self::ProfileChanged => {
                "The profile has changed since a person approved the message, so a person must decide again."
            }
            Self::ReviewAll => "Every mail of this campaign must be approved by a person.",
            // It waits.
            Self::SendingDisabled => {
                "Sending is stopped, so no mail leaves: `outreach sending` says by whom."
            }
            Self::NoPostalAddress => "The sender's postal address is not configured.",
            Self::CampaignPaused => "The campaign is paused or still a draft.",
            Self::BreakerOpen => {
                "Too many of the campaign's mails bounced or drew complaints. A person must close its breaker."
            }
            Self::FrequencyGap => "The recipient had another mail too recently.",
            Self::FrequencyCap => "The recipient has had as many mails as allowed within 90 days.",
            Self::QuietHours => {
                "It is outside the campaign's sending hours where the recipient lives."
            }
            Self::DailyCap => "The campaign has sent all its mails for today.",
            Self::Ramp => "The sending domain is new, and today's limit for it has been reached.",
            Self::DailyQuota => "SES's quota for 24 hours has been used up.",
            Self::Rate => "SES's sending rate is used up for the next few seconds.",
            Self::DomainSpacing => "Another mail went to the same mail provider a moment ago.",
            Self::RecipientDay => "The recipient already had a mail today.",
            Self::LateForSlot => "The sender missed its rate-limit slot, so it did not call SES.",
            Self::Throttled => "SES asked us to slow down. It did not accept the mail.",
            Self::MailerUnreachable => "SES could not be reached.",
            Self::MailerRefuses => {
                "SES accepts no mail from this account or configuration at the moment."
            }
            // It is over, or the outcome is unknown.
            Self::DuplicateRecipient => "The recipient already has a mail of this campaign.",
            Self::MailRejected => "SES rejected this mail for good.",
            Self::NoAnswer => "SES was called, but its answer was lost.",
            Self::LeaseExpired => "The sender stopped before it recorded the result of the call.",
            Self::GivenUp => {
                "An operator gave up on it. It may have left, and it is never sent again."
            }
            Self::Resend => "An operator sent it again after a call whose outcome was unknown.",
            Self::ReviewerRejected => "A reviewer rejected it.",
            Self::Edited => "Its text was edited, so a person must approve it.",
            Self::Reopened => "A refusal was taken back, so a person must decide.",
        }
    }

    pub fn decided_by(self) -> DecidedBy {
        match self {
            Self::Erased
            | Self::Suppressed
            | Self::NoEmail
            | Self::InvalidAddress
            | Self::AddressChanged
            | Self::RoleAddress
            | Self::DisposableAddress
            | Self::DoubtfulAddress
            | Self::LowScore
            | Self::NotCompliant
            | Self::ConsentNeeded
            | Self::CountryExcluded
            | Self::CampaignEnded
            | Self::NoMessage
            | Self::ContentChanged
            | Self::ContentFault
            | Self::CountryUnknown
            | Self::CountryReview
            | Self::ScoredByRules
            | Self::LowConfidence
            | Self::ComplianceReview
            | Self::ProfileChanged
            | Self::ReviewAll
            | Self::SendingDisabled
            | Self::NoPostalAddress
            | Self::CampaignPaused
            | Self::BreakerOpen
            | Self::FrequencyGap
            | Self::FrequencyCap
            | Self::QuietHours
            | Self::DailyCap
            | Self::Ramp
            | Self::DailyQuota
            | Self::Rate
            | Self::DomainSpacing
            | Self::RecipientDay => DecidedBy::Gate,
            Self::DuplicateRecipient => DecidedBy::Planner,
            Self::LateForSlot | Self::NoAnswer => DecidedBy::Sender,
            Self::LeaseExpired => DecidedBy::Sweep,
            Self::Throttled
            | Self::MailerUnreachable
            | Self::MailerRefuses
            | Self::MailRejected => DecidedBy::Ses,
            Self::GivenUp
            | Self::Resend
            | Self::ReviewerRejected
            | Self::Edited
            | Self::Reopened => DecidedBy::Operator,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reason_has_its_own_sentence() {
        let mut sentences: Vec<&str> = Reason::ALL.iter().map(|reason| reason.explain()).collect();
        assert!(sentences.iter().all(|text| text.ends_with('.')));
        sentences.sort_unstable();
        let all = sentences.len();
        sentences.dedup();
        assert_eq!(sentences.len(), all);
    }
}
