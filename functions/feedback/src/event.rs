//! From SES's notification to events of the ledger: pure, and the only place that knows SES's words.

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
    envelope::{Content, Malformed, open},
    key::{event_key, mailbox_hash},
    notification::{
        Bounce, BouncedRecipient, Complaint, Delivery, Mail, Moment, Receipt, SesEvent,
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
}

#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Parsed {
    Events(Vec<NewEvent>),
    /// Of a type that this version does not know: stored under its own word.
    UnknownType(NewEvent),
    /// Nothing to do.
    TopicValidation,
    /// A mail to us that is no unsubscribe.
    OtherMail,
}

impl Parser<'_> {
    pub(crate) fn parse(&self, body: &str) -> Result<Parsed, Malformed> {
        let notification = match open(body, self.topic_arn)? {
            Content::Notification(notification) => notification,
            Content::TopicValidation => return Ok(Parsed::TopicValidation),
        };
        let mail = &notification.mail;
        let message_id = mail.message_id.as_deref().and_then(identifier);
        let message_id = message_id.ok_or(Malformed::Incomplete)?;
        if let SesEvent::Received { receipt } = &notification.event {
            return Ok(self.received(receipt.as_ref(), mail, message_id));
        }
        let mailed_at = time(mail.timestamp.as_deref()).ok_or(Malformed::Incomplete)?;
        let store = |fact: Fact<'_>| {
            let at = time(fact.at).unwrap_or(mailed_at);
            let mailbox = fact
                .address
                .and_then(|address| mailbox_hash(address, self.hash_key));
            let instant = at.timestamp_micros().to_string();
            let distinction = fact.feedback_id.unwrap_or(&instant);
            NewEvent {
                key: event_key(&fact.kind, message_id, distinction, mailbox),
                send: send_tag(mail),
                message_id: message_id.to_owned(),
                kind: fact.kind,
                detail: fact.detail,
                mailbox,
                at,
                mailed_at: Some(mailed_at),
                effect: effect(&fact.report),
            }
        };
        if let SesEvent::Unknown = notification.event {
            let word = word(&notification.kind).ok_or(Malformed::Shape)?;
            let fact = Fact::new(&word, Report::Unknown, None);
            return Ok(Parsed::UnknownType(store(fact)));
        }
        let facts = facts(&notification.event, mail);
        Ok(Parsed::Events(facts.into_iter().map(store).collect()))
    }

    /// A mail to us: the token in its address decides, whatever the text says.
    fn received(&self, receipt: Option<&Receipt>, mail: &Mail, message_id: &str) -> Parsed {
        let recipients = receipt.map_or(&[][..], |receipt| &receipt.recipients);
        let token = |recipient: &String| {
            let (local, _) = recipient.rsplit_once('@')?;
            let (_, token) = local.rsplit_once('+')?;
            self.unsubscribe_keys.verify_mailbox(token)
        };
        let at = time(receipt.and_then(|receipt| receipt.timestamp.as_deref()))
            .or_else(|| time(mail.timestamp.as_deref()));
        let Some((send, at)) = recipients.iter().find_map(token).zip(at) else {
            return Parsed::OtherMail;
        };
        Parsed::Events(vec![NewEvent {
            key: event_key("received", message_id, "", None),
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

/// What a notification says about one mailbox's mail.
struct Fact<'a> {
    kind: String,
    report: Report<'a>,
    at: Option<&'a str>,
    address: Option<&'a str>,
    detail: Option<String>,
    feedback_id: Option<&'a str>,
}

impl<'a> Fact<'a> {
    fn new(kind: &str, report: Report<'a>, at: Option<&'a str>) -> Self {
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
    let one = |kind, report, at: &'a Option<Moment>| {
        let at = at.as_ref().and_then(|moment| moment.timestamp.as_deref());
        vec![Fact::new(kind, report, at)]
    };
    match event {
        SesEvent::Send => one("send", Report::Send, &None),
        SesEvent::Reject => one("reject", Report::Reject, &None),
        SesEvent::RenderingFailure => one("rendering_failure", Report::RenderingFailure, &None),
        SesEvent::DeliveryDelay { delivery_delay } => {
            one("delivery_delay", Report::DeliveryDelay, delivery_delay)
        }
        SesEvent::Open { open } => one("open", Report::Open, open),
        SesEvent::Click { click } => one("click", Report::Click, click),
        SesEvent::Subscription { subscription } => {
            one("subscription", Report::Subscription, subscription)
        }
        SesEvent::Delivery { delivery } => deliveries(delivery.as_ref(), mail),
        SesEvent::Bounce { bounce } => bounces(bounce.as_ref(), mail),
        SesEvent::Complaint { complaint } => complaints(complaint.as_ref(), mail),
        SesEvent::Received { .. } | SesEvent::Unknown => Vec::new(),
    }
}

fn deliveries<'a>(delivery: Option<&'a Delivery>, mail: &'a Mail) -> Vec<Fact<'a>> {
    let named = delivery.and_then(|delivery| delivery.recipients.as_deref());
    let named = named.unwrap_or_default().iter().map(String::as_str);
    let at = delivery.and_then(|delivery| delivery.timestamp.as_deref());
    let fact = |address| Fact {
        address,
        ..Fact::new("delivery", Report::Delivery, at)
    };
    addresses(named, mail).into_iter().map(fact).collect()
}

fn bounces<'a>(bounce: Option<&'a Bounce>, mail: &'a Mail) -> Vec<Fact<'a>> {
    let named = bounce.and_then(|bounce| bounce.bounced_recipients.as_deref());
    let named = named.unwrap_or_default();
    let addresses = addresses(named.iter().map(|r| r.email_address.as_str()), mail);
    let fact = |(n, address)| {
        let recipient = named.get(n);
        let report = BounceReport {
            kind: bounce
                .and_then(|b| b.bounce_type.as_deref())
                .unwrap_or_default(),
            subtype: bounce
                .and_then(|b| b.bounce_sub_type.as_deref())
                .unwrap_or_default(),
            action: recipient.and_then(|r: &BouncedRecipient| r.action.as_deref()),
            status: recipient.and_then(|r| r.status.as_deref()),
        };
        let (kind, subtype) = (plain(report.kind), plain(report.subtype));
        let at = bounce.and_then(|bounce| bounce.timestamp.as_deref());
        Fact {
            address,
            detail: Some(format!("{} {kind}/{subtype}", classify(&report).as_str())),
            feedback_id: bounce.and_then(|bounce| bounce.feedback_id.as_deref()),
            ..Fact::new("bounce", Report::Bounce(report), at)
        }
    };
    addresses.into_iter().enumerate().map(fact).collect()
}

fn complaints<'a>(complaint: Option<&'a Complaint>, mail: &'a Mail) -> Vec<Fact<'a>> {
    let named = complaint.and_then(|complaint| complaint.complained_recipients.as_deref());
    let named = named
        .unwrap_or_default()
        .iter()
        .map(|r| r.email_address.as_str());
    let subtype = complaint.and_then(|c| c.complaint_sub_type.as_deref());
    let feedback = complaint.and_then(|c| c.complaint_feedback_type.as_deref());
    let at = complaint.and_then(|complaint| complaint.timestamp.as_deref());
    let fact = |address| Fact {
        address,
        detail: subtype.or(feedback).map(plain),
        feedback_id: complaint.and_then(|c| c.feedback_id.as_deref()),
        ..Fact::new("complaint", Report::Complaint { subtype, feedback }, at)
    };
    addresses(named, mail).into_iter().map(fact).collect()
}

/// Whom an event names, else to whom the mail went; at least one entry, so that no event is lost.
fn addresses<'a>(named: impl Iterator<Item = &'a str>, mail: &'a Mail) -> Vec<Option<&'a str>> {
    let named: Vec<_> = named.map(Some).collect();
    let written_to = mail.destination.as_deref().unwrap_or_default();
    match (named.is_empty(), written_to.is_empty()) {
        (false, _) => named,
        (true, false) => written_to.iter().map(|a| Some(a.as_str())).collect(),
        (true, true) => vec![None],
    }
}

fn time(text: Option<&str>) -> Option<DateTime<Utc>> {
    let time = DateTime::parse_from_rfc3339(text?).ok()?;
    Some(time.with_timezone(&Utc))
}

fn send_tag(mail: &Mail) -> Option<SendId> {
    let values = mail.tags.as_ref()?.send_id.as_deref()?;
    values.first()?.parse().ok().map(SendId)
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
