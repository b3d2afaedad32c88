//! Table `sends`, the send ledger (invariants 7 to 9). A send moves on in four short transactions:
//!
//! 1. [`claim()`]: the gate is asked; what it lets pass is held by one sender.
//! 2. [`grant()`]: room within every limit is taken for it.
//! 3. [`arm()`]: the gate is asked again under a lock on the mailbox; durable before any call.
//! 4. [`settle()`]: what SES answered.
//!
//! [`reap`] ends what a sender left behind, [`take_due`] finds what nothing else brings back.

mod account;
mod arm;
mod claim;
mod facts;
mod grant;
mod quota;
mod release;
mod settle;
mod sweep;
mod write;

use std::time::Duration;

pub use account::{forget_domains, remember_quota};
pub use arm::{Armed, Arming, arm};
use chrono::{DateTime, TimeDelta, Utc};
pub use claim::{Claimed, Claims, claim};
pub use grant::{Granted, grant};
pub use release::release;
pub use settle::{Outcome, settle};
pub use sweep::{Reaped, pull_forward, reap, take_due};

use crate::domain::{email::HashKey, gate::FrequencyCaps, ids::SendId};

/// What a sender brings to the ledger.
#[derive(Debug, Clone, Copy)]
pub struct Terms<'a> {
    /// Whether this deployment may send at all.
    pub sending_enabled: bool,
    /// Whether the sender's postal address is configured.
    pub postal_address: bool,
    pub frequency: FrequencyCaps,
    /// Recipients' servers are counted by keyed hash.
    pub hash_key: &'a HashKey,
    /// How long a claim or a call is held: longer than the sender may run.
    pub lease: Duration,
    /// Longest that the queue delays a message: what waits longer is found by the sweep.
    pub longest_delay: Duration,
}

/// A send that waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Deferred {
    pub send: SendId,
    pub until: DateTime<Utc>,
    /// How long to delay its next message; `None`: too long for the queue.
    pub delay: Option<Duration>,
}

impl Deferred {
    fn new(send: SendId, until: DateTime<Utc>, now: DateTime<Utc>, terms: &Terms<'_>) -> Self {
        // A second for clocks that differ: a message that is early finds nothing to do.
        let delay = (until - now).max(TimeDelta::zero()) + TimeDelta::seconds(1);
        let delay = delay.to_std().unwrap_or(Duration::MAX);
        Self {
            send,
            until,
            delay: (delay <= terms.longest_delay).then_some(delay),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn deferred_beyond_longest_delay_has_no_message() {
        let key = HashKey::new(vec![1; 32]).expect("a key");
        let terms = Terms {
            sending_enabled: true,
            postal_address: true,
            frequency: FrequencyCaps::DEFAULT,
            hash_key: &key,
            lease: Duration::from_secs(60),
            longest_delay: Duration::from_secs(900),
        };
        let now: DateTime<Utc> = "2026-01-05T10:00:00Z".parse().expect("a time");
        let delay = |seconds| {
            let until = now + TimeDelta::seconds(seconds);
            Deferred::new(SendId(1), until, now, &terms).delay
        };
        for (seconds, expected) in [
            (-5, Some(1)),
            (0, Some(1)),
            (30, Some(31)),
            (899, Some(900)),
            (900, None),
            (86_400, None),
        ] {
            assert_eq!(
                delay(seconds),
                expected.map(Duration::from_secs),
                "{seconds}"
            );
        }
    }
}
