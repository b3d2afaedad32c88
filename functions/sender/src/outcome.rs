//! What the end of a call means for its send.

use chrono::{DateTime, TimeDelta, Utc};
use shared::{
    clients::mailer::Handover,
    db::sends::{Armed, Outcome},
    domain::{quota::Throttling, reason::Reason, send_state::SendState},
    queue::backoff,
};

/// An armed send, and how its call ended.
#[derive(Debug)]
pub(crate) struct Called {
    pub(crate) armed: Armed,
    pub(crate) answer: Answer,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Answer {
    Ses(Handover),
    /// Its slot was over: SES was not called.
    TooLate,
    /// The mail could not be written: SES was not called.
    NotWritten,
}

impl Called {
    /// The ledger's entry.
    ///
    /// Only what proves that SES took nothing is tried again; what proves nothing is `unknown`, and
    /// is never sent again by itself (invariant 8).
    pub(crate) fn outcome(&self, now: DateTime<Utc>) -> Outcome {
        let later = || {
            let wait = backoff(self.armed.attempts.saturating_add(1), None);
            now + TimeDelta::from_std(wait).unwrap_or(TimeDelta::minutes(15))
        };
        let queued = |reason, at| (SendState::Queued, Some(reason), Some(at));
        let (state, reason, not_before) = match &self.answer {
            Answer::Ses(Handover::Accepted { .. }) => (SendState::Sent, None, None),
            Answer::Ses(Handover::Throttled) => queued(Reason::Throttled, later()),
            Answer::Ses(Handover::QuotaUsedUp) => {
                queued(Reason::DailyQuota, now + TimeDelta::hours(1))
            }
            Answer::Ses(Handover::Unreachable) => queued(Reason::MailerUnreachable, later()),
            Answer::Ses(Handover::AccountRefused { .. }) => {
                queued(Reason::MailerRefuses, now + TimeDelta::minutes(15))
            }
            Answer::Ses(Handover::MailRefused { .. }) => {
                (SendState::Rejected, Some(Reason::MailRejected), None)
            }
            Answer::Ses(Handover::NoAnswer) => (SendState::Unknown, Some(Reason::NoAnswer), None),
            Answer::TooLate => queued(Reason::LateForSlot, now),
            Answer::NotWritten => (SendState::Rejected, Some(Reason::ContentFault), None),
        };
        let message_id = match &self.answer {
            Answer::Ses(Handover::Accepted { message_id }) => Some(message_id.clone()),
            Answer::Ses(_) | Answer::TooLate | Answer::NotWritten => None,
        };
        Outcome {
            send: self.armed.send,
            fence: self.armed.fence,
            state,
            reason,
            message_id,
            not_before,
        }
    }

    pub(crate) fn is_late(&self) -> bool {
        self.answer == Answer::TooLate
    }

    /// SES's code, if it refuses everything from this account.
    pub(crate) fn account_refusal(&self) -> Option<String> {
        match &self.answer {
            Answer::Ses(Handover::AccountRefused { code }) => Some(code.clone()),
            Answer::Ses(_) | Answer::TooLate | Answer::NotWritten => None,
        }
    }
}

/// What the answers of a batch say about the account's limits.
pub(crate) fn throttling(called: &[Called]) -> Throttling {
    let any = |answer: &Answer| called.iter().any(|called| called.answer == *answer);
    Throttling {
        rate: any(&Answer::Ses(Handover::Throttled)),
        quota: any(&Answer::Ses(Handover::QuotaUsedUp)),
    }
}

#[cfg(test)]
mod tests {
    use shared::domain::{
        content::Draft,
        email::EmailAddress,
        ids::SendId,
        lead::{Origin, Platform},
    };

    use super::*;

    fn called(answer: Answer) -> Called {
        let armed = Armed {
            send: SendId(42),
            fence: 3,
            attempts: 1,
            slot_at: DateTime::UNIX_EPOCH,
            to: EmailAddress::parse("ana@example.org").unwrap(),
            draft: Draft {
                subject: "Your runs".to_owned(),
                message: "Shall we talk?".to_owned(),
            },
            platform: Platform::Instagram,
            origin: Origin::Service,
            username: "anafit".to_owned(),
            name: None,
            language: None,
            offer: "a share of every sale".to_owned(),
        };
        Called { armed, answer }
    }

    #[track_caller]
    fn check(handover: &Handover, state: SendState, reason: Option<Reason>, again: bool) {
        let now = "2026-01-05T10:00:00Z".parse().unwrap();
        let outcome = called(Answer::Ses(handover.clone())).outcome(now);
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
    fn outcome_definite_refusal_is_queued_again() {
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
    fn outcome_without_call_is_definite() {
        let now = "2026-01-05T10:00:00Z".parse().unwrap();
        let late = called(Answer::TooLate).outcome(now);
        assert_eq!(
            (late.state, late.reason, late.not_before),
            (SendState::Queued, Some(Reason::LateForSlot), Some(now))
        );
        let unwritten = called(Answer::NotWritten).outcome(now);
        assert_eq!(
            (unwritten.state, unwritten.reason),
            (SendState::Rejected, Some(Reason::ContentFault))
        );
    }

    #[test]
    fn throttling_of_batch_is_any_of_its_answers() {
        let seen = |answers: &[Handover]| {
            let ses = answers.iter().cloned().map(Answer::Ses);
            let seen = throttling(&ses.map(called).collect::<Vec<_>>());
            (seen.rate, seen.quota)
        };
        use Handover::{NoAnswer, QuotaUsedUp, Throttled};
        assert_eq!(seen(&[NoAnswer]), (false, false));
        assert_eq!(seen(&[NoAnswer, Throttled, NoAnswer]), (true, false));
        assert_eq!(seen(&[QuotaUsedUp, Throttled]), (true, true));
    }
}
