//! One test for each way to disagree.

use super::*;
use crate::demo::funnel::tests::{planned, sent, unplanned};
use crate::queues::Depth;
use chrono::NaiveDate;
use shared::domain::figures::Group;

fn mail(id: &str, send: Option<i64>) -> Mail {
    Mail {
        id: id.to_owned(),
        at: "2026-01-05T10:00:00".to_owned(),
        to: "<ana@example.org>".to_owned(),
        subject: String::new(),
        send,
        headers: Vec::new(),
        text: String::new(),
        has_html: true,
    }
}

fn send_of(line: &LeadRow) -> Option<SendRow> {
    Some(SendRow {
        id: line.send?,
        campaign: CAMPAIGN.to_owned(),
        state: line.state.clone()?,
        ses_message_id: line.ses_message_id.clone(),
    })
}

/// What PostgreSQL and SES hold about the same leads.
fn facts(lines: Vec<LeadRow>, mails: Vec<Mail>) -> Facts {
    let sends = lines.iter().filter_map(send_of).collect();
    Facts {
        lines,
        sends,
        mails,
        ..Facts::default()
    }
}

#[track_caller]
fn check(facts: &Facts, expected: &[Disagreement]) {
    assert_eq!(reconcile(facts), expected);
}

#[test]
fn consistent_facts_have_no_disagreement() {
    let lines = vec![
        sent(1),
        sent(2),
        planned(3, "refused", Some("suppressed")),
        unplanned(4, Some("refused"), Some("low_score")),
        unplanned(5, Some("review"), Some("country_unknown")),
    ];
    let mails = vec![mail("ses-1", Some(1)), mail("ses-2", Some(2))];
    check(&facts(lines, mails), &[]);
}

#[test]
fn mail_without_send_is_reported() {
    let stray = Disagreement::StrayMail {
        mail: "ses-9".to_owned(),
        to: "<ana@example.org>".to_owned(),
    };
    for send in [None, Some(9)] {
        check(
            &facts(vec![], vec![mail("ses-9", send)]),
            std::slice::from_ref(&stray),
        );
    }
}

#[test]
fn send_that_left_twice_is_reported() {
    let mails = vec![mail("ses-1", Some(1)), mail("ses-1b", Some(1))];
    let mails_of_it = vec!["ses-1".to_owned(), "ses-1b".to_owned()];
    let twice = Disagreement::SentTwice {
        send: 1,
        mails: mails_of_it,
    };
    check(&facts(vec![sent(1)], mails), &[twice]);
}

#[test]
fn send_without_mail_is_reported() {
    let expected = Disagreement::NeverArrived {
        send: 1,
        state: "sent".to_owned(),
    };
    check(&facts(vec![sent(1)], vec![]), &[expected]);
}

#[test]
fn mail_of_unsent_send_is_reported() {
    for (state, reason) in [("refused", "suppressed"), ("review", "country_unknown")] {
        let lines = vec![planned(1, state, Some(reason))];
        let expected = Disagreement::LeftUnnoticed {
            send: 1,
            state: state.to_owned(),
            mail: "ses-1".to_owned(),
        };
        check(&facts(lines, vec![mail("ses-1", Some(1))]), &[expected]);
    }
}

#[test]
fn unknown_send_may_have_one_mail() {
    let unknown = || vec![planned(1, "unknown", Some("no_answer"))];
    check(&facts(unknown(), vec![]), &[]);
    check(&facts(unknown(), vec![mail("ses-1", Some(1))]), &[]);
    let twice = vec![mail("a", Some(1)), mail("b", Some(1))];
    let mails = vec!["a".to_owned(), "b".to_owned()];
    check(
        &facts(unknown(), twice),
        &[Disagreement::SentTwice { send: 1, mails }],
    );
}

#[test]
fn different_ids_for_one_mail_are_reported() {
    let expected = Disagreement::OtherId {
        send: 1,
        ours: "ses-1".to_owned(),
        theirs: "ses-other".to_owned(),
    };
    check(
        &facts(vec![sent(1)], vec![mail("ses-other", Some(1))]),
        &[expected],
    );
}

