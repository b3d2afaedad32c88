//! Whose mail an event is about. Read before any lock: a send never changes its mailbox.

use std::collections::{BTreeMap, HashMap};

use sqlx::PgConnection;

use super::{super::DbError, NewEvent, locks};
use crate::domain::{
    email::EmailHash,
    feedback::fold::{Event, SendRow},
    ids::SendId,
};

/// SES's word for a mail that it took.
const SEND: &str = "send";

/// The send that an event is about, and its mailbox.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Target {
    pub(super) id: SendId,
    pub(super) mailbox: EmailHash,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Matched<'a> {
    pub(super) event: &'a NewEvent,
    pub(super) send: Option<Target>,
    /// The send's, else the one that the event names.
    pub(super) mailbox: Option<EmailHash>,
}

impl Matched<'_> {
    /// Whether it only says that SES took a mail, and the send has that by SES's answer. Of most mails
    /// it does, and is not kept.
    pub(super) fn is_known(&self, sends: &[SendRow]) -> bool {
        let send = sends
            .iter()
            .find(|row| self.send.is_some_and(|send| send.id == row.id));
        self.event.kind == SEND
            && send.is_some_and(|row| {
                row.state.has_left()
                    && row.sent_at.is_some()
                    && row.message_id.as_deref() == Some(&*self.event.message_id)
            })
    }

    pub(super) fn to_event(self) -> Event {
        Event {
            send: self.send.map(|send| send.id),
            mailbox: self.mailbox,
            message_id: self.event.message_id.clone(),
            at: self.event.at,
            mailed_at: self.event.mailed_at,
            effect: self.event.effect,
        }
    }
}

pub(super) struct Matches<'a> {
    /// Each event once, in the order of their keys.
    pub(super) events: Vec<Matched<'a>>,
    /// Which send holds an SES id already.
    pub(super) owners: HashMap<String, SendId>,
}

/// Finds the sends: by the event's tag, by SES's id of the mail, or by the tag of another event of the
/// same mail in this batch.
pub(super) async fn find<'a>(
    conn: &mut PgConnection,
    events: &'a [NewEvent],
) -> Result<Matches<'a>, DbError> {
    let events = once_each(events);
    let (by_tag, by_id) = read(conn, &events).await?;
    let find = |event: &NewEvent| {
        let tagged = event.send.and_then(|send| by_tag.get(&send));
        // A mail to us has an id of its own.
        let of_ours = event.mailed_at.and(by_id.get(&event.message_id));
        tagged.or(of_ours).copied()
    };
    let mut siblings: BTreeMap<&str, Target> = BTreeMap::new();
    for event in events.iter().filter(|event| event.mailed_at.is_some()) {
        if let Some(send) = find(event) {
            let known = siblings.entry(&event.message_id).or_insert(send);
            *known = send.min(*known);
        }
    }
    let matched = |event: &'a NewEvent| {
        let sibling = event.mailed_at.and(siblings.get(&*event.message_id));
        let send = find(event).or(sibling.copied());
        Matched {
            event,
            send,
            mailbox: send.map(|send| send.mailbox).or(event.mailbox),
        }
    };
    Ok(Matches {
        events: events.into_iter().map(matched).collect(),
        owners: by_id.into_iter().map(|(id, send)| (id, send.id)).collect(),
    })
}

/// The same event may come twice, once with the tag that it lacks.
fn once_each(events: &[NewEvent]) -> Vec<&NewEvent> {
    let mut once: BTreeMap<[u8; 32], &NewEvent> = BTreeMap::new();
    for event in events {
        let known = once.entry(event.key).or_insert(event);
        if known.send.is_none() {
            *known = event;
        }
    }
    once.into_values().collect()
}

type Found = (HashMap<SendId, Target>, HashMap<String, Target>);

async fn read(conn: &mut PgConnection, events: &[&NewEvent]) -> Result<Found, DbError> {
    let mut tags: Vec<i64> = events
        .iter()
        .filter_map(|e| e.send)
        .map(|id| id.0)
        .collect();
    tags.sort_unstable();
    tags.dedup();
    let mut message_ids: Vec<&str> = events.iter().map(|e| e.message_id.as_str()).collect();
    message_ids.sort_unstable();
    message_ids.dedup();
    let rows = sqlx::query!(
        r#"select id as "id!", email_hash as "email_hash!", ses_message_id from sends
           where id = any($1)
           union
           select id, email_hash, ses_message_id from sends
           where ses_message_id = any($2)"#,
        &tags,
        &message_ids as &[&str],
    )
    .fetch_all(conn)
    .await
    .map_err(DbError::on("look for the mails of events"))?;
    let (mut by_tag, mut by_id) = Found::default();
    for row in rows {
        let send = Target {
            id: SendId(row.id),
            mailbox: locks::hash(&row.email_hash)?,
        };
        by_tag.insert(send.id, send);
        if let Some(id) = row.ses_message_id {
            by_id.insert(id, send);
        }
    }
    Ok((by_tag, by_id))
}
