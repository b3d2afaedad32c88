//! Leads that the model is asked about again, because a person wants it.

use serde_json::Value;
use sqlx::PgConnection;

use super::{Author, DbError, record, sign};
pub use crate::db::enrichment::Again;
use crate::{
    db::{self, enrichment},
    domain::{
        audit::{Action, Table},
        ids::CampaignId,
    },
};

/// Counts what [`ask_again`] would request of a campaign, before anything is paid. `None` if there is no such
/// campaign.
///
/// # Errors
/// When a statement fails.
pub async fn count_again(
    conn: &mut PgConnection,
    campaign: CampaignId,
    all: bool,
) -> Result<Option<Again>, DbError> {
    match super::campaign_of_id(conn, campaign).await? {
        None => Ok(None),
        Some(found) => enrichment::count_again(conn, &found.name, all).await,
    }
}

/// Has the model asked again about a campaign's leads, and records who wanted it. Gives how many; `None` if there
/// is no such campaign.
///
/// # Errors
/// When a statement fails; nothing was requested.
pub async fn ask_again(
    conn: &mut PgConnection,
    campaign: CampaignId,
    all: bool,
    author: impl Into<Author<'_>>,
) -> Result<Option<u64>, DbError> {
    let author = author.into();
    db::transaction(conn, async |tx| {
        sign(tx, author).await?;
        let Some(found) = super::campaign_of_id(tx, campaign).await? else {
            return Ok(None);
        };
        let requested = enrichment::request_all_again(tx, &found.name, all).await?;
        let row = (Table::Campaigns, campaign.0);
        record(tx, row, Action::AskAgain, &Value::Null).await?;
        Ok(Some(requested))
    })
    .await
}
