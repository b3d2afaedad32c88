//! Waiting: for a place in time, and for a turn that comes soon.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use shared::{
    db::sends::{Claim, Outcome, Verdicts},
    domain::{
        quota::{Quota, is_late},
        reason::Reason,
        send_state::SendState,
    },
    queue::{LONGEST_DELAY, Queue},
};

/// How long until the last of these may be called: they go out together, since a mail that is armed
/// is called at once.
pub(crate) fn wait_for(claims: &[Claim], decided: &[Verdicts]) -> Duration {
    let places =
        claims
            .iter()
            .zip(decided)
            .map(|(claim, decided)| match (decided.state, claim.quota) {
                (SendState::Calling, Quota::Granted { wait }) => wait,
                _ => Duration::ZERO,
            });
    places.max().unwrap_or_default()
}

/// How long to hold back the message of a send that waits, if the queue can hold it that long; else
/// the sweep announces it. A second is added for clocks that differ: what comes early finds nothing.
pub(crate) fn comes_back(until: DateTime<Utc>, now: DateTime<Utc>) -> Option<Duration> {
    let delay = (until - now + TimeDelta::seconds(1))
        .to_std()
        .unwrap_or_default();
    (delay <= LONGEST_DELAY).then_some(delay)
}

/// Waits for a place in time.
#[expect(
    clippy::disallowed_methods,
    reason = "a place in time is what is waited for"
)]
pub(crate) async fn pause(wait: Duration) {
    if !wait.is_zero() {
        tokio::time::sleep(wait).await;
    }
}

/// Sends the messages of what waits ahead, so that its turn is not lost to the clock of the sweep.
pub(crate) async fn announce(queue: &Queue, decided: &[Verdicts], now: DateTime<Utc>) {
    let later: Vec<(i64, Duration)> = decided
        .iter()
        .filter(|decided| decided.announced)
        .filter_map(|decided| {
            let delay = comes_back(decided.not_before?, now)?;
            Some((decided.send.0, delay))
        })
        .collect();
    publish(queue, &later).await;
}

/// Whether this mail's place in time is over.
pub(crate) fn is_too_late(claim: &Claim, wait: Duration, waited: Duration) -> bool {
    is_late(
        wait,
        waited,
        u32::try_from(claim.attempts).unwrap_or_default(),
    )
}

/// Sends the messages of what was too late for its place: it is due at once.
pub(crate) async fn announce_late(queue: &Queue, outcomes: &[Outcome]) {
    let late = outcomes
        .iter()
        .filter(|o| o.reason == Some(Reason::LateForSlot));
    let late: Vec<(i64, Duration)> = late.map(|o| (o.send.0, Duration::ZERO)).collect();
    if !late.is_empty() {
        tracing::warn!(
            sends = late.len(),
            "too late for their place in time: they take another"
        );
        publish(queue, &late).await;
    }
}

/// Publishes; what is missing is found by the next sweep.
pub(crate) async fn publish(queue: &Queue, delayed: &[(i64, Duration)]) {
    if let Err(error) = queue.publish_later(delayed).await {
        tracing::warn!("{error}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_due_soon_comes_back_by_itself() {
        let now: DateTime<Utc> = "2026-01-05T10:00:00Z".parse().unwrap();
        let check = |seconds: i64, expected: Option<u64>| {
            let until = now + TimeDelta::seconds(seconds);
            let expected = expected.map(Duration::from_secs);
            assert_eq!(comes_back(until, now), expected, "{seconds}");
        };
        check(-5, Some(0));
        check(0, Some(1));
        check(30, Some(31));
        check(899, Some(900));
        check(900, None);
        check(86_400, None);
    }
}
