//! Stores enrichments and plans the sends they lead to.

use chrono::{DateTime, Utc};
use serde_json::Value;
use sqlx::{Postgres, Transaction};

use super::super::DbError;
use crate::domain::{
    content::{ContentHash, Draft},
    country::Country,
    email::EmailHash,
    gate::Method,
    ids::{CampaignId, LeadId, SendId},
    reason::Reason,
    score::{Confidence, Score},
};

/// An enrichment and what it leads to, ready to be stored.
#[derive(Debug, Clone)]
pub struct NewEnrichment {
    /// The lead.
    pub lead: LeadId,
    /// When this enrichment was asked for.
    pub requested_at: Option<DateTime<Utc>>,
    /// The campaign.
    pub campaign: CampaignId,
    /// One more than the last.
    pub version: i32,
    /// What the lead is about, in a word or two.
    pub niche: String,
    /// Fit.
    pub score: Score,
    /// The short summary.
    pub notes: String,
    /// Subject and message, unless nobody wrote any.
    pub draft: Option<Draft>,
    /// Whether nothing speaks against writing to this lead.
    pub compliant: bool,
    /// What speaks against it.
    pub compliance_notes: String,
    /// How sure the scorer is.
    pub confidence: Confidence,
    /// Claims about the lead with the words of the profile that back them.
    pub evidence: Value,
    /// Model or rules.
    pub method: Method,
    /// The model's name, if it was asked.
    pub model: Option<String>,
    /// Hash of what it was made from.
    pub prompt_hash: [u8; 32],
    /// What it cost, in millionths of a US dollar.
    pub cost_micros: i64,
    /// Why no mail is planned, or why a person looks first.
    pub reason: Option<Reason>,
    /// The gate's answer with its facts.
    pub decision: Value,
    /// The mail that follows, if any.
    pub plan: Option<Plan>,
}

/// A mail to plan.
#[derive(Debug, Clone)]
pub struct Plan {
    /// To whom.
    pub email_hash: EmailHash,
    /// Where that person is.
    pub country: Option<Country>,
    /// Whether a person looks first.
    pub review: bool,
    /// Hash of the text that was decided on.
    pub content_hash: ContentHash,
}

/// What was stored.
#[derive(Debug, Default)]
pub struct Recorded {
    /// Sends that may go out now, to be announced after the commit.
    pub due: Vec<SendId>,
    /// Enrichments whose mailbox already has a mail of this campaign.
    pub duplicates: usize,
}

/// Stores enrichments, plans their sends and clears the requests they answer, for a whole batch.
/// Each is either stored with its send or was stored before.
///
/// # Errors
/// When a statement fails; roll back.
pub async fn record(
    tx: &mut Transaction<'_, Postgres>,
    batch: &[NewEnrichment],
) -> Result<Recorded, DbError> {
    let failed = DbError::on("store enrichments");
    let decimal = |get: fn(&NewEnrichment) -> i64| -> Vec<i64> { batch.iter().map(get).collect() };
    let leads = decimal(|e| e.lead.0);
    let campaigns = decimal(|e| e.campaign.0);
    let costs = decimal(|e| e.cost_micros);
    let text = |get: fn(&NewEnrichment) -> Option<&str>| -> Vec<Option<String>> {
        batch.iter().map(|e| get(e).map(str::to_owned)).collect()
    };
    let niches = text(|e| Some(&e.niche));
    let notes = text(|e| Some(&e.notes));
    let subjects = text(|e| e.draft.as_ref().map(|d| d.subject.as_str()));
    let messages = text(|e| e.draft.as_ref().map(|d| d.message.as_str()));
    let compliance_notes = text(|e| Some(&e.compliance_notes));
    let methods = text(|e| Some(e.method.as_str()));
    let models = text(|e| e.model.as_deref());
    let reasons = text(|e| e.reason.map(Reason::as_str));
    let outcomes = text(|e| {
        Some(match &e.plan {
            Some(plan) if plan.review => "review",
            Some(_) => "planned",
            None => "refused",
        })
    });
    let states = text(|e| {
        e.plan
            .as_ref()
            .map(|p| if p.review { "review" } else { "queued" })
    });
    let countries = text(|e| {
        e.plan
            .as_ref()?
            .country
            .as_ref()
            .map(crate::domain::country::Country::as_str)
    });
    let bytes = |get: fn(&NewEnrichment) -> Option<&[u8]>| -> Vec<Option<Vec<u8>>> {
        batch.iter().map(|e| get(e).map(<[u8]>::to_vec)).collect()
    };
    let prompt_hashes = bytes(|e| Some(&e.prompt_hash));
    let email_hashes = bytes(|e| Some(&e.plan.as_ref()?.email_hash.0));
    let content_hashes = bytes(|e| Some(&e.plan.as_ref()?.content_hash));
    let versions: Vec<i32> = batch.iter().map(|e| e.version).collect();
    let scores: Vec<i16> = batch.iter().map(|e| e.score.get().into()).collect();
    let compliant: Vec<bool> = batch.iter().map(|e| e.compliant).collect();
    let confidences: Vec<f32> = batch.iter().map(|e| e.confidence.get()).collect();
    let requested: Vec<Option<DateTime<Utc>>> = batch.iter().map(|e| e.requested_at).collect();
    let evidence: Vec<Value> = batch.iter().map(|e| e.evidence.clone()).collect();
    let decisions: Vec<Value> = batch.iter().map(|e| e.decision.clone()).collect();

    let rows = sqlx::query_file!(
        "src/db/record_enrichments.sql",
        &leads,
        &campaigns,
        &versions,
        &niches as &[Option<String>],
        &scores,
        &notes as &[Option<String>],
        &subjects as &[Option<String>],
        &messages as &[Option<String>],
        &compliant,
        &compliance_notes as &[Option<String>],
        &confidences,
        &evidence,
        &methods as &[Option<String>],
        &models as &[Option<String>],
        &prompt_hashes as &[Option<Vec<u8>>],
        &costs,
        &outcomes as &[Option<String>],
        &reasons as &[Option<String>],
        &decisions,
        &requested as &[Option<DateTime<Utc>>],
        &states as &[Option<String>],
        &email_hashes as &[Option<Vec<u8>>],
        &countries as &[Option<String>],
        &content_hashes as &[Option<Vec<u8>>],
    )
    .fetch_all(&mut **tx)
    .await
    .map_err(&failed)?;

    let mut recorded = Recorded::default();
    let mut duplicates: Vec<i64> = Vec::new();
    for row in rows {
        match (row.state.as_deref(), row.send_id) {
            (Some("queued"), Some(send)) => recorded.due.push(SendId(send)),
            (Some(_), Some(_)) | (None, _) => {}
            (Some(_), None) => duplicates.push(row.id),
        }
    }
    if !duplicates.is_empty() {
        recorded.duplicates = duplicates.len();
        mark_duplicates(tx, &duplicates).await?;
    }
    Ok(recorded)
}

/// The mailbox already has a mail of this campaign: planned for this lead before, or for another
/// profile of the same person.
async fn mark_duplicates(
    tx: &mut Transaction<'_, Postgres>,
    enrichments: &[i64],
) -> Result<(), DbError> {
    sqlx::query!(
        "update enriched_leads set outcome = 'refused', reason = $2, updated_at = now()
         where id = any($1)",
        enrichments,
        Reason::DuplicateRecipient.as_str(),
    )
    .execute(&mut **tx)
    .await
    .map_err(DbError::on("mark enrichments of a known mailbox"))?;
    Ok(())
}
