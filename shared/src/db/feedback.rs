//! Table `send_events`: what came back for a mail, and all that follows from it (invariant 12).

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use super::DbError;
use crate::domain::{
    breaker,
    email::EmailHash,
    feedback::{BounceClass, Effect, SOFT_BOUNCES, Suppression},
    ids::{CampaignId, SendId},
    reason::Reason,
    send_state::SendState,
};

/// One thing that happened to one mailbox's mail. Never an address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewEvent {
    /// The same for every delivery and wrapping of the same event.
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
    /// What follows from it.
    pub effect: Effect,
}

/// What a batch of events did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ingested {
    /// Events that were not known before.
    pub stored: i64,
    /// Of these, about mails that are not ours, or not yet known as ours.
    pub unmatched: i64,
    /// Of these, a "no" that nobody can be found for: its send is not on record.
    pub lost_noes: i64,
    /// Sends that changed.
    pub moved: i64,
    /// Mailboxes whose suppression changed.
    pub suppressions: i64,
    /// Campaigns whose breaker opened.
    pub opened: Vec<CampaignId>,
}

/// Stores events and all that follows from them, in one statement: states rise, mailboxes are
/// suppressed, breakers open. What was stored before changes nothing.
///
/// # Errors
/// When the statement fails; nothing was stored.
pub async fn ingest(conn: &mut PgConnection, events: &[NewEvent]) -> Result<Ingested, DbError> {
    let keys: Vec<&[u8]> = events.iter().map(|e| e.key.as_slice()).collect();
    let sends: Vec<Option<i64>> = events.iter().map(|e| e.send.map(|id| id.0)).collect();
    let message_ids: Vec<&str> = events.iter().map(|e| e.message_id.as_str()).collect();
    let kinds: Vec<&str> = events.iter().map(|e| e.kind.as_str()).collect();
    let details: Vec<Option<&str>> = events.iter().map(|e| e.detail.as_deref()).collect();
    let mailboxes: Vec<Option<&[u8]>> = events
        .iter()
        .map(|e| e.mailbox.as_ref().map(|hash| hash.0.as_slice()))
        .collect();
    let at: Vec<DateTime<Utc>> = events.iter().map(|e| e.at).collect();
    let mailed_at: Vec<Option<DateTime<Utc>>> = events.iter().map(|e| e.mailed_at).collect();
    let states: Vec<Option<&str>> = events
        .iter()
        .map(|e| e.effect.state.map(SendState::as_str))
        .collect();
    let bounces: Vec<Option<&str>> = events.iter().map(|e| bounce(e.effect)).collect();
    let suppressions: Vec<Option<&str>> = events
        .iter()
        .map(|e| e.effect.suppression.map(Suppression::as_str))
        .collect();
    let row = sqlx::query_file!(
        "src/db/ingest_events.sql",
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
        SOFT_BOUNCES,
        Reason::MailRejected.as_str(),
        breaker::FLOOR,
        breaker::COMPLAINED_PER_10_000,
        breaker::BOUNCED_PER_10_000,
        breaker::DAYS,
    )
    .fetch_one(conn)
    .await
    .map_err(DbError::on("ingest events"))?;
    Ok(Ingested {
        stored: row.stored,
        unmatched: row.unmatched,
        lost_noes: row.lost_noes,
        moved: row.moved,
        suppressions: row.suppressions,
        opened: row.opened.into_iter().map(CampaignId).collect(),
    })
}

/// The ledger keeps what a bounce says about the mailbox only.
fn bounce(effect: Effect) -> Option<&'static str> {
    match effect.bounce? {
        class @ (BounceClass::Hard | BounceClass::Soft) => Some(class.as_str()),
        BounceClass::Mail | BounceClass::Reply => None,
    }
}
