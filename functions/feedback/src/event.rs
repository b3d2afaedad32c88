//! From SES's notification to events of the ledger: pure, and the only place that knows SES's words.

use chrono::{DateTime, Utc};
use shared::{
    db::feedback::NewEvent,
    domain::{
        email::HashKey,
        feedback::{BounceReport, Report, UNNAMED_MAIL, classify, effect},
        ids::SendId,
        unsubscribe::UnsubscribeKeys,
    },
};

use crate::{
    envelope::{Content, Malformed, Wrapping, open},
    key::{digest, event_key, is_address, mailbox_hash},
    notification::{
        Bounce, BouncedRecipient, Complaint, Delivery, Mail, Moment, Notification, Receipt,
        SesEvent,
    },
};

/// Longer ids and words are none of SES's.
const ID_LIMIT: usize = 200;
const WORD_LIMIT: usize = 60;

/// What it takes to parse a body.
#[derive(Debug)]
pub(crate) struct Parser<'a> {
    pub(crate) topic_arn: &'a str,
    pub(crate) hash_key: &'a HashKey,
    pub(crate) unsubscribe_keys: &'a UnsubscribeKeys,
    /// When the batch came: the time of what names none.
    pub(crate) now: DateTime<Utc>,
}

#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Parsed {
    Events(Vec<NewEvent>),
    /// Of a type that this version does not know: stored under its own word.
    UnknownType(NewEvent),
    /// Services were connected: nothing to do.
    SetUp,
    /// A mail to us that is no unsubscribe.
    OtherMail,
}

impl Parser<'_> {
    pub(crate) fn parse(&self, body: &str) -> Result<Parsed, Malformed> {
        let (notification, wrapping) = match open(body, self.topic_arn)? {
            Content::Notification(notification, wrapping) => (notification, wrapping),
            Content::SetUp => return Ok(Parsed::SetUp),
        };
        if let SesEvent::Received(receipt) = &notification.event {
            return Ok(self.received(receipt, &notification, &wrapping));
        }
        if let SesEvent::Unknown = notification.event {
            let word = word(&notification.kind).ok_or(Malformed::Shape)?;
            let fact = Fact::new(&word, Report::Unknown, None);
            let event = self.store(fact, &notification, &wrapping)?;
            return Ok(Parsed::UnknownType(event));
        }
        let facts = facts(&notification.event, &notification.mail).into_iter();
        let events = facts.map(|fact| self.store(fact, &notification, &wrapping));
        Ok(Parsed::Events(events.collect::<Result<_, _>>()?))
    }

    fn store(
        &self,
        fact: Fact<'_>,
        notification: &Notification,
        wrapping: &Wrapping,
    ) -> Result<NewEvent, Malformed> {
        let mail = &notification.mail;
        let mailbox = fact
            .address
            .and_then(|address| mailbox_hash(address, self.hash_key));
        let send = send_tag(mail);
        let named = mail.message_id.as_deref().and_then(identifier);
        let message_id = match named {
            Some(id) => id.to_owned(),
            None if send.is_some() || mailbox.is_some() => unnamed(notification),
            None => return Err(Malformed::Incomplete),
        };
        let told = fact.at.or(mail.at);
        let at = told.or(wrapping.at).unwrap_or(self.now);
        // What a wrapping says of the time differs from one delivery to the next.
        let instant = told.map(|at| at.timestamp_micros().to_string());
        let distinction = fact.feedback_id.or(instant.as_deref()).unwrap_or_default();
        Ok(NewEvent {
            key: event_key(&fact.kind, &message_id, distinction, mailbox),
            send,
            message_id,
            kind: fact.kind,
            detail: fact.detail,
            mailbox,
            at,
            mailed_at: Some(mail.at.unwrap_or(at)),
            effect: effect(&fact.report),
        })
    }

    /// A mail to us: the token in its address decides, whatever the text says.
    fn received(
        &self,
        receipt: &Receipt,
        notification: &Notification,
        wrapping: &Wrapping,
    ) -> Parsed {
        let mail = &notification.mail;
        let token = |recipient: &String| {
            let (local, _) = recipient.rsplit_once('@')?;
            self.unsubscribe_keys.verify_mailbox(local)
        };
        let recipients = receipt.recipients.iter().chain(&mail.destination);
        let Some(send) = recipients.into_iter().find_map(token) else {
            return Parsed::OtherMail;
        };
        let named = mail.message_id.as_deref().and_then(identifier);
        let message_id = named.map_or_else(|| unnamed(notification), str::to_owned);
        Parsed::Events(vec![NewEvent {
            key: event_key("received", &message_id, "", None),
            send: Some(send),
            message_id,
            kind: "received".to_owned(),
            detail: None,
            mailbox: None,
            at: receipt.at.or(mail.at).or(wrapping.at).unwrap_or(self.now),
            mailed_at: None,
            effect: effect(&Report::Unsubscribe),
        }])
    }
}

/// What a notification says about one mailbox's mail.
struct Fact<'a> {
    kind: String,
    report: Report<'a>,
    at: Option<DateTime<Utc>>,
    address: Option<&'a str>,
    detail: Option<String>,
    feedback_id: Option<&'a str>,
}

impl<'a> Fact<'a> {
    fn new(kind: &str, report: Report<'a>, at: Option<DateTime<Utc>>) -> Self {
        Self {
            kind: kind.to_owned(),
            report,
            at,
            address: None,
            detail: None,
            feedback_id: None,
        }
    }
}

