//! From SES's notice to events of the ledger: pure, and the only place that knows SES's words.

use chrono::{DateTime, Utc};
use shared::{
    db::feedback::NewEvent,
    domain::{
        email::HashKey,
        feedback::{BounceReport, Report, classify, effect},
        ids::SendId,
        unsubscribe::UnsubscribeKeys,
    },
};

use crate::{
    notice::{BouncedRecipient, Mail, Moment, Notice, Receipt},
    words::{hash, identifier, key, plain, tagged, time, word},
    wrapping::{Content, Malformed, unwrap},
};

/// What it takes to read a body.
#[derive(Debug)]
pub(crate) struct Reader<'a> {
    pub(crate) topic_arn: &'a str,
    pub(crate) hash_key: &'a HashKey,
    pub(crate) unsubscribe_keys: &'a UnsubscribeKeys,
}

/// What a body says.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Reading {
    /// Events of a known type.
    Events(Vec<NewEvent>),
    /// Of a type that this version does not know: stored, and to be looked at.
    Unknown(NewEvent),
    /// SES's greeting: nothing to do.
    Validation,
    /// A mail to us that is no unsubscribe.
    OtherMail,
}

impl Reader<'_> {
    /// Reads a body.
    pub(crate) fn read(&self, body: &str) -> Result<Reading, Malformed> {
        let notice = match unwrap(body, self.topic_arn)? {
            Content::Notice(notice) => notice,
            Content::Validation => return Ok(Reading::Validation),
        };
        let kind = notice.kind().ok_or(Malformed::Shape)?;
        let mail = notice.mail.as_ref().ok_or(Malformed::Incomplete)?;
        let message_id = mail.message_id.as_deref().and_then(identifier);
        let message_id = message_id.ok_or(Malformed::Incomplete)?;
        if kind == "Received" {
            return Ok(self.received(&notice, mail, message_id));
        }
        let about = About {
            reader: self,
            message_id,
            mailed_at: time(mail.timestamp.as_deref()).ok_or(Malformed::Incomplete)?,
            send: tagged(mail),
        };
        Ok(match about.events(kind, &notice, mail) {
            Some(events) => Reading::Events(events),
            None => {
                let word = word(kind).ok_or(Malformed::Shape)?;
                Reading::Unknown(about.event(&word, &Report::Unknown, Detail::default()))
            }
        })
    }

    /// A mail to us: the token in its address decides, whatever it says.
    fn received(&self, notice: &Notice, mail: &Mail, message_id: &str) -> Reading {
        let receipt = notice.receipt.as_ref();
        let recipients = receipt.map_or(&[][..], |receipt| &receipt.recipients);
        let token = |recipient: &String| {
            let (local, _) = recipient.rsplit_once('@')?;
            let (_, token) = local.rsplit_once('+')?;
            self.unsubscribe_keys.verify_mailbox(token)
        };
        let at = time(receipt.and_then(|receipt: &Receipt| receipt.timestamp.as_deref()))
            .or_else(|| time(mail.timestamp.as_deref()));
        let Some((send, at)) = recipients.iter().find_map(token).zip(at) else {
            return Reading::OtherMail;
        };
        Reading::Events(vec![NewEvent {
            key: key("received", message_id, "", None),
            send: Some(send),
            message_id: message_id.to_owned(),
            kind: "received".to_owned(),
            detail: None,
            mailbox: None,
            at,
            mailed_at: None,
            effect: effect(&Report::Unsubscribe),
        }])
    }
}

/// The mail that a notice is about.
struct About<'a> {
    reader: &'a Reader<'a>,
    message_id: &'a str,
    mailed_at: DateTime<Utc>,
    send: Option<SendId>,
}

/// What tells one event about a mail from another.
#[derive(Default)]
struct Detail<'a> {
    text: Option<String>,
    address: Option<&'a str>,
    at: Option<&'a str>,
    feedback_id: Option<&'a str>,
}

