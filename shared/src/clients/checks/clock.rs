//! Whether the clocks agree: quiet hours, leases and tokens are compared across machines.

use chrono::{DateTime, TimeDelta, Utc};

use super::{Finding, fail, ok, warn};

const CHECK: &str = "clock";
const TOLERATED: TimeDelta = TimeDelta::seconds(2);
/// A claim's lease: beyond it two senders would not agree on who holds a send.
const HARMFUL: TimeDelta = TimeDelta::seconds(30);

/// Our clock, which is what the others are compared with.
#[expect(clippy::disallowed_methods, reason = "the clock itself is examined")]
pub fn now() -> DateTime<Utc> {
    Utc::now()
}

/// Compares a remote clock, read between two readings of our own. `precision` is how coarse it is.
pub fn check(
    whose: &str,
    before: DateTime<Utc>,
    remote: DateTime<Utc>,
    after: DateTime<Utc>,
    precision: TimeDelta,
) -> Finding {
    let ahead = remote - after;
    let behind = before - (remote + precision);
    let skew = ahead.max(behind).max(TimeDelta::zero());
    let seconds = skew.num_seconds();
    let advice = "set both clocks by NTP; AWS's are right";
    if skew > HARMFUL {
        fail(
            CHECK,
            format!("{whose} differs from ours by {seconds} s"),
            advice,
        )
    } else if skew > TOLERATED {
        warn(
            CHECK,
            format!("{whose} differs from ours by {seconds} s"),
            advice,
        )
    } else {
        ok(CHECK, format!("{whose} agrees with ours"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clients::checks::Status;

    #[test]
    fn check_tolerates_seconds_and_fails_beyond_leases() {
        let now = DateTime::UNIX_EPOCH + TimeDelta::days(1);
        let status = |skew: i64| {
            let remote = now + TimeDelta::seconds(skew);
            let after = now + TimeDelta::milliseconds(50);
            let second = TimeDelta::seconds(1);
            check("the database's clock", now, remote, after, second).status
        };
        for (skew, expected) in [
            (0, Status::Ok),
            (2, Status::Ok),
            (-3, Status::Ok),
            (10, Status::Warn),
            (-10, Status::Warn),
            (31, Status::Fail),
            (-120, Status::Fail),
        ] {
            assert_eq!(status(skew), expected, "{skew}");
        }
    }
}
