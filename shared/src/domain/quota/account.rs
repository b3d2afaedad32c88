//! The counters that grants are taken from, and how they move.

use std::time::Duration;

use chrono::{DateTime, DurationRound, NaiveDate, NaiveTime, TimeDelta, Utc};

use super::{Limits, Ramp};
use crate::domain::ids::CampaignId;

/// This hour and the 24 before it.
pub const HOURS_KEPT: usize = 25;

/// Idle time that is not lost: the clock of the rate may lag by this much.
const SLACK: Duration = Duration::from_millis(100);

/// Throttling halves the rate; this is how long it takes to grow back by all of it.
const RECOVERY: Duration = Duration::from_secs(600);

/// Senders that are throttled by the same burst halve the rate once.
const THROTTLED_ONCE: TimeDelta = TimeDelta::seconds(2);

const SLOWEST: f64 = 0.05;

/// The SES account's row of `rate_limits`.
#[derive(Debug, Clone, PartialEq)]
pub struct Account {
    /// As SES last answered.
    pub max_per_second: f64,
    /// `None`: no limit.
    pub max_per_day: Option<i32>,
    /// Mails of the last 24 hours that are not ours.
    pub sent_elsewhere: i32,
    /// The next free slot.
    pub next_at: DateTime<Utc>,
    /// Slots are reserved until then for mails that come back.
    pub reserved_until: DateTime<Utc>,
    pub throttle_factor: f64,
    pub throttled_at: DateTime<Utc>,
    /// SES said that its quota of 24 hours is used up.
    pub blocked_until: Option<DateTime<Utc>>,
    /// The hour of `hours[0]`.
    pub hour_at: DateTime<Utc>,
    /// Granted in that hour and in each before it.
    pub hours: Vec<i32>,
    /// The ramp's day, what it granted, and days with mails before it.
    pub day: NaiveDate,
    pub day_taken: i32,
    pub days_used: i32,
    pub booked: Bookings,
}

/// A campaign's row of `campaign_counters`, with its cap.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CampaignCounter {
    pub campaign: CampaignId,
    pub daily_cap: i32,
    pub day: NaiveDate,
    pub taken: i32,
    pub booked: Bookings,
}

/// A row of `recipient_domains`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DomainCounter {
    pub domain: [u8; 32],
    /// When its servers may have the next mail.
    pub next_at: DateTime<Utc>,
    /// Turns are reserved until then.
    pub reserved_until: DateTime<Utc>,
}

/// To which days mails over a daily limit were deferred: each is deferred once or twice, to the day
/// on which its turn comes, however long the queue is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bookings {
    /// The last day that was booked.
    pub day: NaiveDate,
    /// How many mails are booked for that day.
    pub count: i32,
}

impl Bookings {
    /// Books the first day after `today` with room for one more of `per_day`, and gives its midnight.
    pub(super) fn book(&mut self, today: NaiveDate, per_day: i32) -> DateTime<Utc> {
        if self.day <= today {
            *self = Self {
                day: after(today),
                count: 0,
            };
        } else if self.count >= per_day.max(1) {
            *self = Self {
                day: after(self.day),
                count: 0,
            };
        }
        self.count += 1;
        midnight(self.day)
    }
}

/// What a mail holds of the counters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Slot {
    pub campaign: CampaignId,
    /// When it was to be called.
    pub at: DateTime<Utc>,
}

/// What SES said about the account's limits while a batch was called.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Throttling {
    /// Its rate was passed: all senders slow down.
    pub rate: bool,
    /// Its quota of 24 hours is used up: all senders wait for an hour.
    pub quota: bool,
}

impl Account {
    /// Mails a second at `now`.
    pub(super) fn speed(&self, limits: &Limits, now: DateTime<Utc>) -> f64 {
        limits.per_second.unwrap_or(self.max_per_second) * self.factor(now)
    }

    fn factor(&self, now: DateTime<Utc>) -> f64 {
        let quiet = (now - self.throttled_at).as_seconds_f64().max(0.0);
        (self.throttle_factor + quiet / RECOVERY.as_secs_f64()).min(1.0)
    }

    /// From when on slots are free.
    pub(super) fn free_at(&self, now: DateTime<Utc>) -> DateTime<Utc> {
        self.next_at.max(now - SLACK)
    }

