//! An opt-out that came by another way than a link or an event.

use sqlx::PgConnection;

use super::{Author, DbError, sign};
use crate::{
    db::{self, recipients},
    domain::{audit::without_addresses, email::EmailHash, feedback::OptOutWay},
};

/// What became of an opt-out that an operator entered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Suppressed {
    /// False if an equally strong reason was recorded before.
    pub changed: bool,
    /// The reason that counts now.
    pub reason: String,
    /// Planned mails to this mailbox, which the gate will refuse.
    pub planned: i64,
    /// Whether a mail to this mailbox left, or may have left.
    pub written_to: bool,
}

/// Suppresses a mailbox for all campaigns, whether or not a lead has it. When this returns no new
/// call to SES starts for it (invariant 10).
pub async fn suppress(
    conn: &mut PgConnection,
    mailbox: EmailHash,
    reason: &str,
    author: impl Into<Author<'_>>,
) -> Result<Suppressed, DbError> {
    let author = author.into();
    db::transaction(conn, async |tx| {
        sign(tx, author).await?;
        suppress_within(tx, mailbox, reason).await
    })
    .await
}

/// The same as part of the caller's transaction. Of the reason no address is kept.
pub(in crate::db) async fn suppress_within(
    tx: &mut PgConnection,
    mailbox: EmailHash,
    reason: &str,
) -> Result<Suppressed, DbError> {
    sqlx::query!(
        "insert into recipients (email_hash) values ($1) on conflict (email_hash) do nothing",
        mailbox.0.as_slice(),
    )
    .execute(&mut *tx)
    .await
    .map_err(DbError::on("store a recipient"))?;
    let reason = without_addresses(reason);
    let (changed, reason) =
        recipients::suppress(tx, &mailbox.0, &reason, OptOutWay::Person).await?;
    let sends = sqlx::query!(
        r#"select count(*) filter (where state in ('review', 'queued', 'claimed')) as "planned!",
                  count(*) filter (where state in ('calling', 'unknown', 'sent', 'delivered',
                      'opened', 'clicked', 'replied', 'bounced', 'complained')) > 0 as "written_to!"
           from sends where email_hash = $1"#,
        mailbox.0.as_slice(),
    )
    .fetch_one(tx)
    .await
    .map_err(DbError::on("count the mails of a mailbox"))?;
    Ok(Suppressed {
        changed,
        reason,
        planned: sends.planned,
        written_to: sends.written_to,
    })
}

/// An address of any lead with its hash: proves whether a key is the one of this database.
pub async fn known_address(
    conn: &mut PgConnection,
) -> Result<Option<(String, EmailHash)>, DbError> {
    let row = sqlx::query!(
        r#"select email as "email!", email_hash as "email_hash!" from leads
           where email_hash is not null and email is not null limit 1"#
    )
    .fetch_optional(conn)
    .await
    .map_err(DbError::on("read an address"))?;
    Ok(row.and_then(|row| Some((row.email, EmailHash(row.email_hash.try_into().ok()?)))))
}
