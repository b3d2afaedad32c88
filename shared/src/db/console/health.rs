//! What the page about health shows, and what it records.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use super::super::{
    DbError,
    operator::{Author, sign},
};
use crate::{db, domain::person::Person};

/// Rows of each list: what is older is in the audit log.
const MOST: i64 = 20;

/// Everything that the database knows of the system's health.
#[derive(Debug, Clone, PartialEq)]
pub struct Health {
    /// The database's clock.
    pub now: DateTime<Utc>,
    pub limits: Limits,
    pub sources: Vec<SourceRun>,
    pub quarantined: Vec<Quarantined>,
    /// Mails that wait for their time.
    pub planned: i64,
}

/// How much may leave.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Limits {
    pub sent_today: i32,
    /// SES's quota of 24 hours; none: no limit.
    pub max_per_day: Option<i32>,
    pub max_per_second: f64,
    /// What models cost today, and what is reserved for questions under way; millionths of a dollar.
    pub model_spent_micros: i64,
}

/// When a source was read last.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceRun {
    pub campaign: String,
    pub name: String,
    pub kind: String,
    pub enabled: bool,
    pub last_run_at: Option<DateTime<Utc>>,
    pub needs_attention: bool,
}

/// A message that no function can read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Quarantined {
    pub at: DateTime<Utc>,
    pub queue: String,
    pub reason: String,
    /// The first digits of the body's SHA-256.
    pub body: String,
}

/// Reads it, in four statements.
///
/// # Errors
/// When a statement fails.
pub async fn read(conn: &mut PgConnection) -> Result<Health, DbError> {
    let row = sqlx::query!(
        r#"select now() as "now!",
                  case when q.day = (now() at time zone 'utc')::date then q.day_taken else 0 end as "sent_today!",
                  q.max_per_day, q.max_per_second,
                  coalesce((select m.micros from model_spend m
                            where m.day = (now() at time zone 'utc')::date), 0) as "model_spent_micros!",
                  (select count(*) from sends where state = 'queued') as "planned!"
           from rate_limits q where q.name = 'ses'"#
    )
    .fetch_one(&mut *conn)
    .await
    .map_err(DbError::on("read the limits"))?;
    let sources = sqlx::query_as!(
        SourceRun,
        "select c.name as campaign, s.name, s.kind, s.enabled, s.last_run_at, s.needs_attention
         from sources s join campaigns c on c.id = s.campaign_id
         where s.enabled
         order by s.needs_attention desc, s.last_run_at desc nulls last, c.name, s.name
         limit $1",
        MOST,
    )
    .fetch_all(&mut *conn)
    .await
    .map_err(DbError::on("read when sources were read"))?;
    let quarantined = sqlx::query_as!(
        Quarantined,
        r#"select created_at as at, queue, reason, encode(substr(payload_hash, 1, 4), 'hex') as "body!"
           from quarantine order by id desc limit $1"#,
        MOST,
    )
    .fetch_all(conn)
    .await
    .map_err(DbError::on("read the quarantine"))?;
    Ok(Health {
        now: row.now,
        limits: Limits {
            sent_today: row.sent_today,
            max_per_day: row.max_per_day,
            max_per_second: row.max_per_second,
            model_spent_micros: row.model_spent_micros,
        },
        sources,
        quarantined,
        planned: row.planned,
    })
}

/// Records that a person had dead letters moved back: no row of ours changes by it, so no trigger sees it.
///
/// # Errors
/// When a statement fails.
pub async fn record_move(
    conn: &mut PgConnection,
    person: &Person,
    queue: &str,
) -> Result<(), DbError> {
    db::transaction(conn, async |tx| {
        sign(tx, Author { person: Some(person), note: None }).await?;
        sqlx::query!(
            "insert into audit_log (actor, table_name, row_key, action) values ($1, 'queues', $2, 'redrive')",
            person.actor(),
            queue,
        )
        .execute(tx)
        .await
        .map_err(DbError::on("record that dead letters were moved"))?;
        Ok(())
    })
    .await
}
