//! From a queue message's body to SES's notification: as it is, or within what other services put around
//! it: SNS's envelope, EventBridge's event, a text of JSON within a text.

use chrono::{DateTime, Utc};
use serde_json::Value;

use crate::{
    field::{field, list, text, time},
    notification::{Notification, is_notification},
};

/// Why a body can never be worked on. Names no address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Malformed {
    #[error("the body is no notification of SES")]
    Shape,
    #[error("the envelope is of another topic")]
    ForeignTopic,
    #[error("the envelope holds no notification")]
    NoNotification,
    /// Neither an id nor our tag nor an address: no mailbox can be meant.
    #[error("the notification does not say which mail it is about")]
    Incomplete,
}

#[derive(Debug)]
pub(crate) enum Content {
    Notification(Box<Notification>, Wrapping),
    /// What services send when they are connected.
    SetUp,
}

/// What the wrapping said, where the notification itself is silent.
#[derive(Debug, Clone, Default)]
pub(crate) struct Wrapping {
    pub(crate) at: Option<DateTime<Utc>>,
    kind: Option<&'static str>,
}

/// No service wraps deeper.
const DEPTH: usize = 8;

/// What services say when they are connected, in lower case.
const SET_UP: [&str; 4] = [
    "successfully validated sns topic",
    "successfully subscribed your amazon sns topic",
    "you have chosen to subscribe to the topic",
    "amazonsnssubscriptionsucceeded",
];

/// EventBridge's words for the types, as far as the event itself is silent.
const DETAIL_TYPES: [(&str, &str); 9] = [
    ("email sent", "Send"),
    ("email delivered", "Delivery"),
    ("email bounced", "Bounce"),
    ("email complaint received", "Complaint"),
    ("email rejected", "Reject"),
    ("email opened", "Open"),
    ("email clicked", "Click"),
    ("email rendering failed", "Rendering Failure"),
    ("email delivery delayed", "DeliveryDelay"),
];

/// Where the content of a wrapping stands.
const CONTENTS: [&str; 7] = [
    "detail", "Message", "Sns", "Records", "body", "payload", "data",
];

/// Takes the wrapping off, if there is one.
pub(crate) fn open(body: &str, topic_arn: &str) -> Result<Content, Malformed> {
    let body = body.trim_start_matches('\u{FEFF}');
    let value = Value::String(body.to_owned());
    unwrap(&value, topic_arn, Wrapping::default(), DEPTH)
}

fn unwrap(
    value: &Value,
    topic_arn: &str,
    mut wrapping: Wrapping,
    depth: usize,
) -> Result<Content, Malformed> {
    let Some(depth) = depth.checked_sub(1) else {
        return Err(Malformed::Shape);
    };
    match value {
        Value::String(words) if is_set_up(words) => Ok(Content::SetUp),
        Value::String(json) => {
            let value = serde_json::from_str(json).map_err(|_| Malformed::Shape)?;
            unwrap(&value, topic_arn, wrapping, depth)
        }
        // More than one would need more than one answer.
        Value::Array(values) => match values.as_slice() {
            [one] => unwrap(one, topic_arn, wrapping, depth),
            _ => Err(Malformed::Shape),
        },
        Value::Object(_) if connects(value) => Ok(Content::SetUp),
        Value::Object(_) if is_notification(value) => {
            let notification = Notification::read(value, wrapping.kind).ok_or(Malformed::Shape)?;
            Ok(Content::Notification(Box::new(notification), wrapping))
        }
        Value::Object(_) => {
            if text(field(value, "TopicArn")).is_some_and(|arn| arn != topic_arn) {
                return Err(Malformed::ForeignTopic);
            }
            let told = time(field(value, "Timestamp")).or_else(|| time(field(value, "time")));
            wrapping.at = wrapping.at.or(told);
            let detail_type = text(field(value, "detail-type"))
                .unwrap_or_default()
                .to_lowercase();
            let kind = DETAIL_TYPES.iter().find(|(words, _)| *words == detail_type);
            wrapping.kind = wrapping.kind.or(kind.map(|(_, kind)| *kind));
            let content = CONTENTS
                .iter()
                .map(|name| field(value, name))
                .find(|content| !content.is_null());
            if let Some(content) = content {
                return unwrap(content, topic_arn, wrapping, depth);
            }
            // EventBridge's event, whose details name no type.
            if wrapping.kind.is_some() && field(value, "mail").is_object() {
                let notification =
                    Notification::read(value, wrapping.kind).ok_or(Malformed::Shape)?;
                return Ok(Content::Notification(Box::new(notification), wrapping));
            }
            if text(field(value, "Type")).is_some() {
                return Err(Malformed::NoNotification);
            }
            Err(Malformed::Shape)
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => Err(Malformed::Shape),
    }
}

/// Whether the value only says that services were connected: nothing of it is about a mail.
fn connects(value: &Value) -> bool {
    let says = |name| text(field(value, name)).unwrap_or_default();
    // The end of a subscription is no set-up: without it no event comes any more.
    let confirms = says("Type") == "SubscriptionConfirmation";
    let greets = [says("notificationType"), says("eventType"), says("message")]
        .iter()
        .any(|words| is_set_up(words));
    let about_a_mail =
        field(value, "mail").is_object() || !list(field(value, "Records")).is_empty();
    !about_a_mail && (confirms || greets)
}

fn is_set_up(words: &str) -> bool {
    let words = words.trim_start_matches(|c: char| !c.is_alphabetic());
    let plain = words.chars().take(80).collect::<String>().to_lowercase();
    SET_UP.iter().any(|greeting| plain.starts_with(greeting))
}
