//! What only waits, and in which order the rules are asked.

use chrono::TimeDelta;

use super::*;

#[test]
fn what_only_waits_is_asked_again() {
    let soon = "2026-01-05T22:45:00Z".parse().unwrap();
    let tomorrow = "2026-01-06T00:00:00Z".parse().unwrap();
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
        |f| {
            f.quota = Quota::Wait {
                until: tomorrow,
                reason: Reason::DailyCap,
            }
        },
        defer(tomorrow, Reason::DailyCap),
    );
    check(|f| f.quota = Quota::NotAsked, Decision::Send);
    check(
        |f| f.campaign.status = CampaignStatus::Ended,
        refuse(Reason::CampaignEnded),
    );
}

#[test]
fn a_mailbox_is_not_written_to_too_often() {
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
    check(
        |f| {
            past(1, 0, 0)(f);
            f.frequency.gap_days = 0;
        },
        Decision::Send,
    );
}

#[test]
fn a_gap_is_over_at_the_stroke_of_its_midnight() {
    let mut facts = facts();
    facts.recipient.past.latest = "2026-01-05T00:00:00Z".parse().ok();
    let answer = |now: &str| gate(&facts, now.parse().unwrap()).decision.reason();
    assert_eq!(answer("2026-01-06T23:59:59Z"), Some(Reason::FrequencyGap));
    assert_eq!(answer("2026-01-07T00:00:00Z"), None);
}

#[test]
fn nobody_gets_a_mail_at_night() {
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
fn the_first_rule_that_objects_answers() {
    let mut facts = facts();
    facts.quota = Quota::Wait {
        until: now(),
        reason: Reason::Pace,
    };
    facts.sending_enabled = false;
    facts.verdict.confidence = Confidence::MIN;
    facts.recipient.suppressed = true;
    let answer = |facts: &Facts| gate(facts, now()).decision.reason();
    assert_eq!(answer(&facts), Some(Reason::Suppressed));
    facts.recipient.suppressed = false;
    assert_eq!(answer(&facts), Some(Reason::LowConfidence));
    facts.verdict.reviewed = true;
    assert_eq!(answer(&facts), Some(Reason::SendingDisabled));
    facts.sending_enabled = true;
    assert_eq!(answer(&facts), Some(Reason::Pace));
}

#[test]
fn a_ruling_names_the_rules_that_were_asked() {
    let mut facts = facts();
    let ruling = gate(&facts, now());
    assert_eq!((ruling.passed, ruling.stopped_by), (RULES, None));
    facts.verdict.score = Score::new(69).unwrap();
    let ruling = gate(&facts, now());
    assert_eq!(ruling.stopped_by, Some(Rule::Score));
    let asked = [
        Rule::Erasure,
        Rule::Suppression,
        Rule::Address,
        Rule::Compliance,
    ];
    assert_eq!(ruling.passed, asked);
    let record = serde_json::to_value(DecisionRecord::new(&facts, ruling, now())).unwrap();
    assert_eq!(record["stopped_by"], "score");
    assert_eq!(record["reason"], "low_score");
    assert_eq!(record["passed"][3], "compliance");
    assert_eq!(
        (&record["score"], &record["min_score"]),
        (&69.into(), &70.into())
    );
}
