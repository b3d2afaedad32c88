//! Arm: claimed → calling, or back with the reason.

use std::time::Duration;

use chrono::{DateTime, Utc};
use serde_json::Value;
use sqlx::PgConnection;

use super::super::DbError;
use crate::domain::{ids::SendId, reason::Reason, send_state::SendState};

/// What was decided about a claimed send.
#[derive(Debug, Clone)]
pub struct Verdicts {
    /// The send.
    pub send: SendId,
    /// The claim's fence.
    pub fence: i64,
    /// The mailbox's revision that was decided on.
    pub revision: i64,
    /// The campaign's last change that was decided on.
    pub campaign_seen: DateTime<Utc>,
    /// `Calling` to arm it; `Queued` to wait; `Review` or `Refused`.
    pub state: SendState,
    /// The rule that decided, unless it is armed.
    pub reason: Option<Reason>,
    /// When it is due again, if it waits.
    pub not_before: Option<DateTime<Utc>>,
    /// Where the places in time of its batch end: what is not used can be given back while nobody
    /// stands behind.
    pub places_end: Option<DateTime<Utc>>,
    /// Whether its next message is about to be published, so that no sweep has to.
    pub announced: bool,
    /// The decision with its facts (invariant 15).
    pub decision: Value,
}

/// Writes down what was decided about a batch, before any call: locks the mailboxes in order and
/// arms only those whose facts still stand. A mailbox or campaign that changed meanwhile is decided
/// again. What is not armed gives back what it was granted.
///
/// Returns the sends that may now be called, and only those. When this returns, their state is
/// durable; when it fails, none may be called.
///
/// # Errors
/// When the statement fails or its end is not known.
pub async fn arm(
    conn: &mut PgConnection,
    decided: &[Verdicts],
    lease: Duration,
) -> Result<Vec<SendId>, DbError> {
    let ids: Vec<i64> = decided.iter().map(|d| d.send.0).collect();
    let fences: Vec<i64> = decided.iter().map(|d| d.fence).collect();
    let revisions: Vec<i64> = decided.iter().map(|d| d.revision).collect();
    let campaigns_seen: Vec<DateTime<Utc>> = decided.iter().map(|d| d.campaign_seen).collect();
    let announced: Vec<bool> = decided.iter().map(|d| d.announced).collect();
    let states: Vec<&str> = decided.iter().map(|d| d.state.as_str()).collect();
    let reasons: Vec<Option<&str>> = decided
        .iter()
        .map(|d| d.reason.map(Reason::as_str))
        .collect();
    let not_before: Vec<Option<DateTime<Utc>>> = decided.iter().map(|d| d.not_before).collect();
    let decisions: Vec<Value> = decided.iter().map(|d| d.decision.clone()).collect();
    let rows = sqlx::query_file!(
        "src/db/arm_sends.sql",
        &ids,
        &fences,
        &revisions,
        &campaigns_seen,
        &states as &[&str],
        &reasons as &[Option<&str>],
        &not_before as &[Option<DateTime<Utc>>],
        &announced,
        &decisions,
        lease.as_secs_f64(),
        decided.iter().filter_map(|d| d.places_end).max(),
    )
    .fetch_all(conn)
    .await
    .map_err(DbError::on("arm sends"))?;
    Ok(rows
        .into_iter()
        .filter(|row| row.armed)
        .map(|row| SendId(row.id))
        .collect())
}
