//! SES's notifications as they come. Everything that may be missing may be missing, and what is not
//! read is not named: a field that this version does not know changes nothing.

use serde::Deserialize;
use serde_json::{Map, Value};

use crate::envelope::Malformed;

/// An event of a configuration set, feedback of an identity, or a mail to us.
#[derive(Debug)]
pub(crate) struct Notification {
    /// SES's word for the type.
    pub(crate) kind: String,
    pub(crate) mail: Mail,
    pub(crate) event: SesEvent,
}

impl Notification {
    /// Feedback of an identity and a mail to us name their type under another key.
    pub(crate) fn parse(text: &str) -> Result<Self, Malformed> {
        let mut fields: Map<String, Value> =
            serde_json::from_str(text).map_err(|_| Malformed::Shape)?;
        if let Some(kind) = fields.remove("notificationType") {
            fields.entry("eventType").or_insert(kind);
        }
        let kind = fields.get("eventType").and_then(Value::as_str);
        let kind = kind.ok_or(Malformed::Shape)?.to_owned();
        let mail = fields.remove("mail").ok_or(Malformed::Incomplete)?;
        Ok(Self {
            kind,
            mail: Mail::deserialize(mail).map_err(|_| Malformed::Shape)?,
            event: SesEvent::deserialize(Value::Object(fields)).map_err(|_| Malformed::Shape)?,
        })
    }
}

#[derive(Debug, Deserialize)]
#[serde(tag = "eventType", rename_all_fields = "camelCase")]
pub(crate) enum SesEvent {
    Send,
    Reject,
    #[serde(rename = "Rendering Failure")]
    RenderingFailure,
    Delivery {
        delivery: Option<Delivery>,
    },
    DeliveryDelay {
        delivery_delay: Option<Moment>,
    },
    Bounce {
        bounce: Option<Bounce>,
    },
    Complaint {
        complaint: Option<Complaint>,
    },
    Open {
        open: Option<Moment>,
    },
    Click {
        click: Option<Moment>,
    },
    Subscription {
        subscription: Option<Moment>,
    },
    /// A mail to us.
    Received {
        receipt: Option<Receipt>,
    },
    /// A type that this version does not know.
    #[serde(other)]
    Unknown,
}

/// The mail that an event is about.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Mail {
    pub(crate) timestamp: Option<String>,
    pub(crate) message_id: Option<String>,
    pub(crate) destination: Option<Vec<String>>,
    pub(crate) tags: Option<Tags>,
}

/// Only our own tag.
#[derive(Debug, Deserialize)]
pub(crate) struct Tags {
    pub(crate) send_id: Option<Vec<String>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Bounce {
    pub(crate) bounce_type: Option<String>,
    pub(crate) bounce_sub_type: Option<String>,
    pub(crate) bounced_recipients: Option<Vec<BouncedRecipient>>,
    pub(crate) timestamp: Option<String>,
    pub(crate) feedback_id: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct BouncedRecipient {
    #[serde(default)]
    pub(crate) email_address: String,
    pub(crate) action: Option<String>,
    pub(crate) status: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Complaint {
    pub(crate) complained_recipients: Option<Vec<Recipient>>,
    pub(crate) timestamp: Option<String>,
    pub(crate) feedback_id: Option<String>,
    pub(crate) complaint_sub_type: Option<String>,
    pub(crate) complaint_feedback_type: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Recipient {
    #[serde(default)]
    pub(crate) email_address: String,
}

#[derive(Debug, Default, Deserialize)]
pub(crate) struct Delivery {
    pub(crate) timestamp: Option<String>,
    pub(crate) recipients: Option<Vec<String>>,
}

/// All that is read of an open, a click or a delay.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Moment {
    pub(crate) timestamp: Option<String>,
}

/// How a mail to us came in.
#[derive(Debug, Deserialize)]
pub(crate) struct Receipt {
    pub(crate) timestamp: Option<String>,
    #[serde(default)]
    pub(crate) recipients: Vec<String>,
}
