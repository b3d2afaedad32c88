//! What a person asks of the ledger, and does to it by hand. Reads the views of `0011_why.sql`; every
//! change is on record in `audit_log` with who made it and why.

mod breakers;
mod hand;
mod whole;

pub use breakers::{Breaker, breakers, close_breaker};
use chrono::{DateTime, Utc};
pub use hand::{Resolution, Resolved, Suppressed, known_address, resolve, suppress};
use serde::Serialize;
use serde_json::Value;
use sqlx::PgConnection;
pub use whole::{Trace, Whole, whole};

use super::DbError;
use crate::domain::email::EmailHash;

/// Where a lead stands in a campaign, and why. Names a profile, never an address.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Line {
    /// The lead's platform.
    pub platform: String,
    /// Its name there.
    pub username: String,
    /// The campaign.
    pub campaign: String,
    /// The send, if there is one.
    pub send_id: Option<i64>,
    /// Its state.
    pub state: Option<String>,
    /// The word for why it stands there.
    pub reason: Option<String>,
    /// The same in sentences, with what has come in between since.
    pub explanation: String,
    /// Who gave the reason: `gate`, `plan`, `arm`, `sender`, `sweep`, `ses`, `operator`, `collector`.
    pub said_by: Option<String>,
    /// The gate's rule that gave it.
    pub rule: Option<String>,
    /// When it is asked again, if it waits.
    pub next_at: Option<DateTime<Utc>>,
    /// The lead's score.
    pub score: Option<i16>,
    /// The campaign's lowest.
    pub min_score: Option<i16>,
    /// How sure the scorer was.
    pub confidence: Option<f32>,
    /// `model` or `rules`.
    pub method: Option<String>,
    /// The model.
    pub model: Option<String>,
    /// The first digits of the hash of what it was asked.
    pub prompt: Option<String>,
    /// Which enrichment of the lead it is.
    pub enrichment: Option<i32>,
    /// Whether a person approved it.
    pub reviewed: Option<bool>,
    /// The recipient's country, as decided on.
    pub country: Option<String>,
    /// The recorded lawful basis.
    pub basis: Option<String>,
    /// What the country asks for.
    pub basis_rule: Option<String>,
    /// The gate's version.
    pub gate: Option<String>,
    /// When it decided.
    pub decided_at: Option<String>,
    /// When the mailbox was suppressed.
    pub suppressed_at: Option<DateTime<Utc>>,
    /// Why.
    pub suppression_reason: Option<String>,
    /// When the person or the mailbox was erased.
    pub erased_at: Option<DateTime<Utc>>,
    /// Since when the campaign's breaker is open.
    pub breaker_opened_at: Option<DateTime<Utc>>,
    /// When the lead was found for this campaign.
    pub found_at: Option<DateTime<Utc>>,
    /// Since when an enrichment is owed.
    pub owed_since: Option<DateTime<Utc>>,
    /// When it was enriched.
    pub enriched_at: Option<DateTime<Utc>>,
    /// When the mail was planned.
    pub planned_at: Option<DateTime<Utc>>,
    /// When SES took it.
    pub sent_at: Option<DateTime<Utc>>,
    /// How often SES was called.
    pub attempts: Option<i32>,
    /// SES's id of the mail.
    pub ses_message_id: Option<String>,
    /// What came back: `at`, `kind`, `detail` of each.
    pub events: Option<Value>,
    /// The mail that the mailbox has through another profile.
    pub other_send_id: Option<i64>,
}

/// Which sends to list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Filter {
    /// The newest, whatever their state.
    All,
    /// Calls whose outcome nobody knows and on which nobody has decided.
    Unknown,
    /// What waits for something else than its turn.
    Deferred,
    /// What waits for a person.
    Review,
}

impl Filter {
    fn as_str(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::Unknown => "unknown",
            Self::Deferred => "deferred",
            Self::Review => "review",
        }
    }
}

/// The newest sends that pass a filter.
///
/// # Errors
/// When a statement fails.
pub async fn sends(
    conn: &mut PgConnection,
    filter: Filter,
    limit: i64,
) -> Result<Vec<Line>, DbError> {
    let ids = sqlx::query_scalar!(
        "select id from sends
         where $1 = 'all'
            or $1 = 'unknown' and state = 'unknown' and reason <> 'given_up'
            or $1 = 'deferred' and state = 'queued' and (reason is not null or not_before > now())
            or $1 = 'review' and state = 'review'
         order by id desc
         limit $2",
        filter.as_str(),
        limit,
    )
    .fetch_all(&mut *conn)
    .await
    .map_err(DbError::on("choose sends"))?;
    lines(conn, &ids, &[]).await
}

/// Everything about these leads, in every campaign: what they got, and what they did not.
///
/// # Errors
/// When the statement fails.
pub async fn leads(conn: &mut PgConnection, leads: &[i64]) -> Result<Vec<Line>, DbError> {
    lines(conn, &[], leads).await
}

async fn lines(
    conn: &mut PgConnection,
    sends: &[i64],
    leads: &[i64],
) -> Result<Vec<Line>, DbError> {
    sqlx::query_as!(
        Line,
        r#"select platform as "platform!", username as "username!", campaign as "campaign!",
                  send_id, state::text as state, reason, explanation as "explanation!", said_by,
                  rule, next_at, score, min_score, confidence, method, model, prompt, enrichment,
                  reviewed, country, basis, basis_rule, gate, decided_at, suppressed_at,
                  suppression_reason, erased_at, breaker_opened_at, found_at, owed_since,
                  enriched_at, planned_at, sent_at, attempts, ses_message_id, events, other_send_id
           from why
           where send_id = any ($1) or lead_id = any ($2)
           order by send_id desc nulls last, lead_id, campaign_id"#,
        sends,
        leads,
    )
    .fetch_all(conn)
    .await
    .map_err(DbError::on("read why sends stand where they stand"))
}

/// The leads of a row id, a username or an address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Whose<'a> {
    /// The row of `leads`.
    Id(i64),
    /// The name on any platform, without `@`, in lower case.
    Username(&'a str),
    /// The mailbox.
    Mailbox(EmailHash),
}

/// Finds leads.
///
/// # Errors
/// When the statement fails.
pub async fn find_leads(conn: &mut PgConnection, whose: Whose<'_>) -> Result<Vec<i64>, DbError> {
    let failed = DbError::on("find a lead");
    match whose {
        Whose::Id(id) => {
            sqlx::query_scalar!("select id from leads where id = $1", id)
                .fetch_all(conn)
                .await
        }
        // On any platform, so without an index: a million leads are read in less than a second.
        Whose::Username(name) => {
            sqlx::query_scalar!("select id from leads where username = $1 order by id", name)
                .fetch_all(conn)
                .await
        }
        // Also the lead whose address was another one when its mail was planned.
        Whose::Mailbox(hash) => {
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
