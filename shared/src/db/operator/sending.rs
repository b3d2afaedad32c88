//! The kill switch: a row, so that it holds at once and outlives every deployment.

use sqlx::PgConnection;

use super::{Author, DbError, sign};
use crate::{
    db,
    domain::{audit::without_addresses, person::Person, reason::Reason},
};

/// Stops sending. When this returns, no new call to SES is armed. False if it was stopped before:
/// the first reason stays.
///
/// # Errors
/// When a statement fails.
pub async fn stop_sending(
    conn: &mut PgConnection,
    by: &str,
    reason: &str,
    person: Option<&Person>,
) -> Result<bool, DbError> {
    let reason = without_addresses(reason);
    db::transaction(conn, async |tx| {
        let note = Some(reason.as_str());
        sign(tx, Author { person, note }).await?;
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
    author: impl Into<Author<'_>>,
) -> Result<Option<u64>, DbError> {
    let author = author.into();
    db::transaction(conn, async |tx| {
        sign(tx, author).await?;
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
