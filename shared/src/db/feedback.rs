//! Table `send_events`: what SES reported about a mail, and all that follows from it (invariant 12).

mod apply;
mod locks;
mod matching;

use std::{
    collections::{BTreeMap, HashSet},
    str::FromStr,
};

use chrono::{DateTime, Utc};
use data_encoding::HEXLOWER;
use matching::Matched;
use sqlx::PgConnection;

use super::{DbError, breakers, known, transaction};
use crate::domain::{
    email::EmailHash,
    feedback::{
        BounceClass, Effect, Suppression,
        fold::{Event, fold},
        suppression::needs_history,
    },
    ids::{CampaignId, SendId},
    send_state::SendState,
};

/// One thing that happened to one mailbox's mail. Never an address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewEvent {
    /// The same for every delivery and envelope of the same event.
    pub key: [u8; 32],
    /// The send that a tag or a token names.
    pub send: Option<SendId>,
    /// SES's id of the mail.
    pub message_id: String,
    /// SES's word, in snake case.
    pub kind: String,
    /// Class, type and subtype of a bounce; type of a complaint.
    pub detail: Option<String>,
    /// Whose mailbox it is about, if the event says so.
    pub mailbox: Option<EmailHash>,
    /// When it happened, by SES's clock.
    pub at: DateTime<Utc>,
    /// When SES took the mail; none for a mail to us.
    pub mailed_at: Option<DateTime<Utc>>,
    pub effect: Effect,
}

/// What a batch of events did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ingested {
    /// Events that were not known before.
    pub stored: usize,
    /// Of these, about mails that are not ours, or not yet known as ours.
    pub unmatched: usize,
    /// Of these, opt-outs for whom no mailbox can be found: their send is not on record.
    pub unmatched_opt_outs: usize,
    /// Earlier events whose mail became known.
    pub linked: usize,
    /// Sends that changed.
    pub sends: usize,
    /// Mailboxes whose suppression changed.
    pub suppressions: usize,
    /// Campaigns whose breaker opened.
    pub opened: Vec<CampaignId>,
}

/// Stores events and all that follows from them: states rise, mailboxes are suppressed, breakers open.
/// What was stored before changes nothing.
///
/// # Errors
/// When the database fails; nothing was stored.
pub async fn ingest(conn: &mut PgConnection, events: &[NewEvent]) -> Result<Ingested, DbError> {
    if events.is_empty() {
        return Ok(Ingested::default());
    }
    transaction(conn, async |tx| store(tx, events).await).await
}

/// All events of a known mail are stored and linked while its send is held, so that two batches about
/// it meet at the send. Of two batches at once, one with an event's tag and one without, neither sees
/// the other: then the mail's next event links what was left.
async fn store(tx: &mut PgConnection, events: &[NewEvent]) -> Result<Ingested, DbError> {
    let matches = matching::find(tx, events).await?;
    let batch = &matches.events;

    let mut suppressions = locks::insert_recipients(tx, batch).await?;
    let mut mailboxes = locks::recipients(tx, batch).await?;
    let sends = locks::sends(tx, batch).await?;

    let kept = batch.iter().filter(|matched| !matched.is_known(&sends));
    let kept: Vec<Matched<'_>> = kept.copied().collect();
    let new = insert(tx, &kept).await?;
    let new: Vec<&Matched<'_>> = kept
        .iter()
        .filter(|matched| new.contains(&matched.event.key[..]))
        .collect();
    let linked = link(tx, batch).await?;
    let mut effects: Vec<Event> = new.iter().map(|matched| matched.to_event()).collect();
    effects.extend(linked.iter().cloned());

    let bounced: HashSet<EmailHash> = effects
        .iter()
        .filter(|event| event.effect.bounce == Some(BounceClass::Soft))
        .filter_map(|event| event.mailbox)
        .collect();
    let concerned = mailboxes.iter_mut().filter(|mailbox| {
        needs_history(mailbox.suppressed.as_ref(), bounced.contains(&mailbox.hash))
    });
    locks::read_history(tx, concerned.collect()).await?;

    let updates = fold(&effects, &sends, &mailboxes, &matches.owners);
    suppressions += updates.mailboxes.len();
    apply::mailboxes(tx, &updates.mailboxes).await?;
    apply::sends(tx, &updates.sends).await?;
    apply::mark_leads(tx, &updates.left).await?;
    let opened = breakers::count_and_open(tx, &updates.counts).await?;
    apply::take_days(tx, &updates.days).await?;

    let is_unmatched = |matched: &&&Matched<'_>| matched.send.is_none();
    let is_opt_out =
        |m: &&&Matched<'_>| m.mailbox.is_none() && m.event.effect.suppression.is_some();
    Ok(Ingested {
        stored: new.len(),
        unmatched: new.iter().filter(is_unmatched).count(),
        unmatched_opt_outs: new.iter().filter(is_opt_out).count(),
        linked: linked.len(),
        sends: updates.sends.len(),
        suppressions,
        opened,
    })
}

