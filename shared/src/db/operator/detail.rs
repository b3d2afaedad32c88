//! One send with everything that is known about it.

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::Value;
use sqlx::PgConnection;

use super::{DbError, LeadStatus, statuses};
use crate::domain::ids::SendId;

#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SendDetail {
    #[serde(flatten)]
    pub status: LeadStatus,
    pub fence: i64,
    pub subject: Option<String>,
    /// The personal part of its text.
    pub message: Option<String>,
    /// What was decided last: the rules that were asked, and the facts they saw.
    pub decision: Value,
    /// Every recorded change, oldest first.
    pub history: Vec<Change>,
}

/// One change of a decision.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Change {
    pub at: DateTime<Utc>,
    /// The function, or the person as `operator:NAME`.
    pub actor: String,
    /// `sends`, `enriched_leads` or `recipients`.
    pub table: String,
    /// None for a new row.
    pub before: Option<Value>,
    pub after: Option<Value>,
    pub note: Option<String>,
}

/// Everything about one send, or none if there is no such send.
pub async fn send_detail(
    conn: &mut PgConnection,
    send: SendId,
) -> Result<Option<SendDetail>, DbError> {
    let Some(status) = statuses(conn, &[send.0], &[]).await?.pop() else {
        return Ok(None);
    };
    let row = sqlx::query!(
        "select s.fence, s.decision, e.subject, e.message
         from sends s join enriched_leads e on e.id = s.enriched_lead_id
         where s.id = $1",
        send.0,
    )
    .fetch_one(&mut *conn)
    .await
    .map_err(DbError::on("read a send's decision"))?;
    let history = sqlx::query_as!(
        Change,
        r#"select h.at as "at!", h.actor as "actor!", h.table_name as "table!", h.before, h.after, h.note
           from (
               select 0::bigint as id, e.created_at as at, 'enricher' as actor,
                      'enriched_leads' as table_name, null::jsonb as before,
                      jsonb_build_object('score', e.score, 'method', e.method, 'outcome', e.outcome,
                                         'reason', e.reason) as after, null as note
               from sends s join enriched_leads e on e.id = s.enriched_lead_id
               where s.id = $1
               union all
               select a.id, a.at, a.actor, a.table_name, a.before, a.after, a.note
               from sends s
               cross join lateral (values
                   ('sends', s.id::text), ('enriched_leads', s.enriched_lead_id::text),
                   ('recipients', s.email_hash::text)) about (table_name, row_key)
               join audit_log a on a.table_name = about.table_name and a.row_key = about.row_key
               where s.id = $1
           ) h
           order by h.id"#,
        send.0,
    )
    .fetch_all(conn)
    .await
    .map_err(DbError::on("read a send's history"))?;
    Ok(Some(SendDetail {
        status,
        fence: row.fence,
        subject: row.subject,
        message: row.message,
        decision: row.decision,
        history,
    }))
}
