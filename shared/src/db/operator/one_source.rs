//! A source that a person names by its row, as a page does.

use serde_json::Value;
use sqlx::PgConnection;

use super::{Author, DbError, Definition, record, sign};
use crate::{
    db::{self, known},
    domain::{
        audit::{Action, Table},
        gate::CampaignStatus,
        ids::{CampaignId, SourceId},
        source,
    },
};

/// What became of a new source.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AddedSource {
    Added(SourceId),
    /// The campaign has a source of that name.
    NameTaken,
    NoSuchCampaign,
}

/// What follows from the wish that a source is read now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RunNow {
    /// The collector's next run reads it.
    Due,
    /// It is being read.
    Running,
    /// The collector leaves it alone until somebody resumes it.
    Paused,
    /// Only an active campaign's sources are read.
    CampaignStands(CampaignStatus),
    NoSuchSource,
}

/// Adds a source to a campaign. The collector reads it from its next run on. Its definition must have been checked.
///
/// # Errors
/// When a statement fails; nothing was added.
pub async fn add_source(
    conn: &mut PgConnection,
    campaign: CampaignId,
    name: &str,
    definition: &Definition,
    author: impl Into<Author<'_>>,
) -> Result<AddedSource, DbError> {
    let author = author.into();
    let result = db::transaction(conn, async |tx| {
        sign(tx, author).await?;
        let id = sqlx::query_scalar!(
            "insert into sources (campaign_id, name, kind, params)
             select id, $2, $3, $4 from campaigns where id = $1
             returning id",
            campaign.0,
            name,
            definition.kind(),
            definition.params(),
        )
        .fetch_optional(tx)
        .await
        .map_err(DbError::on("add a source"))?;
        Ok(id.map_or(AddedSource::NoSuchCampaign, |id| {
            AddedSource::Added(SourceId(id))
        }))
    });
    match result.await {
        Err(error) if error.constraint() == Some("sources_campaign_id_name_key") => {
            Ok(AddedSource::NameTaken)
        }
        result => result,
    }
}

/// What became of the wish that a source is another one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Redefined {
    Done,
    /// Somebody else changed it since it was read. Nothing was changed.
    Stale,
    NoSuchSource,
}

/// Gives a source another definition. What its last run said of the old one counts no more, and how far it was
/// read stays unless it is of another kind. The new definition must have been checked; `seen` is the version
/// ([`source::version`]) of the one that the author saw.
///
/// # Errors
/// When a statement fails; nothing was changed.
pub async fn redefine_source(
    conn: &mut PgConnection,
    id: SourceId,
    (seen, definition): (&str, &Definition),
    author: impl Into<Author<'_>>,
) -> Result<Redefined, DbError> {
    let author = author.into();
    db::transaction(conn, async |tx| {
        sign(tx, author).await?;
        let stands = sqlx::query!(
            "select kind, params from sources where id = $1 for no key update",
            id.0,
        )
        .fetch_optional(&mut *tx)
        .await
        .map_err(DbError::on("lock a source"))?;
        let Some(stands) = stands else {
            return Ok(Redefined::NoSuchSource);
        };
        if source::version(&stands.kind, &stands.params) != seen {
            return Ok(Redefined::Stale);
        }
        sqlx::query!(
            "update sources
             set kind = $2, params = $3, needs_attention = false, refused_most = false, rests_until = null,
                 cursor = case when kind = $2 then cursor else '{}' end, updated_at = now()
             where id = $1",
            id.0,
            definition.kind(),
            definition.params(),
        )
        .execute(tx)
        .await
        .map_err(DbError::on("redefine a source"))?;
        Ok(Redefined::Done)
    })
    .await
}

/// Has the collector read a source, or leave it alone, from its next run on. False if there is no such source.
///
/// # Errors
/// When a statement fails; nothing was changed.
pub async fn switch_source(
    conn: &mut PgConnection,
    id: SourceId,
    enabled: bool,
    author: impl Into<Author<'_>>,
) -> Result<bool, DbError> {
    let author = author.into();
    db::transaction(conn, async |tx| {
        sign(tx, author).await?;
        let found = sqlx::query!(
            "update sources set enabled = $2, updated_at = now() where id = $1",
            id.0,
            enabled,
        )
        .execute(tx)
        .await
        .map_err(DbError::on("switch a source"))?;
        Ok(found.rows_affected() == 1)
    })
    .await
}

/// Lets the collector's next run read a source that rests, and records who wanted it. A source that is read
/// anyway changes by nothing.
///
/// # Errors
/// When a statement fails, or the row holds what this program does not know; nothing was changed.
pub async fn run_source_now(
    conn: &mut PgConnection,
    id: SourceId,
    author: impl Into<Author<'_>>,
) -> Result<RunNow, DbError> {
    let author = author.into();
    db::transaction(conn, async |tx| {
        sign(tx, author).await?;
        let row = sqlx::query!(
            r#"select s.enabled, c.id as campaign, c.status,
                      coalesce(s.lease_until > now(), false) as "running!"
               from sources s join campaigns c on c.id = s.campaign_id
               where s.id = $1 for no key update of s"#,
            id.0,
        )
        .fetch_optional(&mut *tx)
        .await
        .map_err(DbError::on("lock a source"))?;
        let Some(row) = row else {
            return Ok(RunNow::NoSuchSource);
        };
        let status: CampaignStatus = known(&row.status, "campaigns", row.campaign, "status")?;
        if status != CampaignStatus::Active {
            return Ok(RunNow::CampaignStands(status));
        }
        if !row.enabled {
            return Ok(RunNow::Paused);
        }
        if row.running {
            return Ok(RunNow::Running);
        }
        sqlx::query!(
            "update sources set rests_until = null, updated_at = now() where id = $1",
            id.0
        )
        .execute(&mut *tx)
        .await
        .map_err(DbError::on("make a source due"))?;
        let row = (Table::Sources, id.0);
        record(tx, row, Action::RunNow, &Value::Null).await?;
        Ok(RunNow::Due)
    })
    .await
}
