//! SES's limits: mails a second, and mails in 24 hours.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// Why SES does not take a mail now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Throttle {
    Rate,
    Day,
}

/// A bucket that holds one second's worth of mails, at least two, and a count over 24 hours.
#[derive(Debug)]
pub(super) struct Limits {
    per_second: f64,
    per_day: Option<u64>,
    tokens: f64,
    filled: Option<Instant>,
    accepted: VecDeque<Instant>,
    /// Earlier mails that count against the day.
    before: u64,
}

impl Limits {
    pub(super) fn new() -> Self {
        Self {
            per_second: f64::INFINITY,
            per_day: None,
            tokens: f64::INFINITY,
            filled: None,
            accepted: VecDeque::new(),
            before: 0,
        }
    }

    pub(super) fn set_rate(&mut self, per_second: f64) {
        self.per_second = per_second.max(f64::MIN_POSITIVE);
        self.tokens = self.capacity();
        self.filled = None;
    }

    pub(super) fn set_day(&mut self, per_day: Option<u64>) {
        self.per_day = per_day;
    }

    pub(super) fn set_before(&mut self, mails: u64) {
        self.before = mails;
    }

    pub(super) fn take(&mut self, now: Instant) -> Result<(), Throttle> {
        if self.per_day.is_some_and(|most| self.sent(now) >= most) {
            return Err(Throttle::Day);
        }
        let since = now.saturating_duration_since(self.filled.unwrap_or(now));
        self.filled = Some(now);
        self.tokens = (self.tokens + since.as_secs_f64() * self.per_second).min(self.capacity());
        if self.tokens < 1.0 {
            return Err(Throttle::Rate);
        }
        self.tokens -= 1.0;
        self.accepted.push_back(now);
        Ok(())
    }

    /// Mails of the last 24 hours.
    pub(super) fn sent(&mut self, now: Instant) -> u64 {
        while let Some(first) = self.accepted.front() {
            if now.saturating_duration_since(*first) < DAY {
                break;
            }
            self.accepted.pop_front();
        }
        self.accepted.len() as u64 + self.before
    }

    /// As SES reports them: mails a second, and mails in 24 hours or -1 where there is no limit.
    pub(super) fn quota(&self) -> (f64, f64) {
        let per_day = self.per_day.map_or(-1.0, |most| {
            f64::from(u32::try_from(most).unwrap_or(u32::MAX))
        });
        let per_second = if self.per_second.is_finite() {
            self.per_second
        } else {
            1_000_000.0
        };
        (per_second, per_day)
    }

    fn capacity(&self) -> f64 {
        self.per_second.max(2.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn taken(limits: &mut Limits, at: Instant) -> usize {
        (0..1_000).take_while(|_| limits.take(at).is_ok()).count()
    }

    #[test]
    fn bucket_holds_one_second_and_refills() {
        let start = Instant::now();
        let mut limits = Limits::new();
        limits.set_rate(14.0);
        assert_eq!(taken(&mut limits, start), 14);
        assert_eq!(limits.take(start), Err(Throttle::Rate));
        assert_eq!(taken(&mut limits, start + Duration::from_millis(500)), 7);
        assert_eq!(taken(&mut limits, start + Duration::from_secs(60)), 14);
    }

    #[test]
    fn a_rate_of_one_holds_two() {
        let start = Instant::now();
        let mut limits = Limits::new();
        limits.set_rate(1.0);
        assert_eq!(taken(&mut limits, start), 2);
        assert_eq!(taken(&mut limits, start + Duration::from_secs(1)), 1);
    }

    #[test]
    fn daily_quota_is_a_rolling_window() {
        let start = Instant::now();
        let mut limits = Limits::new();
        limits.set_day(Some(5));
        limits.set_before(2);
        assert_eq!(taken(&mut limits, start), 3);
        assert_eq!(limits.take(start), Err(Throttle::Day));
        assert_eq!(limits.sent(start), 5);
        assert_eq!(taken(&mut limits, start + DAY), 3);
    }
}
