//! Writes what was decided: enrichments, their sends and the cleared requests, to rows that are locked.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use serde_json::Value;
use sqlx::{PgConnection, types::Json};

use super::{super::super::DbError, Plan, Wait, decide::Kept};
use crate::domain::{
    ids::{CampaignId, LeadId, SendId},
    reason::Reason,
};

/// A row of `enriched_leads` on its way.
#[derive(serde::Serialize)]
struct Row<'a> {
    lead_id: i64,
    campaign_id: i64,
    enrichment_version: i32,
    requested_at: Option<DateTime<Utc>>,
    niche: &'a str,
    score: u8,
    notes: &'a str,
    subject: Option<&'a str>,
    message: Option<&'a str>,
    compliant: bool,
    compliance_notes: &'a str,
    ai_confidence: f32,
    evidence: &'a Value,
    method: &'static str,
    model: Option<&'a str>,
    /// As PostgreSQL writes bytes.
    input_hash: String,
    cost_micros: i64,
    outcome: &'static str,
    reason: Option<&'static str>,
    decision: &'a Value,
}

impl<'a> From<&Kept<'a>> for Row<'a> {
    fn from(kept: &Kept<'a>) -> Self {
        let new = kept.new;
        Self {
            lead_id: kept.lead.0,
            campaign_id: new.campaign.0,
            enrichment_version: kept.version,
            requested_at: kept.requested_at,
            niche: &new.niche,
            score: new.score.get(),
            notes: &new.notes,
            subject: new.draft.as_ref().map(|draft| draft.subject.as_str()),
            message: new.draft.as_ref().map(|draft| draft.message.as_str()),
            compliant: new.compliant,
            compliance_notes: &new.compliance_notes,
            ai_confidence: new.confidence.get(),
            evidence: &new.evidence,
            method: new.method.as_str(),
            model: new.model.as_deref(),
            input_hash: new
                .input_hash
                .iter()
                .fold("\\x".to_owned(), |text, byte| format!("{text}{byte:02x}")),
            cost_micros: new.cost_micros,
            outcome: kept.outcome().into(),
            reason: kept.reason().map(Reason::as_str),
            decision: &new.decision,
        }
    }
}

