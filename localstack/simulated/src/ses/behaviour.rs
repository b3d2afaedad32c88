//! SES's faults, its limits, and the delivery results of the mails.

use std::time::{Duration, Instant};

use super::fault::{DeliveryResult, SesFault, Timing};
use super::limits::{Limits, Throttle};
use crate::faults::Plan;

/// The faults, limits and delivery results that SES is set to.
#[derive(Debug)]
pub struct SesBehaviour {
    faults: Plan<SesFault>,
    results: Plan<DeliveryResult>,
    timings: Plan<Timing>,
    limits: Limits,
    paused: bool,
    latency: Duration,
    lead: Duration,
    lag: Duration,
    keeps_mime: bool,
}

/// What was drawn for one handover.
pub(super) struct Drawn {
    pub(super) fault: Option<SesFault>,
    pub(super) result: DeliveryResult,
    pub(super) timing: Timing,
    /// Set when nothing was to go wrong, and SES's own limits stand in the way.
    pub(super) throttle: Option<Throttle>,
    pub(super) latency: Duration,
    pub(super) lead: Duration,
    pub(super) lag: Duration,
    pub(super) keeps_mime: bool,
}

impl SesBehaviour {
    pub(crate) fn new(seed: u64) -> Self {
        Self {
            faults: Plan::new(seed),
            results: Plan::new(seed.wrapping_add(1)),
            timings: Plan::new(seed.wrapping_add(2)),
            limits: Limits::new(),
            paused: false,
            latency: Duration::ZERO,
            lead: Duration::from_millis(300),
            lag: Duration::ZERO,
            keeps_mime: false,
        }
    }

    /// The next so many handovers meet this fault.
    pub fn next(&mut self, count: u64, fault: SesFault) -> &mut Self {
        self.faults.push_next(fault, count);
        self
    }

    /// Every handover meets this fault.
    pub fn always(&mut self, fault: SesFault) -> &mut Self {
        self.faults.set_always(Some(fault));
        self
    }

    /// This share of the handovers (0 to 1) meets this fault; the seed, the send and how often it
    /// was handed over decide which.
    pub fn share(&mut self, fault: SesFault, share: f64) -> &mut Self {
        self.faults.set_share(fault, share);
        self
    }

    /// The next so many accepted mails end like this.
    pub fn next_result(&mut self, count: u64, result: DeliveryResult) -> &mut Self {
        self.results.push_next(result, count);
        self
    }

    /// This share of the accepted mails ends like this; the others are delivered.
    pub fn share_result(&mut self, result: DeliveryResult, share: f64) -> &mut Self {
        self.results.set_share(result, share);
        self
    }

    /// The events of the next so many accepted mails come like this.
    pub fn next_timing(&mut self, count: u64, timing: Timing) -> &mut Self {
        self.timings.push_next(timing, count);
        self
    }

    /// The events of every accepted mail come like this.
    pub fn always_timing(&mut self, timing: Timing) -> &mut Self {
        self.timings.set_always(Some(timing));
        self
    }

    /// The events of this share of the accepted mails come like this; the others come after.
    pub fn share_timing(&mut self, timing: Timing, share: f64) -> &mut Self {
        self.timings.set_share(timing, share);
        self
    }

    /// SES takes so many mails a second: a bucket of one second's worth, at least of two.
    pub fn rate(&mut self, per_second: f64) -> &mut Self {
        self.limits.set_rate(per_second);
        self
    }

    /// SES takes so many mails in 24 hours; none: as many as there are.
    pub fn per_day(&mut self, mails: Option<u64>) -> &mut Self {
        self.limits.set_day(mails);
        self
    }

    /// So many earlier mails count against the day.
    pub fn sent_before(&mut self, mails: u64) -> &mut Self {
        self.limits.set_before(mails);
        self
    }

    /// The account may not send, until this is taken back.
    pub fn paused(&mut self, paused: bool) -> &mut Self {
        self.paused = paused;
        self
    }

    /// Every answer takes that long. A mail counts as accepted when the request is there.
    pub fn latency_ms(&mut self, millis: u64) -> &mut Self {
        self.latency = Duration::from_millis(millis);
        self
    }

    /// How long an answer waits behind events that come before it ([`Timing::Before`]).
    pub fn lead_ms(&mut self, millis: u64) -> &mut Self {
        self.lead = Duration::from_millis(millis);
        self
    }

    /// How long after the handover the other events come.
    pub fn lag_ms(&mut self, millis: u64) -> &mut Self {
        self.lag = Duration::from_millis(millis);
        self
    }

    /// Whether the ledger keeps the text of each mail.
    pub fn keep_mime(&mut self, keep: bool) -> &mut Self {
        self.keeps_mime = keep;
        self
    }

    /// No faults, results, timings, pause or latency; rate and quota stay.
    pub fn clear(&mut self) -> &mut Self {
        self.faults.clear();
        self.results.clear();
        self.timings.clear();
        self.paused = false;
        self.latency = Duration::ZERO;
        self
    }

    pub(super) fn is_paused(&self) -> bool {
        self.paused
    }

    /// Mails a second, mails in 24 hours or -1, mails of the last 24 hours.
    pub(super) fn quota(&mut self, now: Instant) -> (f64, f64, u64) {
        let (rate, day) = self.limits.quota();
        (rate, day, self.limits.sent(now))
    }

    /// Decides about a handover, and takes it out of rate and quota when it is accepted.
    pub(super) fn draw(&mut self, content: &str, now: Instant) -> Drawn {
        let fault = if self.paused {
            Some(SesFault::AccountPaused)
        } else {
            self.faults.pick_if_any(content)
        };
        let throttle = if fault.is_none_or(SesFault::accepts) {
            self.limits.take(now).err()
        } else {
            None
        };
        let accepted = fault.is_none_or(SesFault::accepts) && throttle.is_none();
        let mut drawn = Drawn {
            fault: fault.filter(|_| throttle.is_none()),
            result: DeliveryResult::default(),
            timing: Timing::default(),
            throttle,
            latency: self.latency,
            lead: self.lead,
            lag: self.lag,
            keeps_mime: self.keeps_mime,
        };
        if accepted {
            drawn.result = self.results.pick_if_any(content).unwrap_or_default();
            drawn.timing = self.timings.pick_if_any(content).unwrap_or_default();
        }
        drawn
    }
}
