//! Table `campaigns`: what is offered, to whom, under which rules.

use serde_json::Value;
use sqlx::PgConnection;

use super::DbError;
use crate::domain::{
    gate::{CampaignFacts, CampaignStatus},
    ids::CampaignId,
    score::{Confidence, Score},
};

/// A campaign, as its owner describes it.
#[derive(Debug, Clone)]
pub struct NewCampaign<'a> {
    /// Its name, once.
    pub name: &'a str,
    /// What is offered: the model and the recipient read it.
    pub offer: &'a str,
    /// Whom it is for: the model reads it.
    pub audience: &'a str,
    /// Mails a day at most.
    pub daily_cap: i32,
    /// Country code → `allow`, `review` or `consent`, over the built-in table.
    pub basis_rules: &'a Value,
    /// The hours of the recipient's day between which mails leave; `None` means at any hour.
    pub hours: Option<(i16, i16)>,
}

/// Adds an active campaign, or describes the one of that name anew.
///
/// # Errors
/// When the statement fails.
pub async fn upsert(conn: &mut PgConnection, new: &NewCampaign<'_>) -> Result<CampaignId, DbError> {
    sqlx::query_scalar!(
        "insert into campaigns (name, offer, audience, daily_cap, basis_rules, send_from, send_until)
         values ($1, $2, $3, $4, $5, $6, $7)
         on conflict on constraint campaigns_name_key
         do update set offer = excluded.offer, audience = excluded.audience,
                       daily_cap = excluded.daily_cap, basis_rules = excluded.basis_rules,
                       send_from = excluded.send_from, send_until = excluded.send_until,
                       updated_at = now()
         returning id",
        new.name,
        new.offer,
        new.audience,
        new.daily_cap,
        new.basis_rules,
        new.hours.map(|(from, _)| from),
        new.hours.map(|(_, until)| until),
    )
    .fetch_one(conn)
    .await
    .map_err(DbError::on("store a campaign"))
    .map(CampaignId)
}

/// A campaign's rules from its columns. Its hours and its breaker are for whoever sends.
///
/// # Errors
/// When a column holds what this program does not know: a guess would be a mail that nobody allowed.
pub(super) fn facts(
    id: CampaignId,
    status: CampaignStatus,
    min_score: i16,
    min_confidence: f32,
    review_all: bool,
    basis_rules: Value,
) -> Result<CampaignFacts, DbError> {
    let unknown = |column| DbError::UnknownWord {
        table: "campaigns",
        row: id.0.to_string(),
        column,
    };
    Ok(CampaignFacts {
        status,
        min_score: Score::new(min_score.into()).ok_or_else(|| unknown("min_score"))?,
        min_confidence: Confidence::new(min_confidence).ok_or_else(|| unknown("min_confidence"))?,
        review_all,
        basis_rules: serde_json::from_value(basis_rules).map_err(|_| unknown("basis_rules"))?,
        hours: None,
        breaker_open: false,
    })
}