#[test]
fn flag_that_contradicts_send_is_reported() {
    let unmarked = LeadRow {
        marked_sent: false,
        ..sent(1)
    };
    let expected = Disagreement::FlagDiffers {
        lead: 1,
        marked_sent: false,
        state: "sent".to_owned(),
    };
    check(
        &facts(vec![unmarked], vec![mail("ses-1", Some(1))]),
        &[expected],
    );
    let marked = LeadRow {
        marked_sent: true,
        ..unplanned(1, Some("refused"), Some("low_score"))
    };
    let state = "not planned".to_owned();
    check(
        &facts(vec![marked], vec![]),
        &[Disagreement::FlagDiffers {
            lead: 1,
            marked_sent: true,
            state,
        }],
    );
}

#[test]
fn forgotten_lead_is_reported() {
    for line in [
        unplanned(1, None, None),
        unplanned(1, Some("planned"), None),
    ] {
        let expected = Disagreement::Forgotten {
            lead: 1,
            username: "lead1".to_owned(),
        };
        check(&facts(vec![line], vec![]), &[expected]);
    }
    let awaiting = LeadRow {
        pending: true,
        ..unplanned(1, None, None)
    };
    check(&facts(vec![awaiting], vec![]), &[]);
}

#[test]
fn left_work_is_reported_without_dead_letters() {
    let queue = |name: &str, is_dead_letters, has_consumer| Depth {
        name: name.to_owned(),
        is_dead_letters,
        has_consumer,
        waiting: 1,
        in_flight: 2,
    };
    let queues = vec![
        queue("enrich", false, true),
        queue("enrich-dlq", true, false),
        queue("feedback", false, false),
    ];
    let expected = Disagreement::QueueNotEmpty {
        queue: "enrich".to_owned(),
        waiting: 1,
        in_flight: 2,
    };
    check(
        &Facts {
            queues,
            ..Facts::default()
        },
        &[expected],
    );
}

#[track_caller]
fn check_paid(stand_in: u64, calls: &[(&str, u64)], agrees: bool) {
    let model_calls = calls
        .iter()
        .map(|(state, count)| ((*state).to_owned(), *count))
        .collect();
    let facts = Facts {
        model_calls,
        paid_by_stand_in: Some(stand_in),
        ..Facts::default()
    };
    assert_eq!(
        reconcile(&facts).is_empty(),
        agrees,
        "{stand_in} against {calls:?}"
    );
}

#[test]
fn paid_calls_must_match_the_models_count() {
    check_paid(
        5,
        &[
            ("answered", 3),
            ("refused", 1),
            ("unusable", 1),
            ("failed", 9),
        ],
        true,
    );
    check_paid(6, &[("answered", 5)], false);
    check_paid(4, &[("answered", 5)], false);
    // A call whose answer was lost may or may not have been paid.
    check_paid(5, &[("answered", 5), ("lost", 2)], true);
    check_paid(7, &[("answered", 5), ("lost", 2)], true);
    check_paid(8, &[("answered", 5), ("lost", 2)], false);
}

#[test]
fn figure_that_differs_is_reported() {
    let difference = Difference {
        day: NaiveDate::from_ymd_opt(2026, 1, 5).unwrap(),
        group: Group {
            campaign_id: 1,
            source_id: 2,
            platform: "x".to_owned(),
        },
        what: "found".to_owned(),
        kept: 3,
        counted: 4,
    };
    let mut facts = facts(Vec::new(), Vec::new());
    facts.recount.differences.push(difference.clone());
    let expected = Disagreement::FigureDiffers(difference);
    assert_eq!(
        expected.to_string(),
        "found of 2026-01-05, campaign 1, source 2, x: the figure is 3, the rows count to 4"
    );
    check(&facts, &[expected]);
}
