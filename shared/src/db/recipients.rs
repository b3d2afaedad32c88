//! Table `recipients`: whether a mailbox may be written to.

use sqlx::PgConnection;

use super::{DbError, begin, commit};
use crate::domain::{
    feedback::{
        OptOutWay, Suppression,
        suppression::{self, Suppressed},
    },
    ids::SendId,
};

/// What became of an opt-out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unsubscribed {
    /// The mailbox is suppressed from now on.
    Now,
    /// It opted out, or complained, before.
    Before,
    /// There is no such send, so no recipient was suppressed.
    NoSuchSend,
}

/// Suppresses the mailbox of a send, for all campaigns. When this returns, the opt-out is durable and no
/// new call to SES starts for it (invariant 10): arm either sees the changed mailbox or came first.
///
/// Replaces the weaker reasons, keeps the time of an earlier suppression, and changes nothing the
/// second time: the first way that an opt-out came is the one on record.
///
/// # Errors
/// When a statement fails or its end is not known; it can be repeated.
pub async fn unsubscribe(
    conn: &mut PgConnection,
    send: SendId,
    way: OptOutWay,
) -> Result<Unsubscribed, DbError> {
    // Locks one row and then no other, so there is no deadlock to run it again for.
    let mut tx = begin(conn).await?;
    let unsubscribed = opt_out(&mut tx, send, way).await?;
    commit(tx).await?;
    Ok(unsubscribed)
}

async fn opt_out(
    tx: &mut PgConnection,
    send: SendId,
    way: OptOutWay,
) -> Result<Unsubscribed, DbError> {
    let mailbox = sqlx::query_scalar!("select email_hash from sends where id = $1", send.0)
        .fetch_optional(&mut *tx)
        .await
        .map_err(DbError::on("look for the mailbox of a send"))?;
    let Some(mailbox) = mailbox else {
        return Ok(Unsubscribed::NoSuchSend);
    };
    let (changed, _) = suppress(tx, &mailbox, Suppression::Unsubscribed.as_str(), way).await?;
    Ok(if changed {
        Unsubscribed::Now
    } else {
        Unsubscribed::Before
    })
}

/// Suppresses a mailbox that is on record, unless a reason as strong stands. Gives whether it changed,
/// and the reason that stands now. Part of the caller's transaction.
///
/// # Errors
/// When a statement fails.
pub(super) async fn suppress(
    tx: &mut PgConnection,
    mailbox: &[u8],
    reason: &str,
    way: OptOutWay,
) -> Result<(bool, String), DbError> {
    let row = sqlx::query!(
        r#"select suppressed_at, suppression_reason, opt_out_way, now() as "now!"
           from recipients where email_hash = $1 for no key update"#,
        mailbox,
    )
    .fetch_one(&mut *tx)
    .await
    .map_err(DbError::on("lock a recipient"))?;
    let current = row.suppressed_at.zip(row.suppression_reason);
    let current = current.map(|(at, reason)| Suppressed { at, reason });
    let new = Suppressed {
        at: row.now,
        reason: reason.to_owned(),
    };
    let new = suppression::suppress(current.as_ref(), &[new], None);
    let changed = new != current;
    let (at, reason) = new.map(|new| (new.at, new.reason)).unzip();
    // After a complaint, an opt-out changes nothing but is on record.
    if changed || row.opt_out_way.is_none() {
        sqlx::query!(
            "update recipients
             set suppressed_at = $2, suppression_reason = $3,
                 opt_out_way = coalesce(opt_out_way, $4), updated_at = now()
             where email_hash = $1",
            mailbox,
            at,
            reason,
            way.as_str(),
        )
        .execute(tx)
        .await
        .map_err(DbError::on("suppress a recipient"))?;
    }
    Ok((changed, reason.unwrap_or_default()))
}

/// Why the mailbox of a send is suppressed, if it is.
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

/// How many mailboxes are suppressed.
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
