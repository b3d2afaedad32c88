//! What an operator asks about sends, and does to them. Reads the view `why`; every change is recorded
//! in `audit_log` with who made it and their note.

mod again;
mod author;
mod breakers;
mod campaign;
mod checks;
mod consent;
mod detail;
mod explain;
mod listing;
mod mailbox;
mod one_source;
mod resolve;
pub(super) mod review;
mod sending;
mod source;
mod suppress;

pub use again::{Again, ask_again, count_again};
pub use author::Author;
pub(in crate::db) use author::{record, sign};
pub use breakers::{Breaker, breakers, close_breaker};
pub use campaign::{
    Campaign, CampaignOutcome, Edit, StatusOutcome, campaign, campaign_of_id, campaigns,
    change_campaign, create_campaign, edit_campaign, set_status,
};
pub use checks::{clock, enabled_source_kinds, events_of_message};
use chrono::{DateTime, Utc};
pub use consent::{Consent, record_consent};
pub use detail::{Change, SendDetail, send_detail};
use explain::Explanation;
pub use listing::{Filter, Narrowing, list_sends};
pub use mailbox::{Lifted, Mailbox, lift, mailbox};
pub use one_source::{
    AddedSource, Redefined, RunNow, add_source, redefine_source, run_source_now, switch_source,
};
pub use resolve::{Resolution, Resolved, resolve};
pub use review::{ReviewOutcome, Waiting, draft, review, waiting_for_review};
pub use sending::{start_sending, stop_sending};
use serde::Serialize;
use serde_json::Value;
pub use source::{
    Definition, InvalidSource, Source, SourceOutcome, enable_source, set_source, sources,
};
use sqlx::PgConnection;
pub(super) use suppress::suppress_within;
pub use suppress::{Suppressed, known_address, suppress};

use super::{DbError, known};
use crate::domain::{email::EmailHash, ids::LeadId, send_state::SendState};

/// Where a lead stands in a campaign, and why. Names a profile, never an address.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LeadStatus {
    pub platform: String,
    pub username: String,
    pub campaign: String,
    /// None where no mail is planned.
    pub send_id: Option<i64>,
    pub state: Option<SendState>,
    pub reason: Option<String>,
    /// State and reason in sentences, and what else would stop the mail now.
    pub explanation: String,
    pub decided_by: Option<&'static str>,
    /// The gate's rule, where the gate gave the reason.
    pub rule: Option<String>,
    /// When a waiting send is decided again.
    pub next_at: Option<DateTime<Utc>>,
    pub score: Option<i16>,
    /// The campaign's minimum.
    pub min_score: Option<i16>,
    pub confidence: Option<f32>,
    /// `model` or `rules`.
    pub method: Option<String>,
    pub model: Option<String>,
    /// The first digits of the prompt's hash.
    pub prompt: Option<String>,
    /// The version of the lead's enrichment.
    pub enrichment: Option<i32>,
    /// Whether a person approved it.
    pub reviewed: Option<bool>,
    pub country: Option<String>,
    pub basis: Option<String>,
    /// What the country requires.
    pub basis_rule: Option<String>,
    /// The gate's version.
    pub gate: Option<String>,
    pub decided_at: Option<String>,
    pub suppressed_at: Option<DateTime<Utc>>,
    pub suppression_reason: Option<String>,
    pub erased_at: Option<DateTime<Utc>>,
    pub breaker_opened_at: Option<DateTime<Utc>>,
    pub found_at: Option<DateTime<Utc>>,
    pub enrichment_requested_at: Option<DateTime<Utc>>,
    pub enriched_at: Option<DateTime<Utc>>,
    pub planned_at: Option<DateTime<Utc>>,
    pub sent_at: Option<DateTime<Utc>>,
    /// How often SES was called.
    pub attempts: Option<i32>,
    pub ses_message_id: Option<String>,
    /// `at`, `kind` and `detail` of each event.
    pub events: Option<Value>,
    /// The mail that the mailbox has through another profile.
    pub other_send_id: Option<i64>,
}

/// These leads in every campaign: what they got, and what they did not.
pub async fn lead_statuses(
    conn: &mut PgConnection,
    leads: &[i64],
) -> Result<Vec<LeadStatus>, DbError> {
    statuses(conn, &[], leads).await
}

async fn statuses(
    conn: &mut PgConnection,
    sends: &[i64],
    leads: &[i64],
) -> Result<Vec<LeadStatus>, DbError> {
    let statuses = statuses_by_lead(conn, sends, leads).await?;
    Ok(statuses.into_iter().map(|(_, status)| status).collect())
}

