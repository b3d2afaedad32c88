//! SES's notifications as they come. Everything that may be missing may be missing, may be null and may
//! be of another type, and what is not read is not named: such a field changes nothing else.

use chrono::{DateTime, Utc};
use serde_json::Value;

use crate::field::{field, list, text, time};

/// An event of a configuration set, feedback of an identity, or a mail to us.
#[derive(Debug)]
pub(crate) struct Notification {
    /// SES's word for the type.
    pub(crate) kind: String,
    pub(crate) mail: Mail,
    pub(crate) event: SesEvent,
    /// The same for the same notification in whatever wrapping: its own text.
    pub(crate) text: String,
}

#[derive(Debug)]
pub(crate) enum SesEvent {
    Send,
    Reject,
    RenderingFailure,
    Delivery(Delivery),
    DeliveryDelay(Moment),
    Bounce(Bounce),
    Complaint(Complaint),
    Open(Moment),
    Click(Moment),
    Subscription(Moment),
    /// A mail to us.
    Received(Receipt),
    /// A type that this version does not know.
    Unknown,
}

/// The fields that a type's details stand in, with the type.
const DETAILS: [(&str, &str); 10] = [
    ("bounce", "Bounce"),
    ("complaint", "Complaint"),
    ("delivery", "Delivery"),
    ("deliveryDelay", "DeliveryDelay"),
    ("reject", "Reject"),
    ("open", "Open"),
    ("click", "Click"),
    ("failure", "Rendering Failure"),
    ("receipt", "Received"),
    ("send", "Send"),
];

/// The type that the details of a notification speak of.
fn kind_of_details(value: &Value) -> Option<&'static str> {
    let given = |(name, _): &&(&str, &str)| field(value, name).is_object();
    DETAILS.iter().find(given).map(|(_, kind)| *kind)
}

/// Whether a value could be a notification: it names a type, or is about a mail and has details.
pub(crate) fn is_notification(value: &Value) -> bool {
    let named = text(field(value, "eventType")).or_else(|| text(field(value, "notificationType")));
    named.is_some() || field(value, "mail").is_object() && kind_of_details(value).is_some()
}

impl Notification {
    /// Feedback of an identity and a mail to us name their type under another key. `told` is the type as
    /// a wrapping says it.
    pub(crate) fn read(value: &Value, told: Option<&str>) -> Option<Self> {
        let word = |name| {
            field(value, name)
                .as_str()
                .filter(|word| !word.trim().is_empty())
        };
        let kind = word("eventType")
            .or_else(|| word("notificationType"))
            .or_else(|| kind_of_details(value))
            .or(told)?;
        let kind = kind.trim().to_owned();
        Some(Self {
            mail: Mail::read(field(value, "mail")),
            event: SesEvent::read(&kind, value),
            kind,
            text: value.to_string(),
        })
    }
}

impl SesEvent {
    fn read(kind: &str, value: &Value) -> Self {
        let plain: String = kind.chars().filter(char::is_ascii_alphabetic).collect();
        let detail = |name| field(value, name);
        match plain.to_ascii_lowercase().as_str() {
            "send" => Self::Send,
            "reject" => Self::Reject,
            "renderingfailure" => Self::RenderingFailure,
            "delivery" => Self::Delivery(Delivery::read(detail("delivery"))),
            "deliverydelay" => Self::DeliveryDelay(Moment::read(detail("deliveryDelay"))),
            "bounce" => Self::Bounce(Bounce::read(detail("bounce"))),
            "complaint" => Self::Complaint(Complaint::read(detail("complaint"))),
            "open" => Self::Open(Moment::read(detail("open"))),
            "click" => Self::Click(Moment::read(detail("click"))),
            "subscription" => Self::Subscription(Moment::read(detail("subscription"))),
            "received" => Self::Received(Receipt::read(detail("receipt"))),
            _ => Self::Unknown,
        }
    }
}

/// The mail that an event is about.
#[derive(Debug, Default)]
pub(crate) struct Mail {
    pub(crate) at: Option<DateTime<Utc>>,
    pub(crate) message_id: Option<String>,
    pub(crate) destination: Vec<String>,
    /// Our own tag, as it is written.
    pub(crate) send_id: Option<String>,
}

