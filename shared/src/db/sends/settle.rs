//! Settle: calling → how the call ended.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use super::super::DbError;
use crate::domain::{ids::SendId, reason::Reason, send_state::SendState};

/// How a call to SES ended.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// The send.
    pub send: SendId,
    /// The claim's fence.
    pub fence: i64,
    /// `Sent`, `Rejected`, `Unknown`, or `Queued` after a definite refusal that may go better.
    pub state: SendState,
    /// Why it is not sent.
    pub reason: Option<Reason>,
    /// SES's id for the mail.
    pub message_id: Option<String>,
    /// When it is due again, if it waits.
    pub not_before: Option<DateTime<Utc>>,
}

/// What SES said about the account's limits while a batch was called.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Throttling {
    /// Its rate was passed: everybody slows down.
    pub rate: bool,
    /// Its quota of 24 hours is used up: everybody waits for an hour.
    pub quota: bool,
}

/// Writes down how the calls of a batch ended, marks the leads of those that were sent, and slows
/// everybody down where SES asked for it. Fenced and monotone: an answer that comes late moves a state up or changes nothing.
///
/// # Errors
/// When the statement fails: the sends become `unknown` when their lease ends.
pub async fn settle(
    conn: &mut PgConnection,
    outcomes: &[Outcome],
    throttling: Throttling,
) -> Result<(), DbError> {
    let ids: Vec<i64> = outcomes.iter().map(|o| o.send.0).collect();
    let fences: Vec<i64> = outcomes.iter().map(|o| o.fence).collect();
    let states: Vec<&str> = outcomes.iter().map(|o| o.state.as_str()).collect();
    let reasons: Vec<Option<&str>> = outcomes
        .iter()
        .map(|o| o.reason.map(Reason::as_str))
        .collect();
    let message_ids: Vec<Option<&str>> = outcomes.iter().map(|o| o.message_id.as_deref()).collect();
    let not_before: Vec<Option<DateTime<Utc>>> = outcomes.iter().map(|o| o.not_before).collect();
    sqlx::query_file!(
        "src/db/settle_sends.sql",
        &ids,
        &fences,
        &states as &[&str],
        &reasons as &[Option<&str>],
        &message_ids as &[Option<&str>],
        &not_before as &[Option<DateTime<Utc>>],
        throttling.rate,
        throttling.quota,
    )
    .execute(conn)
    .await
    .map_err(DbError::on("settle sends"))?;
    Ok(())
}
