//! Every property of a grant, over generated histories: what was granted never exceeds a limit, and
//! what is given back restores the counters.

mod batches;

use std::{collections::BTreeMap, time::Duration};

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use proptest::prelude::*;

use super::*;
use crate::domain::{
    email::EmailHash,
    ids::{CampaignId, SendId},
    reason::Reason,
};

/// Of three campaigns. The ramp's day has room for less than all of them, and for more than the second.
const CAPS: [i32; 3] = [40, 12, 40];

fn start() -> DateTime<Utc> {
    // Midnight falls into most histories.
    "2026-01-05T23:50:00Z".parse().unwrap()
}

fn epoch() -> NaiveDate {
    DateTime::UNIX_EPOCH.date_naive()
}

fn account(rate: f64) -> Account {
    Account {
        max_per_second: rate,
        max_per_day: Some(150),
        sent_elsewhere: 30,
        next_at: start(),
        reserved_until: start(),
        throttle_factor: 1.0,
        throttled_at: start(),
        blocked_until: None,
        hour_at: start() - TimeDelta::minutes(50),
        hours: vec![0; HOURS_KEPT],
        day: epoch(),
        day_taken: 0,
        days_used: 0,
        booked: unbooked(),
    }
}

fn unbooked() -> Bookings {
    Bookings {
        day: epoch(),
        count: 0,
    }
}

fn counters(rate: f64, domains: u8) -> Counters {
    Counters {
        account: account(rate),
        campaigns: (1..)
            .zip(CAPS)
            .map(|(campaign, daily_cap)| CampaignCounter {
                campaign: CampaignId(campaign),
                daily_cap,
                day: epoch(),
                taken: 0,
                booked: unbooked(),
            })
            .collect(),
        domains: (0..domains)
            .map(|domain| DomainCounter {
                domain: [domain; 32],
                next_at: DateTime::UNIX_EPOCH,
                reserved_until: DateTime::UNIX_EPOCH,
            })
            .collect(),
    }
}

fn limits(spacing: u64) -> Limits {
    Limits {
        per_second: None,
        per_day: None,
        ramp: Ramp {
            start: 60,
            growth: 1.5,
            cap: 100,
        },
        domain_spacing: Duration::from_secs(spacing),
    }
}

fn candidate(send: i64, mailbox: u8, domain: u8) -> Candidate {
    Candidate {
        send: SendId(send),
        campaign: CampaignId(1 + send % 3),
        mailbox: EmailHash([mailbox; 32]),
        domain: [domain; 32],
        waited: None,
    }
}

/// One mail, alone, with room everywhere.
fn granted_one(counters: Counters, now: DateTime<Utc>) -> Grants {
    let grants = grant(&limits(0), counters, &[candidate(1, 1, 0)], now);
    assert_eq!(grants.sends, [SendId(1)]);
    grants
}

/// What happened in a history: when each mail was called, and for which campaign and domain.
#[derive(Debug, Default)]
struct History {
    calls: Vec<(DateTime<Utc>, CampaignId, [u8; 32])>,
}

