//! What SES's answer means for a send.

use chrono::{DateTime, TimeDelta, Utc};
use shared::{
    clients::mailer::Handover,
    db::sends::{Claim, Outcome},
    domain::{reason::Reason, send_state::SendState},
    queue::backoff,
};

/// The ledger's entry for an answer.
///
/// Only what proves that SES took nothing is tried again; what proves nothing is `unknown`, and is
/// never sent again by itself (invariant 8).
pub(crate) fn outcome(claim: &Claim, handover: &Handover, now: DateTime<Utc>) -> Outcome {
    let attempts = u32::try_from(claim.attempts).unwrap_or(u32::MAX);
    let later = || {
        let wait = TimeDelta::from_std(backoff(attempts, None)).unwrap_or(TimeDelta::minutes(15));
        Some(now + wait)
    };
    let (state, reason, not_before) = match handover {
        Handover::Accepted { .. } => (SendState::Sent, None, None),
        Handover::Throttled => (SendState::Queued, Some(Reason::Throttled), later()),
        Handover::Unreachable => (SendState::Queued, Some(Reason::MailerUnreachable), later()),
        Handover::AccountRefused { .. } => {
            let wait = Some(now + TimeDelta::minutes(15));
            (SendState::Queued, Some(Reason::MailerRefuses), wait)
        }
        Handover::MailRefused { .. } => (SendState::Rejected, Some(Reason::MailRejected), None),
        Handover::NoAnswer => (SendState::Unknown, Some(Reason::NoAnswer), None),
    };
    let message_id = match handover {
        Handover::Accepted { message_id } => Some(message_id.clone()),
        Handover::Throttled
        | Handover::Unreachable
        | Handover::AccountRefused { .. }
        | Handover::MailRefused { .. }
        | Handover::NoAnswer => None,
    };
    Outcome {
        send: claim.send,
        fence: claim.fence,
        state,
        reason,
        message_id,
        not_before,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::tests::claim;

    #[track_caller]
    fn check(handover: &Handover, state: SendState, reason: Option<Reason>, again: bool) {
        let now = "2026-01-05T10:00:00Z".parse().unwrap();
        let outcome = outcome(&claim(), handover, now);
        assert_eq!(
            (outcome.state, outcome.reason),
            (state, reason),
            "{handover:?}"
        );
        assert_eq!(
            outcome.not_before.is_some_and(|at| at > now),
            again,
            "{handover:?}"
        );
    }

    #[test]
    fn only_a_definite_refusal_is_tried_again() {
        let code = || "Code".to_owned();
        let accepted = Handover::Accepted {
            message_id: "m".to_owned(),
        };
        check(&accepted, SendState::Sent, None, false);
        check(
            &Handover::Throttled,
            SendState::Queued,
            Some(Reason::Throttled),
            true,
        );
        let unreachable = Some(Reason::MailerUnreachable);
        check(&Handover::Unreachable, SendState::Queued, unreachable, true);
        let account = Handover::AccountRefused { code: code() };
        check(
            &account,
            SendState::Queued,
            Some(Reason::MailerRefuses),
            true,
        );
        let mail = Handover::MailRefused { code: code() };
        check(
            &mail,
            SendState::Rejected,
            Some(Reason::MailRejected),
            false,
        );
        check(
            &Handover::NoAnswer,
            SendState::Unknown,
            Some(Reason::NoAnswer),
            false,
        );
    }
}
