//! Single batches, to the moment: who goes, until when the others wait, and what the counters hold then.

use super::*;

fn ms(milliseconds: i64) -> TimeDelta {
    TimeDelta::milliseconds(milliseconds)
}

fn new(send: i64) -> Candidate {
    candidate(send, u8::try_from(send).unwrap(), 0)
}

fn waited(send: i64, reason: Reason) -> Candidate {
    Candidate {
        waited: Some(reason),
        ..new(send)
    }
}

/// What the others wait for, and how long from the start on.
fn waits(grants: &Grants) -> Vec<(Reason, TimeDelta)> {
    let waits = grants.waits.iter();
    waits
        .map(|(_, wait)| (wait.reason, wait.until - start()))
        .collect()
}

#[test]
fn grant_after_idle_time_calls_at_once() {
    let mut idle = counters(10.0, 0);
    idle.account.next_at = start() - TimeDelta::hours(1);
    let grants = grant(&limits(0), idle, &[new(1), new(2)], start());
    assert_eq!((grants.sends.len(), grants.call_at), (2, start()));
    // Of the idle time a tenth of a second counts: one of two slots.
    assert_eq!(grants.counters.account.next_at, start() + ms(100));
}

#[test]
fn grant_beyond_burst_reserves_slots_in_turn() {
    let batch: Vec<Candidate> = (1..=8).map(new).collect();
    let rows = [
        (ms(0), [400, 400, 400], 700),
        (ms(10_000), [7_600, 7_700, 7_800], 10_300),
    ];
    for (reserved, until, reserved_after) in rows {
        let mut before = counters(10.0, 0);
        before.account.reserved_until = start() + reserved;
        let grants = grant(&limits(0), before, &batch, start());
        assert_eq!((grants.sends.len(), grants.call_at), (5, start() + ms(400)));
        let expected = until.map(|until| (Reason::Rate, ms(until)));
        assert_eq!(waits(&grants), expected);
        let reserved = grants.counters.account.reserved_until - start();
        assert_eq!(reserved, ms(reserved_after));
    }
}

/// Its turn came and there was no slot: it does not go to the end of the line.
#[test]
fn grant_denied_in_turn_waits_one_slot() {
    let batch: Vec<Candidate> = (1..=7).map(|n| waited(n, Reason::Rate)).collect();
    let grants = grant(&limits(0), counters(10.0, 0), &batch, start());
    let expected = [500, 600].map(|until| (Reason::Rate, ms(until)));
    assert_eq!(waits(&grants), expected);
    assert_eq!(grants.counters.account.reserved_until, start());
}

#[test]
fn grant_prefers_rate_then_any_wait() {
    let batch = [new(1), waited(2, Reason::DailyCap), waited(3, Reason::Rate)];
    for (batch, first) in [(&batch[..], 3), (&batch[..2], 2)] {
        let grants = grant(&limits(0), counters(1.0, 0), batch, start());
        assert_eq!(grants.sends, [SendId(first)]);
    }
}

#[test]
fn grant_same_mailbox_waits_for_midnight() {
    let batch = [candidate(1, 1, 0), candidate(2, 1, 0)];
    let grants = grant(&limits(0), counters(10.0, 0), &batch, start());
    assert_eq!(grants.sends, [SendId(1)]);
    assert_eq!(waits(&grants), [(Reason::RecipientDay, ms(600_000))]);
}

#[test]
fn grant_beyond_cap_waits_for_next_days() {
    let mut full = counters(10.0, 0);
    full.campaigns[1].daily_cap = 1;
    let grants = grant(&limits(0), full, &[new(1), new(4), new(7)], start());
    assert_eq!(grants.sends, [SendId(1)]);
    let next_days = [0, 1].map(|days| ms(600_000) + TimeDelta::days(days));
    let expected = next_days.map(|until| (Reason::DailyCap, until));
    assert_eq!(waits(&grants), expected);
    assert_eq!(grants.counters.campaigns[1].taken, 1);
}

#[test]
fn grant_beyond_quota_waits_for_next_hour() {
    let limits = Limits {
        per_day: Some(1),
        ..limits(0)
    };
    let grants = grant(&limits, counters(10.0, 0), &[new(1), new(2)], start());
    assert_eq!(grants.sends, [SendId(1)]);
    assert_eq!(waits(&grants), [(Reason::DailyQuota, ms(600_000))]);

    let mut blocked = counters(10.0, 0);
    blocked.account.blocked_until = Some(start() + TimeDelta::hours(3));
    let grants = grant(&limits, blocked, &[new(1)], start());
    let expected = [(Reason::DailyQuota, TimeDelta::hours(3))];
    assert_eq!(waits(&grants), expected, "SES has said no");
}

