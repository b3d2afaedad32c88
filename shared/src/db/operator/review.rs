//! What a reviewer decides about planned mails.

use serde::Serialize;
use sqlx::PgConnection;

use super::{Author, DbError, sign};
use crate::{
    db::{self, known},
    domain::{
        content::Draft,
        ids::SendId,
        letter::Languages,
        reason::Reason,
        review::{self, Change, Review, ReviewRefused, Reviewed, Seen},
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
    /// What a person who decides must have had before them.
    pub(in crate::db) seen: [u8; 32],
    /// Of the frame that they saw around the text: it stays around it.
    offer: String,
    chosen_language: Option<String>,
    pub(in crate::db) mail: Reviewed,
}

/// Locks the row of a mail, and the profile that it is written to before it, as every transaction does: neither changes
/// between what was seen and what is decided.
pub(in crate::db) async fn lock(
    conn: &mut PgConnection,
    send: SendId,
) -> Result<Option<Locked>, DbError> {
    lock_profile(conn, send).await?;
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
    let shown = sqlx::query!(
        r#"select e.subject, e.message, coalesce(e.offer, c.offer) as "offer!", e.offer is not null as "is_written!",
                  e.language as text_language, c.language as campaign_language, l.language as profile_language,
                  l.profile_changed_at
           from sends s
           join enriched_leads e on e.id = s.enriched_lead_id
           join campaigns c on c.id = s.campaign_id
           join leads l on l.id = s.lead_id
           where s.id = $1"#,
        send.0,
    )
    .fetch_one(&mut *conn)
    .await
    .map_err(DbError::on("read what was reviewed"))?;
    let languages = Languages {
        is_written: shown.is_written,
        text: shown.text_language,
        campaign: shown.campaign_language,
        profile: shown.profile_language,
    };
    let draft = text(shown.subject, shown.message);
    let hash = draft.as_ref().map(Draft::hash);
    let chosen_language = languages.chosen().map(str::to_owned);
    let language = languages.of_text();
    let seen = Seen {
        content_hash: &row.content_hash,
        profile_changed_at: shown.profile_changed_at,
        offer: &shown.offer,
        language: language.as_deref(),
    };
    Ok(Some(Locked {
        enrichment: row.enriched_lead_id,
        seen: seen.fingerprint(),
        chosen_language,
        mail: Reviewed {
            state: known::<SendState>(&row.state, "sends", send.0, "state")?,
            may_have_left: row.may_have_left,
            unchanged: hash.is_some_and(|hash| hash.as_slice() == row.content_hash),
            draft,
        },
        offer: shown.offer,
    }))
}

/// Locks the profile that a mail is written to.
pub(in crate::db) async fn lock_profile(
    conn: &mut PgConnection,
    send: SendId,
) -> Result<(), DbError> {
    sqlx::query!(
        "select l.id from leads l join sends s on s.lead_id = l.id where s.id = $1 for share of l",
        send.0,
    )
    .fetch_optional(conn)
    .await
    .map_err(DbError::on("lock a reviewed profile"))?;
    Ok(())
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
        "update enriched_leads
         set subject = $2, message = $3, reviewed = $4, offer = $5, language = $6, updated_at = now()
         where id = $1",
        locked.enrichment,
        draft.map(|draft| draft.subject.as_str()),
        draft.map(|draft| draft.message.as_str()),
        approved,
        locked.offer,
        locked.chosen_language,
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
