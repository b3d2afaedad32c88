//! From a message's body to SES's notice: as it is, or within SNS's envelope.

use std::borrow::Cow;

use serde::Deserialize;

use crate::notice::Notice;

/// Why a body can never be worked on. Names no address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Malformed {
    /// Not JSON, or JSON of another shape.
    #[error("the body is no notice of SES")]
    Shape,
    /// An envelope of a topic that is not ours.
    #[error("the envelope is of another topic")]
    ForeignTopic,
    /// SNS speaks for itself: nobody here subscribes to anything.
    #[error("the envelope holds no notification")]
    NoNotification,
    /// Without an id or a time an event could not be told from another.
    #[error("the notice does not say which mail it is about, or when")]
    Incomplete,
}

/// What a body holds.
#[derive(Debug)]
pub(crate) enum Content {
    /// What SES reports.
    Notice(Box<Notice>),
    /// SES's greeting when the topic was connected.
    Validation,
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
pub(crate) fn unwrap(body: &str, topic_arn: &str) -> Result<Content, Malformed> {
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
    if text
        .trim_start()
        .starts_with("Successfully validated SNS topic")
    {
        return Ok(Content::Validation);
    }
    let notice: Notice = serde_json::from_str(text).map_err(|_| Malformed::Shape)?;
    Ok(Content::Notice(Box::new(notice)))
}
