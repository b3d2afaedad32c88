//! Who goes out now, and when the others come back.

use std::{collections::HashSet, time::Duration};

use chrono::{DateTime, NaiveDate, TimeDelta, Timelike, Utc};

use super::{
    Account, CampaignCounter, DomainCounter, LONGEST_WAIT, Limits,
    account::{after, midnight},
    burst,
};
use crate::domain::{
    email::EmailHash,
    ids::{CampaignId, SendId},
    reason::Reason,
};

/// A mail that the gate let pass.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    pub send: SendId,
    pub campaign: CampaignId,
    pub mailbox: EmailHash,
    /// Keyed hash of the servers it goes to.
    pub domain: [u8; 32],
    /// What it waited for before. Whose turn it is does not go to the end of the line again.
    pub waited: Option<Reason>,
}

/// Every counter that a grant reads and moves.
#[derive(Debug, Clone, PartialEq)]
pub struct Counters {
    pub account: Account,
    /// One for each campaign of the candidates.
    pub campaigns: Vec<CampaignCounter>,
    /// One for each domain of the candidates; none without spacing.
    pub domains: Vec<DomainCounter>,
}

/// What a batch was granted.
#[derive(Debug, Clone, PartialEq)]
pub struct Grants {
    /// When the granted mails are called, all together.
    pub call_at: DateTime<Utc>,
    pub sends: Vec<SendId>,
    pub waits: Vec<(SendId, Wait)>,
    /// As they stand after it.
    pub counters: Counters,
}

/// The limit that has no room, and when to ask again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wait {
    pub until: DateTime<Utc>,
    pub reason: Reason,
}

/// Grants room within every limit to as many candidates as have it, all called at one moment. Every
/// candidate is either granted or waits for the first limit that has no room for it.
pub fn grant(
    limits: &Limits,
    counters: Counters,
    candidates: &[Candidate],
    now: DateTime<Utc>,
) -> Grants {
    let mut round = Round::new(limits, counters, candidates.len(), now);
    let mut sorted: Vec<&Candidate> = candidates.iter().collect();
    sorted.sort_by_key(|c| (c.waited != Some(Reason::Rate), c.waited.is_none(), c.send));
    let mut sends = Vec::new();
    let mut waits = Vec::new();
    for candidate in sorted {
        match round.ask(candidate) {
            Ok(()) => sends.push(candidate.send),
            Err(wait) => waits.push((candidate.send, wait)),
        }
    }
    Grants {
        call_at: round.call_at,
        sends,
        waits,
        counters: round.finish(),
    }
}

/// A batch being granted.
struct Round<'a> {
    limits: &'a Limits,
    counters: Counters,
    now: DateTime<Utc>,
    /// Mails a second.
    speed: f64,
    /// From when on slots are free.
    free_at: DateTime<Utc>,
    /// Slots that this batch may take.
    slots: usize,
    call_at: DateTime<Utc>,
    day: NaiveDate,
    left_of_ramp: i32,
    left_of_quota: Option<i32>,
    /// Whether those may go that did not wait yet: no send has a reservation before theirs.
    open: bool,
    granted: usize,
    /// Those that waited for the rate, and wait again.
    again: usize,
    mailboxes: HashSet<EmailHash>,
}

impl<'a> Round<'a> {
    fn new(limits: &'a Limits, mut counters: Counters, asked: usize, now: DateTime<Utc>) -> Self {
        let account = &mut counters.account;
        let speed = account.speed(limits, now);
        let free_at = account.free_at(now);
        let soon = LONGEST_WAIT.as_secs_f64() - (free_at - now).as_seconds_f64();
        let slots = (burst(speed) as usize)
            .min(whole((soon * speed).floor() + 1.0))
            .min(asked);
        let call_at = now.max(free_at + seconds(slots.saturating_sub(1) as f64 / speed));
        account.roll_to(call_at);
        let day = account.day;
        for campaign in &mut counters.campaigns {
            campaign.roll_to(day);
        }
        let account = &counters.account;
        Self {
            left_of_ramp: account.left_of_ramp(limits.ramp),
            left_of_quota: account.left_of_quota(limits, now),
            open: free_at <= now || account.reserved_until <= free_at,
            limits,
            counters,
            now,
            speed,
            free_at,
            slots,
            call_at,
            day,
            granted: 0,
            again: 0,
            mailboxes: HashSet::new(),
        }
    }

    fn ask(&mut self, candidate: &Candidate) -> Result<(), Wait> {
        self.mailbox(candidate)?;
        self.campaign(candidate)?;
        self.ramp()?;
        self.quota()?;
        self.rate(candidate)?;
        self.domain(candidate)?;
        self.granted += 1;
        self.mailboxes.insert(candidate.mailbox);
        if let Some(campaign) = self.counter(candidate.campaign) {
            campaign.taken += 1;
        }
        Ok(())
    }

