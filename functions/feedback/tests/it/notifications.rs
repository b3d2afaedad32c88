//! SES's notices, made up.

use std::sync::LazyLock;

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use serde_json::{Value, json};

/// The notice of an example event.
pub(crate) fn example(name: &str) -> String {
    let path = format!("{}/events/{name}.json", env!("CARGO_MANIFEST_DIR"));
    let event: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    event["Records"][0]["body"].as_str().unwrap().to_owned()
}

/// An hour before the tests began, and some seconds.
#[expect(
    clippy::disallowed_methods,
    reason = "what happened lately counts, so the test's events are of today"
)]
pub(crate) fn at(seconds: i64) -> String {
    static START: LazyLock<DateTime<Utc>> = LazyLock::new(|| Utc::now() - TimeDelta::hours(1));
    text(*START + TimeDelta::seconds(seconds))
}

/// As SES writes a time.
pub(crate) fn text(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Millis, true)
}

/// A mail of ours to `runner{n}`, as events speak of it.
pub(crate) fn mail(send: i64, n: usize) -> Value {
    json!({
        "timestamp": at(0),
        "messageId": format!("message-{send}"),
        "destination": [format!("runner{n}@example.org")],
        "tags": {"send_id": [send.to_string()]},
    })
}

pub(crate) fn send(mail: &Value) -> Value {
    json!({"eventType": "Send", "send": {}, "mail": mail})
}

pub(crate) fn delivery(mail: &Value, at: &str) -> Value {
    let to = &mail["destination"];
    json!({"eventType": "Delivery", "delivery": {"timestamp": at, "recipients": to}, "mail": mail})
}

/// `kind` is `Permanent` or `Transient`.
pub(crate) fn bounce(mail: &Value, kind: &str, subtype: &str, at: &str) -> Value {
    json!({
        "eventType": "Bounce",
        "bounce": {
            "bounceType": kind, "bounceSubType": subtype, "timestamp": at,
            "feedbackId": format!("bounce-{}-{at}", mail["messageId"]),
            "bouncedRecipients": [{"emailAddress": mail["destination"][0]}],
        },
        "mail": mail,
    })
}

pub(crate) fn hard(mail: &Value) -> Value {
    bounce(mail, "Permanent", "General", &at(5))
}

pub(crate) fn soft(mail: &Value, at: &str) -> Value {
    bounce(mail, "Transient", "MailboxFull", at)
}

pub(crate) fn complaint(mail: &Value, feedback: &str) -> Value {
    json!({
        "eventType": "Complaint",
        "complaint": {
            "complaintFeedbackType": feedback, "complaintSubType": null, "timestamp": at(9),
            "feedbackId": format!("complaint-{}", mail["messageId"]),
            "complainedRecipients": [{"emailAddress": mail["destination"][0]}],
        },
        "mail": mail,
    })
}

/// A mail to us.
pub(crate) fn received(to: &str) -> Value {
    json!({
        "notificationType": "Received",
        "mail": {"timestamp": at(20), "messageId": "inbound-1", "destination": [to]},
        "receipt": {"timestamp": at(20), "recipients": [to]},
    })
}

/// The same notice as an identity's feedback tells it: another key, and no tag.
pub(crate) fn untagged(notice: &Value) -> Value {
    let mut notice = notice.clone();
    let fields = notice.as_object_mut().unwrap();
    let kind = fields.remove("eventType").unwrap();
    fields.insert("notificationType".to_owned(), kind);
    fields["mail"].as_object_mut().unwrap().remove("tags");
    notice
}

/// SNS's envelope around a notice.
pub(crate) fn envelope(message: &str, topic: &str) -> String {
    json!({
        "Type": "Notification", "MessageId": "22b80b92", "TopicArn": topic, "Message": message,
        "Timestamp": at(3), "SignatureVersion": "1", "Signature": "x",
    })
    .to_string()
}
