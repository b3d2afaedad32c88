//! What a person asks about a campaign: where every lead stands, what is still pending, what was paid.
//! Reads only.

use anyhow::{Context as _, Result};
use chrono::{DateTime, Utc};
use sqlx::{FromRow, PgConnection};

/// Where one lead of a campaign stands, from being found to being written to.
#[derive(Debug, Clone, PartialEq, FromRow)]
pub(crate) struct LeadRow {
    /// The lead.
    pub(crate) lead: i64,
    /// Its platform.
    pub(crate) platform: String,
    /// Its name there.
    pub(crate) username: String,
    /// Whether an enrichment is pending.
    pub(crate) pending: bool,
    /// What the newest enrichment made of it, if there is one.
    pub(crate) niche: Option<String>,
    /// Its score.
    pub(crate) score: Option<i16>,
    /// Whether the score reaches the campaign's and the verdict is "compliant".
    pub(crate) qualified: bool,
    /// `planned`, `review` or `refused`.
    pub(crate) outcome: Option<String>,
    /// Why it is not planned.
    pub(crate) outcome_reason: Option<String>,
    /// What the enrichment says of the mail: it was sent.
    pub(crate) marked_sent: bool,
    /// The send planned for it, if there is one.
    pub(crate) send: Option<i64>,
    /// The send's state.
    pub(crate) state: Option<String>,
    /// Why the send stands where it stands.
    pub(crate) send_reason: Option<String>,
    /// How many times the send was claimed.
    pub(crate) fence: Option<i64>,
    /// The id SES gave the mail.
    pub(crate) ses_message_id: Option<String>,
    /// Whether the send waits for a later day.
    pub(crate) deferred: bool,
}

/// Every lead of a campaign, best first.
pub(crate) async fn lines(conn: &mut PgConnection, campaign: &str) -> Result<Vec<LeadRow>> {
    sqlx::query_as(include_str!("report_lines.sql"))
        .bind(campaign)
        .fetch_all(conn)
        .await
        .context("could not read where a campaign's leads stand")
}

/// How far a campaign has come, and what is still to do at once.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, FromRow)]
pub(crate) struct Progress {
    /// Leads its sources found.
    pub(crate) collected: i64,
    /// Of these, leads that wait for an enrichment.
    pub(crate) pending: i64,
    /// Leads with an enrichment.
    pub(crate) enriched: i64,
    /// Sends, whatever their state.
    pub(crate) sends: i64,
    /// Sends that are due now.
    pub(crate) due: i64,
    /// Sends that a sender holds.
    pub(crate) held: i64,
    /// Sends that SES took and has not reported on since.
    pub(crate) unreported: i64,
}

/// Counts how far a campaign has come.
pub(crate) async fn progress(conn: &mut PgConnection, campaign: &str) -> Result<Progress> {
    sqlx::query_as(
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
               (select count(*) from found) as collected,
               (select count(*) from found where enrich_requested_at is not null) as pending,
               (select count(distinct e.lead_id) from enriched_leads e
                join campaign c on c.id = e.campaign_id) as enriched,
               count(*) as sends,
               count(*) filter (where s.state = 'queued' and s.not_before <= now()) as due,
               count(*) filter (where s.state in ('claimed', 'calling')) as held,
               count(*) filter (where s.state = 'sent') as unreported
           from sends s join campaign c on c.id = s.campaign_id"#,
    )
    .bind(campaign)
    .fetch_one(conn)
    .await
    .context("could not count how far a campaign has come")
}

/// One send, as the ledger of mails is compared with it.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub(crate) struct SendRow {
    /// The send.
    pub(crate) id: i64,
    /// The name of its campaign.
    pub(crate) campaign: String,
    /// Its state.
    pub(crate) state: String,
    /// The id SES gave the mail, once it is known.
    pub(crate) ses_message_id: Option<String>,
}

