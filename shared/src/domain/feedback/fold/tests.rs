use chrono::TimeDelta;
use proptest::prelude::*;

use super::*;
use crate::domain::feedback::{BounceReport, Report, effect};

fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::seconds(seconds)
}

const MAILBOX: EmailHash = EmailHash([1; 32]);

fn row(state: SendState) -> SendRow {
    SendRow {
        id: SendId(1),
        campaign: CampaignId(1),
        mailbox: MAILBOX,
        state,
        reason: Some("daily_cap".to_owned()),
        bounce: None,
        sent_at: None,
        message_id: None,
    }
}

fn event(report: &Report<'_>) -> Event {
    Event {
        send: Some(SendId(1)),
        mailbox: Some(MAILBOX),
        message_id: "m".to_owned(),
        at: at(5),
        mailed_at: Some(at(0)),
        effect: effect(report),
    }
}

fn bounce<'a>(kind: &'a str, subtype: &'a str) -> Report<'a> {
    Report::Bounce(BounceReport {
        kind,
        subtype,
        action: None,
        status: None,
    })
}

const COMPLAINT: Report<'_> = Report::Complaint {
    subtype: None,
    feedback: None,
};

/// The row and the counts after these batches.
fn after(mut row: SendRow, batches: &[Vec<Event>]) -> (SendRow, Counts, bool) {
    let (mut counts, mut left) = (Counts::default(), false);
    for batch in batches {
        let updates = fold(batch, std::slice::from_ref(&row), &[], &HashMap::new());
        left |= !updates.left.is_empty();
        for more in updates.counts.values() {
            counts.sent += more.sent;
            counts.bounced += more.bounced;
            counts.complained += more.complained;
        }
        if let Some(new) = updates.sends.into_iter().next() {
            row = new;
        }
    }
    (row, counts, left)
}

#[test]
fn refused_send_takes_the_state_of_its_events() {
    let (row, counts, left) = after(row(SendState::Refused), &[vec![event(&Report::Delivery)]]);
    assert_eq!((row.state, row.reason), (SendState::Delivered, None));
    assert_eq!((row.sent_at, left), (Some(at(0)), true));
    assert_eq!(counts.sent, 1);
}

#[test]
fn only_unsent_mail_takes_its_day() {
    for state in SendState::ALL {
        let row = row(state);
        let updates = fold(&[event(&Report::Click)], &[row], &[], &HashMap::new());
        let unsent = matches!(
            state,
            SendState::Review | SendState::Queued | SendState::Refused
        );
        assert_eq!(!updates.days.is_empty(), unsent, "{state}");
    }
}

#[test]
fn rejected_mail_is_counted_and_did_not_leave() {
    let (row, counts, left) = after(row(SendState::Calling), &[vec![event(&Report::Reject)]]);
    assert_eq!(row.reason.as_deref(), Some("mail_rejected"));
    assert_eq!((counts.sent, left), (1, false));
}

#[test]
fn hard_bounces_and_complaints_are_counted() {
    use BounceClass::{Hard, Soft};
    let rows = [
        (bounce("Permanent", "General"), Some(Hard), (1, 1, 0)),
        (bounce("Transient", "MailboxFull"), Some(Soft), (1, 0, 0)),
        (bounce("Transient", "ContentRejected"), None, (1, 0, 0)),
        (bounce("Transient", "General"), None, (1, 0, 0)),
        (COMPLAINT, None, (1, 0, 1)),
    ];
    for (report, class, expected) in rows {
        let (row, counts, _) = after(row(SendState::Calling), &[vec![event(&report)]]);
        assert_eq!(row.bounce, class, "{report:?}");
        let counts = (counts.sent, counts.bounced, counts.complained);
        assert_eq!(counts, expected, "{report:?}");
    }
}

#[test]
fn event_without_news_keeps_the_reason() {
    let (row, ..) = after(row(SendState::Sent), &[vec![event(&Report::Send)]]);
    assert_eq!(row.reason.as_deref(), Some("daily_cap"));
}

#[test]
fn message_id_of_another_send_is_not_taken() {
    let owners = HashMap::from([("m".to_owned(), SendId(2))]);
    let updates = fold(
        &[event(&Report::Send)],
        &[row(SendState::Calling)],
        &[],
        &owners,
    );
    assert_eq!(updates.sends[0].message_id, None);
    assert_eq!(updates.sends[0].state, SendState::Sent);
}

#[test]
fn message_id_belongs_to_one_send() {
    let other = Event {
        send: Some(SendId(2)),
        ..event(&Report::Send)
    };
    let rows = [
        row(SendState::Calling),
        SendRow {
            id: SendId(2),
            ..row(SendState::Calling)
        },
    ];
    let updates = fold(&[other, event(&Report::Send)], &rows, &[], &HashMap::new());
    let ids: Vec<_> = updates.sends.iter().map(|s| s.message_id.clone()).collect();
    assert_eq!(ids, [Some("m".to_owned()), None]);
}

#[test]
fn unsubscribe_suppresses_and_leaves_the_send() {
    let opt_out = Event {
        mailed_at: None,
        ..event(&Report::Unsubscribe)
    };
    let mailbox = Mailbox {
        hash: MAILBOX,
        suppressed: None,
        history: Vec::new(),
    };
    let sends = [row(SendState::Queued)];
    let updates = fold(&[opt_out], &sends, &[mailbox], &HashMap::new());
    let suppressed = Suppressed {
        at: at(5),
        reason: "unsubscribed".to_owned(),
    };
    assert_eq!(updates.mailboxes, [(MAILBOX, Some(suppressed))]);
    assert_eq!((updates.sends.len(), updates.left.len()), (0, 0));
}

fn reports() -> impl Strategy<Value = Vec<Report<'static>>> {
    let report = prop::sample::select(vec![
        Report::Send,
        Report::Delivery,
        Report::Open,
        Report::Click,
        Report::Reject,
        Report::DeliveryDelay,
        Report::Subscription,
        COMPLAINT,
        Report::Complaint {
            subtype: None,
            feedback: Some("not-spam"),
        },
        bounce("Permanent", "General"),
        bounce("Transient", "MailboxFull"),
        bounce("Transient", "General"),
    ]);
    prop::collection::vec(report, 0..8)
}

proptest! {
    #[test]
    fn sends_end_alike_in_every_order_and_split(
        reports in reports(), turn in 0_usize..8, cut in 0_usize..8, state in 0_usize..5
    ) {
        let events: Vec<Event> = reports.iter().map(event).collect();
        let start = row(SendState::ALL[state]);
        let at_once = after(start.clone(), std::slice::from_ref(&events));
        let mut turned = events.clone();
        turned.rotate_left(turn.min(events.len()));
        let later = turned.split_off(cut.min(events.len()));
        prop_assert_eq!(after(start, &[turned, later]), at_once);
    }

    #[test]
    fn repeated_events_change_nothing(reports in reports()) {
        let events: Vec<Event> = reports.iter().map(event).collect();
        let (row, ..) = after(row(SendState::Calling), std::slice::from_ref(&events));
        let again = fold(&events, std::slice::from_ref(&row), &[], &HashMap::new());
        prop_assert_eq!((again.sends, again.counts.len(), again.days.len()), (vec![], 0, 0));
    }
}
