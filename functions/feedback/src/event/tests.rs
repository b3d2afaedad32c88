use chrono::TimeDelta;
use proptest::prelude::*;
use serde_json::{Value, json};
use shared::{domain::email::EmailAddress, testing};

use super::*;

const TOPIC: &str = "arn:aws:sns:us-east-1:000000000000:outreach-feedback";

fn parse(body: &str) -> Result<Parsed, Malformed> {
    let keys = UnsubscribeKeys::parse(&format!("k1:{}", "0f".repeat(32))).unwrap();
    let parser = Parser {
        topic_arn: TOPIC,
        hash_key: &testing::hash_key(),
        unsubscribe_keys: &keys,
    };
    parser.parse(body)
}

fn events(notification: &Value) -> Vec<NewEvent> {
    match parse(&notification.to_string()).unwrap() {
        Parsed::Events(events) => events,
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
fn event_keeps_its_meaning_and_no_address() {
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
fn address_spellings_give_one_key() {
    let key = events(&bounce())[0].key;
    for written in [
        "ANA@Example.org",
        "Ana Fit <ana@example.org>",
        "<ana@example.org>",
    ] {
        let mut notification = bounce();
        notification["bounce"]["bouncedRecipients"][0]["emailAddress"] = json!(written);
        assert_eq!(events(&notification)[0].key, key, "{written}");
    }
}

#[test]
fn differing_events_have_differing_keys() {
    let key = events(&bounce())[0].key;
    for (pointer, value) in [
        ("/mail/messageId", json!("m2")),
        ("/bounce/feedbackId", json!("f2")),
        (
            "/bounce/bouncedRecipients/0/emailAddress",
            json!("bo@example.org"),
        ),
    ] {
        let mut notification = bounce();
        *notification.pointer_mut(pointer).unwrap() = value;
        assert_ne!(events(&notification)[0].key, key, "{pointer}");
    }
    // The tag is no part of it: feedback of an identity has none.
    let mut notification = bounce();
    notification["mail"]["tags"] = Value::Null;
    assert_eq!(events(&notification)[0].key, key);
    assert_eq!(events(&notification)[0].send, None);
}

#[test]
fn bounce_of_two_mailboxes_is_two_events() {
    let mut notification = bounce();
    notification["bounce"]["bouncedRecipients"] = json!([
        {"emailAddress": "ana@example.org"}, {"emailAddress": "bo@example.org"}
    ]);
    let events = events(&notification);
    assert_eq!(events.len(), 2);
    assert_ne!(events[0].mailbox, events[1].mailbox);
}

#[test]
fn missing_fields_still_give_an_event() {
    let mut bare = bounce();
    bare["bounce"] = json!({});
    bare["mail"] = json!({"timestamp": "2026-01-05T10:00:00+00:00", "messageId": "m1"});
    let event = &events(&bare)[0];
    assert_eq!((event.mailbox, event.send), (None, None));
    assert_eq!(Some(event.at), event.mailed_at);
    assert_eq!(event.detail.as_deref(), Some("soft /"));
    bare["bounce"] = json!({"bounceSubType": null, "bouncedRecipients": null});
    assert_eq!(events(&bare).len(), 1);
    bare.as_object_mut().unwrap().remove("bounce");
    assert_eq!(events(&bare).len(), 1);
    // Without a named recipient: the mail's own addressee.
    let mut notification = bounce();
    notification["bounce"]["bouncedRecipients"] = json!([]);
    assert!(events(&notification)[0].mailbox.is_some());
}

#[test]
fn unknown_type_keeps_its_word_in_snake_case() {
    for (kind, word) in [
        ("MoonPhase", "moon_phase"),
        ("Rendering Success", "rendering_success"),
        ("a.b@c.d", "a_b_c_d"),
    ] {
        let mut notification = bounce();
        notification["eventType"] = json!(kind);
        match parse(&notification.to_string()) {
            Ok(Parsed::UnknownType(event)) => assert_eq!(event.kind, word),
            other => panic!("{other:?}"),
        }
    }
    let mut notification = bounce();
    notification["eventType"] = json!("未知");
    assert_eq!(parse(&notification.to_string()), Err(Malformed::Shape));
}

proptest! {
    #[test]
    fn arbitrary_body_does_not_panic(body in "\\PC{0,200}") {
        let _ = parse(&body);
    }

    #[test]
    fn arbitrary_fields_leave_storable_text(word in "\\PC{0,90}", at in "\\PC{0,30}") {
        let mut notification = bounce();
        notification["bounce"]["bounceType"] = json!(word);
        notification["bounce"]["timestamp"] = json!(at);
        notification["bounce"]["bouncedRecipients"][0]["emailAddress"] = json!(word);
        for event in events(&notification) {
            let detail = event.detail.unwrap();
            prop_assert!(detail.is_ascii() && detail.len() < 200 && !detail.contains('@'));
        }
        notification["eventType"] = json!(word);
        if let Ok(Parsed::UnknownType(event)) = parse(&notification.to_string()) {
            prop_assert!((1..=60).contains(&event.kind.len()) && event.kind.is_ascii());
        }
    }
}
