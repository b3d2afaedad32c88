//! Leads that a person wants asked about again.

use sqlx::PgConnection;

use super::super::{DbError, transaction};
use crate::domain::ids::LeadId;

/// What asking again would be about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Again {
    /// Leads that wait for the model.
    pub waiting: i64,
    /// Leads that only the rules have scored.
    pub scored_by_rules: i64,
    /// Leads that the model has assessed and that had no mail, where they are asked about too.
    pub assessed: i64,
    /// What an answer of the model has cost on average, in millionths of a US dollar; `None` if there
    /// was none yet.
    pub call_micros: Option<i64>,
}

/// Counts what [`ask_again`] would request, before anything is paid. `None` if there is no such
/// campaign. With `all`, those too that the model has assessed and that had no mail: their texts were
/// written from the offer of then.
///
/// # Errors
/// When the statement fails.
pub async fn count_again(
    conn: &mut PgConnection,
    campaign: &str,
    all: bool,
) -> Result<Option<Again>, DbError> {
    let row = sqlx::query!(
        r#"select (select count(*) from leads l
                   where l.enrich_requested_at is not null and l.enrich_next_at is not null
                     and l.erased_at is null
                     and exists (select from lead_sources ls join sources s on s.id = ls.source_id
                                 where ls.lead_id = l.id and s.campaign_id = c.id)) as "waiting!",
                  (select count(*) from enriched_leads e
                   join leads l on l.id = e.lead_id
                   left join recipients r on r.email_hash = l.email_hash
                   where e.campaign_id = c.id and e.method = 'rules' and l.enrich_requested_at is null
                     and l.erased_at is null and r.suppressed_at is null
                     and not exists (select from enriched_leads n
                                     where n.lead_id = e.lead_id and n.campaign_id = e.campaign_id
                                       and n.enrichment_version > e.enrichment_version)
                  ) as "scored_by_rules!",
                  (select count(*) from leads l
                   left join recipients r on r.email_hash = l.email_hash
                   where $2 and l.enrich_requested_at is null and l.erased_at is null
                     and r.suppressed_at is null
                     and 'model' = (select e.method from enriched_leads e
                                    where e.lead_id = l.id and e.campaign_id = c.id
                                    order by e.enrichment_version desc limit 1)
                     and not exists (select from sends s
                                     where s.lead_id = l.id and s.campaign_id = c.id
                                       and s.state not in ('review', 'refused'))) as "assessed!",
                  (select avg(cost_micros)::bigint from model_calls where state = 'answered') as call_micros
           from campaigns c where c.name = $1"#,
        campaign,
        all,
    )
    .fetch_optional(conn)
    .await
    .map_err(DbError::on("count leads to ask about again"))?;
    Ok(row.map(|row| Again {
        waiting: row.waiting,
        scored_by_rules: row.scored_by_rules,
        assessed: row.assessed,
        call_micros: row.call_micros,
    }))
}

/// Requests an answer of the model for every lead of a campaign that waits for one or that only the rules
/// have scored, and lets a model that is away be asked at once. Failed calls from before count no more.
/// Gives how many leads.
///
/// # Errors
/// When a statement fails; nothing was requested.
pub async fn ask_again(conn: &mut PgConnection, campaign: &str, all: bool) -> Result<u64, DbError> {
    transaction(conn, async |tx: &mut PgConnection| {
        request_all_again(tx, campaign, all).await
    })
    .await
}

/// The same, within a transaction.
pub(in crate::db) async fn request_all_again(
    tx: &mut PgConnection,
    campaign: &str,
    all: bool,
) -> Result<u64, DbError> {
    let ids = sqlx::query_scalar!(
        "select l.id from leads l
             join campaigns c on c.name = $1
             left join recipients r on r.email_hash = l.email_hash
             where l.erased_at is null and r.suppressed_at is null
               and exists (select from lead_sources ls join sources s on s.id = ls.source_id
                           where ls.lead_id = l.id and s.campaign_id = c.id)
               and (l.enrich_requested_at is not null and l.enrich_next_at is not null
                    or l.enrich_requested_at is null
                       and (select e.method = 'rules' or $2 from enriched_leads e
                            where e.lead_id = l.id and e.campaign_id = c.id
                            order by e.enrichment_version desc limit 1)
                       and (not $2 or not exists (
                                select from sends s where s.lead_id = l.id and s.campaign_id = c.id
                                  and s.state not in ('review', 'refused'))))
             order by l.id
             for no key update of l",
        campaign,
        all,
    )
    .fetch_all(&mut *tx)
    .await
    .map_err(DbError::on("lock leads to ask about again"))?;
    request_again(tx, &ids).await
}

/// Requests answers for leads that are locked, and lets a model that is away be asked at once.
pub(in crate::db) async fn request_again(
    tx: &mut PgConnection,
    leads: &[i64],
) -> Result<u64, DbError> {
    let requested = sqlx::query!(
        "update leads set enrich_requested_at = clock_timestamp(), enrich_again_at = clock_timestamp(),
                enrich_waits_for = null, enrich_next_at = null
         where id = any($1)",
        leads,
    )
    .execute(&mut *tx)
    .await
    .map_err(DbError::on("request answers again"))?;
    sqlx::query!("update model_outages set next_try_at = now()")
        .execute(tx)
        .await
        .map_err(DbError::on("let the model be asked at once"))?;
    Ok(requested.rows_affected())
}

/// What one lead's request depends on.
#[derive(Debug, Clone, Copy)]
pub(in crate::db) struct LeadRequest {
    pub(in crate::db) erased: bool,
    pub(in crate::db) suppressed: bool,
    /// A campaign that found it is active.
    pub(in crate::db) active: bool,
    /// It was requested and waits for nothing.
    pub(in crate::db) pending: bool,
}

/// Locks a lead to request an answer for it; none if there is no such lead.
pub(in crate::db) async fn lock_to_ask_again(
    tx: &mut PgConnection,
    lead: LeadId,
) -> Result<Option<LeadRequest>, DbError> {
    let locked = sqlx::query!(
        "select id from leads where id = $1 for no key update",
        lead.0
    )
    .fetch_optional(&mut *tx)
    .await
    .map_err(DbError::on("lock a lead to ask about again"))?;
    if locked.is_none() {
        return Ok(None);
    }
    let request = sqlx::query_as!(
        LeadRequest,
        r#"select l.erased_at is not null as "erased!", r.suppressed_at is not null as "suppressed!",
                  exists (select from lead_sources f
                          join sources s on s.id = f.source_id
                          join campaigns c on c.id = s.campaign_id
                          where f.lead_id = l.id and c.status = 'active') as "active!",
                  l.enrich_requested_at is not null and l.enrich_next_at is null as "pending!"
           from leads l left join recipients r on r.email_hash = l.email_hash
           where l.id = $1"#,
        lead.0,
    )
    .fetch_optional(tx)
    .await;
    request.map_err(DbError::on("read what a lead's request depends on"))
}
