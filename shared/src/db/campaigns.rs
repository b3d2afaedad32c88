//! Table `campaigns`: what is offered, to whom, under which rules.

use std::collections::HashSet;

use serde_json::Value;
use sqlx::PgConnection;

use super::{DbError, transaction};
use crate::domain::{
    gate::{CampaignFacts, CampaignStatus, RulesHash},
    ids::{CampaignId, LeadId},
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

/// The campaign of this name.
///
/// # Errors
/// When the statement fails.
pub async fn find(conn: &mut PgConnection, name: &str) -> Result<Option<CampaignId>, DbError> {
    let id = sqlx::query_scalar!("select id from campaigns where name = $1", name);
    let id = id.fetch_optional(conn).await;
    Ok(id
        .map_err(DbError::on("look for a campaign"))?
        .map(CampaignId))
}

/// The columns that hold a campaign's rules.
pub(super) struct RuleColumns {
    pub(super) id: i64,
    pub(super) status: CampaignStatus,
    pub(super) min_score: i16,
    pub(super) min_confidence: f32,
    pub(super) review_all: bool,
    pub(super) rules_decide: bool,
    pub(super) basis_rules: Value,
}

impl RuleColumns {
    /// The rules. Hours and breaker are for the sender to add.
    ///
    /// # Errors
    /// When a column holds what this program does not know: a guess could send a mail that the
    /// campaign forbids.
    pub(super) fn read(self) -> Result<CampaignFacts, DbError> {
        let unknown = |column| DbError::UnknownWord {
            table: "campaigns",
            row: self.id.to_string(),
            column,
        };
        let confidence = Confidence::new(self.min_confidence);
        Ok(CampaignFacts {
            status: self.status,
            min_score: Score::new(self.min_score.into()).ok_or_else(|| unknown("min_score"))?,
            min_confidence: confidence.ok_or_else(|| unknown("min_confidence"))?,
            review_all: self.review_all,
            rules_decide: self.rules_decide,
            basis_rules: serde_json::from_value(self.basis_rules)
                .map_err(|_| unknown("basis_rules"))?,
            hours: None,
            breaker_open: false,
        })
    }
}

/// Before requests of leads are dropped that these campaigns, which are not active, may want: those
/// that still are not will request their leads when they are activated. Gives those that are active by
/// now. Locks the campaigns: an activation comes before this or sees it.
pub(super) async fn defer_leads(
    tx: &mut PgConnection,
    campaigns: &[CampaignId],
) -> Result<HashSet<CampaignId>, DbError> {
    if campaigns.is_empty() {
        return Ok(HashSet::new());
    }
    let ids: Vec<i64> = campaigns.iter().map(|id| id.0).collect();
    let rows = sqlx::query!(
        r#"select id, status, leads_requested_at is not null as "requested!"
           from campaigns where id = any($1) order by id for no key update"#,
        &ids,
    )
    .fetch_all(&mut *tx)
    .await
    .map_err(DbError::on("lock inactive campaigns"))?;
    let mut active = HashSet::new();
    let mut deferred = Vec::new();
    for row in rows {
        let status: CampaignStatus = status(&row.status, row.id)?;
        if status == CampaignStatus::Active {
            active.insert(CampaignId(row.id));
        } else if row.requested {
            deferred.push(row.id);
        }
    }
    if !deferred.is_empty() {
        sqlx::query!(
            "update campaigns set leads_requested_at = null where id = any($1)",
            &deferred,
        )
        .execute(tx)
        .await
        .map_err(DbError::on("defer the leads of inactive campaigns"))?;
    }
    Ok(active)
}

/// Requests an enrichment for leads of active campaigns that have none and no request, such as those
/// that were found while the campaign was paused, and for those that had no mail and were planned under
/// other rules: at most `limit`, of one campaign, in the order of their ids. Gives those leads; empty when
/// nothing is left to do.
///
/// # Errors
/// When a statement fails; nothing was requested.
pub async fn request_leads(conn: &mut PgConnection, limit: i64) -> Result<Vec<LeadId>, DbError> {
    for campaign in with_leads_to_request(conn).await? {
        let leads = transaction(conn, async |tx: &mut PgConnection| {
            request_of(tx, campaign, limit).await
        })
        .await?;
        if !leads.is_empty() {
            return Ok(leads);
        }
    }
    Ok(Vec::new())
}

/// An active campaign whose leads are not all planned under its rules, and those rules.
#[derive(Clone, Copy)]
struct Unrequested {
    id: i64,
    rules: RulesHash,
}

async fn with_leads_to_request(conn: &mut PgConnection) -> Result<Vec<Unrequested>, DbError> {
    let rows = sqlx::query!(
        "select id, min_score, min_confidence, review_all, rules_decide, basis_rules, leads_requested_at,
                leads_rules_hash
         from campaigns where status = 'active' order by id"
    )
    .fetch_all(conn)
    .await
    .map_err(DbError::on("look for campaigns with leads to request"))?;
    let mut unrequested = Vec::new();
    for row in rows {
        let facts = RuleColumns {
            id: row.id,
            status: CampaignStatus::Active,
            min_score: row.min_score,
            min_confidence: row.min_confidence,
            review_all: row.review_all,
            rules_decide: row.rules_decide,
            basis_rules: row.basis_rules,
        };
        let rules = facts.read()?.rules_hash();
        let current = row.leads_rules_hash.as_deref() == Some(rules.as_slice());
        if row.leads_requested_at.is_none() || !current {
            unrequested.push(Unrequested { id: row.id, rules });
        }
    }
    Ok(unrequested)
}

/// Requests leads of one campaign. One that another worker holds is left to the next sweep.
async fn request_of(
    tx: &mut PgConnection,
    campaign: Unrequested,
    limit: i64,
) -> Result<Vec<LeadId>, DbError> {
    let held = sqlx::query_scalar!(
        "select id from campaigns where id = $1 and status = 'active'
         for no key update skip locked",
        campaign.id,
    )
    .fetch_optional(&mut *tx)
    .await
    .map_err(DbError::on("lock a campaign with leads to request"))?;
    if held.is_none() {
        return Ok(Vec::new());
    }
    let leads = request_some(tx, campaign, limit).await?;
    if i64::try_from(leads.len()).is_ok_and(|found| found < limit) {
        // A lead that is being planned right now may still be planned under the rules from before.
        sqlx::query!(
            "update campaigns c
             set leads_requested_at = now(),
                 leads_rules_hash = case when not exists (
                     select from leads l
                     join lead_sources ls on ls.lead_id = l.id
                     join sources s on s.id = ls.source_id and s.campaign_id = $1
                     where l.enrich_requested_at is not null) then $2 else c.leads_rules_hash end
             where id = $1",
            campaign.id,
            campaign.rules.as_slice(),
        )
        .execute(tx)
        .await
        .map_err(DbError::on("note that a campaign's leads were requested"))?;
    }
    Ok(leads)
}

/// What is queued or left needs no new plan: the gate is asked again before a mail leaves.
async fn request_some(
    tx: &mut PgConnection,
    campaign: Unrequested,
    limit: i64,
) -> Result<Vec<LeadId>, DbError> {
    let ids = sqlx::query_scalar!(
        "select l.id from leads l
         where l.erased_at is null and l.enrich_requested_at is null
           and exists (select from lead_sources ls join sources s on s.id = ls.source_id
                       where ls.lead_id = l.id and s.campaign_id = $1)
           and (select e.rules_hash from enriched_leads e
                where e.lead_id = l.id and e.campaign_id = $1
                order by e.enrichment_version desc limit 1) is distinct from $2
           and not exists (select from sends s
                           where s.lead_id = l.id and s.campaign_id = $1
                             and s.state not in ('review', 'refused'))
         order by l.id limit $3
         for no key update of l",
        campaign.id,
        campaign.rules.as_slice(),
        limit,
    )
    .fetch_all(&mut *tx)
    .await
    .map_err(DbError::on("lock leads without a plan under these rules"))?;
    if !ids.is_empty() {
        sqlx::query!(
            "update leads set enrich_requested_at = clock_timestamp(), enrich_published_at = now()
             where id = any($1)",
            &ids,
        )
        .execute(tx)
        .await
        .map_err(DbError::on("request enrichments"))?;
    }
    Ok(ids.into_iter().map(LeadId).collect())
}

fn status(word: &str, campaign: i64) -> Result<CampaignStatus, DbError> {
    CampaignStatus::from_word(word).ok_or_else(|| DbError::UnknownWord {
        table: "campaigns",
        row: campaign.to_string(),
        column: "status",
    })
}
