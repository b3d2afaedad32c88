//! Tables `breakers` and `campaign_days`: what stops a campaign, and the figures that do.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use serde_json::json;
use sqlx::PgConnection;

use super::DbError;
use crate::domain::{
    breaker::{DAYS, Figures, Opening, Watched, openings},
    feedback::fold::Counts,
    ids::CampaignId,
};

/// A campaign's mails of the days that count, less what was forgiven.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CampaignFigures {
    pub(crate) campaign: CampaignId,
    pub(crate) status: String,
    pub(crate) figures: Figures,
}

/// Counts mails by campaign and day, and opens the breakers that trip over them.
///
/// Locks every breaker: two batches see each other's mails, and the account's breaker those of all
/// campaigns. A team has tens of campaigns.
///
/// # Errors
/// When a statement fails.
pub(super) async fn count_and_open(
    conn: &mut PgConnection,
    counts: &BTreeMap<(CampaignId, NaiveDate), Counts>,
) -> Result<Vec<CampaignId>, DbError> {
    if counts.is_empty() {
        return Ok(Vec::new());
    }
    let stopped = lock_all(conn).await?;
    add(conn, counts).await?;
    let figures = figures(conn).await?;
    let watched: Vec<Watched> = figures
        .into_iter()
        .map(|found| Watched {
            campaign: found.campaign,
            // A campaign that was created since has no row that is held: its own next event asks.
            stopped: stopped.get(&found.campaign.0).copied().unwrap_or(true),
            ended: found.status == "ended",
            figures: found.figures,
        })
        .collect();
    let opened = openings(&watched);
    open(conn, &opened).await?;
    Ok(opened.iter().map(|opening| opening.campaign).collect())
}

/// Every campaign with whether its breaker is open.
async fn lock_all(conn: &mut PgConnection) -> Result<BTreeMap<i64, bool>, DbError> {
    sqlx::query!(
        "insert into breakers (campaign_id)
         select id from campaigns c
         where not exists (select from breakers b where b.campaign_id = c.id)
         order by id
         on conflict (campaign_id) do nothing"
    )
    .execute(&mut *conn)
    .await
    .map_err(DbError::on("store breakers"))?;
    let rows = sqlx::query!(
        r#"select campaign_id, opened_at is not null as "open!" from breakers
           order by campaign_id for no key update"#
    )
    .fetch_all(conn)
    .await
    .map_err(DbError::on("lock breakers"))?;
    Ok(rows
        .into_iter()
        .map(|row| (row.campaign_id, row.open))
        .collect())
}

async fn add(
    conn: &mut PgConnection,
    counts: &BTreeMap<(CampaignId, NaiveDate), Counts>,
) -> Result<(), DbError> {
    let campaigns: Vec<i64> = counts.keys().map(|(campaign, _)| campaign.0).collect();
    let days: Vec<NaiveDate> = counts.keys().map(|(_, day)| *day).collect();
    let sent: Vec<i32> = counts.values().map(|counts| counts.sent).collect();
    let bounced: Vec<i32> = counts.values().map(|counts| counts.bounced).collect();
    let complained: Vec<i32> = counts.values().map(|counts| counts.complained).collect();
    sqlx::query!(
        "insert into campaign_days as d (campaign_id, day, sent, bounced, complained)
         select * from unnest($1::bigint[], $2::date[], $3::int[], $4::int[], $5::int[])
             as n (campaign_id, day, sent, bounced, complained)
         order by campaign_id, day
         on conflict (campaign_id, day) do update set
             sent = d.sent + excluded.sent,
             bounced = d.bounced + excluded.bounced,
             complained = d.complained + excluded.complained",
        &campaigns,
        &days,
        &sent,
        &bounced,
        &complained,
    )
    .execute(conn)
    .await
    .map_err(DbError::on("count a campaign's mails"))?;
    Ok(())
}

/// Of every campaign, by id.
pub(crate) async fn figures(conn: &mut PgConnection) -> Result<Vec<CampaignFigures>, DbError> {
    let rows = sqlx::query!(
        r#"select c.id, c.status,
                  coalesce(sum(d.sent - d.forgiven_sent), 0) as "sent!",
                  coalesce(sum(d.bounced - d.forgiven_bounced), 0) as "bounced!",
                  coalesce(sum(d.complained - d.forgiven_complained), 0) as "complained!"
           from campaigns c
           left join campaign_days d
               on d.campaign_id = c.id and d.day > (now() at time zone 'utc')::date - $1::integer
           group by c.id
           order by c.id"#,
        DAYS,
    )
    .fetch_all(conn)
    .await
    .map_err(DbError::on("read the figures of the breakers"))?;
    Ok(rows
        .into_iter()
        .map(|row| CampaignFigures {
            campaign: CampaignId(row.id),
            status: row.status,
            figures: Figures {
                sent: row.sent,
                bounced: row.bounced,
                complained: row.complained,
            },
        })
        .collect())
}

async fn open(conn: &mut PgConnection, openings: &[Opening]) -> Result<(), DbError> {
    if openings.is_empty() {
        return Ok(());
    }
    let campaigns: Vec<i64> = openings.iter().map(|opening| opening.campaign.0).collect();
    let reasons: Vec<&str> = openings.iter().map(|o| o.trip.as_str()).collect();
    let figures: Vec<serde_json::Value> = openings
        .iter()
        .map(|Opening { figures, .. }| {
            json!({
                "sent": figures.sent, "bounced": figures.bounced,
                "complained": figures.complained, "days": DAYS,
            })
        })
        .collect();
    sqlx::query!(
        "update breakers b
         set opened_at = now(), reason = d.reason, figures = d.figures,
             closed_at = null, closed_by = null
         from unnest($1::bigint[], $2::text[], $3::jsonb[]) as d (campaign_id, reason, figures)
         where b.campaign_id = d.campaign_id",
        &campaigns,
        &reasons as &[&str],
        &figures,
    )
    .execute(conn)
    .await
    .map_err(DbError::on("open breakers"))?;
    Ok(())
}

/// Closes a campaign's breaker and forgives what its figures hold so far, so that only what goes
/// wrong from now on counts. Says whether it was open. Part of the caller's transaction.
///
/// # Errors
/// When a statement fails.
pub(crate) async fn close(
    conn: &mut PgConnection,
    campaign: CampaignId,
    by: &str,
) -> Result<bool, DbError> {
    let open = sqlx::query_scalar!(
        r#"select opened_at is not null as "open!" from breakers
           where campaign_id = $1 for no key update"#,
        campaign.0,
    )
    .fetch_optional(&mut *conn)
    .await
    .map_err(DbError::on("lock a breaker"))?;
    if open != Some(true) {
        return Ok(false);
    }
    sqlx::query!(
        "update breakers set opened_at = null, closed_at = now(), closed_by = $2
         where campaign_id = $1",
        campaign.0,
        by,
    )
    .execute(&mut *conn)
    .await
    .map_err(DbError::on("close a breaker"))?;
    sqlx::query!(
        "select day from campaign_days where campaign_id = $1 order by day for no key update",
        campaign.0,
    )
    .fetch_all(&mut *conn)
    .await
    .map_err(DbError::on("lock a campaign's days"))?;
    sqlx::query!(
        "update campaign_days
         set forgiven_sent = sent, forgiven_bounced = bounced, forgiven_complained = complained
         where campaign_id = $1",
        campaign.0,
    )
    .execute(conn)
    .await
    .map_err(DbError::on("forgive a campaign's figures"))?;
    Ok(true)
}
