//! The faults of one round, all of them drawn from the seed: the same seed is the same plan.

use rand::rngs::ChaCha8Rng;
use rand::seq::IndexedRandom as _;
use rand::{RngExt as _, SeedableRng as _};
use simulated::{DeliveryResult, ModelFault, SesFault, SqsFault, Timing};

use super::wires::Shares;

/// Something that happens while a round runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Event {
    /// An environment is killed (-9).
    Kill,
    /// A person unsubscribes, by the web function.
    Unsubscribe,
    /// A person unsubscribes while another transaction holds the rows of their mail.
    UnsubscribeSlowly,
    /// A person is erased.
    Erase,
    /// A schedule fires early.
    Sweep,
    /// Hidden messages become visible, as if the worker were too slow.
    Redeliver,
    /// The database stops at once (`pg_ctl stop -m immediate`) and is started again.
    StopPostgres,
    /// A message that cannot be read arrives.
    Junk,
}

/// One round's faults.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Plan {
    /// Of all requests on the wires.
    pub(crate) wires: Shares,
    pub(crate) model: Vec<(ModelFault, f64)>,
    pub(crate) ses: Vec<(SesFault, f64)>,
    pub(crate) results: Vec<(DeliveryResult, f64)>,
    pub(crate) timings: Vec<(Timing, f64)>,
    pub(crate) sqs: Vec<(SqsFault, f64)>,
    /// Every message comes so many times.
    pub(crate) copies: u32,
    /// Each with the share of the mails that has left by then.
    pub(crate) events: Vec<(f64, Event)>,
}

/// Shares small enough that a round still makes progress, large enough that each fault happens.
const MODEL: [(ModelFault, f64); 8] = [
    (ModelFault::RateLimited, 0.04),
    (ModelFault::ServerError, 0.04),
    (ModelFault::ConnectionReset, 0.03),
    (ModelFault::CutOff, 0.03),
    (ModelFault::Malformed, 0.03),
    (ModelFault::Truncated, 0.02),
    (ModelFault::Refusal, 0.02),
    (ModelFault::OutOfRange, 0.02),
];
const SES: [(SesFault, f64); 14] = [
    (SesFault::AcceptReset, 0.03),
    (SesFault::AcceptCutOff, 0.03),
    (SesFault::AcceptServerError, 0.03),
    (SesFault::AcceptUnavailable, 0.03),
    (SesFault::AcceptGarbage, 0.02),
    (SesFault::AcceptHang, 0.004),
    (SesFault::AcceptSlow, 0.004),
    (SesFault::Hang, 0.004),
    (SesFault::Reset, 0.03),
    (SesFault::ServerError, 0.03),
    (SesFault::Unavailable, 0.03),
    (SesFault::Throttled, 0.02),
    (SesFault::MessageRejected, 0.02),
    (SesFault::AccountPaused, 0.005),
];
const DELIVERY_RESULTS: [(DeliveryResult, f64); 6] = [
    (DeliveryResult::HardBounce, 0.03),
    (DeliveryResult::SoftBounce, 0.04),
    (DeliveryResult::Complained, 0.02),
    (DeliveryResult::Delayed, 0.05),
    (DeliveryResult::Rejected, 0.01),
    (DeliveryResult::Silent, 0.05),
];
const TIMINGS: [(Timing, f64); 4] = [
    (Timing::Before, 0.15),
    (Timing::Never, 0.15),
    (Timing::Twice, 0.15),
    (Timing::Backwards, 0.15),
];
const SQS: [(SqsFault, f64); 7] = [
    (SqsFault::SendRefused, 0.02),
    (SqsFault::SendLost, 0.02),
    (SqsFault::SendAnswerLost, 0.03),
    (SqsFault::SendPartly, 0.03),
    (SqsFault::SendThrottled, 0.02),
    (SqsFault::HideAnswerLost, 0.05),
    (SqsFault::HidePartly, 0.05),
];

/// Each with how often it happens in a round, at most.
const EVENTS: [(Event, u32); 8] = [
    (Event::Kill, 12),
    (Event::Unsubscribe, 8),
    (Event::UnsubscribeSlowly, 4),
    (Event::Erase, 3),
    (Event::Sweep, 8),
    (Event::Redeliver, 3),
    (Event::StopPostgres, 1),
    (Event::Junk, 3),
];

impl Plan {
    /// The plan of one round.
    pub(crate) fn of(seed: u64, round: u32, copies: u32) -> Self {
        let mut random = ChaCha8Rng::seed_from_u64(seed ^ (u64::from(round) << 32));
        let mut events: Vec<(f64, Event)> = Vec::new();
        for (event, most) in EVENTS {
            for _ in 0..random.random_range(0..=most) {
                events.push((random.random(), event));
            }
        }
        events.sort_by(|(one, _), (other, _)| one.total_cmp(other));
        Self {
            wires: wires(&mut random),
            model: some(&mut random, &MODEL),
            ses: some(&mut random, &SES),
            results: some(&mut random, &DELIVERY_RESULTS),
            timings: some(&mut random, &TIMINGS),
            sqs: some(&mut random, &SQS),
            copies,
            events,
        }
    }
}

/// Half of the faults, so that every combination occurs.
fn some<T: Copy>(random: &mut ChaCha8Rng, all: &[(T, f64)]) -> Vec<(T, f64)> {
    all.iter()
        .copied()
        .filter(|_| random.random_bool(0.5))
        .collect()
}

/// Some rounds have no fault of a kind on the wires. A killed process costs most: all that it held
/// waits for its lease.
fn wires(random: &mut ChaCha8Rng) -> Shares {
    let mut one_of = |shares: [f64; 3]| shares.choose(random).copied().unwrap_or_default();
    Shares {
        cut: one_of([0.0, 0.005, 0.02]),
        delay: one_of([0.0, 0.005, 0.02]),
        error: one_of([0.0, 0.005, 0.02]),
        kill: one_of([0.0, 0.002, 0.006]),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn plan_follows_from_seed() {
        assert_eq!(Plan::of(7, 3, 3), Plan::of(7, 3, 3));
        assert_ne!(Plan::of(7, 3, 3), Plan::of(7, 4, 3));
        assert_ne!(Plan::of(7, 3, 3), Plan::of(8, 3, 3));
    }

    #[test]
    fn hundred_rounds_meet_every_fault() {
        let plans: Vec<Plan> = (0..100).map(|round| Plan::of(1, round, 1)).collect();
        let seen: BTreeSet<String> = plans
            .iter()
            .flat_map(|plan| plan.events.iter().map(|(_, h)| format!("{h:?}")))
            .collect();
        assert_eq!(seen.len(), EVENTS.len());
        let with =
            |share: fn(&Shares) -> f64| plans.iter().filter(|p| share(&p.wires) > 0.0).count();
        let shares: [fn(&Shares) -> f64; 4] = [|s| s.cut, |s| s.delay, |s| s.error, |s| s.kill];
        for share in shares {
            assert!((40..95).contains(&with(share)));
        }
        for plan in plans {
            let sum: f64 = plan.ses.iter().map(|(_, share)| share).sum();
            assert!(sum < 0.5, "most mails must still be able to leave");
            let times: Vec<f64> = plan.events.iter().map(|(at, _)| *at).collect();
            assert!(times.is_sorted() && times.iter().all(|at| (0.0..1.0).contains(at)));
        }
    }
}
