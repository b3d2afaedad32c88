//! What the pages about campaigns show, beside the settings themselves.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use super::{
    super::{DbError, known},
    shell::MOST_COUNTED,
};
use crate::domain::{gate::CampaignStatus, ids::CampaignId};

/// A campaign in the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    pub id: CampaignId,
    pub name: String,
    pub status: CampaignStatus,
    pub offer: String,
    /// Mails that were granted today (UTC).
    pub sent_today: i32,
    pub daily_cap: i32,
    /// Leads that its sources found, at most [`MOST_COUNTED`] and one of each source.
    pub leads: i64,
    /// Mails that wait for their time, at most [`MOST_COUNTED`] and one.
    pub planned: i64,
    pub sources: i64,
    /// Whether its bounces or complaints have stopped it.
    pub stopped: bool,
}

/// Every campaign: those that do something first, then by name.
///
/// # Errors
/// When the statement fails, or a row holds what this program does not know.
pub async fn list(conn: &mut PgConnection) -> Result<Vec<Line>, DbError> {
    let rows = sqlx::query!(
        r#"select c.id, c.name, c.status, c.offer, c.daily_cap,
                  coalesce((select k.taken from campaign_counters k
                            where k.campaign_id = c.id and k.day = (now() at time zone 'utc')::date), 0) as "sent_today!",
                  (select count(distinct f.lead_id) from sources s
                   cross join lateral (select lead_id from lead_sources
                                       where source_id = s.id limit $1::bigint + 1) f
                   where s.campaign_id = c.id) as "leads!",
                  (select count(*) from (select from sends
                                         where campaign_id = c.id and state = 'queued'
                                         limit $1::bigint + 1) q) as "planned!",
                  (select count(*) from sources where campaign_id = c.id) as "sources!",
                  exists (select from breakers b
                          where b.campaign_id = c.id and b.opened_at is not null) as "stopped!"
           from campaigns c
           order by array_position(array['active', 'paused', 'draft', 'ended'], c.status), c.name"#,
        MOST_COUNTED,
    )
    .fetch_all(conn)
    .await
    .map_err(DbError::on("list campaigns"))?;
    let lines = rows.into_iter().map(|row| {
        Ok(Line {
            id: CampaignId(row.id),
            status: known(&row.status, "campaigns", row.id, "status")?,
            name: row.name,
            offer: row.offer,
            sent_today: row.sent_today,
            daily_cap: row.daily_cap,
            leads: row.leads,
            planned: row.planned,
            sources: row.sources,
            stopped: row.stopped,
        })
    });
    lines.collect()
}

/// The figures of one campaign under some limits. Every count stops at [`MOST_COUNTED`] and one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Figures {
    /// Leads with an assessment. The two figures that follow are of the best ones where this is not counted to its end.
    pub assessed: i64,
    /// Those of them that reach the lowest score.
    pub qualified: i64,
    /// Those of them that the model is less sure about than is asked for.
    pub unsure: i64,
    /// Mails that left, ever.
    pub sent: i64,
    pub sent_today: i32,
    /// Mails that wait for their time.
    pub planned: i64,
    /// Mails that wait for a person.
    pub to_review: i64,
    pub sources: i64,
    pub stopped: bool,
}

impl Figures {
    /// Mails that never leave where the campaign ends now.
    pub fn waiting(self) -> i64 {
        self.planned + self.to_review
    }
}

/// Reads a campaign's figures, with the lowest score and confidence that count.
///
/// # Errors
/// When the statement fails.
pub async fn figures(
    conn: &mut PgConnection,
    id: CampaignId,
    min_score: i16,
    min_confidence: f32,
) -> Result<Figures, DbError> {
    sqlx::query_as!(
        Figures,
        r#"with newest as (
             select e.score, e.ai_confidence from enriched_leads e
             where e.campaign_id = $1
               and not exists (select from enriched_leads n
                               where n.lead_id = e.lead_id and n.campaign_id = e.campaign_id
                                 and n.enrichment_version > e.enrichment_version)
             order by e.score desc, e.lead_id limit $4::bigint + 1
           )
           select (select count(*) from newest) as "assessed!",
                  (select count(*) from newest where score >= $2) as "qualified!",
                  (select count(*) from newest where ai_confidence < $3) as "unsure!",
                  (select coalesce(sum(d.sent), 0) from campaign_days d where d.campaign_id = $1) as "sent!",
                  coalesce((select k.taken from campaign_counters k
                            where k.campaign_id = $1 and k.day = (now() at time zone 'utc')::date), 0) as "sent_today!",
                  (select count(*) from (select from sends where campaign_id = $1 and state = 'queued'
                                         limit $4::bigint + 1) q) as "planned!",
                  (select count(*) from (select from sends where campaign_id = $1 and state = 'review'
                                         limit $4::bigint + 1) w) as "to_review!",
                  (select count(*) from sources s where s.campaign_id = $1) as "sources!",
                  exists (select from breakers b
                          where b.campaign_id = $1 and b.opened_at is not null) as "stopped!""#,
        id.0,
        min_score,
        min_confidence,
        MOST_COUNTED,
    )
    .fetch_one(conn)
    .await
    .map_err(DbError::on("read a campaign's figures"))
}

/// Who changed a campaign last.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Changed {
    pub at: DateTime<Utc>,
    /// A person's name as their issuer gave it, or the word of whatever else it was.
    pub by: String,
}

/// Reads who changed a campaign last; none where the audit log has no row of it.
///
/// # Errors
/// When the statement fails.
pub async fn last_change(
    conn: &mut PgConnection,
    id: CampaignId,
) -> Result<Option<Changed>, DbError> {
    sqlx::query_as!(
        Changed,
        r#"select a.at,
                  coalesce((select s.name from sessions s
                            where a.actor like 'person:%' and s.subject = substr(a.actor, 8)
                            order by s.created_at desc limit 1),
                           a.actor) as "by!"
           from audit_log a
           where a.table_name = 'campaigns' and a.row_key = $1 and a.action in ('insert', 'update')
           order by a.id desc limit 1"#,
        id.to_string(),
    )
    .fetch_optional(conn)
    .await
    .map_err(DbError::on("read who changed a campaign"))
}
