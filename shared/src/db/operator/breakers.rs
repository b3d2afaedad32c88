//! Table `breakers` as an operator sees it, who alone closes one.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use serde::Serialize;
use sqlx::PgConnection;

use super::{Author, DbError, sign};
use crate::{
    db::{self, known},
    domain::{
        breaker::{Figures, Trip},
        ids::CampaignId,
    },
};

/// A campaign's breaker, and the figures it depends on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Breaker {
    pub campaign: String,
    /// The campaign's status.
    pub status: String,
    /// None when it is closed.
    pub opened_at: Option<DateTime<Utc>>,
    /// Why it was opened last.
    pub reason: Option<String>,
    pub explanation: Option<&'static str>,
    /// The figures that opened it.
    pub figures: Option<serde_json::Value>,
    pub closed_at: Option<DateTime<Utc>>,
    pub closed_by: Option<String>,
    /// Mails of the days that count, less what was forgiven.
    pub sent: i64,
    pub bounced: i64,
    pub complained: i64,
    /// Planned mails that wait.
    pub waiting: i64,
}

/// The breaker of a campaign, or of each.
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
                  b.figures as "figures?", b.closed_at as "closed_at?", b.closed_by as "closed_by?",
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
    rows.into_iter()
        .map(|row| {
            let reason = row.reason.as_deref();
            let trip = reason.map(|word| known::<Trip>(word, "breakers", row.id, "reason"));
            let figures = figures.get(&row.id).copied().unwrap_or_default();
            Ok(Breaker {
                explanation: trip.transpose()?.map(Trip::explain),
                campaign: row.name,
                status: row.status,
                opened_at: row.opened_at,
                reason: row.reason,
                figures: row.figures,
                closed_at: row.closed_at,
                closed_by: row.closed_by,
                sent: figures.sent,
                bounced: figures.bounced,
                complained: figures.complained,
                waiting: row.waiting,
            })
        })
        .collect()
}

/// Closes a campaign's breaker and forgives what its figures hold so far, so that only what goes
/// wrong from now on counts. False if it was not open.
pub async fn close_breaker(
    conn: &mut PgConnection,
    campaign: &str,
    by: &str,
    author: impl Into<Author<'_>>,
) -> Result<bool, DbError> {
    let author = author.into();
    db::transaction(conn, async |tx| {
        sign(tx, author).await?;
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
