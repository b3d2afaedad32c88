//! Table `sources`: where campaigns look for leads, and how far they have looked.

use std::time::Duration;

use serde_json::Value;
use sqlx::PgConnection;

use super::DbError;
use crate::domain::ids::{CampaignId, SourceId};

/// One run of a source, which no other run shares.
#[derive(Debug, Clone)]
pub struct Run {
    /// The source.
    pub source: SourceId,
    /// Its campaign.
    pub campaign: CampaignId,
    /// Its name within the campaign.
    pub name: String,
    /// `x`, `csv`, `simulated`, …
    pub kind: String,
    /// What to look for, as the kind defines it.
    pub params: Value,
    /// Where the last stored page ended, as the kind defines it.
    pub cursor: Value,
    /// Raised by every run: pages of an older run are refused.
    pub number: i64,
    /// Whether the last run ended because its time was up: then this one comes first.
    pub cut_short: bool,
}

/// Enabled sources of active campaigns that nobody is running, all of them or of one campaign or
/// one name, taken until the lease ends (invariant 2).
///
/// # Errors
/// When the statement fails.
pub async fn begin_runs(
    conn: &mut PgConnection,
    campaign: Option<&str>,
    source: Option<&str>,
    lease: Duration,
) -> Result<Vec<Run>, DbError> {
    let mut runs = sqlx::query_as!(
        Run,
        "update sources s
         set run = s.run + 1, lease_until = now() + make_interval(secs => $3), last_run_at = now()
         from campaigns c
         where c.id = s.campaign_id
           and c.status = 'active'
           and s.enabled
           and ($1::text is null or c.name = $1)
           and ($2::text is null or s.name = $2)
           and (s.lease_until is null or s.lease_until < now())
         returning s.id as source, s.campaign_id as campaign, s.name,
                   s.kind, s.params, s.cursor, s.run as number,
                   coalesce(s.last_report #>> '{ended,how}' = 'time_is_up', false) as \"cut_short!\"",
        campaign,
        source,
        lease.as_secs_f64(),
    )
    .fetch_all(conn)
    .await
    .map_err(DbError::on("take the sources that are due"))?;
    runs.sort_by_key(|run| (!run.cut_short, run.source));
    Ok(runs)
}

/// Ends a run: frees the source and keeps what the run has to say. A run that was replaced
/// changes nothing.
///
/// # Errors
/// When the statement fails; the lease ends by itself.
pub async fn end_run(conn: &mut PgConnection, run: &Run, report: &Value) -> Result<(), DbError> {
    sqlx::query!(
        "update sources set lease_until = null, last_report = $3 where id = $1 and run = $2",
        run.source.0,
        run.number,
        report,
    )
    .execute(conn)
    .await
    .map_err(DbError::on("end a source's run"))?;
    Ok(())
}

/// Adds a source to a campaign, or gives the one of that name new parameters. Its cursor stays.
///
/// # Errors
/// When the statement fails.
pub async fn upsert(
    conn: &mut PgConnection,
    campaign: CampaignId,
    name: &str,
    kind: &str,
    params: &Value,
) -> Result<SourceId, DbError> {
    sqlx::query_scalar!(
        "insert into sources (campaign_id, name, kind, params) values ($1, $2, $3, $4)
         on conflict on constraint sources_campaign_id_name_key
         do update set kind = excluded.kind, params = excluded.params
         returning id",
        campaign.0,
        name,
        kind,
        params,
    )
    .fetch_one(conn)
    .await
    .map_err(DbError::on("store a source"))
    .map(SourceId)
}
