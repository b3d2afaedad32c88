//! What `outreach doctor` and `outreach smoke` read.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use super::DbError;

/// The database's clock.
pub async fn clock(conn: &mut PgConnection) -> Result<DateTime<Utc>, DbError> {
    sqlx::query_scalar!(r#"select clock_timestamp() as "now!""#)
        .fetch_one(conn)
        .await
        .map_err(DbError::on("read the database's clock"))
}

/// The kinds of sources that the collector runs.
pub async fn enabled_source_kinds(conn: &mut PgConnection) -> Result<Vec<String>, DbError> {
    sqlx::query_scalar!("select distinct kind from sources where enabled order by kind")
        .fetch_all(conn)
        .await
        .map_err(DbError::on("read the kinds of sources"))
}

/// What SES reported about a mail, in the order in which it was stored.
pub async fn events_of_message(
    conn: &mut PgConnection,
    ses_message_id: &str,
) -> Result<Vec<String>, DbError> {
    sqlx::query_scalar!(
        "select kind from send_events where ses_message_id = $1 order by received_at, event_key",
        ses_message_id,
    )
    .fetch_all(conn)
    .await
    .map_err(DbError::on("read the events of a mail"))
}
