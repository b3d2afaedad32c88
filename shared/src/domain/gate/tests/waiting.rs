//! What only waits, and in which order the rules are asked.

use chrono::{NaiveDate, NaiveTime, TimeDelta};

use super::*;
use crate::domain::quota::Quota;

#[test]
fn gate_temporary_obstacle_defers() {
    let soon = "2026-01-05T22:45:00Z".parse().unwrap();
    let defer = |until, reason| Decision::Defer { until, reason };
    check(
        |f| f.sending_enabled = false,
        defer(soon, Reason::SendingDisabled),
    );
    check(
        |f| f.campaign.status = CampaignStatus::Paused,
        defer(soon, Reason::CampaignPaused),
    );
    check(
        |f| f.campaign.status = CampaignStatus::Draft,
        defer(soon, Reason::CampaignPaused),
    );
    check(
        |f| f.postal_address = false,
        defer(soon, Reason::NoPostalAddress),
    );
    check(
        |f| f.campaign.breaker_open = true,
        defer(soon, Reason::BreakerOpen),
    );
    check(
        |f| f.campaign.status = CampaignStatus::Ended,
        refuse(Reason::CampaignEnded),
    );
}

#[test]
fn past_mails_count_last_90_days() {
    let day = |text: &str| text.parse::<NaiveDate>().unwrap();
    let start = |text: &str| Some(day(text).and_time(NaiveTime::MIN).and_utc());
    let past = |days: &[&str]| {
        let days: Vec<NaiveDate> = days.iter().map(|text| day(text)).collect();
        let past = PastMails::on(&days, day("2026-04-01"));
        (past.count, past.latest, past.earliest)
    };
    assert_eq!(past(&[]), (0, None, None));
    let (old, last) = ("2026-01-01", "2026-01-02");
    assert_eq!(past(&[old]), (0, start(old), None));
    assert_eq!(past(&[last, old]), (1, start(last), start(last)));
    assert_eq!(
        past(&["2026-03-01", old, "2026-04-02", last]),
        (3, start("2026-04-02"), start(last))
    );
}

#[test]
fn gate_frequent_mailbox_defers() {
    let day = |days: i64| {
        Some("2026-01-05T00:00:00Z".parse::<DateTime<Utc>>().unwrap() - TimeDelta::days(days))
    };
    let past = |count, latest, earliest| {
        move |f: &mut Facts| {
            f.recipient.past = PastMails {
                count,
                latest: day(latest),
                earliest: day(earliest),
            };
        }
    };
    let defer = |days: i64, reason| Decision::Defer {
        until: day(-days).unwrap(),
        reason,
    };
    check(past(1, 0, 0), defer(2, Reason::FrequencyGap));
    check(past(1, 1, 1), defer(1, Reason::FrequencyGap));
    check(past(1, 2, 2), Decision::Send);
    check(past(4, 2, 80), Decision::Send);
    check(past(5, 2, 80), defer(10, Reason::FrequencyCap));
    check(past(9, 1, 80), defer(1, Reason::FrequencyGap));
    let without_gap = |latest| {
        move |f: &mut Facts| {
            past(1, latest, latest)(f);
            f.frequency.gap_days = 0;
        }
    };
    check(without_gap(0), defer(1, Reason::RecipientDay));
    check(without_gap(-1), defer(2, Reason::RecipientDay));
    check(without_gap(1), Decision::Send);
}

#[test]
fn gate_gap_beyond_any_calendar_stays_closed() {
    let mut facts = facts();
    facts.recipient.past.latest = "2025-01-05T00:00:00Z".parse().ok();
    for gap_days in [180_000, 99_999_999, u32::MAX] {
        facts.frequency.gap_days = gap_days;
        let reason = gate(&facts, now()).decision.reason();
        assert_eq!(reason, Some(Reason::FrequencyGap), "{gap_days} days");
    }
    facts.recipient.past.latest = Some(DateTime::<Utc>::MAX_UTC);
    let reason = gate(&facts, now()).decision.reason();
    assert_eq!(reason, Some(Reason::FrequencyGap));
}

#[test]
fn longest_gap_is_looked_back_to() {
    for (gap_days, days) in [(0, 90), (2, 90), (180, 180), (u32::MAX, 36_525)] {
        let caps = FrequencyCaps {
            gap_days,
            ..FrequencyCaps::DEFAULT
        };
        assert_eq!(caps.days_looked_back(), days);
    }
}

#[test]
fn gate_gap_ends_at_midnight() {
    let mut facts = facts();
    facts.recipient.past.latest = "2026-01-05T00:00:00Z".parse().ok();
    let answer = |now: &str| gate(&facts, now.parse().unwrap()).decision.reason();
    assert_eq!(answer("2026-01-06T23:59:59Z"), Some(Reason::FrequencyGap));
    assert_eq!(answer("2026-01-07T00:00:00Z"), None);
}

#[test]
fn gate_quiet_hours_defer() {
    let hours = SendingHours::new(8, 20).ok();
    check(|f| f.campaign.hours = hours, Decision::Send);
    check(
        |f| {
            f.campaign.hours = hours;
            f.recipient.country = "PT".parse().ok();
            f.recipient.basis = Some(Basis::Consent);
        },
        Decision::Defer {
            until: "2026-01-06T08:00:00Z".parse().unwrap(),
            reason: Reason::QuietHours,
        },
    );
}

/// What a person or the law says is never hidden behind something that only waits.
#[test]
fn gate_first_objection_answers() {
    let mut facts = facts();
    facts.sending_enabled = false;
    facts.assessment.confidence = Confidence::MIN;
    facts.recipient.suppressed = true;
    let answer = |facts: &Facts| gate(facts, now()).decision.reason();
    assert_eq!(answer(&facts), Some(Reason::Suppressed));
    facts.recipient.suppressed = false;
    assert_eq!(answer(&facts), Some(Reason::LowConfidence));
    facts.assessment.approval = Approval::Valid;
    assert_eq!(answer(&facts), Some(Reason::SendingDisabled));
    facts.sending_enabled = true;
    assert_eq!(answer(&facts), None);
}

#[test]
fn ruling_names_asked_rules() {
    let mut facts = facts();
    let ruling = gate(&facts, now());
    assert_eq!(ruling.passed().count(), RULES.len());
    assert_eq!(ruling.stopped_by(), None);
    facts.assessment.score = Score::new(69).unwrap();
    let ruling = gate(&facts, now());
    assert_eq!(ruling.stopped_by(), Some(Rule::Score));
    let asked = [
        Rule::Erasure,
        Rule::Suppression,
        Rule::Address,
        Rule::Compliance,
    ];
    assert_eq!(ruling.passed().collect::<Vec<_>>(), asked);
}

#[test]
fn decision_record_keeps_quota_beside_gate() {
    let mut facts = facts();
    facts.recipient.suppressed = true;
    let ruling = gate(&facts, now());
    let wait = Quota::Wait {
        until: now(),
        reason: Reason::DailyCap,
    };
    let record = DecisionRecord::new(&facts, ruling, now()).with_quota(wait);
    let record = serde_json::to_value(record).unwrap();
    assert_eq!(record["outcome"], "refuse");
    assert_eq!(record["stopped_by"], "suppression");
    assert_eq!(record["reason"], "suppressed");
    assert_eq!(record["quota"]["reason"], "daily_cap");
    assert_eq!(record["passed"][0], "erasure");
    assert_eq!(
        (&record["score"], &record["min_score"]),
        (&70.into(), &70.into())
    );
}
