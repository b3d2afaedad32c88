//! What a batch of events changes: a pure function of the events and of the rows as they were locked.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use chrono::{DateTime, NaiveDate, Utc};

use super::{
    BounceClass, Effect, UNNAMED_MAIL,
    suppression::{PastEvent, Suppressed, soft_bounces_in_a_row, suppress},
};
use crate::domain::{
    email::EmailHash,
    ids::{CampaignId, SendId},
    reason::Reason,
    send_state::SendState,
};

/// An event that counts now for the first time: it is new, or its mail has just become known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    pub send: Option<SendId>,
    pub mailbox: Option<EmailHash>,
    /// SES's id of the mail.
    pub message_id: String,
    pub at: DateTime<Utc>,
    /// When SES took the mail; none for a mail to us.
    pub mailed_at: Option<DateTime<Utc>>,
    pub effect: Effect,
}

impl Event {
    pub fn suppression(&self) -> Option<Suppressed> {
        let reason = self.effect.suppression?;
        Some(Suppressed::new(self.at, reason))
    }
}

/// A send as it was locked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SendRow {
    pub id: SendId,
    pub campaign: CampaignId,
    pub mailbox: EmailHash,
    pub state: SendState,
    pub reason: Option<String>,
    pub bounce: Option<BounceClass>,
    pub sent_at: Option<DateTime<Utc>>,
    pub message_id: Option<String>,
}

/// A mailbox as it was locked, with its history where [`needs_history`] asks for it.
///
/// [`needs_history`]: super::suppression::needs_history
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mailbox {
    pub hash: EmailHash,
    pub suppressed: Option<Suppressed>,
    pub history: Vec<PastEvent>,
}

/// What the breaker counts of a campaign's mails of one day.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    pub sent: i32,
    pub bounced: i32,
    pub complained: i32,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Updates {
    /// Sends that changed, as they are now.
    pub sends: Vec<SendRow>,
    /// Sends whose mail is now known to have left.
    pub left: Vec<SendId>,
    /// Mails that were held for not sent and left: their mailbox had its mail of that day.
    pub days: Vec<(SendId, NaiveDate)>,
    /// Mailboxes whose suppression changed, as it is now.
    pub mailboxes: Vec<(EmailHash, Option<Suppressed>)>,
    pub counts: BTreeMap<(CampaignId, NaiveDate), Counts>,
}

/// Folds events into the rows. The result does not depend on the order of the events, nor on how they
/// are split into batches (invariant 12). `owners` says which send holds an SES id already.
pub fn fold(
    events: &[Event],
    sends: &[SendRow],
    mailboxes: &[Mailbox],
    owners: &HashMap<String, SendId>,
) -> Updates {
    let mut updates = Updates::default();
    let mut named: BTreeSet<&str> = BTreeSet::new();
    for row in sends {
        let of_send: Vec<&Event> = events.iter().filter(|e| e.send == Some(row.id)).collect();
        let marks: Vec<Mark<'_>> = of_send.into_iter().filter_map(Mark::of).collect();
        let Some(mut new) = marked(row, &marks) else {
            continue;
        };
        if new.message_id.is_none() {
            let free = |id: &&str| {
                !id.starts_with(UNNAMED_MAIL)
                    && owners.get(*id).is_none_or(|owner| *owner == row.id)
            };
            let ids = marks.iter().map(|mark| mark.message_id).filter(free);
            let id = ids.min().filter(|id| named.insert(id));
            new.message_id = id.map(str::to_owned);
        }
        if marks.iter().any(|mark| mark.state != SendState::Rejected) {
            updates.left.push(row.id);
        }
        if new != *row {
            count(row, &new, &mut updates);
            updates.sends.push(new);
        }
    }
    updates.mailboxes = mailboxes
        .iter()
        .filter_map(|mailbox| {
            let new = suppressed(mailbox, events);
            (new != mailbox.suppressed).then_some((mailbox.hash, new))
        })
        .collect();
    updates
}

/// What one event says of a send.
struct Mark<'a> {
    state: SendState,
    bounce: Option<BounceClass>,
    message_id: &'a str,
    mailed_at: DateTime<Utc>,
}

impl<'a> Mark<'a> {
    fn of(event: &'a Event) -> Option<Self> {
        let class = event.effect.bounce;
        Some(Self {
            state: event.effect.state?,
            bounce: class.filter(|class| class.concerns_mailbox()),
            message_id: &event.message_id,
            mailed_at: event.mailed_at.unwrap_or(event.at),
        })
    }
}

/// The row after its marks, but for SES's id. What was refused and yet left is where its events say:
/// an earlier call of it was lost.
fn marked(row: &SendRow, marks: &[Mark<'_>]) -> Option<SendRow> {
    let mark = marks.iter().map(|mark| mark.state).max()?;
    let state = match row.state {
        SendState::Refused => mark,
        state => state.max(mark),
    };
    let reason = match state {
        state if state == row.state => row.reason.clone(),
        SendState::Rejected => Some(Reason::MailRejected.as_str().to_owned()),
        _ => None,
    };
    let bounces = marks.iter().filter_map(|mark| mark.bounce);
    let worst = bounces
        .chain(row.bounce)
        .max_by_key(|class| *class == BounceClass::Hard);
    let mailed_at = marks.iter().map(|mark| mark.mailed_at).min();
    Some(SendRow {
        state,
        reason,
        bounce: worst,
        sent_at: row.sent_at.or(mailed_at),
        ..row.clone()
    })
}

/// Counts what the row passed just now: each thing once, on the day on which the mail was sent.
fn count(row: &SendRow, new: &SendRow, updates: &mut Updates) {
    let Some(day) = new.sent_at.map(|at| at.date_naive()) else {
        return;
    };
    let turned = |was: bool, is: bool| i32::from(is && !was);
    let is_hard = |row: &SendRow| row.bounce == Some(BounceClass::Hard);
    let is_complaint = |row: &SendRow| row.state == SendState::Complained;
    let counts = Counts {
        sent: turned(row.sent_at.is_some(), true),
        bounced: turned(is_hard(row), is_hard(new)),
        complained: turned(is_complaint(row), is_complaint(new)),
    };
    if counts != Counts::default() {
        let sum = updates.counts.entry((row.campaign, day)).or_default();
        sum.sent += counts.sent;
        sum.bounced += counts.bounced;
        sum.complained += counts.complained;
    }
    if let SendState::Review | SendState::Queued | SendState::Refused = row.state {
        updates.days.push((row.id, day));
    }
}

fn suppressed(mailbox: &Mailbox, events: &[Event]) -> Option<Suppressed> {
    let of_mailbox = events.iter().filter(|e| e.mailbox == Some(mailbox.hash));
    let reasons: Vec<Suppressed> = of_mailbox.filter_map(Event::suppression).collect();
    let in_a_row = soft_bounces_in_a_row(&mailbox.history);
    suppress(mailbox.suppressed.as_ref(), &reasons, in_a_row)
}

#[cfg(test)]
mod tests;