/// Runs batches at these gaps, and asks again for what waited when its time has come.
fn run(rate: f64, spacing: u64, steps: &[(u64, u8)]) -> Result<History, TestCaseError> {
    let limits = limits(spacing);
    let mut counters = counters(rate, 4);
    let mut history = History::default();
    let mut waiting: BTreeMap<SendId, (Wait, Candidate)> = BTreeMap::new();
    let mut now = start();
    let mut next = 1_i64;
    for (gap, size) in steps {
        now += TimeDelta::milliseconds(i64::try_from(*gap).unwrap());
        let due: Vec<SendId> = waiting
            .iter()
            .filter(|(_, (wait, _))| wait.until <= now)
            .map(|(send, _)| *send)
            .take(10)
            .collect();
        let mut batch: Vec<Candidate> = due
            .iter()
            .filter_map(|send| waiting.remove(send))
            .map(|(wait, candidate)| Candidate {
                waited: Some(wait.reason),
                ..candidate
            })
            .collect();
        for _ in 0..*size {
            let byte = u8::try_from(next % 200).unwrap();
            batch.push(candidate(next, byte, byte % 4));
            next += 1;
        }
        let before = counters.account.clone();
        let speed = before.speed(&limits, now);
        let grants = grant(&limits, counters, &batch, now);

        prop_assert_eq!(grants.sends.len() + grants.waits.len(), batch.len());
        prop_assert!(grants.sends.len() <= burst(speed) as usize);
        prop_assert!(grants.call_at >= now);
        let longest = LONGEST_WAIT.as_secs_f64() + 1.0 / speed + 0.001;
        if !grants.sends.is_empty() {
            prop_assert!((grants.call_at - now).as_seconds_f64() <= longest);
        }
        for (send, wait) in &grants.waits {
            prop_assert!(wait.until >= now, "{:?}", wait);
            let candidate = batch.iter().find(|c| c.send == *send).unwrap();
            waiting.insert(*send, (*wait, candidate.clone()));
        }
        for candidate in batch.iter().filter(|c| grants.sends.contains(&c.send)) {
            let call = (grants.call_at, candidate.campaign, candidate.domain);
            history.calls.push(call);
        }
        counters = grants.counters;
        let taken: i32 = counters.account.hours.iter().sum();
        prop_assert!(taken <= 120, "the quota of 24 hours: {}", taken);
    }
    let last = history
        .calls
        .last()
        .map_or(epoch(), |(at, ..)| at.date_naive());
    let on_last = |calls: &[(DateTime<Utc>, CampaignId, [u8; 32])]| {
        calls
            .iter()
            .filter(|(at, ..)| at.date_naive() == last)
            .count()
    };
    if counters.account.day == last {
        let counted = usize::try_from(counters.account.day_taken).unwrap();
        prop_assert_eq!(counted, on_last(&history.calls));
    }
    Ok(history)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn ramp_never_shrinks_nor_passes_cap(
        start in 0_u32..1000, growth in 1.0_f64..3.0, cap in 0_u32..100_000, day in 0_u32..400,
    ) {
        let ramp = Ramp { start, growth, cap };
        prop_assert!(ramp.allowed(day) <= ramp.allowed(day + 1));
        prop_assert!(ramp.allowed(day) <= cap);
    }

    #[test]
    fn grant_histories_keep_every_limit(
        rate in 0.5_f64..500.0,
        spacing in prop_oneof![Just(0_u64), 1_u64..30],
        steps in prop::collection::vec(
            (prop_oneof![0_u64..2_000, 0_u64..3_600_000], 0_u8..12), 1..40),
    ) {
        let history = run(rate, spacing, &steps)?;
        let mut calls = history.calls;
        calls.sort_unstable();
        // The rate, over every window between two calls.
        for (n, (from, ..)) in calls.iter().enumerate() {
            for (mails, (to, ..)) in calls.iter().skip(n).enumerate() {
                let window = (*to - *from).as_seconds_f64();
                prop_assert!(mails as f64 <= (window + 0.6) * rate + 2.0, "{} in {} s", mails + 1, window);
            }
        }
        // The campaigns' days, and the ramp's.
        let mut days: BTreeMap<(NaiveDate, i64), i32> = BTreeMap::new();
        let mut ramp: BTreeMap<NaiveDate, u32> = BTreeMap::new();
        for (at, campaign, _) in &calls {
            *days.entry((at.date_naive(), campaign.0)).or_default() += 1;
            *ramp.entry(at.date_naive()).or_default() += 1;
        }
        for ((_, campaign), mails) in days {
            prop_assert!(mails <= CAPS[usize::try_from(campaign - 1).unwrap()]);
        }
        for (day, mails) in ramp.values().enumerate() {
            prop_assert!(*mails <= limits(0).ramp.allowed(u32::try_from(day).unwrap()));
        }
        // One mail per domain and spacing.
        if spacing > 0 {
            let mut last: BTreeMap<[u8; 32], DateTime<Utc>> = BTreeMap::new();
            for (at, _, domain) in &calls {
                if let Some(before) = last.insert(*domain, *at) {
                    prop_assert!(*at - before >= TimeDelta::seconds(i64::try_from(spacing).unwrap()));
                }
            }
        }
    }

    #[test]
    fn release_restores_counts_and_leaves_clock(
        rate in 1.0_f64..500.0, first in 1_i64..10, second in 1_i64..10, gap in 0_i64..7_200,
    ) {
        let batch = |from: i64, to: i64| -> Vec<Candidate> {
            (from..to).map(|n| candidate(n, u8::try_from(n).unwrap(), 0)).collect()
        };
        let one = grant(&limits(0), counters(rate, 0), &batch(1, 1 + first), start());
        let later = start() + TimeDelta::seconds(gap);
        let idle = grant(&limits(0), one.counters.clone(), &[], later).counters;
        let two = grant(&limits(0), one.counters, &batch(20, 20 + second), later);
        let mut after = two.counters.clone();
        let unused: Vec<Slot> = two.sends.iter()
            .map(|send| Slot { campaign: CampaignId(1 + send.0 % 3), at: two.call_at })
            .collect();
        release(&mut after.account, &mut after.campaigns, &unused);
        prop_assert_eq!(after.account.next_at, two.counters.account.next_at);
        if after.account.day == idle.account.day && after.account.hour_at == idle.account.hour_at {
            prop_assert_eq!(&after.account.hours, &idle.account.hours);
            prop_assert_eq!(after.account.day_taken, idle.account.day_taken);
            prop_assert_eq!(after.campaigns, idle.campaigns);
        }
    }

    /// A backlog is touched once for each mail and once more for each that comes before its turn.
    #[test]
    fn grant_backlog_touches_each_mail_twice(backlog in 1_i64..1_500) {
        let mut limits = limits(0);
        limits.ramp = Ramp { start: 1_000_000, growth: 1.0, cap: 1_000_000 };
        let mut counters = counters(1_000.0, 0);
        counters.account.max_per_day = None;
        let mut due: BTreeMap<DateTime<Utc>, Vec<i64>> = BTreeMap::new();
        due.insert(start(), (0..backlog).map(|n| n * 3).collect());
        let mut touched = 0;
        while let Some((at, sends)) = due.pop_first() {
            for batch in sends.chunks(10) {
                touched += i64::try_from(batch.len()).unwrap();
                let batch: Vec<Candidate> = batch.iter()
                    .map(|send| Candidate {
                        mailbox: EmailHash(std::array::from_fn(|n| send.to_le_bytes()[n % 4])),
                        ..candidate(*send, 0, 0)
                    })
                    .collect();
                counters.account.next_at = at;
                let grants = grant(&limits, counters, &batch, at);
                for (send, wait) in grants.waits {
                    due.entry(wait.until).or_default().push(send.0);
                }
                counters = grants.counters;
            }
        }
        prop_assert!(touched <= 2 * backlog + 12, "{touched} for {backlog}");
    }
}

