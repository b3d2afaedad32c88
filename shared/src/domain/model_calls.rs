//! Whether a question may be put to the model: a function of the calls that were made for it.

use std::time::Duration;

use strum::{EnumIter, EnumString, IntoStaticStr};

/// Tries about one question, paid or not, after which it is given up.
const MOST_TRIES: usize = 3;
/// Paid answers that could not be used: the second was asked for with another request.
const MOST_UNUSABLE: usize = 2;

/// A server that answers another question so soon after a lost answer was there.
const SAME_TIME: Duration = Duration::from_secs(60);
/// A server that answers another question so soon after a refusal was set up as it is.
const SAME_SETUP: Duration = Duration::from_secs(10 * 60);

/// How far a call has come. Its word is that of the column `model_calls.state`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, EnumIter, EnumString, IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub enum CallState {
    /// On its way, or its caller died.
    Calling,
    /// Paid, with an answer to the schema.
    Answered,
    /// Paid, with a refusal.
    Refused,
    /// Paid, with something unusable.
    Unusable,
    /// Without an answer, though it may be paid.
    Lost,
    /// Definitely not paid.
    Failed,
}

impl CallState {
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

/// What was wrong with a call. Its word is that of the column `model_calls.fault`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, EnumIter, EnumString, IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub enum CallFault {
    /// The answer was cut off at the token limit.
    CutOff,
    /// There was no answer in it.
    Empty,
    /// It was prose.
    NoJson,
    /// A field was missing, or no value of its kind.
    Form,
    /// The text cannot be sent.
    Draft,
    /// It claimed what the profile does not say.
    Evidence,
    /// The server does not take this question.
    Declined,
    /// The server refused, and did not say whether it was about this question.
    Unclear,
    /// The worker that asked died.
    Crashed,
}

impl CallFault {
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

/// A call on record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PastCall {
    pub attempt: i32,
    pub state: CallState,
    pub fault: Option<CallFault>,
    /// Its lease has ended: if it is still `calling`, it may have been paid and counts as lost.
    pub expired: bool,
    /// How long after its end the model answered another question; nothing if it did meanwhile.
    pub other_answered_after: Option<Duration>,
    /// Whether a person has asked for another try since.
    pub set_aside: bool,
    pub answer: Option<String>,
}

impl PastCall {
    /// Whether it is a try that brought nothing, because of the question itself: the server answered others
    /// at that time. What ends with an outage does not count.
    fn is_wasted_try(&self) -> bool {
        let others_within = |time| self.other_answered_after.is_some_and(|after| after <= time);
        match self.state {
            CallState::Unusable => true,
            CallState::Calling => self.expired,
            CallState::Lost => self.fault == Some(CallFault::Crashed) || others_within(SAME_TIME),
            CallState::Failed => {
                self.fault == Some(CallFault::Unclear) && others_within(SAME_SETUP)
            }
            CallState::Answered | CallState::Refused => false,
        }
    }
}

/// What may be done about a question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// The stored answer stands (invariant 5).
    Answered(String),
    /// The model has refused it.
    Refused,
    /// Another worker is asking.
    Busy,
    /// Asked often enough without a usable answer. What the last answer holds may be of use without
    /// its text.
    Exhausted {
        fault: Option<CallFault>,
        answer: Option<String>,
    },
    /// Make this attempt. If there was an answer that could not be used, the request must be another.
    Ask {
        attempt: i32,
        after: Option<CallFault>,
    },
}

