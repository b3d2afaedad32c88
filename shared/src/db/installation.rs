//! Table `installation`: the key and the place that this database belongs to, and the kill switch.

use chrono::{DateTime, Utc};
use serde::Serialize;
use sqlx::PgConnection;

use super::DbError;
use crate::domain::installation::{
    KeyCheck, KeyFingerprint, Origin, OriginCheck, check_key, check_origin,
};

/// The database is not the one that this configuration belongs to, or that cannot be found out.
#[derive(Debug, thiserror::Error)]
pub enum InstallationError {
    #[error(transparent)]
    Database(#[from] DbError),
    /// Opt-outs are stored under the key's hashes: under another key none of them would be seen.
    #[error(
        "RECIPIENT_HASH_KEY is not the key that this database was begun with, so its opt-outs would be \
         overlooked; nothing is done until the old key is back"
    )]
    OtherKey,
    /// A restored copy does not know what left after the backup.
    #[error(
        "the database is not where sending was last confirmed, as after restoring a backup: mails that \
         left since then would go out again; follow the runbook and confirm with `outreach confirm-restore`"
    )]
    Moved,
}

/// Refuses a key that is not the database's. The first function that works marks the database.
///
/// # Errors
/// [`InstallationError::OtherKey`], or when a statement fails.
pub async fn require_key(
    conn: &mut PgConnection,
    held: &KeyFingerprint,
) -> Result<(), InstallationError> {
    let stored = stored_key(conn).await?;
    require_same_key(conn, stored.as_deref(), held).await
}

/// Refuses to send under a key that is not the database's, or from a database that is not where
/// sending was last confirmed: one statement. The first sender marks the database.
///
/// # Errors
/// [`InstallationError::OtherKey`], [`InstallationError::Moved`], or when a statement fails.
pub async fn require_key_and_origin(
    conn: &mut PgConnection,
    held: &KeyFingerprint,
    address: &str,
) -> Result<(), InstallationError> {
    let stored = load(conn, address).await?;
    require_same_key(conn, stored.key.as_deref(), held).await?;
    match check_origin(stored.origin.as_deref(), &stored.now) {
        OriginCheck::Same => Ok(()),
        OriginCheck::Moved => Err(InstallationError::Moved),
        OriginCheck::First => {
            confirm_origin(conn, &stored.now, "the first sender").await?;
            Ok(())
        }
    }
}

async fn require_same_key(
    conn: &mut PgConnection,
    stored: Option<&[u8]>,
    held: &KeyFingerprint,
) -> Result<(), InstallationError> {
    let mut check = check_key(stored, held);
    if check == KeyCheck::First {
        // Another function may be first as well: the row's own lock lets one of them win.
        sqlx::query!(
            "update installation set key_fingerprint = $1 where key_fingerprint is null",
            held.as_slice()
        )
        .execute(&mut *conn)
        .await
        .map_err(DbError::on("mark the database with its key"))?;
        check = check_key(stored_key(conn).await?.as_deref(), held);
    }
    match check {
        KeyCheck::Same => Ok(()),
        KeyCheck::First | KeyCheck::Different => Err(InstallationError::OtherKey),
    }
}

/// The fingerprint of the key that this database was begun with.
pub async fn stored_key(conn: &mut PgConnection) -> Result<Option<Vec<u8>>, DbError> {
    sqlx::query_scalar!("select key_fingerprint from installation")
        .fetch_one(conn)
        .await
        .map_err(DbError::on("read the fingerprint of the database's key"))
}

/// Where sending was last confirmed, and where the database is now.
pub async fn origin(
    conn: &mut PgConnection,
    address: &str,
) -> Result<(Option<String>, Origin), DbError> {
    let stored = load(conn, address).await?;
    Ok((stored.origin, stored.now))
}

struct Stored {
    key: Option<Vec<u8>>,
    /// Where sending was last confirmed.
    origin: Option<String>,
    now: Origin,
}

async fn load(conn: &mut PgConnection, address: &str) -> Result<Stored, DbError> {
    let row = sqlx::query!(
        r#"select i.key_fingerprint, i.origin,
                  (pg_control_system()).system_identifier as "cluster!",
                  (pg_control_checkpoint()).timeline_id as "timeline!", d.oid::bigint as "database!"
           from installation i, pg_database d
           where d.datname = current_database()"#
    )
    .fetch_one(conn)
    .await
    .map_err(DbError::on(
        "read whom the database belongs to and where it is",
    ))?;
    Ok(Stored {
        key: row.key_fingerprint,
        origin: row.origin,
        now: Origin {
            cluster: row.cluster,
            timeline: row.timeline,
            database: row.database,
            address: address.to_owned(),
        },
    })
}

/// Lets mails leave from here: a person has made sure that nothing is sent twice.
pub async fn confirm_origin(
    conn: &mut PgConnection,
    origin: &Origin,
    by: &str,
) -> Result<(), DbError> {
    sqlx::query!(
        "update installation set origin = $1, confirmed_at = now(), confirmed_by = $2",
        origin.to_line(),
        by
    )
    .execute(conn)
    .await
    .map_err(DbError::on("confirm where the database is"))?;
    Ok(())
}

/// Who stopped sending, when and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Stop {
    pub at: DateTime<Utc>,
    pub by: String,
    pub reason: String,
}

/// What stops sending now; none while mails may leave.
///
/// # Errors
/// When the statement fails.
pub async fn stop(conn: &mut PgConnection) -> Result<Option<Stop>, DbError> {
    let row = sqlx::query!("select stopped_at, stopped_by, stop_reason from installation")
        .fetch_one(conn)
        .await
        .map_err(DbError::on("read whether sending is stopped"))?;
    Ok(row
        .stopped_at
        .zip(row.stopped_by)
        .zip(row.stop_reason)
        .map(|((at, by), reason)| Stop { at, by, reason }))
}