impl About<'_> {
    /// One event per mailbox; none for a type that is not known.
    fn events(&self, kind: &str, notice: &Notice, mail: &Mail) -> Option<Vec<NewEvent>> {
        let moment = |moment: &Option<Moment>| moment.as_ref().and_then(|m| m.timestamp.clone());
        let one = |word: &str, report: &Report<'_>, at: Option<String>| {
            let at = at.as_deref();
            let detail = Detail {
                at,
                ..Detail::default()
            };
            Some(vec![self.event(word, report, detail)])
        };
        match kind {
            "Send" => one("send", &Report::Send, None),
            "Reject" => one("reject", &Report::Reject, None),
            "Open" => one("open", &Report::Open, moment(&notice.open)),
            "Click" => one("click", &Report::Click, moment(&notice.click)),
            "DeliveryDelay" => one(
                "delivery_delay",
                &Report::DeliveryDelay,
                moment(&notice.delivery_delay),
            ),
            "Subscription" => one(
                "subscription",
                &Report::Subscription,
                moment(&notice.subscription),
            ),
            "Rendering Failure" => one("rendering_failure", &Report::RenderingFailure, None),
            "Delivery" => Some(self.deliveries(notice, mail)),
            "Bounce" => Some(self.bounces(notice, mail)),
            "Complaint" => Some(self.complaints(notice, mail)),
            _ => None,
        }
    }

    fn deliveries(&self, notice: &Notice, mail: &Mail) -> Vec<NewEvent> {
        let delivery = notice.delivery.as_ref();
        let named = delivery.map_or(&[][..], |d| &d.recipients);
        let at = delivery.and_then(|d| d.timestamp.as_deref());
        let mailboxes = mailboxes(named.iter().map(String::as_str), mail);
        let event = |address| {
            let detail = Detail {
                address,
                at,
                ..Detail::default()
            };
            self.event("delivery", &Report::Delivery, detail)
        };
        mailboxes.into_iter().map(event).collect()
    }

    fn bounces(&self, notice: &Notice, mail: &Mail) -> Vec<NewEvent> {
        let bounce = notice.bounce.as_ref();
        let named = bounce.map_or(&[][..], |b| &b.bounced_recipients);
        let mailboxes = mailboxes(named.iter().map(|r| r.email_address.as_str()), mail);
        let event = |(n, address)| {
            let recipient = named.get(n);
            let report = BounceReport {
                kind: bounce.map_or("", |b| &b.bounce_type),
                subtype: bounce.map_or("", |b| &b.bounce_sub_type),
                action: recipient.and_then(|r: &BouncedRecipient| r.action.as_deref()),
                status: recipient.and_then(|r| r.status.as_deref()),
            };
            let (class, kind, subtype) = (
                classify(&report).as_str(),
                plain(report.kind),
                plain(report.subtype),
            );
            let detail = Detail {
                text: Some(format!("{class} {kind}/{subtype}")),
                address,
                at: bounce.and_then(|b| b.timestamp.as_deref()),
                feedback_id: bounce.and_then(|b| b.feedback_id.as_deref()),
            };
            self.event("bounce", &Report::Bounce(report), detail)
        };
        mailboxes.into_iter().enumerate().map(event).collect()
    }

    fn complaints(&self, notice: &Notice, mail: &Mail) -> Vec<NewEvent> {
        let complaint = notice.complaint.as_ref();
        let named = complaint.map_or(&[][..], |c| &c.complained_recipients);
        let subtype = complaint.and_then(|c| c.complaint_sub_type.as_deref());
        let feedback = complaint.and_then(|c| c.complaint_feedback_type.as_deref());
        let report = Report::Complaint { subtype, feedback };
        let mailboxes = mailboxes(named.iter().map(|r| r.email_address.as_str()), mail);
        let event = |address| {
            let detail = Detail {
                text: subtype.or(feedback).map(plain),
                address,
                at: complaint.and_then(|c| c.timestamp.as_deref()),
                feedback_id: complaint.and_then(|c| c.feedback_id.as_deref()),
            };
            self.event("complaint", &report, detail)
        };
        mailboxes.into_iter().map(event).collect()
    }

    fn event(&self, kind: &str, report: &Report<'_>, detail: Detail<'_>) -> NewEvent {
        let at = time(detail.at).unwrap_or(self.mailed_at);
        let mailbox = detail
            .address
            .and_then(|text| hash(text, self.reader.hash_key));
        let instant = at.timestamp_micros().to_string();
        let told_apart = detail.feedback_id.unwrap_or(&instant);
        NewEvent {
            key: key(kind, self.message_id, told_apart, mailbox),
            send: self.send,
            message_id: self.message_id.to_owned(),
            kind: kind.to_owned(),
            detail: detail.text,
            mailbox,
            at,
            mailed_at: Some(self.mailed_at),
            effect: effect(report),
        }
    }
}

/// Who a notice names, else to whom the mail went; at least one place, so that nothing is lost.
fn mailboxes<'a>(named: impl Iterator<Item = &'a str>, mail: &'a Mail) -> Vec<Option<&'a str>> {
    let named: Vec<_> = named.map(Some).collect();
    let written_to = mail.destination.as_deref().unwrap_or_default();
    match (named.is_empty(), written_to.is_empty()) {
        (false, _) => named,
        (true, false) => written_to.iter().map(|a| Some(a.as_str())).collect(),
        (true, true) => vec![None],
    }
}

#[cfg(test)]
mod tests;