/// One fact per mailbox, at least one.
fn facts<'a>(event: &'a SesEvent, mail: &'a Mail) -> Vec<Fact<'a>> {
    let one = |kind, report, moment: Option<&Moment>| {
        vec![Fact::new(kind, report, moment.and_then(|moment| moment.at))]
    };
    match event {
        SesEvent::Send => one("send", Report::Send, None),
        SesEvent::Reject => one("reject", Report::Reject, None),
        SesEvent::RenderingFailure => one("rendering_failure", Report::RenderingFailure, None),
        SesEvent::DeliveryDelay(delay) => one("delivery_delay", Report::DeliveryDelay, Some(delay)),
        SesEvent::Open(open) => one("open", Report::Open, Some(open)),
        SesEvent::Click(click) => one("click", Report::Click, Some(click)),
        SesEvent::Subscription(change) => one("subscription", Report::Subscription, Some(change)),
        SesEvent::Delivery(delivery) => deliveries(delivery, mail),
        SesEvent::Bounce(bounce) => bounces(bounce, mail),
        SesEvent::Complaint(complaint) => complaints(complaint, mail),
        SesEvent::Received(_) | SesEvent::Unknown => Vec::new(),
    }
}

fn deliveries<'a>(delivery: &'a Delivery, mail: &'a Mail) -> Vec<Fact<'a>> {
    let named = delivery.recipients.iter().map(Option::as_deref);
    let fact = |address| Fact {
        address,
        ..Fact::new("delivery", Report::Delivery, delivery.at)
    };
    addresses(named, mail).into_iter().map(fact).collect()
}

fn bounces<'a>(bounce: &'a Bounce, mail: &'a Mail) -> Vec<Fact<'a>> {
    let named = bounce
        .recipients
        .iter()
        .map(|recipient| recipient.address.as_deref());
    let fact = |(n, address)| {
        let recipient = bounce.recipients.get(n);
        let said = |part: fn(&BouncedRecipient) -> &Option<String>| {
            recipient.and_then(|r| part(r).as_deref())
        };
        let report = BounceReport {
            kind: &bounce.kind,
            subtype: &bounce.subtype,
            action: said(|recipient| &recipient.action),
            status: said(|recipient| &recipient.status),
            diagnostic: said(|recipient| &recipient.diagnostic),
        };
        let (kind, subtype) = (plain(report.kind), plain(report.subtype));
        Fact {
            address,
            detail: Some(format!("{} {kind}/{subtype}", classify(&report).as_str())),
            feedback_id: bounce.feedback_id.as_deref(),
            ..Fact::new("bounce", Report::Bounce(report), bounce.at)
        }
    };
    addresses(named, mail)
        .into_iter()
        .enumerate()
        .map(fact)
        .collect()
}

fn complaints<'a>(complaint: &'a Complaint, mail: &'a Mail) -> Vec<Fact<'a>> {
    let named = complaint.recipients.iter().map(Option::as_deref);
    let report = Report::Complaint {
        subtype: complaint.subtype.as_deref(),
        feedback: complaint.feedback.as_deref(),
    };
    let detail = complaint
        .subtype
        .as_deref()
        .or(complaint.feedback.as_deref())
        .map(plain);
    let fact = |address| Fact {
        address,
        detail: detail.clone(),
        feedback_id: complaint.feedback_id.as_deref(),
        ..Fact::new("complaint", report, complaint.at)
    };
    addresses(named, mail).into_iter().map(fact).collect()
}

/// Whom an event names, else to whom the mail went; at least one entry, so that no event is lost. Where a
/// name cannot be read and the mail went to one mailbox, it is that one.
fn addresses<'a>(
    named: impl Iterator<Item = Option<&'a str>>,
    mail: &'a Mail,
) -> Vec<Option<&'a str>> {
    let written_to = mail.destination.as_slice();
    let only = match written_to {
        [one] => Some(one.as_str()),
        _ => None,
    };
    let named: Vec<_> = named
        .map(|name| name.filter(|name| is_address(name)).or(only))
        .collect();
    match (named.is_empty(), written_to.is_empty()) {
        (false, _) => named,
        (true, false) => written_to.iter().map(|a| Some(a.as_str())).collect(),
        (true, true) => vec![None],
    }
}

fn send_tag(mail: &Mail) -> Option<SendId> {
    mail.send_id.as_deref()?.parse().ok().map(SendId)
}

/// What stands for the id of a mail that SES gave none for: the same for the same notification.
fn unnamed(notification: &Notification) -> String {
    format!("{UNNAMED_MAIL}{}", digest(&notification.text))
}

/// SES's id of a mail, if it could be one.
fn identifier(text: &str) -> Option<&str> {
    let fits = (1..=ID_LIMIT).contains(&text.len()) && text.chars().all(|c| c.is_ascii_graphic());
    fits.then_some(text)
}

/// SES's word for a type, in snake case.
fn word(kind: &str) -> Option<String> {
    let mut word = String::new();
    for c in kind.chars().filter(char::is_ascii) {
        if c.is_ascii_uppercase() && !word.is_empty() && !word.ends_with('_') {
            word.push('_');
        }
        if c.is_ascii_alphanumeric() {
            word.push(c.to_ascii_lowercase());
        } else if !word.is_empty() && !word.ends_with('_') {
            word.push('_');
        }
    }
    word.truncate(WORD_LIMIT);
    (!word.is_empty()).then_some(word)
}

/// A word of SES's as it may be stored: nothing that could be an address.
fn plain(text: &str) -> String {
    let allowed = |c: &char| c.is_ascii_alphanumeric() || *c == '-';
    text.chars().filter(allowed).take(WORD_LIMIT).collect()
}

#[cfg(test)]
mod tests;
