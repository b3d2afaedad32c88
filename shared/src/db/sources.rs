//! Table `sources`: where campaigns look for leads, and how far they have looked.

use std::time::Duration;

use chrono::{DateTime, Utc};
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
    /// Whether most rows of what it read were refused, which stays true until it reads something else; `None` where it
    /// read nothing.
    pub refused_most: Option<bool>,
    /// For how long it is left alone.
    pub rests: Rest,
    /// The whole report, for people; `None` where there was nothing to do: then the last report stays.
    pub report: Option<&'a Value>,
}

/// For how long a source is left alone, unless a person asks for it by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rest {
    Not,
    For(Duration),
    Until(DateTime<Utc>),
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
               and (s.rests_until is null or s.rests_until < now() or s.name = $2)
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

/// Whether there is a source of this name, in the campaign if one is named.
///
/// # Errors
/// When the statement fails.
pub async fn exists(
    conn: &mut PgConnection,
    campaign: Option<&str>,
    source: &str,
) -> Result<bool, DbError> {
    let found = sqlx::query_scalar!(
        r#"select exists (
               select from sources s join campaigns c on c.id = s.campaign_id
               where s.name = $1 and ($2::text is null or c.name = $2)) as "exists!""#,
        source,
        campaign,
    );
    let found = found.fetch_one(conn).await;
    found.map_err(DbError::on("look for a source"))
}

/// Ends a run: frees the source and keeps the run's report. A run that was replaced changes nothing.
///
/// # Errors
/// When the statement fails; the lease ends by itself.
pub async fn end_run(conn: &mut PgConnection, run: &Run, end: &RunEnd<'_>) -> Result<(), DbError> {
    let (until, seconds) = match end.rests {
        Rest::Not => (None, None),
        Rest::For(time) => (None, Some(time.as_secs_f64())),
        Rest::Until(until) => (Some(until), None),
    };
    sqlx::query!(
        "update sources
         set lease_until = null, cut_short = $3,
             needs_attention = $4 or coalesce($8, refused_most),
             refused_most = coalesce($8, refused_most),
             last_report = coalesce($5, last_report),
             rests_until = coalesce($6, now() + make_interval(secs => $7)),
             updated_at = now()
         where id = $1 and run = $2",
        run.source.0,
        run.number,
        end.cut_short,
        end.needs_attention,
        end.report,
        until,
        seconds,
        end.refused_most,
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
                       needs_attention = false, refused_most = false, rests_until = null,
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

/// Takes a list of a campaign for an import by hand, until the lease ends. It is kept as a source that is not enabled,
/// so that no collector looks for the file. `None` while another import of that name runs, or where a source of that
/// name is not such a list.
///
/// # Errors
/// When the statement fails.
pub async fn begin_import(
    conn: &mut PgConnection,
    campaign: CampaignId,
    name: &str,
    params: &Value,
    lease: Duration,
) -> Result<Option<Run>, DbError> {
    sqlx::query_as!(
        Run,
        r#"insert into sources as s (campaign_id, name, kind, params, enabled, run, lease_until, last_run_at)
         values ($1, $2, 'csv', $3, false, 1, now() + make_interval(secs => $4), now())
         on conflict on constraint sources_campaign_id_name_key
         do update set params = excluded.params, run = s.run + 1, lease_until = excluded.lease_until,
                       last_run_at = now(), updated_at = now()
         where s.kind = 'csv' and not s.enabled and (s.lease_until is null or s.lease_until < now())
         returning s.id as source, s.campaign_id as campaign, s.name, s.kind, s.params, s.cursor,
                   s.run as number, s.cut_short"#,
        campaign.0,
        name,
        params,
        lease.as_secs_f64(),
    )
    .fetch_optional(conn)
    .await
    .map_err(DbError::on("begin an import"))
}
