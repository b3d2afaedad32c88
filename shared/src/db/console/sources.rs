//! What the pages about sources show.

use chrono::{DateTime, Utc};
use serde_json::Value;
use sqlx::PgConnection;

use super::{super::DbError, shell::MOST_COUNTED};
use crate::domain::{
    ids::{CampaignId, SourceId},
    source,
};

/// A source, and how its last run went.
#[derive(Debug, Clone, PartialEq)]
pub struct Source {
    pub id: SourceId,
    pub campaign: CampaignId,
    pub name: String,
    /// `x`, `csv` or `simulated`.
    pub kind: String,
    pub params: Value,
    /// Whether the collector reads it.
    pub enabled: bool,
    /// Whether it is being read.
    pub running: bool,
    pub last_run_at: Option<DateTime<Utc>>,
    pub needs_attention: bool,
    /// Until then the collector leaves it alone.
    pub rests_until: Option<DateTime<Utc>>,
    pub last_report: Option<Value>,
    /// Leads that it found, at most [`MOST_COUNTED`] and one.
    pub leads: i64,
}

impl Source {
    /// Which definition it has: see [`source::version`].
    pub fn version(&self) -> String {
        source::version(&self.kind, &self.params)
    }
}

/// The sources of a campaign, by name.
///
/// # Errors
/// When the statement fails.
pub async fn of_campaign(
    conn: &mut PgConnection,
    campaign: CampaignId,
) -> Result<Vec<Source>, DbError> {
    read(conn, Some(campaign), None).await
}

/// One source.
///
/// # Errors
/// When the statement fails.
pub async fn one(conn: &mut PgConnection, id: SourceId) -> Result<Option<Source>, DbError> {
    Ok(read(conn, None, Some(id)).await?.pop())
}

async fn read(
    conn: &mut PgConnection,
    campaign: Option<CampaignId>,
    id: Option<SourceId>,
) -> Result<Vec<Source>, DbError> {
    sqlx::query_as!(
        Source,
        r#"select s.id, s.campaign_id as campaign, s.name, s.kind, s.params, s.enabled,
                  coalesce(s.lease_until > now(), false) as "running!", s.last_run_at, s.needs_attention,
                  case when s.rests_until > now() then s.rests_until end as rests_until, s.last_report,
                  (select count(*) from (select from lead_sources f where f.source_id = s.id
                                         limit $3::bigint + 1) f) as "leads!"
           from sources s
           where ($1::bigint is null or s.campaign_id = $1) and ($2::bigint is null or s.id = $2)
           order by s.name"#,
        campaign.map(|id| id.0),
        id.map(|id| id.0),
        MOST_COUNTED,
    )
    .fetch_all(conn)
    .await
    .map_err(DbError::on("read sources"))
}
