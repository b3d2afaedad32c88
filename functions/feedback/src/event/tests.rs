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
        now: DateTime::UNIX_EPOCH,
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
    for odd in [
        json!({"bounceSubType": null, "bouncedRecipients": null}),
        json!(null),
        json!("x"),
        json!([]),
        json!(7),
    ] {
        bare["bounce"] = odd;
        assert_eq!(events(&bare).len(), 1);
    }
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

/// Every field of a bounce by our tag, null or of another type: still this send's bounce.
#[test]
fn odd_field_never_spoils_the_event() {
    let pointers = [
        "/bounce",
        "/bounce/bounceType",
        "/bounce/bounceSubType",
        "/bounce/feedbackId",
        "/bounce/timestamp",
        "/bounce/bouncedRecipients",
        "/bounce/bouncedRecipients/0",
        "/bounce/bouncedRecipients/0/emailAddress",
        "/mail/timestamp",
        "/mail/messageId",
        "/mail/destination",
        "/mail/destination/0",
        "/mail/tags/ses:x",
    ];
    for pointer in pointers {
        for odd in [
            json!(null),
            json!(7),
            json!("odd"),
            json!([]),
            json!({}),
            json!(["a", 1]),
            json!(true),
            json!(""),
        ] {
            let mut notification = bounce();
            *notification.pointer_mut(pointer).unwrap() = odd.clone();
            let events = events(&notification);
            assert!(!events.is_empty(), "{pointer} {odd}");
            for event in events {
                assert_eq!(
                    (event.send, event.kind.as_str()),
                    (Some(SendId(7)), "bounce"),
                    "{pointer} {odd}"
                );
                assert!(event.mailed_at.is_some(), "{pointer} {odd}");
            }
        }
    }
}

#[test]
fn type_follows_from_details_where_it_is_odd() {
    for odd in [json!(null), json!(""), json!(["x"])] {
        let mut notification = bounce();
        notification["eventType"] = odd;
        assert_eq!(events(&notification)[0].kind, "bounce");
    }
    let mut notification = bounce();
    notification.as_object_mut().unwrap().remove("eventType");
    assert_eq!(events(&notification)[0], events(&bounce())[0]);
    notification["eventType"] = json!("bounce");
    assert_eq!(events(&notification)[0], events(&bounce())[0]);
}

#[test]
fn tag_is_read_in_every_form() {
    for tags in [
        json!({"send_id": ["7"]}),
        json!({"send_id": "7"}),
        json!({"send_id": 7}),
        json!({"send_id": [7]}),
        json!([{"name": "x", "value": "1"}, {"name": "send_id", "value": "7"}]),
        json!([{"Name": "send_id", "Value": 7}]),
    ] {
        let mut notification = bounce();
        notification["mail"]["tags"] = tags.clone();
        assert_eq!(events(&notification)[0].send, Some(SendId(7)), "{tags}");
    }
}

#[test]
fn unreadable_address_means_the_only_addressee() {
    let mailbox = events(&bounce())[0].mailbox;
    assert!(mailbox.is_some());
    for odd in [
        json!(null),
        json!("unreadable"),
        json!("***"),
        json!("rfc822;ANA@example.org"),
        json!("\"ana@example.org\""),
    ] {
        let mut notification = bounce();
        notification["bounce"]["bouncedRecipients"][0]["emailAddress"] = odd.clone();
        assert_eq!(events(&notification)[0].mailbox, mailbox, "{odd}");
    }
    let mut notification = bounce();
    notification["bounce"]["bouncedRecipients"][0]["emailAddress"] = json!(null);
    notification["mail"]["destination"] = json!(["ana@example.org", "bo@example.org"]);
    assert_eq!(events(&notification)[0].mailbox, None, "one of two");
}

#[test]
fn event_without_id_follows_tag_or_address() {
    let mut notification = bounce();
    notification["mail"]["messageId"] = Value::Null;
    let event = &events(&notification)[0];
    assert!(event.message_id.starts_with(UNNAMED_MAIL) && event.send == Some(SendId(7)));
    assert_eq!(*event, events(&notification)[0], "the same each time");
    notification["mail"]["tags"] = Value::Null;
    assert!(events(&notification)[0].mailbox.is_some());
    notification["mail"]["commonHeaders"] = json!({"messageId": "m1"});
    assert_eq!(events(&notification)[0].message_id, "m1");
    notification["mail"] = json!({"timestamp": "2026-01-05T10:00:00.000Z"});
    notification["bounce"]["bouncedRecipients"] = Value::Null;
    assert_eq!(parse(&notification.to_string()), Err(Malformed::Incomplete));
}

/// The example of EventBridge's documentation of SES, with values of ours.
fn event_bridge(detail: &Value, words: &str) -> Value {
    json!({
        "version": "0", "id": "12a18625", "detail-type": words, "source": "aws.ses", "account": "000000000000",
        "time": "2026-01-05T10:00:06Z", "region": "us-east-1", "resources": ["arn:aws:ses:us-east-1:000000000000:configuration-set/x"],
        "detail": detail,
    })
}

