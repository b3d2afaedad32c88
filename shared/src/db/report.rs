//! What a person asks about a campaign: where every lead stands, what is still owed, what was paid.
//! Reads only.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use super::DbError;

/// Where one lead of a campaign stands, from being found to being written to.
#[derive(Debug, Clone, PartialEq)]
pub struct Line {
    /// The lead.
    pub lead: i64,
    /// Its platform.
    pub platform: String,
    /// Its name there.
    pub username: String,
    /// Whether an enrichment is owed.
    pub owed: bool,
    /// What the newest enrichment made of it, if there is one.
    pub niche: Option<String>,
    /// Its score.
    pub score: Option<i16>,
    /// Whether the score reaches the campaign's and the verdict is "compliant".
    pub qualified: bool,
    /// `planned`, `review` or `refused`.
    pub outcome: Option<String>,
    /// Why it is not planned.
    pub outcome_reason: Option<String>,
    /// What the enrichment says of the mail: it was sent.
    pub marked_sent: bool,
    /// The send planned for it, if there is one.
    pub send: Option<i64>,
    /// The send's state.
    pub state: Option<String>,
    /// Why the send stands where it stands.
    pub send_reason: Option<String>,
    /// How many times the send was claimed.
    pub fence: Option<i64>,
    /// The id SES gave the mail.
    pub ses_message_id: Option<String>,
    /// Whether the send waits for a later day.
    pub deferred: bool,
}

/// Every lead of a campaign, best first.
///
/// # Errors
/// When the statement fails.
pub async fn lines(conn: &mut PgConnection, campaign: &str) -> Result<Vec<Line>, DbError> {
    sqlx::query_file_as!(Line, "src/db/report_lines.sql", campaign)
        .fetch_all(conn)
        .await
        .map_err(DbError::on("read where a campaign's leads stand"))
}

/// How far a campaign has come, and what is still to do at once.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Progress {
    /// Leads its sources found.
    pub collected: i64,
    /// Of these, leads that wait for an enrichment.
    pub owed: i64,
    /// Leads with an enrichment.
    pub enriched: i64,
    /// Sends, whatever their state.
    pub sends: i64,
    /// Sends that are due now.
    pub due: i64,
    /// Sends that a sender holds.
    pub held: i64,
    /// Sends that SES took and has not reported on since.
    pub unreported: i64,
}

/// Counts how far a campaign has come.
///
/// # Errors
/// When the statement fails.
pub async fn progress(conn: &mut PgConnection, campaign: &str) -> Result<Progress, DbError> {
    sqlx::query_as!(
        Progress,
        r#"with campaign as (
               select id from campaigns where name = $1
           ), found as (
               select distinct l.id, l.enrich_requested_at
               from leads l
               join lead_sources ls on ls.lead_id = l.id
               join sources s on s.id = ls.source_id
               join campaign c on c.id = s.campaign_id
               where l.erased_at is null
           )
           select
               (select count(*) from found) as "collected!",
               (select count(*) from found where enrich_requested_at is not null) as "owed!",
               (select count(distinct e.lead_id) from enriched_leads e
                join campaign c on c.id = e.campaign_id) as "enriched!",
               count(*) as "sends!",
               count(*) filter (where s.state = 'queued' and s.not_before <= now()) as "due!",
               count(*) filter (where s.state in ('claimed', 'calling')) as "held!",
               count(*) filter (where s.state = 'sent') as "unreported!"
           from sends s join campaign c on c.id = s.campaign_id"#,
        campaign,
    )
    .fetch_one(conn)
    .await
    .map_err(DbError::on("count how far a campaign has come"))
}

/// One send, as the ledger of mails is compared with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SendLine {
    /// The send.
    pub id: i64,
    /// The name of its campaign.
    pub campaign: String,
    /// Its state.
    pub state: String,
    /// The id SES gave the mail, once it is known.
    pub ses_message_id: Option<String>,
}

/// Every send of every campaign.
///
/// # Errors
/// When the statement fails.
pub async fn sends(conn: &mut PgConnection) -> Result<Vec<SendLine>, DbError> {
    sqlx::query_as!(
        SendLine,
        r#"select s.id, c.name as campaign, s.state::text as "state!", s.ses_message_id
           from sends s join campaigns c on c.id = s.campaign_id order by s.id"#,
    )
    .fetch_all(conn)
    .await
    .map_err(DbError::on("read the sends"))
}

/// How many model calls stand in one state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModelCalls {
    /// `calling`, `answered`, `refused`, `unusable`, `lost` or `failed`.
    pub state: String,
    /// How many.
    pub count: i64,
}

/// The model calls begun since `since`, by state.
///
/// # Errors
/// When the statement fails.
pub async fn model_calls(
    conn: &mut PgConnection,
    since: DateTime<Utc>,
) -> Result<Vec<ModelCalls>, DbError> {
    sqlx::query_as!(
        ModelCalls,
        r#"select state, count(*) as "count!" from model_calls
           where created_at >= $1 group by state order by state"#,
        since,
    )
    .fetch_all(conn)
    .await
    .map_err(DbError::on("count the model calls"))
}

/// What the last run of a source had to say.
#[derive(Debug, Clone, PartialEq)]
pub struct SourceReport {
    /// The source.
    pub name: String,
    /// The collector's report, if it ever ran.
    pub report: Option<serde_json::Value>,
}

/// The sources of a campaign with their last reports.
///
/// # Errors
/// When the statement fails.
pub async fn sources(
    conn: &mut PgConnection,
    campaign: &str,
) -> Result<Vec<SourceReport>, DbError> {
    sqlx::query_as!(
        SourceReport,
        "select s.name, s.last_report as report
         from sources s join campaigns c on c.id = s.campaign_id
         where c.name = $1 order by s.name",
        campaign,
    )
    .fetch_all(conn)
    .await
    .map_err(DbError::on("read the reports of the sources"))
}

/// How many rows a table has.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct TableRows {
    /// The table.
    pub table: String,
    /// Its rows.
    pub rows: i64,
}

/// The rows of the tables that a person looks at.
///
/// # Errors
/// When the statement fails.
pub async fn table_rows(conn: &mut PgConnection) -> Result<Vec<TableRows>, DbError> {
    sqlx::query_as!(
        TableRows,
        r#"select "table" as "table!", rows as "rows!"
           from (
               select 1 as place, 'campaigns' as "table", count(*) as rows from campaigns
               union all select 2, 'sources', count(*) from sources
               union all select 3, 'leads', count(*) from leads
               union all select 4, 'enriched_leads', count(*) from enriched_leads
               union all select 5, 'recipients', count(*) from recipients
               union all select 6, 'sends', count(*) from sends
               union all select 7, 'model_calls', count(*) from model_calls
               union all select 8, 'quarantine', count(*) from quarantine
           ) counted
           order by place"#,
    )
    .fetch_all(conn)
    .await
    .map_err(DbError::on("count the rows of the tables"))
}
