//! Table `quarantine`: messages that can never be worked on.

use sqlx::PgConnection;

use super::DbError;
use crate::messages::Poison;

/// Stores messages of one queue; one that is already there stays as it was. None need no statement.
///
/// # Errors
/// When the rows cannot be stored: the messages must come again.
pub async fn insert(
    conn: &mut PgConnection,
    queue: &str,
    messages: &[Poison],
) -> Result<(), DbError> {
    if messages.is_empty() {
        return Ok(());
    }
    let ids: Vec<&str> = messages.iter().map(|m| m.message_id.as_str()).collect();
    let reasons: Vec<&str> = messages.iter().map(|m| m.reason.as_str()).collect();
    let hashes: Vec<&[u8]> = messages.iter().map(|m| m.payload_hash.as_slice()).collect();
    sqlx::query!(
        "insert into quarantine (queue, message_id, reason, payload_hash)
         select $1, * from unnest($2::text[], $3::text[], $4::bytea[])
         on conflict on constraint quarantine_queue_message_id_key do nothing",
        queue,
        &ids as &[&str],
        &reasons as &[&str],
        &hashes as &[&[u8]],
    )
    .execute(conn)
    .await
    .map_err(DbError::on("quarantine messages"))?;
    Ok(())
}
