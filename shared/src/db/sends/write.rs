//! What claim and arm write: a new state, or the decision that keeps a send where it is.

use std::time::Duration;

use chrono::{DateTime, Utc};
use serde_json::Value;
use sqlx::PgConnection;

use super::super::DbError;
use crate::domain::{gate::DecisionRecord, ids::SendId, reason::Reason, send_state::SendState};

/// The change of one send, which is locked.
#[derive(Debug)]
pub(super) struct Change {
    pub(super) send: SendId,
    pub(super) state: SendState,
    pub(super) reason: Option<Reason>,
    /// When it is due again, if it waits.
    pub(super) not_before: Option<DateTime<Utc>>,
    /// Whether its next message is about to be published, so that no sweep has to.
    pub(super) published: bool,
    /// What it was granted, if it is about to be called.
    pub(super) slot_at: Option<DateTime<Utc>>,
    pub(super) decision: Option<Value>,
}

impl Change {
    pub(super) fn to(send: SendId, state: SendState) -> Self {
        Self {
            send,
            state,
            reason: None,
            not_before: None,
            published: false,
            slot_at: None,
            decision: None,
        }
    }
}

/// A decision as the ledger keeps it.
pub(super) fn recorded(record: &DecisionRecord) -> Result<Value, DbError> {
    serde_json::to_value(record)
        .map_err(|error| sqlx::Error::Encode(error.into()))
        .map_err(DbError::on("write down a decision"))
}

pub(super) async fn write(
    conn: &mut PgConnection,
    changes: &[Change],
    lease: Duration,
) -> Result<(), DbError> {
    let ids: Vec<i64> = changes.iter().map(|c| c.send.0).collect();
    let states: Vec<&str> = changes.iter().map(|c| c.state.as_str()).collect();
    let reasons: Vec<_> = changes
        .iter()
        .map(|c| c.reason.map(Reason::as_str))
        .collect();
    let not_before: Vec<_> = changes.iter().map(|c| c.not_before).collect();
    let published: Vec<bool> = changes.iter().map(|c| c.published).collect();
    let slots: Vec<_> = changes.iter().map(|c| c.slot_at).collect();
    let decisions: Vec<_> = changes.iter().map(|c| c.decision.clone()).collect();
    sqlx::query_file!(
        "src/db/sends/write.sql",
        &ids,
        &states as &[&str],
        &reasons as &[Option<&str>],
        &not_before as &[Option<DateTime<Utc>>],
        &published,
        &slots as &[Option<DateTime<Utc>>],
        &decisions as &[Option<Value>],
        lease.as_secs_f64(),
    )
    .execute(conn)
    .await
    .map_err(DbError::on("write down what was decided about sends"))?;
    Ok(())
}
