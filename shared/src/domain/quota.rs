//! How fast and how much: the limits of SES, of a young sending domain and of the recipients'
//! servers (invariant 11). The ledger grants from them; these are the rules it grants by.

use std::time::Duration;

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::reason::Reason;

/// Longest wait for a place in time. What would wait longer comes back later instead.
pub const LONGEST_WAIT: Duration = Duration::from_secs(5);

/// How long after its place in time a mail may still be called, the first time. A sender that was
/// held up longer would call together with those whose place it is.
pub const LATENESS: Duration = Duration::from_millis(400);

/// What a claimed send was granted.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(rename_all = "snake_case", tag = "quota")]
pub enum Quota {
    /// Room within every limit, from a place in time on.
    Granted {
        /// Until that place.
        wait: Duration,
    },
    /// No room now.
    Wait {
        /// When to ask again.
        until: DateTime<Utc>,
        /// The limit that has none.
        reason: Reason,
    },
    /// Not asked: nothing is about to leave.
    NotAsked,
}

/// The owner's limits, over what SES says.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Limits {
    /// Mails a second, in place of SES's own.
    pub per_second: Option<f64>,
    /// Mails of 24 hours, in place of SES's own.
    pub per_day: Option<u32>,
    /// How the sending domain grows.
    pub ramp: Ramp,
    /// Between two mails to the servers of one domain.
    pub domain_spacing: Duration,
}

/// What SES allows the account (`GetSendQuota`).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct AccountQuota {
    /// Mails a second, above 0.
    pub per_second: f64,
    /// Mails of 24 hours; `None` for no limit.
    pub per_day: Option<i32>,
    /// Mails of the last 24 hours, whoever sent them.
    pub sent_last_day: i32,
}

/// How a young sending domain grows: so many mails on its first day, more by a factor on each day
/// with mails, until the cap.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Ramp {
    /// Mails of the first day.
    pub start: u32,
    /// Factor from one day with mails to the next, at least 1.
    pub growth: f64,
    /// Mails a day at most, for good.
    pub cap: u32,
}

impl Ramp {
    /// Mails that a day may take, after so many days with mails before it.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "bounded by the cap before"
    )]
    pub fn allowed(self, days_used: u32) -> u32 {
        let grown = f64::from(self.start)
            * self
                .growth
                .powi(i32::try_from(days_used).unwrap_or(i32::MAX));
        grown.min(f64::from(self.cap)).floor() as u32
    }
}

/// Most mails that one batch may be granted: half a second's worth, so that several senders that
/// were held up cannot call more than a second's worth together.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a rate is positive and small"
)]
pub fn burst(per_second: f64) -> u32 {
    (per_second / 2.0).floor().max(1.0) as u32
}

/// Whether a mail's place in time is over, so that it must not be called any more.
///
/// Each earlier attempt doubles the time it has, lest a slow database keep a mail for ever.
pub fn is_late(wait: Duration, waited: Duration, attempts: u32) -> bool {
    let patience = LATENESS.saturating_mul(2_u32.saturating_pow(attempts));
    waited > wait.saturating_add(patience)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_domain_grows_by_its_factor_until_its_cap() {
        let ramp = Ramp {
            start: 50,
            growth: 1.5,
            cap: 200,
        };
        let days: Vec<u32> = (0..6).map(|day| ramp.allowed(day)).collect();
        assert_eq!(days, [50, 75, 112, 168, 200, 200]);
        assert_eq!(ramp.allowed(u32::MAX), 200);
    }

    #[test]
    fn a_batch_is_half_a_seconds_worth_and_at_least_one_mail() {
        let rows = [
            (0.1, 1),
            (1.0, 1),
            (3.9, 1),
            (4.0, 2),
            (14.0, 7),
            (200.0, 100),
        ];
        for (rate, mails) in rows {
            assert_eq!(burst(rate), mails, "{rate}/s");
        }
    }

    #[test]
    fn a_place_in_time_is_good_for_a_while_that_grows_with_each_attempt() {
        let ms = Duration::from_millis;
        assert!(!is_late(ms(500), ms(500), 0));
        assert!(!is_late(ms(500), ms(900), 0));
        assert!(is_late(ms(500), ms(901), 0));
        assert!(!is_late(ms(500), ms(1300), 1));
        assert!(is_late(ms(500), ms(1301), 1));
        assert!(!is_late(ms(500), ms(60_000), u32::MAX));
    }

    proptest! {
        #[test]
        fn a_ramp_never_shrinks_and_never_passes_its_cap(
            start in 0_u32..1000, growth in 1.0_f64..3.0, cap in 0_u32..100_000, day in 0_u32..400,
        ) {
            let ramp = Ramp { start, growth, cap };
            prop_assert!(ramp.allowed(day) <= ramp.allowed(day + 1));
            prop_assert!(ramp.allowed(day) <= cap);
        }
    }
}
