//! One send with everything that is known about it.

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::Value;
use sqlx::PgConnection;

use super::{DbError, Line, lines};
use crate::domain::ids::SendId;

/// One send whole.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Whole {
    /// Where it stands and why.
    #[serde(flatten)]
    pub line: Line,
    /// How often it was claimed.
    pub fence: i64,
    /// The mail's subject, if somebody wrote one.
    pub subject: Option<String>,
    /// The personal part of its text.
    pub message: Option<String>,
    /// What was decided last: the rules that were asked, and the facts they saw.
    pub decision: Value,
    /// Everything that changed a decision about it.
    pub history: Vec<Trace>,
}

/// One change of a decision.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Trace {
    /// When.
    pub at: DateTime<Utc>,
    /// The function, or the person as `operator:NAME`.
    pub actor: String,
    /// `sends`, `enriched_leads` or `recipients`.
    pub table: String,
    /// The columns of the decision before; none for a new row.
    pub before: Option<Value>,
    /// The same columns after.
    pub after: Option<Value>,
    /// What the person had to say.
    pub note: Option<String>,
}

/// Everything about one send, or nothing if there is none.
///
/// # Errors
/// When a statement fails.
pub async fn whole(conn: &mut PgConnection, send: SendId) -> Result<Option<Whole>, DbError> {
    let Some(line) = lines(conn, &[send.0], &[]).await?.pop() else {
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
        Trace,
        r#"select a.at, a.actor, a.table_name as "table", a.before, a.after, a.note
           from sends s
           cross join lateral (values
               ('sends', s.id::text), ('enriched_leads', s.enriched_lead_id::text),
               ('recipients', s.email_hash::text)) about (table_name, row_key)
           join audit_log a on a.table_name = about.table_name and a.row_key = about.row_key
           where s.id = $1
           order by a.id"#,
        send.0,
    )
    .fetch_all(conn)
    .await
    .map_err(DbError::on("read a send's history"))?;
    Ok(Some(Whole {
        line,
        fence: row.fence,
        subject: row.subject,
        message: row.message,
        decision: row.decision,
        history,
    }))
}
