//! Where campaigns look for people, as a person sets it up.

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::{Value, json};
use sqlx::PgConnection;

use super::{Author, DbError, sign};
use crate::{
    db::{self, sources},
    domain::{
        ids::CampaignId,
        source::{InvalidSearch, Search},
    },
    lists::{self, ListError},
};

/// What a person sets up to be read at every run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Definition {
    X(Search),
    List(lists::Params),
}

/// Why a source cannot be set up so.
#[derive(Debug, thiserror::Error)]
pub enum InvalidSource {
    #[error(transparent)]
    Search(#[from] InvalidSearch),
    #[error(transparent)]
    List(#[from] ListError),
}

impl Definition {
    /// Whether it can be read, as far as that is known before.
    ///
    /// # Errors
    /// Names the parameter that is wrong.
    pub fn check(&self) -> Result<(), InvalidSource> {
        match self {
            Self::X(search) => Ok(search.check()?),
            Self::List(params) => Ok(params.check()?),
        }
    }

    /// The word for its kind in the table `sources`.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::X(_) => "x",
            Self::List(_) => "csv",
        }
    }

    /// Its parameters, as the table keeps them.
    pub fn params(&self) -> Value {
        match self {
            Self::X(search) => json!(search),
            Self::List(params) => json!(params),
        }
    }
}

/// A source as it stands.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Source {
    pub campaign: String,
    pub name: String,
    pub kind: String,
    pub params: Value,
    /// Whether the collector reads it.
    pub enabled: bool,
    pub last_run_at: Option<DateTime<Utc>>,
    /// A person must act before it can go on: the report says what.
    pub needs_attention: bool,
    /// Until then the collector leaves it alone.
    pub rests_until: Option<DateTime<Utc>>,
    pub last_report: Option<Value>,
    /// Leads that it found.
    pub leads: i64,
}

/// What became of a change.
#[derive(Debug, Clone, PartialEq)]
pub enum SourceOutcome {
    Stored(Source),
    NoSuchCampaign,
    NoSuchSource,
}

/// The sources of a campaign, or of all, by name.
///
/// # Errors
/// When the statement fails.
pub async fn sources(
    conn: &mut PgConnection,
    campaign: Option<&str>,
    source: Option<&str>,
) -> Result<Vec<Source>, DbError> {
    let sources = sqlx::query_as!(
        Source,
        r#"select c.name as campaign, s.name, s.kind, s.params, s.enabled, s.last_run_at, s.needs_attention,
                  s.rests_until, s.last_report,
                  (select count(*) from lead_sources f where f.source_id = s.id) as "leads!"
           from sources s join campaigns c on c.id = s.campaign_id
           where ($1::text is null or c.name = $1) and ($2::text is null or s.name = $2)
           order by c.name, s.name"#,
        campaign,
        source,
    );
    let sources = sources.fetch_all(conn).await;
    sources.map_err(DbError::on("read sources"))
}

/// Adds a source to a campaign, or gives the one of that name another definition. The collector reads it from
/// its next run on. Its definition must have been checked.
///
/// # Errors
/// When a statement fails.
pub async fn set_source(
    conn: &mut PgConnection,
    campaign: &str,
    name: &str,
    definition: &Definition,
    author: impl Into<Author<'_>>,
) -> Result<SourceOutcome, DbError> {
    let author = author.into();
    db::transaction(conn, async |tx| {
        sign(tx, author).await?;
        let Some(id) = campaign_id(tx, campaign).await? else {
            return Ok(SourceOutcome::NoSuchCampaign);
        };
        sources::upsert(tx, id, name, definition.kind(), &definition.params()).await?;
        enable(tx, id, name, true).await?;
        stored(tx, campaign, name).await
    })
    .await
}

/// Has the collector read a source, or leave it alone, from its next run on.
///
/// # Errors
/// When a statement fails.
pub async fn enable_source(
    conn: &mut PgConnection,
    campaign: &str,
    name: &str,
    enabled: bool,
    author: impl Into<Author<'_>>,
) -> Result<SourceOutcome, DbError> {
    let author = author.into();
    db::transaction(conn, async |tx| {
        sign(tx, author).await?;
        let Some(id) = campaign_id(tx, campaign).await? else {
            return Ok(SourceOutcome::NoSuchCampaign);
        };
        enable(tx, id, name, enabled).await?;
        stored(tx, campaign, name).await
    })
    .await
}

async fn campaign_id(tx: &mut PgConnection, name: &str) -> Result<Option<CampaignId>, DbError> {
    let id = sqlx::query_scalar!("select id from campaigns where name = $1", name);
    let id = id.fetch_optional(tx).await;
    Ok(id.map_err(DbError::on("find a campaign"))?.map(CampaignId))
}

async fn enable(
    tx: &mut PgConnection,
    campaign: CampaignId,
    name: &str,
    enabled: bool,
) -> Result<(), DbError> {
    sqlx::query!(
        "update sources set enabled = $3, updated_at = now()
         where campaign_id = $1 and name = $2 and enabled <> $3",
        campaign.0,
        name,
        enabled,
    )
    .execute(tx)
    .await
    .map_err(DbError::on("enable a source"))?;
    Ok(())
}

async fn stored(
    tx: &mut PgConnection,
    campaign: &str,
    name: &str,
) -> Result<SourceOutcome, DbError> {
    let found = sources(tx, Some(campaign), Some(name)).await?.pop();
    Ok(found.map_or(SourceOutcome::NoSuchSource, SourceOutcome::Stored))
}