#[test]
fn wrapped_event_is_the_event() {
    let plain = events(&bounce());
    let text = bounce().to_string();
    let sns = json!({"Type": "Notification", "TopicArn": TOPIC, "Message": text, "Timestamp": "2026-01-05T10:00:09Z"});
    let silent = {
        let mut silent = bounce();
        silent.as_object_mut().unwrap().remove("eventType");
        silent
    };
    for wrapped in [
        event_bridge(&bounce(), "Email Bounced"),
        event_bridge(&silent, "Email Bounced"),
        json!(text),
        json!([bounce()]),
        sns.clone(),
        json!({"Type": "Notification", "TopicArn": TOPIC, "Message": bounce()}),
        json!({"Type": "Notification", "TopicArn": TOPIC, "Message": event_bridge(&bounce(), "Email Bounced").to_string()}),
        json!({"Records": [{"EventSource": "aws:sns", "EventVersion": "1.0", "Sns": sns}]}),
        json!({"Records": [{"messageId": "x", "body": sns.to_string(), "eventSource": "aws:sqs"}]}),
        json!({"Message": text}),
    ] {
        assert_eq!(events(&wrapped), plain, "{wrapped}");
    }
    assert_eq!(
        parse(&format!("\u{FEFF} {text}\n")),
        Ok(Parsed::Events(plain))
    );
}

#[test]
fn set_up_notes_of_every_shape_need_nothing() {
    let words = "Successfully validated SNS topic for Amazon SES event publishing.";
    let succeeded = json!({
        "notificationType": "AmazonSnsSubscriptionSucceeded",
        "message": "You have successfully subscribed your Amazon SNS topic 'x' to receive 'Bounce' notifications",
    });
    let confirmation = json!({
        "Type": "SubscriptionConfirmation", "MessageId": "1", "Token": "0", "TopicArn": "arn:aws:sns:us-east-1:000000000000:other",
        "Message": "You have chosen to subscribe to the topic", "SubscribeURL": "https://sns.example/",
    });
    let envelope =
        |message: &Value| json!({"Type": "Notification", "TopicArn": TOPIC, "Message": message});
    for body in [
        words.to_owned(),
        format!("  {words}\n"),
        json!(words).to_string(),
        succeeded.to_string(),
        confirmation.to_string(),
        envelope(&json!(words)).to_string(),
        envelope(&json!(succeeded.to_string())).to_string(),
        envelope(&succeeded).to_string(),
        json!({"notificationType": "AmazonSnsSubscriptionSucceeded"}).to_string(),
    ] {
        assert_eq!(parse(&body), Ok(Parsed::SetUp), "{body}");
    }
}

#[test]
fn what_is_no_notice_is_named() {
    let ended = json!({"Type": "UnsubscribeConfirmation", "TopicArn": TOPIC, "Message": "You have chosen to deactivate"});
    let foreign =
        json!({"Type": "Notification", "TopicArn": "arn:x", "Message": bounce().to_string()});
    let mut deep = bounce();
    for _ in 0..20 {
        deep = json!({"detail": deep});
    }
    for (body, malformed) in [
        (ended.to_string(), Malformed::Shape),
        (foreign.to_string(), Malformed::ForeignTopic),
        (
            json!({"Type": "Notification", "TopicArn": TOPIC}).to_string(),
            Malformed::NoNotification,
        ),
        (deep.to_string(), Malformed::Shape),
        ("[]".to_owned(), Malformed::Shape),
        (json!([bounce(), bounce()]).to_string(), Malformed::Shape),
        ("{".to_owned(), Malformed::Shape),
        (
            json!({"Service": "Amazon S3", "Event": "s3:TestEvent"}).to_string(),
            Malformed::Shape,
        ),
    ] {
        assert_eq!(parse(&body), Err(malformed), "{body}");
    }
}

/// Any value: what a service could send in place of what it promised.
fn values() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "\\PC{0,12}".prop_map(Value::from),
        Just(json!("2026-01-05T10:00:00Z")),
        Just(json!("ana@example.org")),
        Just(json!("Bounce")),
    ];
    let keys = prop::sample::select(vec![
        "eventType",
        "notificationType",
        "mail",
        "bounce",
        "complaint",
        "messageId",
        "timestamp",
        "tags",
        "send_id",
        "destination",
        "bouncedRecipients",
        "emailAddress",
        "Message",
        "TopicArn",
        "Type",
        "detail",
        "detail-type",
        "receipt",
        "recipients",
        "Records",
    ]);
    leaf.prop_recursive(5, 40, 5, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((keys.clone(), inner), 0..6).prop_map(|fields| Value::Object(
                fields
                    .into_iter()
                    .map(|(key, value)| (key.to_owned(), value))
                    .collect()
            )),
        ]
    })
}

proptest! {
    /// Whatever came is an event, a note that asks for nothing, or an error with its reason.
    #[test]
    fn no_value_is_lost_without_a_report(value in values()) {
        match parse(&value.to_string()) {
            Ok(Parsed::Events(events)) => prop_assert!(!events.is_empty()),
            Ok(Parsed::UnknownType(event)) => prop_assert!(!event.kind.is_empty()),
            Ok(Parsed::SetUp | Parsed::OtherMail) => {}
            Err(malformed) => prop_assert!(!malformed.to_string().is_empty()),
        }
    }

    #[test]
    fn odd_value_anywhere_keeps_the_tagged_event(value in values(), at in 0_usize..9) {
        let pointer = [
            "/bounce", "/bounce/bounceType", "/bounce/timestamp", "/bounce/bouncedRecipients", "/mail/timestamp", "/mail/messageId",
            "/mail/destination", "/bounce/feedbackId", "/bounce/bouncedRecipients/0",
        ][at];
        let mut notification = bounce();
        *notification.pointer_mut(pointer).unwrap() = value;
        for event in events(&notification) {
            prop_assert_eq!(event.send, Some(SendId(7)));
            prop_assert!((1..=200).contains(&event.message_id.len()));
        }
    }

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
