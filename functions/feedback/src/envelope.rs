//! From a queue message's body to SES's notification: as it is, or within SNS's envelope.

use std::borrow::Cow;

use serde::Deserialize;

use crate::notification::Notification;

/// Why a body can never be worked on. Names no address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Malformed {
    #[error("the body is no notification of SES")]
    Shape,
    #[error("the envelope is of another topic")]
    ForeignTopic,
    /// SNS writes about the subscription: this system subscribes to nothing by mail.
    #[error("the envelope holds no notification")]
    NoNotification,
    /// Without an id or a time two events cannot be told apart.
    #[error("the notification does not say which mail it is about, or when")]
    Incomplete,
}

#[derive(Debug)]
pub(crate) enum Content {
    Notification(Box<Notification>),
    /// What SES sends when a topic is connected.
    TopicValidation,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Envelope<'a> {
    #[serde(borrow)]
    r#type: Cow<'a, str>,
    #[serde(borrow)]
    topic_arn: Cow<'a, str>,
    #[serde(borrow)]
    message: Cow<'a, str>,
}

/// Takes the envelope off, if there is one.
pub(crate) fn open(body: &str, topic_arn: &str) -> Result<Content, Malformed> {
    let Ok(envelope) = serde_json::from_str::<Envelope<'_>>(body) else {
        return read(body);
    };
    if envelope.topic_arn != topic_arn {
        Err(Malformed::ForeignTopic)
    } else if envelope.r#type != "Notification" {
        Err(Malformed::NoNotification)
    } else {
        read(&envelope.message)
    }
}

fn read(text: &str) -> Result<Content, Malformed> {
    // Plain text, unlike everything else.
    let validation = "Successfully validated SNS topic";
    if text.trim_start().starts_with(validation) {
        return Ok(Content::TopicValidation);
    }
    let notification = Notification::parse(text)?;
    Ok(Content::Notification(Box::new(notification)))
}
