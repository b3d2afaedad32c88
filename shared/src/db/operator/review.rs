//! What a reviewer decides about planned mails.

use serde::Serialize;
use sqlx::PgConnection;

use super::{Author, DbError, sign};
use crate::{
    db::{self, known},
    domain::{
        content::Draft,
        ids::SendId,
        reason::Reason,
        review::{self, Change, Review, ReviewRefused, Reviewed},
        send_state::SendState,
    },
};

/// A mail that waits for a person.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Waiting {
    pub send: i64,
    pub campaign: String,
    pub platform: String,
    pub username: String,
    pub country: Option<String>,
    pub score: i16,
    /// Why a person looks first.
    pub reason: Option<String>,
    pub explanation: Option<&'static str>,
    /// None where no text was written: it needs one before it can be approved.
    pub subject: Option<String>,
}

/// The mails that wait for a person, the best lead first.
///
/// # Errors
/// When the statement fails.
pub async fn waiting_for_review(
    conn: &mut PgConnection,
    campaign: Option<&str>,
    limit: i64,
) -> Result<Vec<Waiting>, DbError> {
    let rows = sqlx::query!(
        r#"select s.id, c.name as campaign, l.source, l.username,
                  coalesce(r.country, l.country) as country, e.score, s.reason, e.subject
           from sends s
           join campaigns c on c.id = s.campaign_id
           join leads l on l.id = s.lead_id
           join recipients r on r.email_hash = s.email_hash
           join enriched_leads e on e.id = s.enriched_lead_id
           where s.state = 'review' and ($1::text is null or c.name = $1)
           order by e.score desc, s.id
           limit $2"#,
        campaign,
        limit,
    )
    .fetch_all(conn)
    .await
    .map_err(DbError::on("list what waits for a person"))?;
    let waiting = rows.into_iter().map(|row| Waiting {
        send: row.id,
        campaign: row.campaign,
        platform: row.source,
        username: row.username,
        country: row.country,
        score: row.score,
        explanation: row
            .reason
            .as_deref()
            .and_then(Reason::from_word)
            .map(Reason::explain),
        reason: row.reason,
        subject: row.subject,
    });
    Ok(waiting.collect())
}

/// What became of a review.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReviewOutcome {
    Done(Change),
    Refused(ReviewRefused),
    NoSuchSend,
}

/// The text of a mail; none where there is no such send, or it has no text.
///
/// # Errors
/// When the statement fails.
pub async fn draft(conn: &mut PgConnection, send: SendId) -> Result<Option<Draft>, DbError> {
    let row = sqlx::query!(
        "select e.subject, e.message
         from sends s join enriched_leads e on e.id = s.enriched_lead_id where s.id = $1",
        send.0,
    )
    .fetch_optional(conn)
    .await
    .map_err(DbError::on("read a mail's text"))?;
    Ok(row.and_then(|row| text(row.subject, row.message)))
}

/// Carries out a review of one mail. An approved mail passes the gate again before it leaves, and only
/// with the text that was approved (invariant 13).
///
/// # Errors
/// When a statement fails; nothing was changed.
pub async fn review(
    conn: &mut PgConnection,
    send: SendId,
    decision: &Review,
    author: impl Into<Author<'_>>,
) -> Result<ReviewOutcome, DbError> {
    let author = author.into();
    db::transaction(conn, async |tx| {
        sign(tx, author).await?;
        let Some(locked) = lock(tx, send).await? else {
            return Ok(ReviewOutcome::NoSuchSend);
        };
        carry_out(tx, send, &locked, decision, 0).await
    })
    .await
}

/// Carries out a review of a mail that is locked. An approved mail is held for so many seconds.
pub(in crate::db) async fn carry_out(
    tx: &mut PgConnection,
    send: SendId,
    locked: &Locked,
    decision: &Review,
    held_seconds: i32,
) -> Result<ReviewOutcome, DbError> {
    let change = match review::review(&locked.mail, decision) {
        Ok(change) => change,
        Err(refused) => return Ok(ReviewOutcome::Refused(refused)),
    };
    write(tx, send, locked, &change, held_seconds).await?;
    Ok(ReviewOutcome::Done(change))
}

/// A mail whose row is locked.
pub(in crate::db) struct Locked {
    enrichment: i64,
    /// Of the text that was planned or approved.
    pub(in crate::db) content_hash: Vec<u8>,
    pub(in crate::db) mail: Reviewed,
}

/// Locks the row of a mail.
pub(in crate::db) async fn lock(
    conn: &mut PgConnection,
    send: SendId,
) -> Result<Option<Locked>, DbError> {
    let row = sqlx::query!(
        r#"select enriched_lead_id, state::text as "state!", content_hash,
                  attempts > 0 or may_have_left as "may_have_left!"
           from sends where id = $1 for no key update"#,
        send.0,
    )
    .fetch_optional(&mut *conn)
    .await
    .map_err(DbError::on("lock a reviewed send"))?;
    let Some(row) = row else {
        return Ok(None);
    };
    let draft = draft(conn, send).await?;
    let hash = draft.as_ref().map(Draft::hash);
    Ok(Some(Locked {
        enrichment: row.enriched_lead_id,
        mail: Reviewed {
            state: known::<SendState>(&row.state, "sends", send.0, "state")?,
            may_have_left: row.may_have_left,
            unchanged: hash.is_some_and(|hash| hash.as_slice() == row.content_hash),
            draft,
        },
        content_hash: row.content_hash,
    }))
}

fn text(subject: Option<String>, message: Option<String>) -> Option<Draft> {
    let (subject, message) = subject.zip(message)?;
    Some(Draft { subject, message })
}

async fn write(
    conn: &mut PgConnection,
    send: SendId,
    locked: &Locked,
    change: &Change,
    held_seconds: i32,
) -> Result<(), DbError> {
    let (state, reason, approved) = match change {
        Change::Queue => (SendState::Queued, None, true),
        Change::Wait { draft: Some(_) } => (SendState::Review, Some(Reason::Edited), false),
        Change::Wait { draft: None } => (SendState::Review, Some(Reason::Reopened), false),
        Change::Refuse => (SendState::Refused, Some(Reason::ReviewerRejected), false),
    };
    let draft = match change {
        Change::Wait { draft } => draft.as_ref().or(locked.mail.draft.as_ref()),
        Change::Queue | Change::Refuse => locked.mail.draft.as_ref(),
    };
    sqlx::query!(
        "update enriched_leads e
         set subject = $2, message = $3, reviewed = $4, updated_at = now(),
             -- A text that a person wrote where the model gave none is of today's offer.
             offer = coalesce(e.offer, (select c.offer from campaigns c where c.id = e.campaign_id))
         where id = $1",
        locked.enrichment,
        draft.map(|draft| draft.subject.as_str()),
        draft.map(|draft| draft.message.as_str()),
        approved,
    )
    .execute(&mut *conn)
    .await
    .map_err(DbError::on("store a reviewed text"))?;
    let content = draft.map_or([0; 32], Draft::hash);
    // Requested since ever, so the next sweep publishes what is due.
    sqlx::query!(
        "update sends
         set state = $2::text::send_state, reason = $3, content_hash = $4, fence = fence + 1,
             send_requested_at = '-infinity', not_before = now() + make_interval(secs => $5),
             updated_at = now()
         where id = $1",
        send.0,
        state.as_str(),
        reason.map(Reason::as_str),
        content.as_slice(),
        f64::from(held_seconds),
    )
    .execute(conn)
    .await
    .map_err(DbError::on("store a review"))?;
    Ok(())
}