/// Every send of every campaign.
pub(crate) async fn sends(conn: &mut PgConnection) -> Result<Vec<SendRow>> {
    sqlx::query_as(
        r#"select s.id, c.name as campaign, s.state::text as state, s.ses_message_id
           from sends s join campaigns c on c.id = s.campaign_id order by s.id"#,
    )
    .fetch_all(conn)
    .await
    .context("could not read the sends")
}

/// How many model calls stand in one state.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub(crate) struct ModelCalls {
    /// `calling`, `answered`, `refused`, `unusable`, `lost` or `failed`.
    pub(crate) state: String,
    /// How many.
    pub(crate) count: i64,
}

/// The model calls begun since `since`, by state.
pub(crate) async fn model_calls(
    conn: &mut PgConnection,
    since: DateTime<Utc>,
) -> Result<Vec<ModelCalls>> {
    sqlx::query_as(
        r#"select state, count(*) as count from model_calls
           where created_at >= $1 group by state order by state"#,
    )
    .bind(since)
    .fetch_all(conn)
    .await
    .context("could not count the model calls")
}

/// What the last run of a source had to say.
#[derive(Debug, Clone, PartialEq, FromRow)]
pub(crate) struct SourceReport {
    /// The source.
    pub(crate) name: String,
    /// The collector's report, if it ever ran.
    pub(crate) report: Option<serde_json::Value>,
}

/// The sources of a campaign with their last reports.
pub(crate) async fn sources(conn: &mut PgConnection, campaign: &str) -> Result<Vec<SourceReport>> {
    sqlx::query_as(
        "select s.name, s.last_report as report
         from sources s join campaigns c on c.id = s.campaign_id
         where c.name = $1 order by s.name",
    )
    .bind(campaign)
    .fetch_all(conn)
    .await
    .context("could not read the reports of the sources")
}

/// How many rows a table has.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, FromRow)]
pub(crate) struct TableRows {
    /// The table.
    pub(crate) table: String,
    /// Its rows.
    pub(crate) rows: i64,
}

/// The rows of the tables that a person looks at.
pub(crate) async fn table_rows(conn: &mut PgConnection) -> Result<Vec<TableRows>> {
    sqlx::query_as(
        r#"select "table", rows
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
    .context("could not count the rows of the tables")
}

/// Where a lead stands in a campaign, without what differs from run to run.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub(crate) struct Standing {
    /// By the hash of its mailbox: which of two leads with one mailbox is written to is chance. Without one, by
    /// platform and id.
    pub(crate) lead: String,
    pub(crate) campaign: String,
    /// What the assessment says; none, if there is none.
    pub(crate) assessment: Option<String>,
    /// Of its mail; `none`, if none is planned.
    pub(crate) state: String,
}

/// Where each lead stands in each campaign that found it.
pub(crate) async fn standings(conn: &mut PgConnection) -> Result<Vec<Standing>> {
    sqlx::query_as(
        "select coalesce(encode(l.email_hash, 'hex'), l.source || '/' || l.external_id) as lead,
                c.name as campaign,
                concat_ws(' ', e.method, e.outcome, e.score) as assessment,
                case when s.state in ('sent', 'delivered') then 'sent'
                     else coalesce(s.state::text, 'none') end as state
         from leads l
         cross join campaigns c
         left join enriched_leads e on e.lead_id = l.id and e.campaign_id = c.id
         left join sends s on s.enriched_lead_id = e.id
         order by 1, 2, 3, 4",
    )
    .fetch_all(conn)
    .await
    .context("could not read where the leads stand")
}

/// How many leads wait for the model's server.
pub(crate) async fn waiting_for_model(conn: &mut PgConnection) -> Result<usize> {
    let waiting: i64 =
        sqlx::query_scalar("select count(*) from leads where enrich_waits_for is not null")
            .fetch_one(conn)
            .await
            .context("could not count the leads that wait")?;
    Ok(usize::try_from(waiting)?)
}
