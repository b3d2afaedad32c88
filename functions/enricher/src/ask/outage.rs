//! What the replies of a round say of the server: whether it is there, away, or refuses every call.

use std::time::Duration;

use shared::{
    clients::model::{Answer, Cause, ModelError},
    db::model_calls::OutageChange,
    domain::model_outage::{EnrichmentWait, Outage, pause},
};

use crate::score::{NotScored, Until};

/// What one reply says of the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    /// It takes our calls, whatever it made of this one.
    Taken,
    /// It did not, for this reason, and asked to be left alone for so long.
    Not(EnrichmentWait, Option<Duration>),
}

impl Outcome {
    pub(super) const LOST: Self = Self::Not(EnrichmentWait::ModelSilent, None);

    pub(super) fn of(reply: &Result<Answer, ModelError>) -> Self {
        match reply {
            Ok(_) | Err(ModelError::Declined { .. }) => Self::Taken,
            Err(ModelError::Throttled { after }) => {
                Self::Not(EnrichmentWait::ModelThrottled, *after)
            }
            Err(ModelError::Unavailable { .. }) => {
                Self::Not(EnrichmentWait::ModelUnavailable, None)
            }
            Err(ModelError::Lost) => Self::LOST,
            Err(ModelError::Unclear { .. }) => Self::Not(EnrichmentWait::ModelUnclear, None),
            Err(ModelError::Refuses { cause, .. }) => Self::Not(reason(cause), None),
        }
    }
}

fn reason(cause: &Cause) -> EnrichmentWait {
    match cause {
        Cause::Key => EnrichmentWait::ModelKey,
        Cause::Credit => EnrichmentWait::ModelCredit,
        Cause::Model => EnrichmentWait::ModelName,
        Cause::Parameter(_) => EnrichmentWait::ModelParameter,
        Cause::Address => EnrichmentWait::ModelAddress,
        Cause::Access => EnrichmentWait::ModelAccess,
    }
}

/// The later one tells a person more.
fn weight(reason: EnrichmentWait) -> u8 {
    match reason {
        EnrichmentWait::ModelBusy | EnrichmentWait::ModelBudget => 0,
        EnrichmentWait::ModelSilent => 1,
        EnrichmentWait::ModelUnavailable => 2,
        EnrichmentWait::ModelThrottled => 3,
        EnrichmentWait::ModelUnclear => 4,
        EnrichmentWait::ModelAddress
        | EnrichmentWait::ModelAccess
        | EnrichmentWait::ModelParameter
        | EnrichmentWait::ModelName
        | EnrichmentWait::ModelKey
        | EnrichmentWait::ModelCredit => 5,
    }
}

/// A server that took one call of a round is there. One that took none is away; lost answers alone are
/// asked for `again` first.
pub(super) fn change(outage: Option<&Outage>, outcomes: &[Outcome], again: bool) -> OutageChange {
    let mut worst: Option<(EnrichmentWait, Option<Duration>)> = None;
    for outcome in outcomes {
        let Outcome::Not(reason, asked) = *outcome else {
            return match outage {
                Some(_) => OutageChange::Ends,
                None => OutageChange::None,
            };
        };
        let longest = worst.and_then(|(_, longest)| longest).max(asked);
        let reason = match worst {
            Some((known, _)) if weight(known) >= weight(reason) => known,
            _ => reason,
        };
        worst = Some((reason, longest));
    }
    match worst {
        None => OutageChange::None,
        Some(_) if again && outage.is_none() => OutageChange::None,
        Some((reason, asked)) => {
            let failures = outage.map_or(0, |outage| outage.failures);
            OutageChange::Goes {
                reason,
                pause: pause(failures.saturating_add(1), asked),
            }
        }
    }
}

/// What every question waits for that was not answered.
pub(super) fn wait(change: OutageChange) -> Option<NotScored> {
    match change {
        OutageChange::None | OutageChange::Ends => None,
        OutageChange::Goes { reason, pause } => Some(NotScored {
            reason,
            until: Until::After(pause),
        }),
    }
}

/// The error, if a person has to put something right before any call is taken.
pub(super) fn refusal(
    change: OutageChange,
    replies: Vec<Result<Answer, ModelError>>,
) -> Option<ModelError> {
    let OutageChange::Goes { reason, .. } = change else {
        return None;
    };
    let of_reason = |error: &ModelError| match error {
        ModelError::Unclear { .. } => reason == EnrichmentWait::ModelUnclear,
        ModelError::Refuses { cause, .. } => reason == self::reason(cause),
        ModelError::Throttled { .. }
        | ModelError::Unavailable { .. }
        | ModelError::Lost
        | ModelError::Declined { .. } => false,
    };
    replies.into_iter().filter_map(Result::err).find(of_reason)
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;

    use super::*;

    const AWAY: Outcome = Outcome::Not(EnrichmentWait::ModelUnavailable, None);
    const BROKE: Outcome = Outcome::Not(EnrichmentWait::ModelCredit, None);

    fn goes(reason: EnrichmentWait, seconds: u64) -> OutageChange {
        OutageChange::Goes {
            reason,
            pause: Duration::from_secs(seconds),
        }
    }

    #[test]
    fn change_follows_the_replies_of_a_round() {
        let before = Outage {
            reason: EnrichmentWait::ModelUnavailable,
            since: DateTime::UNIX_EPOCH,
            failures: 3,
            next_try_at: DateTime::UNIX_EPOCH,
        };
        let minute = Some(Duration::from_secs(3_600));
        let slow = Outcome::Not(EnrichmentWait::ModelThrottled, minute);
        let unavailable = EnrichmentWait::ModelUnavailable;
        for (outage, outcomes, again, expected) in [
            (None, vec![], false, OutageChange::None),
            (None, vec![AWAY, Outcome::Taken], false, OutageChange::None),
            (
                Some(&before),
                vec![AWAY, Outcome::Taken],
                false,
                OutageChange::Ends,
            ),
            (None, vec![AWAY, AWAY], false, goes(unavailable, 30)),
            (Some(&before), vec![AWAY], false, goes(unavailable, 240)),
            (
                None,
                vec![AWAY, BROKE, Outcome::LOST],
                false,
                goes(EnrichmentWait::ModelCredit, 30),
            ),
            (
                None,
                vec![slow, AWAY],
                false,
                goes(EnrichmentWait::ModelThrottled, 3_600),
            ),
            (None, vec![Outcome::LOST], true, OutageChange::None),
            (
                None,
                vec![Outcome::LOST],
                false,
                goes(EnrichmentWait::ModelSilent, 30),
            ),
            (
                Some(&before),
                vec![Outcome::LOST],
                true,
                goes(EnrichmentWait::ModelSilent, 240),
            ),
        ] {
            assert_eq!(change(outage, &outcomes, again), expected, "{outcomes:?}");
        }
    }
}