/// Each with its lead: mails first, the newest of all before the others.
pub(super) async fn statuses_by_lead(
    conn: &mut PgConnection,
    sends: &[i64],
    leads: &[i64],
) -> Result<Vec<(LeadId, LeadStatus)>, DbError> {
    let rows = sqlx::query!(
        r#"select platform as "platform!", username as "username!", campaign as "campaign!",
                  lead_id as "lead_id!", send_id, state::text as state, reason, also_blocked_by,
                  outcome, rule, next_at, score, min_score, confidence, method, model, prompt,
                  enrichment, reviewed, country, basis, basis_rule, gate, decided_at, suppressed_at,
                  suppression_reason, erased_at, breaker_opened_at, found_at,
                  enrichment_requested_at, enriched_at, planned_at, sent_at, attempts,
                  ses_message_id, events, other_send_id
           from why
           where send_id = any ($1) or lead_id = any ($2)
           order by send_id desc nulls last, lead_id, campaign_id"#,
        sends,
        leads,
    )
    .fetch_all(conn)
    .await
    .map_err(DbError::on("read why sends stand where they stand"))?;
    let mut statuses = Vec::with_capacity(rows.len());
    for row in rows {
        let (table, id) = row
            .send_id
            .map_or(("leads", row.lead_id), |send| ("sends", send));
        let state = row.state.as_deref();
        let state: Option<SendState> = state
            .map(|word| known(word, table, id, "state"))
            .transpose()?;
        let explanation = Explanation {
            state,
            reason: row.reason.as_deref(),
            passed: row.outcome.as_deref() == Some("send"),
            score: row.score,
            min_score: row.min_score,
            country: row.country.as_deref(),
            basis: row.basis.as_deref().or(row.basis_rule.as_deref()),
            also_blocked_by: row.also_blocked_by.as_deref().unwrap_or_default(),
        };
        let unknown_word = || DbError::UnknownWord {
            table,
            row: id.to_string(),
            column: "reason",
        };
        let status = LeadStatus {
            explanation: explanation.to_text().ok_or_else(unknown_word)?,
            decided_by: explanation.decided_by(),
            platform: row.platform,
            username: row.username,
            campaign: row.campaign,
            send_id: row.send_id,
            state,
            reason: row.reason,
            rule: row.rule,
            next_at: row.next_at,
            score: row.score,
            min_score: row.min_score,
            confidence: row.confidence,
            method: row.method,
            model: row.model,
            prompt: row.prompt,
            enrichment: row.enrichment,
            reviewed: row.reviewed,
            country: row.country,
            basis: row.basis,
            basis_rule: row.basis_rule,
            gate: row.gate,
            decided_at: row.decided_at,
            suppressed_at: row.suppressed_at,
            suppression_reason: row.suppression_reason,
            erased_at: row.erased_at,
            breaker_opened_at: row.breaker_opened_at,
            found_at: row.found_at,
            enrichment_requested_at: row.enrichment_requested_at,
            enriched_at: row.enriched_at,
            planned_at: row.planned_at,
            sent_at: row.sent_at,
            attempts: row.attempts,
            ses_message_id: row.ses_message_id,
            events: row.events,
            other_send_id: row.other_send_id,
        };
        statuses.push((LeadId(row.lead_id), status));
    }
    Ok(statuses)
}

/// What names a lead.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LeadQuery<'a> {
    /// The row of `leads`.
    Id(i64),
    /// The name on any platform, without `@`, in lower case; or the person's own name.
    Name(&'a str),
    /// The profile's address, in lower case.
    Profile(&'a str),
    Mailbox(EmailHash),
}

/// The ids of the leads that a query names.
pub async fn find_leads(
    conn: &mut PgConnection,
    query: LeadQuery<'_>,
) -> Result<Vec<i64>, DbError> {
    let failed = DbError::on("find a lead");
    match query {
        LeadQuery::Id(id) => {
            sqlx::query_scalar!("select id from leads where id = $1", id)
                .fetch_all(conn)
                .await
        }
        // Without an index: a million leads are read in about a second.
        LeadQuery::Name(name) => {
            sqlx::query_scalar!(
                "select id from leads where username = $1 or lower(name) = $1 order by id",
                name
            )
            .fetch_all(conn)
            .await
        }
        LeadQuery::Profile(address) => {
            sqlx::query_scalar!(
                "select id from leads where rtrim(lower(profile_url), '/') = rtrim($1, '/') order by id",
                address
            )
            .fetch_all(conn)
            .await
        }
        // Also the lead whose address was another one when its mail was planned.
        LeadQuery::Mailbox(hash) => {
            sqlx::query_scalar!(
                r#"select id as "id!" from leads where email_hash = $1
                   union select lead_id from sends where email_hash = $1
                   order by 1"#,
                hash.0.as_slice(),
            )
            .fetch_all(conn)
            .await
        }
    }
    .map_err(failed)
}