#[test]
fn ramp_grows_by_factor_until_cap() {
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
fn burst_is_half_second_minimum_one() {
    for (rate, mails) in [
        (0.1, 1),
        (1.0, 1),
        (3.9, 1),
        (4.0, 2),
        (14.0, 7),
        (200.0, 100),
    ] {
        assert_eq!(burst(rate), mails, "{rate}/s");
    }
}

#[test]
fn lateness_grows_with_attempts_to_a_few_seconds() {
    let slot: DateTime<Utc> = "2026-01-05T10:00:00Z".parse().unwrap();
    let late = |ms, attempts| is_late(slot, slot + TimeDelta::milliseconds(ms), attempts);
    assert!(!late(400, 0) && late(401, 0));
    assert!(!late(800, 1) && late(801, 1));
    assert!(!late(3_000, u32::MAX) && late(3_001, u32::MAX));
    let midnight = "2026-01-05T23:59:59.900Z".parse().unwrap();
    assert!(is_late(
        midnight,
        midnight + TimeDelta::milliseconds(100),
        8
    ));
}

/// Granted just before midnight and called just after it: it counts for the later day.
#[test]
fn grant_across_midnight_counts_for_day_of_call() {
    let now: DateTime<Utc> = "2026-01-05T23:59:59.500Z".parse().unwrap();
    let mut before = counters(10.0, 0);
    before.account.next_at = now + TimeDelta::seconds(2);
    let grants = granted_one(before, now);
    let day = grants.call_at.date_naive();
    assert_eq!(day.to_string(), "2026-01-06");
    assert_eq!(grants.counters.account.day, day);
    assert_eq!(grants.counters.account.hours[0], 1);
    assert!(grants.counters.campaigns.iter().all(|c| c.day == day));
}

#[test]
fn grant_behind_reservations_lets_waiting_go_first() {
    let mut before = counters(2.0, 0);
    before.account.next_at = start() + TimeDelta::seconds(1);
    before.account.reserved_until = start() + TimeDelta::seconds(3);
    let new = candidate(1, 1, 0);
    let waiting = Candidate {
        waited: Some(Reason::Rate),
        ..candidate(2, 2, 0)
    };
    let grants = grant(&limits(0), before, &[new, waiting], start());
    assert_eq!(grants.sends, [SendId(2)]);
    assert_eq!(grants.waits[0].1.reason, Reason::Rate);
}

#[test]
fn throttling_halves_rate_once_and_recovers() {
    let mut account = account(10.0);
    let seen = Throttling {
        rate: true,
        quota: false,
    };
    let now = start() + TimeDelta::hours(1);
    throttle(&mut account, seen, now);
    assert_eq!(account.next_at, now + TimeDelta::seconds(1));
    throttle(&mut account, seen, now + TimeDelta::seconds(1));
    assert!((account.speed(&limits(0), now) - 5.0).abs() < 1e-9);
    let speed = |seconds| account.speed(&limits(0), now + TimeDelta::seconds(seconds));
    assert!((speed(150) - 7.5).abs() < 1e-9);
    assert!((speed(600) - 10.0).abs() < 1e-9);
    for minute in 0..20 {
        throttle(&mut account, seen, now + TimeDelta::seconds(10 * minute));
    }
    assert!((account.throttle_factor - 0.05).abs() < 1e-9, "the slowest");
    let full = Throttling {
        rate: false,
        quota: true,
    };
    throttle(&mut account, full, now);
    assert_eq!(account.blocked_until, Some(now + TimeDelta::hours(1)));
    assert_eq!(account.left_of_quota(&limits(0), now), Some(0));
    let over = now + TimeDelta::hours(1);
    assert_eq!(account.left_of_quota(&limits(0), over), Some(120));
}

#[test]
fn pulled_forward_is_what_both_limits_leave() {
    let ramp = Ramp {
        start: 100,
        growth: 1.0,
        cap: 100,
    };
    for (day_taken, cap, taken, expected) in [
        (0, 50, 10, 40),
        (90, 50, 10, 10),
        (100, 50, 10, 0),
        (0, 50, 60, 0),
    ] {
        let mails = pulled_forward(ramp, (0, day_taken), (cap, taken));
        assert_eq!(mails, expected);
    }
}