    /// Moves the counters on to the day and the hour of a call.
    pub(super) fn roll_to(&mut self, at: DateTime<Utc>) {
        let day = at.date_naive();
        if self.day < day {
            self.days_used += i32::from(self.day_taken > 0);
            self.day_taken = 0;
            self.day = day;
        }
        let passed = hours_between(self.hour_at, at).clamp(0, HOURS_KEPT as i64);
        for _ in 0..passed {
            self.hours.insert(0, 0);
        }
        self.hours.resize(HOURS_KEPT, 0);
        self.hour_at = self.hour_at.max(hour(at));
    }

    /// What the ramp leaves of its day.
    pub(super) fn left_of_ramp(&self, ramp: Ramp) -> i32 {
        allowed(ramp, self.days_used) - self.day_taken
    }

    /// What the ramp allows on the next day with mails.
    pub(super) fn ramp_of_next_day(&self, ramp: Ramp) -> i32 {
        allowed(ramp, self.days_used + i32::from(self.day_taken > 0))
    }

    /// What SES's quota of 24 hours leaves; `None`: it has no limit.
    pub(super) fn left_of_quota(&self, limits: &Limits, now: DateTime<Utc>) -> Option<i32> {
        if self.blocked_until.is_some_and(|until| until > now) {
            return Some(0);
        }
        let per_day = match limits.per_day {
            Some(own) => i32::try_from(own).unwrap_or(i32::MAX),
            None => self.max_per_day?.saturating_sub(self.sent_elsewhere),
        };
        Some(per_day.saturating_sub(self.hours.iter().sum()))
    }

    /// Counts mails of the day and the hour that the counters stand at.
    pub(super) fn count(&mut self, mails: i32) {
        self.day_taken += mails;
        if let Some(hour) = self.hours.first_mut() {
            *hour += mails;
        }
    }
}

impl CampaignCounter {
    pub(super) fn roll_to(&mut self, day: NaiveDate) {
        if self.day < day {
            self.day = day;
            self.taken = 0;
        }
    }
}

/// Gives back what mails hold that certainly never left: the campaign's day, the ramp's day and the
/// hour in which they were granted. Never the slot of the rate, nor the domain's turn: those are past.
pub fn release(account: &mut Account, campaigns: &mut [CampaignCounter], unused: &[Slot]) {
    let take = |count: &mut i32| *count = (*count - 1).max(0);
    for slot in unused {
        let day = slot.at.date_naive();
        if account.day == day {
            take(&mut account.day_taken);
        }
        let age = usize::try_from(hours_between(slot.at, account.hour_at));
        if let Some(hour) = age.ok().and_then(|age| account.hours.get_mut(age)) {
            take(hour);
        }
        let campaign = campaigns.iter_mut().find(|c| c.campaign == slot.campaign);
        if let Some(campaign) = campaign.filter(|c| c.day == day) {
            take(&mut campaign.taken);
        }
    }
}

/// Slows all senders down, as SES asked.
pub fn throttle(account: &mut Account, seen: Throttling, now: DateTime<Utc>) {
    if seen.rate {
        if account.throttle_factor >= 1.0 || now - account.throttled_at > THROTTLED_ONCE {
            account.throttle_factor = (account.factor(now) / 2.0).max(SLOWEST);
            account.throttled_at = now;
        }
        account.next_at = account.next_at.max(now + TimeDelta::seconds(1));
    }
    if seen.quota {
        account.blocked_until = Some(now + TimeDelta::hours(1));
    }
}

fn allowed(ramp: Ramp, days_used: i32) -> i32 {
    let days = u32::try_from(days_used).unwrap_or_default();
    i32::try_from(ramp.allowed(days)).unwrap_or(i32::MAX)
}

fn hour(at: DateTime<Utc>) -> DateTime<Utc> {
    at.duration_trunc(TimeDelta::hours(1)).unwrap_or(at)
}

/// Whole hours of the clock from one moment to another.
fn hours_between(from: DateTime<Utc>, to: DateTime<Utc>) -> i64 {
    (hour(to) - hour(from)).num_hours()
}

pub(super) fn after(day: NaiveDate) -> NaiveDate {
    day.succ_opt().unwrap_or(day)
}

pub(super) fn midnight(day: NaiveDate) -> DateTime<Utc> {
    day.and_time(NaiveTime::MIN).and_utc()
}

/// Mails of later days that today has room for, given (days with mails before, mails) of the ramp and
/// (cap, mails) of the campaign.
pub fn pulled_forward(
    ramp: Ramp,
    (days_used, day_taken): (i32, i32),
    (daily_cap, taken): (i32, i32),
) -> i32 {
    let by_ramp = allowed(ramp, days_used) - day_taken;
    by_ramp.min(daily_cap - taken).max(0)
}
