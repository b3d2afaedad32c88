//! What stands on every page: whether mails leave, and what waits for a person.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use super::super::DbError;

/// Counts stop here: more is shown as "1,000+".
pub const MOST_COUNTED: i64 = 1_000;

/// The state that every page shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// Mails that wait for a person, at most [`MOST_COUNTED`] and one.
    pub to_review: i64,
    /// When a person stopped sending; none while mails leave.
    pub stopped_at: Option<DateTime<Utc>>,
    pub stopped_by: Option<String>,
    pub stop_reason: Option<String>,
    /// Mails that were granted today, by the account's day.
    pub sent_today: i32,
    /// Campaigns whose breaker is open.
    pub open_breakers: i64,
}

/// Reads it in one statement.
///
/// # Errors
/// When the statement fails.
pub async fn standing(conn: &mut PgConnection) -> Result<Standing, DbError> {
    sqlx::query_as!(
        Standing,
        r#"select (select count(*) from (select from sends where state = 'review' limit $1::bigint + 1) w) as "to_review!",
                  i.stopped_at, i.stopped_by, i.stop_reason,
                  case when q.day = (now() at time zone 'utc')::date then q.day_taken else 0 end as "sent_today!",
                  (select count(*) from breakers where opened_at is not null) as "open_breakers!"
           from installation i, rate_limits q where q.name = 'ses'"#,
        MOST_COUNTED,
    )
    .fetch_one(conn)
    .await
    .map_err(DbError::on("read where the system stands"))
}

/// A campaign, to be chosen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CampaignName {
    pub id: i64,
    pub name: String,
}

/// Every campaign, by name.
///
/// # Errors
/// When the statement fails.
pub async fn campaign_names(conn: &mut PgConnection) -> Result<Vec<CampaignName>, DbError> {
    sqlx::query_as!(CampaignName, "select id, name from campaigns order by name")
        .fetch_all(conn)
        .await
        .map_err(DbError::on("read the campaigns' names"))
}
