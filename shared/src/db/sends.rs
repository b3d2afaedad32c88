//! Table `sends`, the send ledger: claim, arm and settle are one statement each per batch
//! (invariants 7 and 8); the reaper and the sweep keep anything from lying forgotten.

mod sweep;

use std::time::Duration;

use chrono::{DateTime, Utc};
use serde_json::Value;
use sqlx::PgConnection;
pub use sweep::{Reaped, reap, take_due};

use super::{
    DbError,
    enrichment::{agreed, campaign_facts},
};
use crate::domain::{
    basis::Basis,
    content::{ContentHash, Draft},
    gate::{CampaignFacts, CampaignStatus, Compliance, Method, RecipientFacts, Verdict},
    ids::{LeadId, SendId},
    lead::Platform,
    reason::Reason,
    score::{Confidence, Score},
    send_state::SendState,
};

/// A send held by this sender, with everything the gate and the renderer need.
#[derive(Debug, Clone)]
pub struct Claim {
    /// The send.
    pub send: SendId,
    /// Raised by every claim: what an older holder does is refused.
    pub fence: i64,
    /// How often it was claimed, this time included.
    pub attempts: i32,
    /// The lead.
    pub lead: LeadId,
    /// Where it was found.
    pub platform: Platform,
    /// Its username there.
    pub username: String,
    /// Display name.
    pub name: Option<String>,
    /// ISO 639-1.
    pub language: Option<String>,
    /// The address as stored, if it is still the one that the send is for.
    pub email: Option<String>,
    /// Whether the lead's address is another one by now.
    pub address_changed: bool,
    /// The campaign's rules, with the mails it has left today.
    pub campaign: CampaignFacts,
    /// What is offered.
    pub offer: String,
    /// What is known about the mailbox.
    pub recipient: RecipientFacts,
    /// The mailbox's revision that these facts are of.
    pub revision: i64,
    /// What the scorer and a reviewer said.
    pub verdict: Verdict,
    /// The text, unless there is none.
    pub draft: Option<Draft>,
    /// Hash of the text that was decided on.
    pub content_hash: ContentHash,
}

/// Takes sends that are due, each with its mailbox's slot of today; a mailbox that had its mail
/// today waits for tomorrow. What is not due, or held by another sender, is left alone.
///
/// # Errors
/// When the statement fails; nothing is held.
pub async fn claim(
    conn: &mut PgConnection,
    ids: &[i64],
    lease: Duration,
) -> Result<Vec<Claim>, DbError> {
    let rows = sqlx::query_file!("src/db/claim_sends.sql", ids, lease.as_secs_f64())
        .fetch_all(conn)
        .await
        .map_err(DbError::on("claim sends"))?;
    let claims = rows.into_iter().map(|row| {
        let status = CampaignStatus::from_word(&row.campaign_status);
        let mut campaign = campaign_facts(
            status.unwrap_or(CampaignStatus::Paused),
            row.min_score,
            row.min_confidence,
            row.review_all,
            Some(row.basis_rules),
        );
        campaign.left_today = row.left_today;
        let erased = row.recipient_erased || row.lead_erased;
        Claim {
            send: SendId(row.id),
            fence: row.fence,
            attempts: row.attempts,
            lead: LeadId(row.lead_id),
            platform: Platform::from_word(&row.source).unwrap_or(Platform::Csv),
            username: row.username,
            name: row.name,
            language: row.language,
            email: row.email,
            address_changed: row.address_changed,
            campaign,
            offer: row.offer,
            recipient: RecipientFacts {
                erased,
                suppressed: row.suppressed,
                country: agreed(
                    row.country.and_then(|code| code.parse().ok()),
                    row.lead_country.and_then(|code| code.parse().ok()),
                ),
                basis: row.basis.as_deref().and_then(Basis::from_word),
            },
            revision: row.revision,
            verdict: Verdict {
                score: Score::new(row.score.into()).unwrap_or(Score::MIN),
                confidence: Confidence::new(row.ai_confidence).unwrap_or(Confidence::MIN),
                compliance: if row.compliant {
                    Compliance::Ok
                } else {
                    Compliance::Block
                },
                method: Method::from_word(&row.method).unwrap_or(Method::Rules),
                reviewed: row.reviewed,
            },
            draft: row
                .subject
                .zip(row.message)
                .map(|(subject, message)| Draft { subject, message }),
            // A hash of the wrong size matches no text, which the gate refuses.
            content_hash: row.content_hash.try_into().unwrap_or_default(),
        }
    });
    Ok(claims.collect())
}

