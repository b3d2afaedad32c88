//! Table `recipients`: what a mailbox itself says about being written to.

use sqlx::PgConnection;

use super::DbError;
use crate::domain::ids::SendId;

/// What became of a "no".
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unsubscribed {
    /// The mailbox is suppressed from now on.
    Now,
    /// It had said so, or complained, before.
    Before,
    /// There is no such send, so nobody was suppressed.
    NoSuchSend,
}

/// Suppresses the mailbox of a send, for all campaigns. When this returns, the "no" is durable and no
/// new call to SES starts for it (invariant 10): arm either sees the changed mailbox or came first.
///
/// Replaces the weaker reasons, keeps the time of an earlier suppression, and changes nothing the
/// second time.
///
/// # Errors
/// When the statement fails or its end is not known; it can be repeated.
pub async fn unsubscribe(conn: &mut PgConnection, send: SendId) -> Result<Unsubscribed, DbError> {
    let row = sqlx::query_file!("src/db/unsubscribe.sql", send.0)
        .fetch_one(conn)
        .await
        .map_err(DbError::on("unsubscribe the mailbox of a send"))?;
    Ok(match (row.known, row.changed) {
        (false, _) => Unsubscribed::NoSuchSend,
        (true, true) => Unsubscribed::Now,
        (true, false) => Unsubscribed::Before,
    })
}

/// Why the mailbox of a send is not written to any more, if it is not.
///
/// # Errors
/// When the statement fails.
pub async fn suppression_of(
    conn: &mut PgConnection,
    send: SendId,
) -> Result<Option<String>, DbError> {
    sqlx::query_scalar!(
        "select suppression_reason from recipients join sends using (email_hash) where sends.id = $1",
        send.0
    )
    .fetch_optional(conn)
    .await
    .map(Option::flatten)
    .map_err(DbError::on("read the suppression of a mailbox"))
}

/// How many mailboxes are not written to any more.
///
/// # Errors
/// When the statement fails.
pub async fn count_suppressed(conn: &mut PgConnection) -> Result<i64, DbError> {
    sqlx::query_scalar!(
        r#"select count(*) as "count!" from recipients where suppressed_at is not null"#
    )
    .fetch_one(conn)
    .await
    .map_err(DbError::on("count suppressed mailboxes"))
}
