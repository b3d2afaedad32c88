//! What the overview's figures can be narrowed to, and how pages name it. The figures themselves are in
//! [`super::figures`].

use chrono::NaiveDate;
use sqlx::PgConnection;

use super::super::{DbError, known};
use crate::domain::{gate::CampaignStatus, ids::CampaignId};

/// Campaigns and sources, and which day it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choices {
    /// By the database's clock, in UTC: figures count by it.
    pub today: NaiveDate,
    /// By name.
    pub campaigns: Vec<Campaign>,
    /// By name, then by campaign.
    pub sources: Vec<Source>,
}

/// A campaign, to be chosen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Campaign {
    pub id: CampaignId,
    pub name: String,
    pub status: CampaignStatus,
}

/// A source, to be chosen. Two campaigns may call theirs the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    pub id: i64,
    pub name: String,
    pub campaign: String,
}

/// Reads them, in three statements.
///
/// # Errors
/// When a statement fails, or a row holds what this program does not know.
pub async fn choices(conn: &mut PgConnection) -> Result<Choices, DbError> {
    let today = sqlx::query_scalar!(r#"select (now() at time zone 'utc')::date as "today!""#)
        .fetch_one(&mut *conn)
        .await
        .map_err(DbError::on("read which day it is"))?;
    let rows = sqlx::query!("select id, name, status from campaigns order by name")
        .fetch_all(&mut *conn)
        .await
        .map_err(DbError::on("read the campaigns' names"))?;
    let campaigns = rows.into_iter().map(|row| {
        Ok(Campaign {
            status: known(&row.status, "campaigns", row.id, "status")?,
            id: CampaignId(row.id),
            name: row.name,
        })
    });
    let campaigns = campaigns.collect::<Result<_, DbError>>()?;
    let sources = sqlx::query_as!(
        Source,
        "select s.id, s.name, c.name as campaign from sources s join campaigns c on c.id = s.campaign_id
         order by s.name, c.name",
    )
    .fetch_all(conn)
    .await
    .map_err(DbError::on("read the sources' names"))?;
    Ok(Choices {
        today,
        campaigns,
        sources,
    })
}
