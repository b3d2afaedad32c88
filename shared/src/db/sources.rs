//! Table `sources`: where campaigns look for leads, and how far they have looked.

use std::time::Duration;

use serde_json::Value;
use sqlx::PgConnection;

use super::DbError;
use crate::domain::ids::{CampaignId, SourceId};

/// One run of a source, which no other run shares.
#[derive(Debug, Clone)]
pub struct Run {
    pub source: SourceId,
    pub campaign: CampaignId,
    pub name: String,
    /// `x`, `csv` or `simulated`.
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

/// How a run ended.
#[derive(Debug, Clone, Copy)]
pub struct RunEnd<'a> {
    /// Its time was up.
    pub cut_short: bool,
    /// A person must act before the source can go on.
    pub needs_attention: bool,
    /// The whole report, for people.
    pub report: &'a Value,
}

/// Takes the enabled sources of active campaigns that no run holds, all of them or those of one
/// campaign or one name, until the lease ends (invariant 2).
pub async fn begin_runs(
    conn: &mut PgConnection,
    campaign: Option<&str>,
    source: Option<&str>,
    lease: Duration,
) -> Result<Vec<Run>, DbError> {
    let mut runs = sqlx::query_as!(
        Run,
        r#"with due as (
             select s.id from sources s
             join campaigns c on c.id = s.campaign_id
             where c.status = 'active'
               and s.enabled
               and ($1::text is null or c.name = $1)
               and ($2::text is null or s.name = $2)
               and (s.lease_until is null or s.lease_until < now())
             order by s.id
             for no key update of s skip locked
         )
         update sources s
         set run = s.run + 1, lease_until = now() + make_interval(secs => $3), last_run_at = now(),
             updated_at = now()
         from due
         where s.id = due.id
         returning s.id as source, s.campaign_id as campaign, s.name, s.kind, s.params, s.cursor,
                   s.run as number, s.cut_short"#,
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

/// Ends a run: frees the source and keeps the run's report. A run that was replaced changes nothing.
///
/// # Errors
/// When the statement fails; the lease ends by itself.
pub async fn end_run(conn: &mut PgConnection, run: &Run, end: &RunEnd<'_>) -> Result<(), DbError> {
    sqlx::query!(
        "update sources
         set lease_until = null, cut_short = $3, needs_attention = $4, last_report = $5,
             updated_at = now()
         where id = $1 and run = $2",
        run.source.0,
        run.number,
        end.cut_short,
        end.needs_attention,
        end.report,
    )
    .execute(conn)
    .await
    .map_err(DbError::on("end a source's run"))?;
    Ok(())
}

/// Adds a source to a campaign, or gives the one of that name new parameters. Its cursor stays, unless
/// it is of another kind.
pub async fn upsert(
    conn: &mut PgConnection,
    campaign: CampaignId,
    name: &str,
    kind: &str,
    params: &Value,
) -> Result<SourceId, DbError> {
    sqlx::query_scalar!(
        "insert into sources as s (campaign_id, name, kind, params) values ($1, $2, $3, $4)
         on conflict on constraint sources_campaign_id_name_key
         do update set kind = excluded.kind, params = excluded.params, updated_at = now(),
                       needs_attention = false,
                       cursor = case when s.kind = excluded.kind then s.cursor else '{}' end
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