/// Gives the new rows' ids in the order of `kept`.
pub(super) async fn insert(
    tx: &mut PgConnection,
    kept: &[Kept<'_>],
) -> Result<HashMap<(LeadId, CampaignId), i64>, DbError> {
    if kept.is_empty() {
        return Ok(HashMap::new());
    }
    let rows: Vec<Row<'_>> = kept.iter().map(Row::from).collect();
    let rows = sqlx::query_file!("src/db/enrichment/insert.sql", Json(&rows) as _)
        .fetch_all(tx)
        .await
        .map_err(DbError::on("store enrichments"))?;
    let ids = rows
        .into_iter()
        .map(|row| ((LeadId(row.lead_id), CampaignId(row.campaign_id)), row.id));
    Ok(ids.collect())
}

/// Plans the sends; gives those that may go out now.
pub(super) async fn plan(
    tx: &mut PgConnection,
    kept: &[Kept<'_>],
    enrichments: &HashMap<(LeadId, CampaignId), i64>,
) -> Result<Vec<SendId>, DbError> {
    let mut columns = Columns::default();
    for kept in kept.iter().filter(|kept| kept.replaces.is_none()) {
        let id = enrichments.get(&(kept.lead, kept.new.campaign));
        if let (Some(plan), Some(id)) = (kept.plan(), id) {
            columns.campaigns.push(kept.new.campaign.0);
            columns.mailboxes.push(plan.email_hash.0.to_vec());
            columns.leads.push(kept.lead.0);
            columns.enrichments.push(*id);
            columns
                .states
                .push(if plan.review { "review" } else { "queued" });
            columns.reasons.push(kept.new.reason.map(Reason::as_str));
            columns.contents.push(plan.content_hash.to_vec());
            columns.decisions.push(kept.new.decision.clone());
        }
    }
    if columns.leads.is_empty() {
        return Ok(Vec::new());
    }
    let rows = sqlx::query!(
        r#"insert into sends (campaign_id, email_hash, lead_id, enriched_lead_id, state, reason,
                              content_hash, decision)
           select campaign_id, email_hash, lead_id, enriched_lead_id, state::send_state, reason,
                  content_hash, decision
           from unnest($1::bigint[], $2::bytea[], $3::bigint[], $4::bigint[], $5::text[], $6::text[],
                       $7::bytea[], $8::jsonb[])
               as d (campaign_id, email_hash, lead_id, enriched_lead_id, state, reason, content_hash,
                     decision)
           order by email_hash, campaign_id
           returning id, state = 'queued' as "due!""#,
        &columns.campaigns,
        &columns.mailboxes,
        &columns.leads,
        &columns.enrichments,
        &columns.states as &[&str],
        &columns.reasons as &[Option<&str>],
        &columns.contents,
        &columns.decisions,
    )
    .fetch_all(tx)
    .await
    .map_err(DbError::on("plan sends"))?;
    let due = rows.into_iter().filter(|row| row.due);
    Ok(due.map(|row| SendId(row.id)).collect())
}

/// Gives the mails that waited for a text theirs, unless a person was quicker; gives those that may go
/// out now.
pub(super) async fn replan(
    tx: &mut PgConnection,
    kept: &[Kept<'_>],
    enrichments: &HashMap<(LeadId, CampaignId), i64>,
) -> Result<Vec<SendId>, DbError> {
    let mut replaced: Vec<(SendId, i64, &Kept<'_>, &Plan)> = kept
        .iter()
        .filter_map(|kept| {
            let id = enrichments.get(&(kept.lead, kept.new.campaign))?;
            Some((kept.replaces?, *id, kept, kept.plan()?))
        })
        .collect();
    if replaced.is_empty() {
        return Ok(Vec::new());
    }
    replaced.sort_by_key(|(send, ..)| send.0);
    let sends: Vec<i64> = replaced.iter().map(|(send, ..)| send.0).collect();
    sqlx::query!(
        "select id from sends where id = any($1) order by id for no key update",
        &sends
    )
    .fetch_all(&mut *tx)
    .await
    .map_err(DbError::on("lock mails without a text"))?;
    let ids: Vec<i64> = replaced.iter().map(|(_, id, ..)| *id).collect();
    let states: Vec<&str> = replaced
        .iter()
        .map(|(.., plan)| if plan.review { "review" } else { "queued" })
        .collect();
    let reasons: Vec<Option<&str>> = replaced
        .iter()
        .map(|(_, _, kept, _)| kept.new.reason.map(Reason::as_str))
        .collect();
    let contents: Vec<Vec<u8>> = replaced
        .iter()
        .map(|(.., plan)| plan.content_hash.to_vec())
        .collect();
    let decisions: Vec<Value> = replaced
        .iter()
        .map(|(_, _, kept, _)| kept.new.decision.clone())
        .collect();
    let rows = sqlx::query!(
        r#"update sends s
           set enriched_lead_id = d.enriched_lead_id, state = d.state::send_state, reason = d.reason,
               content_hash = d.content_hash, decision = d.decision, send_requested_at = now(),
               updated_at = now()
           from unnest($1::bigint[], $2::bigint[], $3::text[], $4::text[], $5::bytea[], $6::jsonb[])
               as d (id, enriched_lead_id, state, reason, content_hash, decision)
           where s.id = d.id and s.state = 'review'
           returning s.id, s.state = 'queued' as "due!""#,
        &sends,
        &ids,
        &states as &[&str],
        &reasons as &[Option<&str>],
        &contents,
        &decisions,
    )
    .fetch_all(tx)
    .await
    .map_err(DbError::on("give mails their text"))?;
    let due = rows.into_iter().filter(|row| row.due);
    Ok(due.map(|row| SendId(row.id)).collect())
}

#[derive(Default)]
struct Columns {
    campaigns: Vec<i64>,
    mailboxes: Vec<Vec<u8>>,
    leads: Vec<i64>,
    enrichments: Vec<i64>,
    states: Vec<&'static str>,
    reasons: Vec<Option<&'static str>>,
    contents: Vec<Vec<u8>>,
    decisions: Vec<Value>,
}

/// The requests that were answered.
pub(super) async fn clear(tx: &mut PgConnection, leads: &[LeadId]) -> Result<(), DbError> {
    if leads.is_empty() {
        return Ok(());
    }
    let ids: Vec<i64> = leads.iter().map(|lead| lead.0).collect();
    sqlx::query!(
        "update leads set enrich_requested_at = null, enrich_waits_for = null, enrich_next_at = null
         where id = any($1)",
        &ids
    )
    .execute(tx)
    .await
    .map_err(DbError::on("clear answered requests"))?;
    Ok(())
}

/// The requests that stand, with what they wait for.
pub(super) async fn wait(tx: &mut PgConnection, waiting: &[(LeadId, Wait)]) -> Result<(), DbError> {
    if waiting.is_empty() {
        return Ok(());
    }
    let ids: Vec<i64> = waiting.iter().map(|(lead, _)| lead.0).collect();
    let reasons: Vec<&str> = waiting
        .iter()
        .map(|(_, wait)| wait.reason.as_str())
        .collect();
    let until: Vec<DateTime<Utc>> = waiting.iter().map(|(_, wait)| wait.until).collect();
    sqlx::query!(
        "update leads l set enrich_waits_for = d.reason, enrich_next_at = d.next_at
         from unnest($1::bigint[], $2::text[], $3::timestamptz[]) as d (id, reason, next_at)
         where l.id = d.id",
        &ids,
        &reasons as &[&str],
        &until,
    )
    .execute(tx)
    .await
    .map_err(DbError::on("note what enrichments wait for"))?;
    Ok(())
}
