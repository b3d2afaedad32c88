use chrono::TimeDelta;
use proptest::prelude::*;
use serde_json::{Value, json};
use shared::{domain::email::EmailAddress, testing};

use super::*;

const TOPIC: &str = "arn:aws:sns:us-east-1:000000000000:outreach-feedback";

fn read(body: &str) -> Result<Reading, Malformed> {
    let keys = UnsubscribeKeys::parse(&format!("k1:{}", "0f".repeat(32))).unwrap();
    let reader = Reader {
        topic_arn: TOPIC,
        hash_key: &testing::hash_key(),
        unsubscribe_keys: &keys,
    };
    reader.read(body)
}

fn events(notice: &Value) -> Vec<NewEvent> {
    match read(&notice.to_string()).unwrap() {
        Reading::Events(events) => events,
        other => panic!("{other:?}"),
    }
}

fn bounce() -> Value {
    json!({
        "eventType": "Bounce",
        "bounce": {
            "bounceType": "Permanent", "bounceSubType": "General", "feedbackId": "f1",
            "timestamp": "2026-01-05T10:00:05.123Z",
            "bouncedRecipients": [{"emailAddress": "ana@example.org"}],
        },
        "mail": {
            "timestamp": "2026-01-05T10:00:00.000Z", "messageId": "m1",
            "destination": ["ana@example.org"], "tags": {"send_id": ["7"], "ses:x": ["y"]},
        },
    })
}

#[test]
fn an_event_keeps_what_it_means_and_no_address() {
    let event = &events(&bounce())[0];
    assert_eq!(event.send, Some(SendId(7)));
    assert_eq!(
        (event.kind.as_str(), event.message_id.as_str()),
        ("bounce", "m1")
    );
    assert_eq!(event.detail.as_deref(), Some("hard Permanent/General"));
    let address = EmailAddress::parse("ana@example.org").unwrap();
    assert_eq!(event.mailbox, Some(testing::hash_key().hash(&address)));
    assert_eq!(
        event.at - event.mailed_at.unwrap(),
        TimeDelta::milliseconds(5_123)
    );
    assert!(!format!("{event:?}").contains('@'));
}

#[test]
fn an_address_is_the_same_however_it_is_written() {
    let key = events(&bounce())[0].key;
    for written in [
        "ANA@Example.org",
        "Ana Fit <ana@example.org>",
        "<ana@example.org>",
    ] {
        let mut notice = bounce();
        notice["bounce"]["bouncedRecipients"][0]["emailAddress"] = json!(written);
        assert_eq!(events(&notice)[0].key, key, "{written}");
    }
}

#[test]
fn what_differs_is_another_event() {
    let key = events(&bounce())[0].key;
    for (pointer, value) in [
        ("/mail/messageId", json!("m2")),
        ("/bounce/feedbackId", json!("f2")),
        (
            "/bounce/bouncedRecipients/0/emailAddress",
            json!("bo@example.org"),
        ),
    ] {
        let mut notice = bounce();
        *notice.pointer_mut(pointer).unwrap() = value;
        assert_ne!(events(&notice)[0].key, key, "{pointer}");
    }
    // The tag is no part of it: feedback of an identity has none.
    let mut notice = bounce();
    notice["mail"]["tags"] = Value::Null;
    assert_eq!(events(&notice)[0].key, key);
    assert_eq!(events(&notice)[0].send, None);
}

#[test]
fn one_bounce_of_several_mailboxes_is_as_many_events() {
    let mut notice = bounce();
    notice["bounce"]["bouncedRecipients"] = json!([
        {"emailAddress": "ana@example.org"}, {"emailAddress": "bo@example.org"}
    ]);
    let events = events(&notice);
    assert_eq!(events.len(), 2);
    assert_ne!(events[0].mailbox, events[1].mailbox);
}

#[test]
fn what_may_be_missing_may_be_missing() {
    let mut bare = bounce();
    bare["bounce"] = json!({});
    bare["mail"] = json!({"timestamp": "2026-01-05T10:00:00+00:00", "messageId": "m1"});
    let event = &events(&bare)[0];
    assert_eq!((event.mailbox, event.send), (None, None));
    assert_eq!(Some(event.at), event.mailed_at);
    assert_eq!(event.detail.as_deref(), Some("soft /"));
    bare.as_object_mut().unwrap().remove("bounce");
    assert_eq!(events(&bare).len(), 1);
    // Nobody named: the mail's own addressee.
    let mut notice = bounce();
    notice["bounce"]["bouncedRecipients"] = json!([]);
    assert!(events(&notice)[0].mailbox.is_some());
}

#[test]
fn a_new_type_has_a_plain_word() {
    for (kind, word) in [
        ("MoonPhase", "moon_phase"),
        ("Rendering Success", "rendering_success"),
        ("a.b@c.d", "a_b_c_d"),
    ] {
        let mut notice = bounce();
        notice["eventType"] = json!(kind);
        match read(&notice.to_string()) {
            Ok(Reading::Unknown(event)) => assert_eq!(event.kind, word),
            other => panic!("{other:?}"),
        }
    }
    let mut notice = bounce();
    notice["eventType"] = json!("未知");
    assert_eq!(read(&notice.to_string()), Err(Malformed::Shape));
}

proptest! {
    #[test]
    fn no_body_panics(body in "\\PC{0,200}") {
        let _ = read(&body);
    }

    #[test]
    fn no_field_panics_or_leaves_text_that_the_ledger_refuses(word in "\\PC{0,90}", at in "\\PC{0,30}") {
        let mut notice = bounce();
        notice["bounce"]["bounceType"] = json!(word);
        notice["bounce"]["timestamp"] = json!(at);
        notice["bounce"]["bouncedRecipients"][0]["emailAddress"] = json!(word);
        for event in events(&notice) {
            let detail = event.detail.unwrap();
            prop_assert!(detail.is_ascii() && detail.len() < 200 && !detail.contains('@'));
        }
        notice["eventType"] = json!(word);
        if let Ok(Reading::Unknown(event)) = read(&notice.to_string()) {
            prop_assert!((1..=60).contains(&event.kind.len()) && event.kind.is_ascii());
        }
    }
}
