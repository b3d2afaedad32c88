//! What a person decides where the system must not.

use sqlx::PgConnection;

use super::DbError;
use crate::{
    db::{self, recipients},
    domain::{email::EmailHash, ids::SendId, reason::Reason},
};

/// What a person decides about a call whose outcome nobody knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Resolution {
    /// It did not leave, as far as the person can tell: plan it again. The gate is asked as always.
    Resend,
    /// Ask no more. It may have left, so the mailbox's step and day stay used; an event that comes
    /// after all still says what became of it.
    GiveUp,
}

/// What became of a decision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Resolved {
    /// It holds from now on.
    Now,
    /// It was given up before.
    Before,
    /// The send is not unknown; its state.
    NotUnknown(String),
    /// There is no such send.
    NoSuchSend,
}

/// Decides about a send that is `unknown`.
///
/// A send that is planned again gets a new fence, so that an answer to the old call, should one still
/// come, changes nothing. The day that the old call took stays taken.
///
/// # Errors
/// When a statement fails; nothing was changed.
pub async fn resolve(
    conn: &mut PgConnection,
    send: SendId,
    resolution: Resolution,
    note: Option<&str>,
) -> Result<Resolved, DbError> {
    let (state, reason) = match resolution {
        Resolution::Resend => ("queued", Reason::Resend),
        Resolution::GiveUp => ("unknown", Reason::GivenUp),
    };
    let mut tx = db::begin(conn).await?;
    remember(&mut tx, note).await?;
    let row = sqlx::query!(
        r#"with found as (
               select id, state, reason from sends where id = $1 for no key update
           ),
           changed as (
               update sends s
               set state = $2::text::send_state, reason = $3,
                   fence = s.fence + ($2 = 'queued')::integer,
                   may_have_left = s.may_have_left or $2 = 'queued',
                   -- Due since before it was announced, so the next sweep announces it.
                   send_requested_at = case when $2 = 'queued' then '-infinity'
                                            else s.send_requested_at end,
                   updated_at = now()
               from found f
               where s.id = f.id and f.state = 'unknown' and f.reason is distinct from $3
               returning s.id
           )
           select state::text as "state!", exists (select from changed) as "changed!" from found"#,
        send.0,
        state,
        reason.as_str(),
    )
    .fetch_optional(&mut *tx)
    .await
    .map_err(DbError::on("decide about an unknown send"))?;
    db::commit(tx).await?;
    Ok(match row {
        None => Resolved::NoSuchSend,
        Some(row) if row.changed => Resolved::Now,
        Some(row) if row.state == "unknown" => Resolved::Before,
        Some(row) => Resolved::NotUnknown(row.state),
    })
}

/// What became of a suppression that an operator asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Suppressed {
    /// Whether it changed the mailbox: otherwise a reason as strong stood before.
    pub changed: bool,
    /// The reason that stands now.
    pub reason: String,
    /// Planned mails to this mailbox, which the gate will refuse.
    pub planned: i64,
    /// Whether a mail to this mailbox left, or may have left.
    pub written_to: bool,
}

/// Suppresses a mailbox for all campaigns, whether or not a lead has it. When this returns no new
/// call to SES starts for it (invariant 10).
///
/// # Errors
/// When a statement fails; nothing was changed.
pub async fn suppress(
    conn: &mut PgConnection,
    mailbox: EmailHash,
    reason: &str,
) -> Result<Suppressed, DbError> {
    db::transaction(conn, async |tx| {
        sqlx::query!(
            "insert into recipients (email_hash) values ($1) on conflict (email_hash) do nothing",
            mailbox.0.as_slice(),
        )
        .execute(&mut *tx)
        .await
        .map_err(DbError::on("store a recipient"))?;
        let (changed, reason) = recipients::suppress(tx, &mailbox.0, reason).await?;
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
    })
    .await
}

/// An address of any lead with its hash: whoever hashes addresses finds out whether their key is the
/// one of this database.
///
/// # Errors
/// When the statement fails.
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

/// Lets the audit log keep the note with every change of this transaction.
pub(super) async fn remember(conn: &mut PgConnection, note: Option<&str>) -> Result<(), DbError> {
    sqlx::query!(
        "select set_config('outreach.note', $1, true)",
        note.unwrap_or_default()
    )
    .fetch_one(conn)
    .await
    .map_err(DbError::on("keep a note"))?;
    Ok(())
}
