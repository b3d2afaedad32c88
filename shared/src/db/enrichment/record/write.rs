//! Writes what was decided: enrichments, their sends and the cleared requests, to rows that are locked.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use serde_json::Value;
use sqlx::{PgConnection, types::Json};

use super::{
    super::super::DbError,
    Wait,
    decide::{EnrichmentOutcome, Kept, PlannedSend},
};
use crate::domain::{
    content::{ContentHash, Draft},
    ids::{CampaignId, LeadId, SendId},
    letter::Language,
    reason::Reason,
    send_state::SendState,
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
    offer: Option<&'a str>,
    language: Option<&'a str>,
    profile_hash: Option<String>,
    question_hash: Option<String>,
    rules_hash: String,
    input_hash: String,
    cost_micros: i64,
    outcome: &'static str,
    reason: Option<&'static str>,
    decision: &'a Value,
}

impl<'a> From<&Kept<'a>> for Row<'a> {
    fn from(kept: &Kept<'a>) -> Self {
        let new = kept.new;
        let assessed = new.assessed.as_ref();
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
            offer: assessed.map(|assessed| assessed.offer.as_str()),
            language: assessed
                .and_then(|assessed| assessed.language)
                .map(Language::code),
            profile_hash: assessed.map(|assessed| bytes(&assessed.profile)),
            question_hash: assessed.map(|assessed| bytes(&assessed.question)),
            rules_hash: bytes(&new.rules),
            input_hash: bytes(&new.input_hash),
            cost_micros: new.cost_micros,
            outcome: kept.outcome().into(),
            reason: kept.reason().map(Reason::as_str),
            decision: &new.decision,
        }
    }
}

/// As PostgreSQL writes bytes.
fn bytes(bytes: &[u8]) -> String {
    bytes
        .iter()
        .fold("\\x".to_owned(), |text, byte| format!("{text}{byte:02x}"))
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
            columns.states.push(state(kept));
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

/// Plans mails anew, unless a person or a sender was quicker; gives those that may go out now.
pub(super) async fn replan(
    tx: &mut PgConnection,
    kept: &[Kept<'_>],
    enrichments: &HashMap<(LeadId, CampaignId), i64>,
) -> Result<Vec<SendId>, DbError> {
    let mut replaced: Vec<(PlannedSend, i64, &Kept<'_>)> = kept
        .iter()
        .filter_map(|kept| {
            let id = enrichments.get(&(kept.lead, kept.new.campaign))?;
            Some((kept.replaces?, *id, kept))
        })
        .collect();
    if replaced.is_empty() {
        return Ok(Vec::new());
    }
    replaced.sort_by_key(|(send, ..)| send.id.0);
    let sends: Vec<i64> = replaced.iter().map(|(send, ..)| send.id.0).collect();
    sqlx::query!(
        "select id from sends where id = any($1) order by id for no key update",
        &sends
    )
    .fetch_all(&mut *tx)
    .await
    .map_err(DbError::on("lock mails to plan anew"))?;
    let fences: Vec<i64> = replaced.iter().map(|(send, ..)| send.fence).collect();
    let ids: Vec<i64> = replaced.iter().map(|(_, id, _)| *id).collect();
    let states: Vec<&str> = replaced.iter().map(|(.., kept)| state(kept)).collect();
    let reasons: Vec<Option<&str>> = replaced
        .iter()
        .map(|(.., kept)| kept.reason().map(Reason::as_str))
        .collect();
    let contents: Vec<Vec<u8>> = replaced
        .iter()
        .map(|(.., kept)| {
            let draft = kept.new.draft.as_ref();
            draft.map_or(ContentHash::default(), Draft::hash).to_vec()
        })
        .collect();
    let decisions: Vec<Value> = replaced
        .iter()
        .map(|(.., kept)| kept.new.decision.clone())
        .collect();
    let rows = sqlx::query!(
        r#"update sends s
           set enriched_lead_id = d.enriched_lead_id, state = d.state::send_state, reason = d.reason,
               content_hash = d.content_hash, decision = d.decision, fence = s.fence + 1,
               not_before = now(), send_requested_at = now(), updated_at = now()
           from unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::text[], $5::text[], $6::bytea[],
                       $7::jsonb[])
               as d (id, fence, enriched_lead_id, state, reason, content_hash, decision)
           where s.id = d.id and s.fence = d.fence
           returning s.id, s.state = 'queued' as "due!""#,
        &sends,
        &fences,
        &ids,
        &states as &[&str],
        &reasons as &[Option<&str>],
        &contents,
        &decisions,
    )
    .fetch_all(tx)
    .await
    .map_err(DbError::on("plan mails anew"))?;
    let due = rows.into_iter().filter(|row| row.due);
    Ok(due.map(|row| SendId(row.id)).collect())
}

/// The word of `sends.state` that a plan begins in.
fn state(kept: &Kept<'_>) -> &'static str {
    let state = match kept.outcome() {
        EnrichmentOutcome::Planned => SendState::Queued,
        EnrichmentOutcome::Review => SendState::Review,
        EnrichmentOutcome::Refused => SendState::Refused,
    };
    state.as_str()
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