/// What was decided about a claimed send.
#[derive(Debug, Clone)]
pub struct Verdicts {
    /// The send.
    pub send: SendId,
    /// The claim's fence.
    pub fence: i64,
    /// The mailbox's revision that was decided on.
    pub revision: i64,
    /// `Calling` to arm it; `Queued` to wait; `Review` or `Refused`.
    pub state: SendState,
    /// The rule that decided, unless it is armed.
    pub reason: Option<Reason>,
    /// When it is due again, if it waits.
    pub not_before: Option<DateTime<Utc>>,
    /// The decision with its facts (invariant 15).
    pub decision: Value,
}

/// Writes down what was decided about a batch, before any call: locks the mailboxes in order and
/// arms only those whose facts still stand. A mailbox that changed meanwhile is decided again.
///
/// Returns the sends that may now be called, and only those. When this returns, their state is
/// durable; when it fails, none may be called.
///
/// # Errors
/// When the statement fails or its end is not known.
pub async fn arm(
    conn: &mut PgConnection,
    decided: &[Verdicts],
    lease: Duration,
) -> Result<Vec<SendId>, DbError> {
    let ids: Vec<i64> = decided.iter().map(|d| d.send.0).collect();
    let fences: Vec<i64> = decided.iter().map(|d| d.fence).collect();
    let revisions: Vec<i64> = decided.iter().map(|d| d.revision).collect();
    let states: Vec<&str> = decided.iter().map(|d| d.state.as_str()).collect();
    let reasons: Vec<Option<&str>> = decided
        .iter()
        .map(|d| d.reason.map(Reason::as_str))
        .collect();
    let not_before: Vec<Option<DateTime<Utc>>> = decided.iter().map(|d| d.not_before).collect();
    let decisions: Vec<Value> = decided.iter().map(|d| d.decision.clone()).collect();
    let rows = sqlx::query_file!(
        "src/db/arm_sends.sql",
        &ids,
        &fences,
        &revisions,
        &states as &[&str],
        &reasons as &[Option<&str>],
        &not_before as &[Option<DateTime<Utc>>],
        &decisions,
        lease.as_secs_f64(),
    )
    .fetch_all(conn)
    .await
    .map_err(DbError::on("arm sends"))?;
    Ok(rows
        .into_iter()
        .filter(|row| row.armed)
        .map(|row| SendId(row.id))
        .collect())
}

/// How a call to SES ended.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// The send.
    pub send: SendId,
    /// The claim's fence.
    pub fence: i64,
    /// `Sent`, `Rejected`, `Unknown`, or `Queued` after a definite refusal that may go better.
    pub state: SendState,
    /// Why it is not sent.
    pub reason: Option<Reason>,
    /// SES's id for the mail.
    pub message_id: Option<String>,
    /// When it is due again, if it waits.
    pub not_before: Option<DateTime<Utc>>,
}

/// Writes down how the calls of a batch ended, and marks the leads of those that were sent. Fenced
/// and monotone: an answer that comes late moves a state up or changes nothing.
///
/// # Errors
/// When the statement fails: the sends become `unknown` when their lease ends.
pub async fn settle(conn: &mut PgConnection, outcomes: &[Outcome]) -> Result<(), DbError> {
    let ids: Vec<i64> = outcomes.iter().map(|o| o.send.0).collect();
    let fences: Vec<i64> = outcomes.iter().map(|o| o.fence).collect();
    let states: Vec<&str> = outcomes.iter().map(|o| o.state.as_str()).collect();
    let reasons: Vec<Option<&str>> = outcomes
        .iter()
        .map(|o| o.reason.map(Reason::as_str))
        .collect();
    let message_ids: Vec<Option<&str>> = outcomes.iter().map(|o| o.message_id.as_deref()).collect();
    let not_before: Vec<Option<DateTime<Utc>>> = outcomes.iter().map(|o| o.not_before).collect();
    sqlx::query_file!(
        "src/db/settle_sends.sql",
        &ids,
        &fences,
        &states as &[&str],
        &reasons as &[Option<&str>],
        &message_ids as &[Option<&str>],
        &not_before as &[Option<DateTime<Utc>>],
    )
    .execute(conn)
    .await
    .map_err(DbError::on("settle sends"))?;
    Ok(())
}
