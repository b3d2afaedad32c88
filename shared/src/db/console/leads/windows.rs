//! Leads in the order of the list, a window after the other.

use std::collections::HashSet;

use sqlx::PgConnection;

use super::{super::super::DbError, Found, Match, matching};
use crate::domain::{
    ids::{CampaignId, LeadId},
    search::{Cursor, LeadFilter, LeadOrder, Place},
};

/// A way through the leads, from a place on in one direction.
pub(super) struct Walk<'a> {
    filter: &'a LeadFilter,
    order: LeadOrder,
    /// None where it begins with the first lead.
    cursor: Option<Cursor>,
    pub(super) found: Found,
    ended: bool,
}

impl<'a> Walk<'a> {
    pub(super) fn new(filter: &'a LeadFilter, order: LeadOrder, cursor: Option<Cursor>) -> Self {
        Self {
            filter,
            order,
            cursor,
            found: Found::default(),
            ended: false,
        }
    }

    /// Whether more than `limit` leads meet the conditions, or there are no more to look at.
    pub(super) fn is_over(&self, limit: usize) -> bool {
        self.ended || self.found.matches.len() > limit
    }

    /// Goes on for these windows, or until it is over.
    pub(super) async fn go(
        &mut self,
        tx: &mut PgConnection,
        windows: &[usize],
        limit: usize,
    ) -> Result<(), DbError> {
        for size in windows {
            if self.is_over(limit) {
                break;
            }
            self.window(tx, *size).await?;
        }
        Ok(())
    }

    async fn window(&mut self, tx: &mut PgConnection, size: usize) -> Result<(), DbError> {
        let from = (self.order, self.cursor);
        let window = next(tx, self.filter.campaign, from, size).await?;
        let mut ids: Vec<i64> = window.iter().map(|place| place.id.0).collect();
        ids.sort_unstable();
        ids.dedup();
        let matches = matching(tx, self.filter, self.order, &ids).await?;
        let kept = in_order(&window, &matches, self.order);
        self.found.matches.extend(kept);
        self.ended = window.len() < size;
        self.found.looked_to = window.last().copied().filter(|_| !self.ended);
        if let Some(place) = self.found.looked_to {
            self.cursor = Some(match self.cursor {
                Some(Cursor::Before(_)) => Cursor::Before(place),
                Some(Cursor::After(_)) | None => Cursor::After(place),
            });
        }
        Ok(())
    }
}

/// A lead with several assessments comes by in several places, and has the one of its newest.
fn in_order(window: &[Place], matches: &[Match], order: LeadOrder) -> Vec<Match> {
    let mut matches: HashSet<Place> = matches.iter().map(|found| found.place(order)).collect();
    let kept = window.iter().filter(|place| matches.remove(place));
    kept.map(|place| Match {
        id: place.id.0,
        score: Some(place.score),
    })
    .collect()
}

async fn next(
    tx: &mut PgConnection,
    campaign: Option<CampaignId>,
    (order, cursor): (LeadOrder, Option<Cursor>),
    size: usize,
) -> Result<Vec<Place>, DbError> {
    let size = i64::try_from(size).unwrap_or(i64::MAX);
    let first = Place {
        score: i16::MAX,
        id: LeadId(i64::MAX),
    };
    let window = match (order, cursor.unwrap_or(Cursor::After(first))) {
        (LeadOrder::Newest, Cursor::After(place)) => sqlx::query_as!(
            Row,
            r#"select id, 0::smallint as "score!" from leads where id < $1 order by id desc limit $2"#,
            place.id.0,
            size,
        )
        .fetch_all(tx)
        .await,
        (LeadOrder::Newest, Cursor::Before(place)) => sqlx::query_as!(
            Row,
            r#"select id, 0::smallint as "score!" from leads where id > $1 order by id limit $2"#,
            place.id.0,
            size,
        )
        .fetch_all(tx)
        .await,
        (LeadOrder::Score, Cursor::After(place)) => sqlx::query_as!(
            Row,
            "select lead_id as id, score from enriched_leads
             where (score, lead_id) < ($1, $2) and ($3::bigint is null or campaign_id = $3)
             order by score desc, lead_id desc limit $4",
            place.score,
            place.id.0,
            campaign.map(|campaign| campaign.0),
            size,
        )
        .fetch_all(tx)
        .await,
        (LeadOrder::Score, Cursor::Before(place)) => sqlx::query_as!(
            Row,
            "select lead_id as id, score from enriched_leads
             where (score, lead_id) > ($1, $2) and ($3::bigint is null or campaign_id = $3)
             order by score, lead_id limit $4",
            place.score,
            place.id.0,
            campaign.map(|campaign| campaign.0),
            size,
        )
        .fetch_all(tx)
        .await,
    };
    let window = window.map_err(DbError::on("go through leads in order"))?;
    let place = |row: Row| Place {
        score: row.score,
        id: LeadId(row.id),
    };
    Ok(window.into_iter().map(place).collect())
}

struct Row {
    id: i64,
    score: i16,
}
