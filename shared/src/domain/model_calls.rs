//! Whether a question may be put to the model: a function of the calls that were made for it.

use strum::{EnumIter, EnumString, IntoStaticStr};

/// Calls that were or may have been paid without a usable answer, after which a question is given up.
const MOST_WASTED: usize = 2;
/// Calls within a day that cost nothing and brought nothing, after which it is given up as well: a
/// server that always declines it must not be asked for ever.
const MOST_FAILED: usize = 20;

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

/// A call on record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PastCall {
    pub attempt: i32,
    pub state: CallState,
    /// Its lease has ended: if it is still `calling`, it may have been paid and counts as lost.
    pub expired: bool,
    /// It was made within the last day.
    pub recent: bool,
    pub answer: Option<String>,
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
    /// Asked often enough without a usable answer.
    Exhausted,
    /// Make this attempt.
    Ask(i32),
}

/// What may be done about a question with these calls, in any order.
pub fn decide(history: &[PastCall]) -> Decision {
    let count = |which: fn(&&PastCall) -> bool| history.iter().filter(which).count();
    let answer = history.iter().find_map(|call| match call.state {
        CallState::Answered => call.answer.clone(),
        _ => None,
    });
    if let Some(answer) = answer {
        return Decision::Answered(answer);
    }
    if count(|call| call.state == CallState::Refused) > 0 {
        return Decision::Refused;
    }
    if count(|call| call.state == CallState::Calling && !call.expired) > 0 {
        return Decision::Busy;
    }
    let wasted = count(|call| {
        matches!(
            call.state,
            CallState::Unusable | CallState::Lost | CallState::Calling
        )
    });
    let failed = count(|call| call.state == CallState::Failed && call.recent);
    if wasted >= MOST_WASTED || failed >= MOST_FAILED {
        return Decision::Exhausted;
    }
    let last = history.iter().map(|call| call.attempt).max();
    Decision::Ask(last.unwrap_or_default().saturating_add(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(attempt: i32, state: CallState) -> PastCall {
        PastCall {
            attempt,
            state,
            expired: false,
            recent: true,
            answer: (state == CallState::Answered).then(|| "yes".to_owned()),
        }
    }

    fn expired(attempt: i32) -> PastCall {
        PastCall {
            expired: true,
            ..call(attempt, CallState::Calling)
        }
    }

    #[test]
    fn decide_follows_the_calls_on_record() {
        use CallState::{Answered, Calling, Failed, Lost, Refused, Unusable};
        let cases = [
            (vec![], Decision::Ask(1)),
            (
                vec![call(1, Answered)],
                Decision::Answered("yes".to_owned()),
            ),
            // An answer stands whatever came before it.
            (
                vec![call(1, Lost), call(2, Lost), call(3, Answered)],
                Decision::Answered("yes".to_owned()),
            ),
            (vec![call(1, Refused)], Decision::Refused),
            (vec![call(1, Lost), call(2, Refused)], Decision::Refused),
            (vec![call(1, Calling)], Decision::Busy),
            (vec![call(1, Lost), call(2, Calling)], Decision::Busy),
            (vec![expired(1)], Decision::Ask(2)),
            (vec![call(1, Unusable)], Decision::Ask(2)),
            (vec![call(1, Lost), call(2, Unusable)], Decision::Exhausted),
            (vec![call(1, Lost), expired(2)], Decision::Exhausted),
            (vec![call(1, Failed)], Decision::Ask(2)),
            (
                vec![call(3, Failed), call(1, Lost), call(2, Failed)],
                Decision::Ask(4),
            ),
        ];
        for (history, decision) in cases {
            assert_eq!(decide(&history), decision, "{history:?}");
        }
    }

    #[test]
    fn decide_gives_up_after_a_day_of_failures() {
        let failures =
            |n: i32| -> Vec<PastCall> { (1..=n).map(|n| call(n, CallState::Failed)).collect() };
        assert_eq!(decide(&failures(19)), Decision::Ask(20));
        assert_eq!(decide(&failures(20)), Decision::Exhausted);
        let old: Vec<_> = failures(40_000)
            .into_iter()
            .map(|call| PastCall {
                recent: false,
                ..call
            })
            .collect();
        assert_eq!(decide(&old), Decision::Ask(40_001), "more than a smallint");
    }
}
