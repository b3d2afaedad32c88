//! SES's events about a mail, in the shapes of event publishing.

use std::sync::Arc;

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use serde_json::{Value, json};

use super::fault::DeliveryResult;
use super::ledger::Handover;

/// Receives SES's events, as the topic of the configuration set does.
pub(super) type Sink = Arc<dyn Fn(&Value) + Send + Sync>;

/// How an event arrives in a queue.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Envelope {
    /// As it is: the subscription delivers raw messages.
    #[default]
    Raw,
    /// In SNS's own envelope.
    Notification,
}

impl Envelope {
    /// The topic that a notification comes from.
    pub const TOPIC_ARN: &str = "arn:aws:sns:us-east-1:000000000000:ses-events";

    /// The body of the message in the queue.
    pub fn wrap(self, event: &Value) -> String {
        match self {
            Self::Raw => event.to_string(),
            Self::Notification => json!({
                "Type": "Notification",
                "MessageId": "22b80b92-fdea-4c2c-8f9d-bdfb0c7bf324",
                "TopicArn": Self::TOPIC_ARN,
                "Subject": "Amazon SES Email Event Notification",
                "Message": event.to_string(),
                "Timestamp": event.pointer("/mail/timestamp"),
                "SignatureVersion": "1",
                "Signature": "simulated",
                "SigningCertURL": "https://sns.us-east-1.amazonaws.com/simulated.pem",
                "UnsubscribeURL": "https://sns.us-east-1.amazonaws.com/",
            })
            .to_string(),
        }
    }
}

/// The events of an accepted mail from `at` on, in the order in which SES sees them happen.
pub(super) fn events(mail: &Handover, result: DeliveryResult, at: DateTime<Utc>) -> Vec<Value> {
    let kinds: &[&str] = match result {
        DeliveryResult::Delivered => &["Send", "Delivery"],
        DeliveryResult::HardBounce | DeliveryResult::SoftBounce => &["Send", "Bounce"],
        DeliveryResult::Complained => &["Send", "Delivery", "Complaint"],
        DeliveryResult::Delayed => &["Send", "DeliveryDelay", "Delivery"],
        DeliveryResult::Rejected => &["Send", "Reject"],
        DeliveryResult::Opened => &["Send", "Delivery", "Open"],
        DeliveryResult::Clicked => &["Send", "Delivery", "Open", "Click"],
        DeliveryResult::Silent => &["Send"],
    };
    let about = about(mail);
    (0..)
        .zip(kinds)
        .map(|(n, kind)| {
            let (field, detail) = detail(mail, kind, result, at + TimeDelta::milliseconds(n));
            json!({ "eventType": kind, "mail": about, field: detail })
        })
        .collect()
}

fn detail(
    mail: &Handover,
    kind: &str,
    result: DeliveryResult,
    at: DateTime<Utc>,
) -> (&'static str, Value) {
    let at = stamp(at);
    let id = mail.message_id.as_deref().unwrap_or_default();
    let feedback = format!("{id}-{}", kind.to_lowercase());
    let recipients = &mail.destinations;
    let agent = "Mozilla/5.0 (simulated)";
    match kind {
        "Send" => ("send", json!({})),
        "Delivery" => (
            "delivery",
            json!({
                "timestamp": at, "processingTimeMillis": 1, "recipients": recipients,
                "smtpResponse": "250 2.6.0 Message received",
                "reportingMTA": "a1-1.smtp-out.amazonses.com", "remoteMtaIp": "198.51.100.7",
            }),
        ),
        "Bounce" => {
            let (kind, subtype, status, text) = if result == DeliveryResult::SoftBounce {
                (
                    "Transient",
                    "MailboxFull",
                    "4.2.2",
                    "smtp; 452 4.2.2 mailbox full",
                )
            } else {
                (
                    "Permanent",
                    "General",
                    "5.1.1",
                    "smtp; 550 5.1.1 user unknown",
                )
            };
            let bounced: Vec<Value> = recipients
                .iter()
                .map(|address| {
                    json!({
                        "emailAddress": address, "action": "failed", "status": status,
                        "diagnosticCode": text,
                    })
                })
                .collect();
            (
                "bounce",
                json!({
                    "bounceType": kind, "bounceSubType": subtype, "bouncedRecipients": bounced,
                    "timestamp": at, "feedbackId": feedback,
                    "reportingMTA": "dsn; a1-1.smtp-out.amazonses.com",
                }),
            )
        }
        "Complaint" => {
            let complained: Vec<Value> = recipients
                .iter()
                .map(|address| json!({ "emailAddress": address }))
                .collect();
            (
                "complaint",
                json!({
                    "complainedRecipients": complained, "timestamp": at, "feedbackId": feedback,
                    "complaintSubType": null, "userAgent": "SimulatedFBL/1.0",
                    "complaintFeedbackType": "abuse", "arrivalDate": at,
                }),
            )
        }
        "DeliveryDelay" => {
            let delayed: Vec<Value> = recipients
                .iter()
                .map(|address| {
                    json!({
                        "emailAddress": address, "status": "4.4.1",
                        "diagnosticCode": "smtp; 421 4.4.1 Unable to connect to remote host",
                    })
                })
                .collect();
            (
                "deliveryDelay",
                json!({
                    "timestamp": at, "delayType": "TransientCommunicationFailure",
                    "expirationTime": stamp(mail.at + TimeDelta::hours(12)),
                    "delayedRecipients": delayed,
                }),
            )
        }
        "Reject" => ("reject", json!({ "reason": "Bad content" })),
        "Open" => (
            "open",
            json!({ "ipAddress": "198.51.100.9", "timestamp": at, "userAgent": agent }),
        ),
        _ => (
            "click",
            json!({
                "ipAddress": "198.51.100.9", "link": "https://www.example.com/", "linkTags": null,
                "timestamp": at, "userAgent": agent,
            }),
        ),
    }
}

/// The part that all events of a mail share.
fn about(mail: &Handover) -> Value {
    let mut tags: serde_json::Map<String, Value> = mail
        .tags
        .iter()
        .map(|(name, value)| (name.clone(), json!([value])))
        .collect();
    tags.insert(
        "ses:configuration-set".to_owned(),
        json!([mail.configuration_set]),
    );
    tags.insert("ses:source-ip".to_owned(), json!(["127.0.0.1"]));
    tags.insert("ses:caller-identity".to_owned(), json!(["simulated"]));
    let domain = mail.source.rsplit('@').next().unwrap_or_default();
    tags.insert("ses:from-domain".to_owned(), json!([domain]));
    json!({
        "timestamp": stamp(mail.at),
        "source": mail.source,
        "sourceArn": format!("arn:aws:ses:us-east-1:000000000000:identity/{domain}"),
        "sendingAccountId": "000000000000",
        "messageId": mail.message_id,
        "destination": mail.destinations,
        "headersTruncated": false,
        "tags": tags,
    })
}

fn stamp(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Millis, true)
}
