//! What a list shows of each lead.

use std::collections::HashMap;

use sqlx::PgConnection;

use super::{super::super::DbError, LeadRow, LookedTo};
use crate::{
    db::operator::{self, LeadStatus},
    domain::{
        ids::{CampaignId, LeadId},
        search::{LeadOrder, Place},
    },
};

/// In the order of the ids.
pub(super) async fn of(
    tx: &mut PgConnection,
    ids: &[i64],
    campaign: Option<CampaignId>,
) -> Result<Vec<LeadRow>, DbError> {
    let rows = sqlx::query!(
        r#"select l.id, l.name, l.username, l.source, l.country, l.email is not null as "has_address!",
                  l.created_at, e.score as "score?", e.ai_confidence as "confidence?",
                  e.method as "method?", e.niche as "niche?", c.name as "campaign?"
           from unnest($1::bigint[]) with ordinality as wanted (id, n)
           join leads l on l.id = wanted.id
           left join lateral (
               select score, ai_confidence, method, niche from enriched_leads
               where lead_id = l.id and ($2::bigint is null or campaign_id = $2)
               order by id desc
               limit 1
           ) e on true
           left join campaigns c on c.id = $2
           order by wanted.n"#,
        ids,
        campaign.map(|campaign| campaign.0),
    )
    .fetch_all(&mut *tx)
    .await
    .map_err(DbError::on("read the leads of a page"))?;
    let mut statuses: HashMap<LeadId, Vec<LeadStatus>> = HashMap::new();
    for (lead, status) in operator::statuses_by_lead(tx, &[], ids).await? {
        statuses.entry(lead).or_default().push(status);
    }
    let rows = rows.into_iter().map(|row| {
        let mut standing = statuses.remove(&LeadId(row.id)).unwrap_or_default();
        let asked_for = |status: &LeadStatus| {
            let campaign = row.campaign.as_ref();
            campaign.is_none_or(|campaign| *campaign == status.campaign)
        };
        let shown = standing.iter().position(asked_for);
        let status = shown.map(|n| standing.swap_remove(n));
        if let Some(status) = &status {
            standing.retain(|other| other.campaign != status.campaign);
        }
        standing.sort_unstable_by(|a, b| a.campaign.cmp(&b.campaign));
        standing.dedup_by(|a, b| a.campaign == b.campaign);
        LeadRow {
            id: row.id,
            name: row.name,
            username: row.username,
            platform: row.source,
            country: row.country,
            has_address: row.has_address,
            found_at: row.created_at,
            score: row.score,
            confidence: row.confidence,
            method: row.method,
            niche: row.niche,
            status,
            other_campaigns: standing.len(),
        }
    });
    Ok(rows.collect())
}

pub(super) async fn looked_to(
    tx: &mut PgConnection,
    order: LeadOrder,
    place: Place,
) -> Result<Option<LookedTo>, DbError> {
    if order == LeadOrder::Score {
        return Ok(Some(LookedTo::Score(place.score)));
    }
    let found_at = sqlx::query_scalar!("select created_at from leads where id = $1", place.id.0);
    let found_at = found_at.fetch_optional(tx).await;
    let found_at = found_at.map_err(DbError::on("read when a lead was found"))?;
    Ok(found_at.map(LookedTo::FoundAt))
}
