//! Table `breakers` as a person sees it, who alone closes one.

use chrono::{DateTime, Utc};
use serde::Serialize;
use sqlx::PgConnection;

use super::{DbError, hand::remember};
use crate::{db, domain::breaker};

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
/// When the statement fails.
pub async fn breakers(
    conn: &mut PgConnection,
    campaign: Option<&str>,
) -> Result<Vec<Breaker>, DbError> {
    sqlx::query_as!(
        Breaker,
        r#"select c.name as campaign, c.status, b.opened_at as "opened_at?", b.reason as "reason?",
                  reason_text(b.reason) as explanation, b.figures as "figures?",
                  b.closed_at as "closed_at?", b.closed_by as "closed_by?",
                  f.sent as "sent!", f.bounced as "bounced!", f.complained as "complained!",
                  (select count(*) from sends s
                   where s.campaign_id = c.id and s.state in ('queued', 'claimed')) as "waiting!"
           from campaigns c
           left join breakers b on b.campaign_id = c.id
           cross join lateral campaign_figures(
               c.id, (now() at time zone 'utc')::date - $2::integer + 1) f
           where $1::text is null or c.name = $1
           order by c.name"#,
        campaign,
        breaker::DAYS,
    )
    .fetch_all(conn)
    .await
    .map_err(DbError::on("read the breakers"))
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
    let mut tx = db::begin(conn).await?;
    remember(&mut tx, note).await?;
    // In everybody's order: counters, days, breaker. `(select count(*) …) >= 0` makes a step wait for
    // the one before it.
    let closed = sqlx::query_scalar!(
        "with held as (
             select k.campaign_id from campaign_counters k
             join campaigns c on c.id = k.campaign_id
             where c.name = $1
               and exists (select from breakers b
                           where b.campaign_id = c.id and b.opened_at is not null)
             for no key update of k
         ),
         forgiven as (
             update campaign_days d
             set forgiven_sent = d.sent, forgiven_bounced = d.bounced,
                 forgiven_complained = d.complained
             from held h
             where d.campaign_id = h.campaign_id
             returning d.day
         )
         update breakers b
         set opened_at = null, closed_at = now(), closed_by = $2
         from held h
         where b.campaign_id = h.campaign_id and b.opened_at is not null
           and (select count(*) from forgiven) >= 0
         returning b.campaign_id",
        campaign,
        by,
    )
    .fetch_optional(&mut *tx)
    .await
    .map_err(DbError::on("close a breaker"))?;
    db::commit(tx).await?;
    Ok(closed.is_some())
}
