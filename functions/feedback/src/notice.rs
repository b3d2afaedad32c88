//! SES's notices as they come. Everything that may be missing may be missing, and what is not read is
//! not named: a field that this version does not know changes nothing.

use serde::Deserialize;

/// An event of a configuration set, feedback of an identity, or a mail to us.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Notice {
    event_type: Option<String>,
    notification_type: Option<String>,
    pub(crate) mail: Option<Mail>,
    pub(crate) bounce: Option<Bounce>,
    pub(crate) complaint: Option<Complaint>,
    pub(crate) delivery: Option<Delivery>,
    pub(crate) open: Option<Moment>,
    pub(crate) click: Option<Moment>,
    pub(crate) delivery_delay: Option<Moment>,
    pub(crate) subscription: Option<Moment>,
    pub(crate) receipt: Option<Receipt>,
}

impl Notice {
    /// SES's word for what it is, under either key.
    pub(crate) fn kind(&self) -> Option<&str> {
        self.event_type
            .as_deref()
            .or(self.notification_type.as_deref())
    }
}

/// The mail that it is about.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Mail {
    pub(crate) timestamp: Option<String>,
    pub(crate) message_id: Option<String>,
    #[serde(default)]
    pub(crate) destination: Option<Vec<String>>,
    pub(crate) tags: Option<Tags>,
}

/// Only our own tag.
#[derive(Debug, Deserialize)]
pub(crate) struct Tags {
    pub(crate) send_id: Option<Vec<String>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Bounce {
    #[serde(default)]
    pub(crate) bounce_type: String,
    #[serde(default)]
    pub(crate) bounce_sub_type: String,
    #[serde(default)]
    pub(crate) bounced_recipients: Vec<BouncedRecipient>,
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

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Complaint {
    #[serde(default)]
    pub(crate) complained_recipients: Vec<Recipient>,
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

#[derive(Debug, Deserialize)]
pub(crate) struct Delivery {
    pub(crate) timestamp: Option<String>,
    #[serde(default)]
    pub(crate) recipients: Vec<String>,
}

/// All that is read of an open, a click or a delay.
#[derive(Debug, Deserialize)]
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
