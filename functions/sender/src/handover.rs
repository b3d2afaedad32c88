//! What SES's answer means for a send.

use chrono::{DateTime, TimeDelta, Utc};
use shared::{
    clients::mailer::Handover,
    db::sends::{Claim, Outcome, Throttling},
    domain::{reason::Reason, send_state::SendState},
    queue::backoff,
};

/// The ledger's entry for an answer.
///
/// Only what proves that SES took nothing is tried again; what proves nothing is `unknown`, and is
/// never sent again by itself (invariant 8).
pub(crate) fn outcome(claim: &Claim, handover: &Handover, now: DateTime<Utc>) -> Outcome {
    let attempts = u32::try_from(claim.attempts)
        .unwrap_or(u32::MAX)
        .saturating_add(1);
    let later = || {
        let wait = TimeDelta::from_std(backoff(attempts, None)).unwrap_or(TimeDelta::minutes(15));
        Some(now + wait)
    };
    let (state, reason, not_before) = match handover {
        Handover::Accepted { .. } => (SendState::Sent, None, None),
        Handover::Throttled => (SendState::Queued, Some(Reason::Throttled), later()),
        Handover::QuotaUsedUp => {
            let wait = Some(now + TimeDelta::hours(1));
            (SendState::Queued, Some(Reason::DailyQuota), wait)
        }
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
        | Handover::QuotaUsedUp
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

/// The entry of a send whose place in time was over before it was called: nobody was.
pub(crate) fn too_late(claim: &Claim, now: DateTime<Utc>) -> Outcome {
    Outcome {
        send: claim.send,
        fence: claim.fence,
        state: SendState::Queued,
        reason: Some(Reason::LateForSlot),
        message_id: None,
        not_before: Some(now),
    }
}

/// What the answers of a batch say about the account's limits.
pub(crate) fn throttling<'a>(answers: impl IntoIterator<Item = &'a Handover>) -> Throttling {
    answers
        .into_iter()
        .fold(Throttling::default(), |seen, answer| Throttling {
            rate: seen.rate || *answer == Handover::Throttled,
            quota: seen.quota || *answer == Handover::QuotaUsedUp,
        })
}

/// The code of an answer that refuses everything from this account.
pub(crate) fn account_refusal(answer: &Handover) -> Option<String> {
    match answer {
        Handover::AccountRefused { code } => Some(code.clone()),
        Handover::Accepted { .. }
        | Handover::Throttled
        | Handover::QuotaUsedUp
        | Handover::Unreachable
        | Handover::MailRefused { .. }
        | Handover::NoAnswer => None,
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
        check(
            &Handover::QuotaUsedUp,
            SendState::Queued,
            Some(Reason::DailyQuota),
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

    #[test]
    fn one_answer_of_a_batch_slows_everybody_down() {
        let (fine, rate, quota) = (
            Handover::NoAnswer,
            Handover::Throttled,
            Handover::QuotaUsedUp,
        );
        let seen = |rate, quota| Throttling { rate, quota };
        assert_eq!(throttling([&fine]), seen(false, false));
        assert_eq!(throttling([&fine, &rate, &fine]), seen(true, false));
        assert_eq!(throttling([&quota, &rate]), seen(true, true));
    }
}
