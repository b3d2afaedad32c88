//! The kill switch: a row, so that it holds at once and outlives every deployment.

use sqlx::PgConnection;

use super::{DbError, set_note};
use crate::{db, domain::reason::Reason};

/// Stops sending. When this returns, no new call to SES is armed. False if it was stopped before:
/// the first reason stays.
///
/// # Errors
/// When a statement fails.
pub async fn stop_sending(
    conn: &mut PgConnection,
    by: &str,
    reason: &str,
) -> Result<bool, DbError> {
    db::transaction(conn, async |tx| {
        set_note(tx, Some(reason)).await?;
        let stopped = sqlx::query!(
            "update installation set stopped_at = now(), stopped_by = $1, stop_reason = $2
             where stopped_at is null",
            by,
            reason,
        )
        .execute(tx)
        .await
        .map_err(DbError::on("stop sending"))?;
        Ok(stopped.rows_affected() == 1)
    })
    .await
}

/// Lets mails leave again, and at once: what waited for the switch is due. Answers how many waited; none
/// if sending was not stopped.
///
/// # Errors
/// When a statement fails.
pub async fn start_sending(
    conn: &mut PgConnection,
    note: Option<&str>,
) -> Result<Option<u64>, DbError> {
    db::transaction(conn, async |tx| {
        set_note(tx, note).await?;
        let started = sqlx::query!(
            "update installation set stopped_at = null, stopped_by = null, stop_reason = null
             where stopped_at is not null"
        )
        .execute(&mut *tx)
        .await
        .map_err(DbError::on("let mails leave again"))?;
        if started.rows_affected() == 0 {
            return Ok(None);
        }
        // Requested since ever, so the next sweep publishes it.
        let waited = sqlx::query!(
            "update sends
             set reason = null, not_before = now(), send_requested_at = '-infinity', updated_at = now()
             where state = 'queued' and reason = $1",
            Reason::SendingDisabled.as_str(),
        )
        .execute(tx)
        .await
        .map_err(DbError::on("make due what waited for the kill switch"))?;
        Ok(Some(waited.rows_affected()))
    })
    .await
}
