//! What becomes of a send, by where it stood and what SES answered.

use chrono::TimeDelta;

use super::*;

fn row(state: SendState) -> Row {
    let now: DateTime<Utc> = "2026-01-05T10:00:00Z".parse().unwrap();
    Row {
        send: SendId(1),
        campaign: CampaignId(2),
        enrichment: 3,
        state,
        reason: Some("lease_expired".to_owned()),
        sent_at: state.has_left().then(|| now - TimeDelta::days(1)),
        slot_at: Some(now),
        may_have_left: false,
        now,
    }
}

fn answer(state: SendState) -> Outcome {
    Outcome {
        send: SendId(1),
        fence: 1,
        state,
        reason: (state != SendState::Sent).then_some(Reason::Throttled),
        message_id: None,
        not_before: None,
    }
}

#[test]
fn settle_moves_up_or_back_to_queue() {
    use SendState::{
        Bounced, Calling, Complained, Delivered, Queued, Refused, Rejected, Sent, Unknown,
    };
    // Where it stood, what was answered, where it goes, whether it is given back, whether it counts.
    let rows = [
        (Calling, Sent, Sent, false, true),
        (Calling, Queued, Queued, true, false),
        (Calling, Rejected, Rejected, true, false),
        (Calling, Unknown, Unknown, false, false),
        (Unknown, Sent, Sent, false, true),
        (Unknown, Queued, Queued, true, false),
        (Sent, Queued, Sent, false, false),
        (Sent, Unknown, Sent, false, false),
        (Delivered, Sent, Delivered, false, false),
        (Delivered, Queued, Delivered, false, false),
        (Sent, Rejected, Rejected, false, false),
        (Bounced, Sent, Bounced, false, false),
        (Complained, Queued, Complained, false, false),
        (Refused, Sent, Refused, false, false),
    ];
    for (was, said, becomes, released, counted) in rows {
        let settled = decide(&row(was), &answer(said));
        assert_eq!(settled.state, becomes, "{was} and {said}");
        assert_eq!(settled.released.is_some(), released, "{was} and {said}");
        assert_eq!(settled.day_released, released, "{was} and {said}");
        assert_eq!(settled.counted.is_some(), counted, "{was} and {said}");
    }
}

#[test]
fn settle_late_answer_keeps_reason() {
    let settled = decide(&row(SendState::Delivered), &answer(SendState::Queued));
    assert_eq!(settled.reason.as_deref(), Some("lease_expired"));
    let settled = decide(&row(SendState::Unknown), &answer(SendState::Sent));
    assert_eq!(settled.reason, None);
}

#[test]
fn settle_resent_mail_returns_counts_keeps_day() {
    let resent = Row {
        may_have_left: true,
        ..row(SendState::Calling)
    };
    let settled = decide(&resent, &answer(SendState::Queued));
    assert!(settled.released.is_some() && !settled.day_released);
}
