//! Table `sessions`: who is signed in.

use std::collections::BTreeMap;

use sqlx::PgConnection;

use super::super::{DbError, known};
use crate::domain::person::Person;

/// A session ends after so many minutes in which nobody did anything.
pub const IDLE_MINUTES: i32 = 30;
/// And after so many hours in any case.
pub const LIFE_HOURS: i32 = 12;

/// SHA-256 of the id in a person's cookie.
pub type IdHash = [u8; 32];

/// Begins a session, and forgets those that ended a month ago.
///
/// # Errors
/// When a statement fails.
pub async fn begin(
    conn: &mut PgConnection,
    id: &IdHash,
    issuer: &str,
    person: &Person,
) -> Result<(), DbError> {
    sqlx::query!("delete from sessions where expires_at < now() - interval '30 days'")
        .execute(&mut *conn)
        .await
        .map_err(DbError::on("forget old sessions"))?;
    sqlx::query!(
        "insert into sessions (id_hash, issuer, subject, name, role, expires_at)
         values ($1, $2, $3, $4, $5, now() + make_interval(hours => $6))",
        id.as_slice(),
        issuer,
        person.subject,
        person.name,
        person.role.as_str(),
        LIFE_HOURS,
    )
    .execute(conn)
    .await
    .map_err(DbError::on("begin a session"))?;
    Ok(())
}

/// Whose session it is; none where it ended, was revoked, or never was.
///
/// # Errors
/// When a statement fails, or the row holds a role that this program does not know.
pub async fn resume(conn: &mut PgConnection, id: &IdHash) -> Result<Option<Person>, DbError> {
    let row = sqlx::query!(
        r#"select subject, name, role, seen_at < now() - interval '1 minute' as "seen_long_ago!"
           from sessions
           where id_hash = $1 and revoked_at is null and expires_at > now()
             and seen_at > now() - make_interval(mins => $2)"#,
        id.as_slice(),
        IDLE_MINUTES,
    )
    .fetch_optional(&mut *conn)
    .await
    .map_err(DbError::on("look for a session"))?;
    let Some(row) = row else {
        return Ok(None);
    };
    if row.seen_long_ago {
        sqlx::query!(
            "update sessions set seen_at = now() where id_hash = $1",
            id.as_slice()
        )
        .execute(conn)
        .await
        .map_err(DbError::on("keep a session"))?;
    }
    Ok(Some(Person {
        role: known(&row.role, "sessions", "of a cookie", "role")?,
        subject: row.subject,
        name: row.name,
    }))
}

/// The names of everybody who has signed in, by subject: of several the last one.
///
/// # Errors
/// When the statement fails.
pub async fn names(conn: &mut PgConnection) -> Result<BTreeMap<String, String>, DbError> {
    let rows = sqlx::query!(
        "select distinct on (subject) subject, name from sessions order by subject, created_at desc"
    )
    .fetch_all(conn)
    .await
    .map_err(DbError::on("read who has signed in"))?;
    Ok(rows
        .into_iter()
        .map(|row| (row.subject, row.name))
        .collect())
}

/// Ends one session.
///
/// # Errors
/// When the statement fails.
pub async fn revoke(conn: &mut PgConnection, id: &IdHash) -> Result<(), DbError> {
    sqlx::query!(
        "update sessions set revoked_at = now() where id_hash = $1 and revoked_at is null",
        id.as_slice(),
    )
    .execute(conn)
    .await
    .map_err(DbError::on("end a session"))?;
    Ok(())
}

/// Ends every session of a person; answers how many.
///
/// # Errors
/// When the statement fails.
pub async fn revoke_all_of(conn: &mut PgConnection, subject: &str) -> Result<u64, DbError> {
    let revoked = sqlx::query!(
        "update sessions set revoked_at = now()
         where subject = $1 and revoked_at is null and expires_at > now()",
        subject,
    )
    .execute(conn)
    .await
    .map_err(DbError::on("end a person's sessions"))?;
    Ok(revoked.rows_affected())
}
