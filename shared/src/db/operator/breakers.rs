//! Table `breakers` as a person sees it, who alone closes one.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use serde::Serialize;
use sqlx::PgConnection;

use super::{DbError, hand::remember};
use crate::{
    db,
    domain::{breaker::Figures, ids::CampaignId},
};

/// A campaign's breaker, and what it looks at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Breaker {
    /// The campaign.
    pub campaign: String,
    /// The campaign's status.
    pub status: String,
    /// Since when it is open; none when it is closed.
    pub opened_at: Option<DateTime<Utc>>,
    /// Why it was opened, the last time it was.
    pub reason: Option<String>,
    /// The same as a sentence.
    pub explanation: Option<String>,
    /// The figures that opened it.
    pub figures: Option<serde_json::Value>,
    /// When a person closed it last.
    pub closed_at: Option<DateTime<Utc>>,
    /// Who.
    pub closed_by: Option<String>,
    /// Mails of the days that count, less what was forgiven.
    pub sent: i64,
    /// Of these, bounced for good.
    pub bounced: i64,
    /// Of these, complained about.
    pub complained: i64,
    /// Mails that are planned and wait.
    pub waiting: i64,
}

/// The breaker of a campaign, or of each.
///
/// # Errors
/// When a statement fails.
pub async fn breakers(
    conn: &mut PgConnection,
    campaign: Option<&str>,
) -> Result<Vec<Breaker>, DbError> {
    let figures: HashMap<i64, Figures> = db::breakers::figures(conn)
        .await?
        .into_iter()
        .map(|found| (found.campaign.0, found.figures))
        .collect();
    let rows = sqlx::query!(
        r#"select c.id, c.name, c.status, b.opened_at as "opened_at?", b.reason as "reason?",
                  reason_text(b.reason) as explanation, b.figures as "figures?",
                  b.closed_at as "closed_at?", b.closed_by as "closed_by?",
                  (select count(*) from sends s
                   where s.campaign_id = c.id and s.state in ('queued', 'claimed')) as "waiting!"
           from campaigns c
           left join breakers b on b.campaign_id = c.id
           where $1::text is null or c.name = $1
           order by c.name"#,
        campaign,
    )
    .fetch_all(conn)
    .await
    .map_err(DbError::on("read the breakers"))?;
    Ok(rows
        .into_iter()
        .map(|row| {
            let figures = figures.get(&row.id).copied().unwrap_or_default();
            Breaker {
                campaign: row.name,
                status: row.status,
                opened_at: row.opened_at,
                reason: row.reason,
                explanation: row.explanation,
                figures: row.figures,
                closed_at: row.closed_at,
                closed_by: row.closed_by,
                sent: figures.sent,
                bounced: figures.bounced,
                complained: figures.complained,
                waiting: row.waiting,
            }
        })
        .collect())
}

/// Closes a campaign's breaker and forgives what its figures hold so far, so that only what goes
/// wrong from now on counts. Says whether it was open.
///
/// # Errors
/// When a statement fails; nothing was changed.
pub async fn close_breaker(
    conn: &mut PgConnection,
    campaign: &str,
    by: &str,
    note: Option<&str>,
) -> Result<bool, DbError> {
    db::transaction(conn, async |tx| {
        remember(tx, note).await?;
        let id = sqlx::query_scalar!("select id from campaigns where name = $1", campaign)
            .fetch_optional(&mut *tx)
            .await
            .map_err(DbError::on("look for a campaign"))?;
        match id {
            Some(id) => db::breakers::close(tx, CampaignId(id), by).await,
            None => Ok(false),
        }
    })
    .await
}