    /// One mail per mailbox and day.
    fn mailbox(&self, candidate: &Candidate) -> Result<(), Wait> {
        if self.mailboxes.contains(&candidate.mailbox) {
            return wait(Reason::RecipientDay, midnight(after(self.day)));
        }
        Ok(())
    }

    fn campaign(&mut self, candidate: &Candidate) -> Result<(), Wait> {
        let day = self.day;
        // Without a counter there is no room: nothing would count it.
        let Some(campaign) = self.counter(candidate.campaign) else {
            return wait(Reason::DailyCap, midnight(after(day)));
        };
        if campaign.taken < campaign.daily_cap {
            return Ok(());
        }
        let until = campaign.booked.book(day, campaign.daily_cap);
        wait(Reason::DailyCap, until)
    }

    fn ramp(&mut self) -> Result<(), Wait> {
        if self.granted_mails() < self.left_of_ramp {
            return Ok(());
        }
        let account = &mut self.counters.account;
        let per_day = account.ramp_of_next_day(self.limits.ramp);
        let until = account.booked.book(self.day, per_day);
        wait(Reason::Ramp, until)
    }

    fn quota(&self) -> Result<(), Wait> {
        match self.left_of_quota {
            Some(left) if self.granted_mails() >= left => {
                let next_hour = self.now + TimeDelta::hours(1);
                let next_hour = next_hour
                    .with_minute(0)
                    .and_then(|at| at.with_second(0))
                    .and_then(|at| at.with_nanosecond(0))
                    .unwrap_or(next_hour);
                let blocked = self.counters.account.blocked_until;
                let until = blocked.map_or(next_hour, |until| until.max(next_hour));
                wait(Reason::DailyQuota, until)
            }
            _ => Ok(()),
        }
    }

    fn rate(&mut self, candidate: &Candidate) -> Result<(), Wait> {
        let waited = candidate.waited == Some(Reason::Rate);
        if self.granted < self.slots && (self.open || waited) {
            return Ok(());
        }
        let slot = seconds(1.0 / self.speed);
        if waited {
            // Its turn came: soon again, and not to the end of the line.
            self.again += 1;
            let after = seconds(self.again as f64 / self.speed);
            return wait(Reason::Rate, self.call_at + after);
        }
        let account = &mut self.counters.account;
        account.reserved_until = account.reserved_until.max(self.call_at) + slot;
        // A little early, so that no slot is lost.
        let early = delta(LONGEST_WAIT / 2);
        wait(
            Reason::Rate,
            (account.reserved_until - early).max(self.call_at),
        )
    }

    /// One mail per domain and spacing.
    fn domain(&mut self, candidate: &Candidate) -> Result<(), Wait> {
        if self.limits.domain_spacing.is_zero() {
            return Ok(());
        }
        let spacing = delta(self.limits.domain_spacing);
        let (now, call_at) = (self.now, self.call_at);
        let mut counters = self.counters.domains.iter_mut();
        let Some(domain) = counters.find(|d| d.domain == candidate.domain) else {
            return wait(Reason::DomainSpacing, call_at + spacing);
        };
        let waited = candidate.waited == Some(Reason::DomainSpacing);
        let idle = domain.reserved_until <= now || domain.next_at + spacing <= now;
        if domain.next_at <= now && (waited || idle) {
            domain.next_at = call_at + spacing;
            return Ok(());
        }
        let turn = domain.reserved_until.max(domain.next_at).max(call_at);
        domain.reserved_until = turn + spacing;
        wait(Reason::DomainSpacing, turn)
    }

    fn finish(mut self) -> Counters {
        let mails = self.granted_mails();
        let account = &mut self.counters.account;
        if mails > 0 {
            account.next_at = self.free_at + seconds(f64::from(mails) / self.speed);
        }
        account.count(mails);
        self.counters
    }

    fn granted_mails(&self) -> i32 {
        i32::try_from(self.granted).unwrap_or(i32::MAX)
    }

    fn counter(&mut self, campaign: CampaignId) -> Option<&mut CampaignCounter> {
        let mut counters = self.counters.campaigns.iter_mut();
        counters.find(|counter| counter.campaign == campaign)
    }
}

fn wait(reason: Reason, until: DateTime<Utc>) -> Result<(), Wait> {
    Err(Wait { until, reason })
}

fn seconds(seconds: f64) -> TimeDelta {
    delta(Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX))
}

fn delta(duration: Duration) -> TimeDelta {
    TimeDelta::from_std(duration).unwrap_or(TimeDelta::days(366))
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "rounded and not negative; a float saturates"
)]
fn whole(number: f64) -> usize {
    number.max(0.0) as usize
}