impl Mail {
    fn read(mail: &Value) -> Self {
        let common = field(mail, "commonHeaders");
        let id = text(field(mail, "messageId")).or_else(|| text(field(common, "messageId")));
        let mut destination = addresses(field(mail, "destination"));
        if destination.is_empty() {
            destination = addresses(field(common, "to"));
        }
        Self {
            at: time(field(mail, "timestamp")),
            message_id: id,
            destination,
            send_id: tag(field(mail, "tags"), "send_id"),
        }
    }
}

/// A tag of a mail: `{"name": ["value"]}`, or a list of names and values.
fn tag(tags: &Value, name: &str) -> Option<String> {
    let listed = || {
        let mut entries = list(tags).iter();
        let entry = entries.find(|entry| text(field(entry, "name")).as_deref() == Some(name))?;
        text(field(entry, "value"))
    };
    text(field(tags, name)).or_else(listed)
}

/// Addresses as texts, or as fields of recipients.
fn addresses(value: &Value) -> Vec<String> {
    let address = |entry: &Value| text(entry).or_else(|| text(field(entry, "emailAddress")));
    list(value).iter().filter_map(address).collect()
}

#[derive(Debug, Default)]
pub(crate) struct Bounce {
    pub(crate) kind: String,
    pub(crate) subtype: String,
    pub(crate) recipients: Vec<BouncedRecipient>,
    pub(crate) at: Option<DateTime<Utc>>,
    pub(crate) feedback_id: Option<String>,
}

impl Bounce {
    fn read(bounce: &Value) -> Self {
        let recipients = list(field(bounce, "bouncedRecipients")).iter();
        Self {
            kind: text(field(bounce, "bounceType")).unwrap_or_default(),
            subtype: text(field(bounce, "bounceSubType")).unwrap_or_default(),
            recipients: recipients.map(BouncedRecipient::read).collect(),
            at: time(field(bounce, "timestamp")),
            feedback_id: text(field(bounce, "feedbackId")),
        }
    }
}

#[derive(Debug, Default)]
pub(crate) struct BouncedRecipient {
    pub(crate) address: Option<String>,
    pub(crate) action: Option<String>,
    pub(crate) status: Option<String>,
    pub(crate) diagnostic: Option<String>,
}

impl BouncedRecipient {
    fn read(recipient: &Value) -> Self {
        Self {
            address: text(recipient).or_else(|| text(field(recipient, "emailAddress"))),
            action: text(field(recipient, "action")),
            status: text(field(recipient, "status")),
            diagnostic: text(field(recipient, "diagnosticCode")),
        }
    }
}

#[derive(Debug, Default)]
pub(crate) struct Complaint {
    pub(crate) recipients: Vec<Option<String>>,
    pub(crate) at: Option<DateTime<Utc>>,
    pub(crate) feedback_id: Option<String>,
    pub(crate) subtype: Option<String>,
    pub(crate) feedback: Option<String>,
}

impl Complaint {
    fn read(complaint: &Value) -> Self {
        let recipients = list(field(complaint, "complainedRecipients")).iter();
        Self {
            recipients: recipients
                .map(|recipient| text(recipient).or_else(|| text(field(recipient, "emailAddress"))))
                .collect(),
            at: time(field(complaint, "timestamp")),
            feedback_id: text(field(complaint, "feedbackId")),
            subtype: text(field(complaint, "complaintSubType")),
            feedback: text(field(complaint, "complaintFeedbackType")),
        }
    }
}

#[derive(Debug, Default)]
pub(crate) struct Delivery {
    pub(crate) at: Option<DateTime<Utc>>,
    pub(crate) recipients: Vec<Option<String>>,
}

impl Delivery {
    fn read(delivery: &Value) -> Self {
        let recipients = addresses(field(delivery, "recipients"));
        Self {
            at: time(field(delivery, "timestamp")),
            recipients: recipients.into_iter().map(Some).collect(),
        }
    }
}

/// All that is read of an open, a click or a delay.
#[derive(Debug, Default)]
pub(crate) struct Moment {
    pub(crate) at: Option<DateTime<Utc>>,
}

impl Moment {
    fn read(moment: &Value) -> Self {
        Self {
            at: time(field(moment, "timestamp")),
        }
    }
}

/// How a mail to us came in.
#[derive(Debug, Default)]
pub(crate) struct Receipt {
    pub(crate) at: Option<DateTime<Utc>>,
    pub(crate) recipients: Vec<String>,
}

impl Receipt {
    fn read(receipt: &Value) -> Self {
        Self {
            at: time(field(receipt, "timestamp")),
            recipients: addresses(field(receipt, "recipients")),
        }
    }
}
