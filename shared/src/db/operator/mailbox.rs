//! A mailbox as a person asks about it by its address, and the one suppression that a person may lift.

use chrono::{DateTime, Utc};
use serde::Serialize;
use sqlx::PgConnection;

use super::{Author, DbError, sign};
use crate::{
    db,
    domain::{
        email::EmailHash,
        feedback::suppression::{Lifting, lifting},
    },
};

/// What is known of a mailbox. Holds no address.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Mailbox {
    pub suppressed_at: Option<DateTime<Utc>>,
    pub suppression_reason: Option<String>,
    /// How an opt-out in the recipient's own words came.
    pub opt_out_way: Option<String>,
    pub erased_at: Option<DateTime<Utc>>,
    pub basis: Option<String>,
    pub country: Option<String>,
    /// Mails that left, or may have left.
    pub mails: i64,
    pub last_mail_at: Option<DateTime<Utc>>,
    /// Leads that have this address.
    pub leads: Vec<i64>,
}

/// What became of a lifting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lifted {
    Done,
    Refused(Lifting),
    NoSuchMailbox,
}

/// A mailbox by the hash of its address; none where it was never written to and no lead has it.
///
/// # Errors
/// When the statement fails.
pub async fn mailbox(
    conn: &mut PgConnection,
    hash: &EmailHash,
) -> Result<Option<Mailbox>, DbError> {
    sqlx::query_as!(
        Mailbox,
        r#"select r.suppressed_at, r.suppression_reason, r.opt_out_way, r.erased_at, r.basis, r.country,
                  (select count(*) from sends s where s.email_hash = r.email_hash and s.attempts > 0) as "mails!",
                  (select max(s.sent_at) from sends s where s.email_hash = r.email_hash) as last_mail_at,
                  array(select l.id from leads l where l.email_hash = r.email_hash order by l.id) as "leads!"
           from recipients r where r.email_hash = $1"#,
        hash.0.as_slice(),
    )
    .fetch_optional(conn)
    .await
    .map_err(DbError::on("look for a mailbox"))
}

/// Lets a mailbox be written to again that bounced. What its owner said is not for us to take back.
///
/// # Errors
/// When a statement fails; nothing was changed.
pub async fn lift(
    conn: &mut PgConnection,
    hash: &EmailHash,
    author: Author<'_>,
) -> Result<Lifted, DbError> {
    db::transaction(conn, async |tx| {
        sign(tx, author).await?;
        let row = sqlx::query!(
            "select suppression_reason, opt_out_way, erased_at from recipients
             where email_hash = $1 for no key update",
            hash.0.as_slice(),
        )
        .fetch_optional(&mut *tx)
        .await
        .map_err(DbError::on("lock a recipient"))?;
        let Some(row) = row else {
            return Ok(Lifted::NoSuchMailbox);
        };
        let own_words = row.opt_out_way.is_some() || row.erased_at.is_some();
        match lifting(row.suppression_reason.as_deref(), own_words) {
            Lifting::Allowed => {}
            refused => return Ok(Lifted::Refused(refused)),
        }
        sqlx::query!(
            "update recipients
             set suppressed_at = null, suppression_reason = null, updated_at = now()
             where email_hash = $1",
            hash.0.as_slice(),
        )
        .execute(tx)
        .await
        .map_err(DbError::on("lift a suppression"))?;
        Ok(Lifted::Done)
    })
    .await
}