/// What may be done about a question with these calls, in any order.
pub fn decide(history: &[PastCall]) -> Decision {
    let answer = history.iter().find_map(|call| match call.state {
        CallState::Answered => call.answer.clone(),
        _ => None,
    });
    if let Some(answer) = answer {
        return Decision::Answered(answer);
    }
    let mut counted: Vec<&PastCall> = history.iter().filter(|call| !call.set_aside).collect();
    counted.sort_by_key(|call| call.attempt);
    let any = |which: fn(&&&PastCall) -> bool| counted.iter().any(|call| which(&call));
    if any(|call| call.state == CallState::Refused) {
        return Decision::Refused;
    }
    if history
        .iter()
        .any(|call| call.state == CallState::Calling && !call.expired)
    {
        return Decision::Busy;
    }
    let unusable: Vec<_> = counted
        .iter()
        .filter(|call| call.state == CallState::Unusable)
        .collect();
    let declined = any(|call| call.fault == Some(CallFault::Declined));
    let wasted: Vec<_> = counted.iter().filter(|call| call.is_wasted_try()).collect();
    if declined || unusable.len() >= MOST_UNUSABLE || wasted.len() >= MOST_TRIES {
        let fault = match declined {
            true => Some(CallFault::Declined),
            false => wasted.last().and_then(|call| call.fault),
        };
        let answer = unusable.iter().rev().find_map(|call| call.answer.clone());
        return Decision::Exhausted { fault, answer };
    }
    let last = history.iter().map(|call| call.attempt).max();
    Decision::Ask {
        attempt: last.unwrap_or_default().saturating_add(1),
        after: unusable.last().and_then(|call| call.fault),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(attempt: i32, state: CallState) -> PastCall {
        PastCall {
            attempt,
            state,
            fault: None,
            expired: false,
            other_answered_after: None,
            set_aside: false,
            answer: (state == CallState::Answered).then(|| "yes".to_owned()),
        }
    }

    fn expired(attempt: i32) -> PastCall {
        PastCall {
            expired: true,
            ..call(attempt, CallState::Calling)
        }
    }

    fn with(fault: CallFault, call: PastCall) -> PastCall {
        PastCall {
            fault: Some(fault),
            ..call
        }
    }

    fn since(call: PastCall) -> PastCall {
        PastCall {
            other_answered_after: Some(Duration::from_secs(5)),
            ..call
        }
    }

    fn ask(attempt: i32) -> Decision {
        Decision::Ask {
            attempt,
            after: None,
        }
    }

    fn exhausted(fault: Option<CallFault>) -> Decision {
        Decision::Exhausted {
            fault,
            answer: None,
        }
    }

    #[test]
    fn decide_follows_the_calls_on_record() {
        use CallState::{Answered, Calling, Failed, Lost, Refused};
        let answered = || Decision::Answered("yes".to_owned());
        let cases = [
            (vec![], ask(1)),
            (vec![call(1, Answered)], answered()),
            // An answer stands whatever came before it.
            (
                vec![call(1, Lost), call(2, Lost), call(3, Answered)],
                answered(),
            ),
            (vec![call(1, Refused)], Decision::Refused),
            (vec![call(1, Lost), call(2, Refused)], Decision::Refused),
            (vec![call(1, Calling)], Decision::Busy),
            (vec![call(1, Lost), call(2, Calling)], Decision::Busy),
            (vec![expired(1)], ask(2)),
            (vec![expired(1), expired(2), expired(3)], exhausted(None)),
            (vec![call(1, Failed)], ask(2)),
            (
                vec![call(3, Failed), call(1, Lost), call(2, Failed)],
                ask(4),
            ),
        ];
        for (history, decision) in cases {
            assert_eq!(decide(&history), decision, "{history:?}");
        }
    }

    #[test]
    fn an_outage_is_no_fault_of_a_question() {
        let lost: Vec<_> = (1..40_000).map(|n| call(n, CallState::Lost)).collect();
        assert_eq!(decide(&lost), ask(40_000), "more than a smallint");
        let unclear = |n| with(CallFault::Unclear, call(n, CallState::Failed));
        let away: Vec<_> = (1..=50).map(unclear).collect();
        assert_eq!(decide(&away), ask(51));
        // It was back a while later.
        let ended: Vec<_> = lost
            .iter()
            .map(|call| PastCall {
                other_answered_after: Some(Duration::from_secs(90)),
                ..call.clone()
            })
            .collect();
        assert_eq!(decide(&ended), ask(40_000));
        // The server answered others meanwhile: it is this question.
        let own: Vec<_> = (1..=3).map(|n| since(call(n, CallState::Lost))).collect();
        assert_eq!(decide(&own[..2]), ask(3));
        assert_eq!(decide(&own), exhausted(None));
        let own: Vec<_> = (1..=3).map(|n| since(unclear(n))).collect();
        assert_eq!(decide(&own), exhausted(Some(CallFault::Unclear)));
    }

    #[test]
    fn an_unusable_answer_is_asked_for_differently_once() {
        let unusable = |n, fault| with(fault, call(n, CallState::Unusable));
        assert_eq!(
            decide(&[unusable(1, CallFault::NoJson)]),
            Decision::Ask {
                attempt: 2,
                after: Some(CallFault::NoJson)
            }
        );
        let kept = PastCall {
            answer: Some("half".to_owned()),
            ..unusable(2, CallFault::Draft)
        };
        assert_eq!(
            decide(&[unusable(1, CallFault::NoJson), kept]),
            Decision::Exhausted {
                fault: Some(CallFault::Draft),
                answer: Some("half".to_owned())
            }
        );
    }

    #[test]
    fn a_declined_question_is_not_asked_again() {
        let declined = with(CallFault::Declined, call(1, CallState::Failed));
        assert_eq!(
            decide(std::slice::from_ref(&declined)),
            exhausted(Some(CallFault::Declined))
        );
        let set_aside = PastCall {
            set_aside: true,
            ..declined
        };
        assert_eq!(decide(&[set_aside]), ask(2), "a person wants it again");
    }
}