/// Stores events, and gives the keys of those that were not known before.
async fn insert(
    conn: &mut PgConnection,
    batch: &[Matched<'_>],
) -> Result<HashSet<Vec<u8>>, DbError> {
    let keys: Vec<&[u8]> = batch.iter().map(|m| m.event.key.as_slice()).collect();
    let sends: Vec<Option<i64>> = batch.iter().map(|m| m.send.map(|send| send.id.0)).collect();
    let message_ids: Vec<&str> = batch.iter().map(|m| m.event.message_id.as_str()).collect();
    let kinds: Vec<&str> = batch.iter().map(|m| m.event.kind.as_str()).collect();
    let details: Vec<Option<&str>> = batch.iter().map(|m| m.event.detail.as_deref()).collect();
    let mailboxes: Vec<Option<&[u8]>> = batch
        .iter()
        .map(|m| m.mailbox.as_ref().map(|hash| hash.0.as_slice()))
        .collect();
    let at: Vec<DateTime<Utc>> = batch.iter().map(|m| m.event.at).collect();
    let mailed_at: Vec<Option<DateTime<Utc>>> = batch.iter().map(|m| m.event.mailed_at).collect();
    let states: Vec<Option<&str>> = batch
        .iter()
        .map(|m| m.event.effect.state.map(SendState::as_str))
        .collect();
    let bounces: Vec<Option<&str>> = batch.iter().map(|m| bounce(m.event.effect)).collect();
    let suppressions: Vec<Option<&str>> = batch
        .iter()
        .map(|m| m.event.effect.suppression.map(Suppression::as_str))
        .collect();
    let keys = sqlx::query_file_scalar!(
        "src/db/feedback/insert.sql",
        &keys as &[&[u8]],
        &sends as &[Option<i64>],
        &message_ids as &[&str],
        &kinds as &[&str],
        &details as &[Option<&str>],
        &mailboxes as &[Option<&[u8]>],
        &at,
        &mailed_at as &[Option<DateTime<Utc>>],
        &states as &[Option<&str>],
        &bounces as &[Option<&str>],
        &suppressions as &[Option<&str>],
    )
    .fetch_all(conn)
    .await
    .map_err(DbError::on("store events"))?;
    Ok(keys.into_iter().collect())
}

/// The ledger keeps what a bounce says about the mailbox only.
fn bounce(effect: Effect) -> Option<&'static str> {
    let class = effect.bounce.filter(|class| class.concerns_mailbox());
    class.map(BounceClass::as_str)
}

/// Links events that were stored before anybody knew whose mail they were about, and gives them as
/// they now count. The sends of these mails are held.
async fn link(conn: &mut PgConnection, batch: &[Matched<'_>]) -> Result<Vec<Event>, DbError> {
    let mut sends = BTreeMap::new();
    for matched in batch {
        if let Some(send) = matched.send {
            let known = sends
                .entry(matched.event.message_id.as_str())
                .or_insert(send);
            *known = send.min(*known);
        }
    }
    if sends.is_empty() {
        return Ok(Vec::new());
    }
    let message_ids: Vec<&str> = sends.keys().copied().collect();
    let ids: Vec<i64> = sends.values().map(|send| send.id.0).collect();
    let mailboxes: Vec<&[u8]> = sends.values().map(|s| s.mailbox.0.as_slice()).collect();
    let rows = sqlx::query!(
        r#"update send_events e
           set send_id = d.send_id, email_hash = d.email_hash
           from unnest($1::text[], $2::bigint[], $3::bytea[]) as d (message_id, send_id, email_hash)
           where e.send_id is null and e.ses_message_id = d.message_id
           returning e.event_key, d.send_id as "send_id!", d.email_hash as "email_hash!",
                     e.ses_message_id, e.at, e.mailed_at, e.state::text, e.bounce, e.suppression"#,
        &message_ids as &[&str],
        &ids,
        &mailboxes as &[&[u8]],
    )
    .fetch_all(conn)
    .await
    .map_err(DbError::on("link events to their mails"))?;
    let mut events = Vec::with_capacity(rows.len());
    for row in rows {
        let key = HEXLOWER.encode(&row.event_key);
        events.push(Event {
            send: Some(SendId(row.send_id)),
            mailbox: Some(locks::hash(&row.email_hash)?),
            message_id: row.ses_message_id,
            at: row.at,
            mailed_at: row.mailed_at,
            effect: Effect {
                state: word(row.state, &key, "state")?,
                bounce: word(row.bounce, &key, "bounce")?,
                suppression: word(row.suppression, &key, "suppression")?,
            },
        });
    }
    Ok(events)
}

fn word<T: FromStr>(
    word: Option<String>,
    key: &str,
    column: &'static str,
) -> Result<Option<T>, DbError> {
    word.map(|word| known(&word, "send_events", key, column))
        .transpose()
}