/// One mail to a domain whose next turn and last reservation are so many seconds away. Gives until when
/// it waits, if it does, and until when turns are reserved then.
fn domain_turn(next: i64, reserved: i64, waited: Option<Reason>) -> (Option<i64>, i64) {
    let mut before = counters(1_000.0, 1);
    before.domains[0].next_at = start() + TimeDelta::seconds(next);
    before.domains[0].reserved_until = start() + TimeDelta::seconds(reserved);
    let candidate = Candidate { waited, ..new(1) };
    let grants = grant(&limits(10), before, &[candidate], start());
    let reserved = grants.counters.domains[0].reserved_until - start();
    let until = waits(&grants).first().map(|(reason, until)| {
        assert_eq!(*reason, Reason::DomainSpacing);
        until.num_seconds()
    });
    (until, reserved.num_seconds())
}

#[test]
fn grant_keeps_turns_of_one_domain() {
    let spaced = Some(Reason::DomainSpacing);
    for (next, reserved, waited, expected) in [
        (-1, -1, None, (None, -1)),
        (0, 5, None, (Some(5), 15)),
        (-9, 5, None, (Some(5), 15)),
        (0, 5, spaced, (None, 5)),
        // Whoever has a turn reserved did not come.
        (-10, 5, None, (None, 5)),
        (1, -1, spaced, (Some(1), 11)),
        (-1, 0, None, (None, 0)),
    ] {
        let found = domain_turn(next, reserved, waited);
        assert_eq!(found, expected, "next {next}, reserved {reserved}");
    }
    let grants = grant(&limits(10), counters(10.0, 0), &[new(1)], start());
    let expected = [(Reason::DomainSpacing, ms(10_000))];
    assert_eq!(waits(&grants), expected, "nothing counts this domain");
}

#[test]
fn account_rolls_by_hours_and_used_days() {
    let ramp = Ramp {
        start: 10,
        growth: 2.0,
        cap: 1_000,
    };
    let mut account = account(10.0);
    let mut roll = |hours: i64, mails: i32| {
        account.roll_to(start() + TimeDelta::hours(hours));
        let next_day = account.ramp_of_next_day(ramp);
        account.count(mails);
        let left = account.left_of_ramp(ramp);
        (
            account.days_used,
            next_day,
            left,
            account.hours[..4].to_vec(),
        )
    };
    assert_eq!(roll(0, 5), (0, 10, 5, vec![5, 0, 0, 0]));
    assert_eq!(roll(2, 3), (1, 20, 17, vec![3, 0, 5, 0]));
    assert_eq!(roll(2, 4), (1, 40, 13, vec![7, 0, 5, 0]));
    assert_eq!(roll(26, 0), (2, 40, 40, vec![0; 4]));
    assert_eq!(roll(50, 1), (2, 40, 39, vec![1, 0, 0, 0]));
    assert_eq!(account.hours.len(), HOURS_KEPT);
}

#[test]
fn campaign_is_counted_anew_each_day() {
    let mut campaign = counters(10.0, 0).campaigns.remove(0);
    let today = start().date_naive();
    let tomorrow = today.succ_opt().unwrap();
    (campaign.day, campaign.taken) = (today, 7);
    for (day, expected) in [
        (today, (today, 7)),
        (tomorrow, (tomorrow, 0)),
        // A sender whose clock is behind.
        (today, (tomorrow, 0)),
    ] {
        campaign.roll_to(day);
        assert_eq!((campaign.day, campaign.taken), expected);
    }
}

#[test]
fn release_counts_for_hour_and_day_granted() {
    let mut account = account(10.0);
    account.roll_to(start());
    account.count(4);
    let later = start() + TimeDelta::hours(2);
    account.roll_to(later);
    account.count(3);
    let mut campaigns = counters(10.0, 0).campaigns;
    for campaign in &mut campaigns {
        campaign.day = account.day;
        campaign.taken = 3;
    }
    let unused = [start(), later, later].map(|at| Slot {
        campaign: CampaignId(1),
        at,
    });
    release(&mut account, &mut campaigns, &unused);
    assert_eq!(account.hours[..4], [1, 0, 3, 0]);
    assert_eq!(account.day_taken, 1, "yesterday's is over");
    let taken: Vec<i32> = campaigns.iter().map(|campaign| campaign.taken).collect();
    assert_eq!(taken, [1, 3, 3]);
}

#[test]
fn bookings_fill_one_day_after_another() {
    let today = start().date_naive();
    let mut bookings = unbooked();
    let mut book = |per_day| (bookings.book(today, per_day) - start()).num_days();
    let days: Vec<i64> = [2, 2, 2, 2, 2].into_iter().map(&mut book).collect();
    assert_eq!(days, [0, 0, 1, 1, 2], "the midnights after the start");
    assert_eq!(book(0), 3, "a cap of nothing books one a day");
}
