//! How fast and how much: the limits of SES, of a young sending domain, of a campaign and of the
//! recipients' servers (invariant 11).
//!
//! [`grant()`] is the only place where room is given out, [`release`] the only one where it comes back.

mod account;
mod grant;
#[cfg(test)]
mod tests;

use std::time::Duration;

pub use account::{
    Account, Bookings, CampaignCounter, DomainCounter, HOURS_KEPT, Slot, Throttling,
    pulled_forward, release, throttle,
};
use chrono::{DateTime, Utc};
pub use grant::{Candidate, Counters, Grants, Wait, grant};
use serde::Serialize;

use super::reason::Reason;

/// Longest wait for a slot. What would wait longer comes back later instead.
pub const LONGEST_WAIT: Duration = Duration::from_secs(5);

/// How long after its slot a mail may still be called, the first time. A sender that was held up
/// longer would call together with those whose slot it is.
const LATENESS: Duration = Duration::from_millis(400);

/// The most that lateness grows to, however often a mail was tried: throttling counts as a try.
const LONGEST_LATENESS: Duration = Duration::from_secs(3);

/// What a mail that may go out was granted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "outcome")]
pub enum Quota {
    /// Room within every limit, at this moment.
    Granted { slot_at: DateTime<Utc> },
    /// No room now; `reason` names the limit.
    Wait {
        until: DateTime<Utc>,
        reason: Reason,
    },
}

/// The owner's limits, over what SES says.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Limits {
    /// Mails a second, in place of SES's own.
    pub per_second: Option<f64>,
    /// Mails of 24 hours, in place of SES's own.
    pub per_day: Option<u32>,
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
    /// Mails of the last 24 hours, of every campaign.
    pub sent_last_day: i32,
}

/// How a young sending domain grows: so many mails on its first day, more by a factor on each day
/// with mails, until the cap.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Ramp {
    pub start: u32,
    /// At least 1.
    pub growth: f64,
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

/// Whether a mail's slot is over at `now`, so that it must not be called any more.
///
/// Each earlier attempt doubles the time it has, lest a slow database keep a mail for ever. Its day
/// is over at midnight, whatever time is left: on the next day it would be one mail too many.
pub fn is_late(slot_at: DateTime<Utc>, now: DateTime<Utc>, attempts: u32) -> bool {
    let allowed = LATENESS
        .saturating_mul(2_u32.saturating_pow(attempts))
        .min(LONGEST_LATENESS);
    now > slot_at + allowed || now.date_naive() > slot_at.date_naive()
}
