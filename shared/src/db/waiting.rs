//! What waits for a person, in all tables.

use std::time::Duration;

use sqlx::PgConnection;

use super::DbError;
use crate::domain::reason::Reason;

/// How much waits for a person, of each kind.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Waiting {
    /// Calls whose outcome is not known, and that no operator has given up on (invariant 9).
    pub unresolved_sends: i64,
    /// Campaigns that bounces or complaints have stopped.
    pub open_breakers: i64,
    /// Sources whose last run could not go on before a person acts.
    pub stopped_sources: i64,
    /// Recent messages that no function could read (invariant 14).
    pub quarantined_messages: i64,
    /// Recent opt-outs that suppressed no recipient, since their send is not on record.
    pub unmatched_opt_outs: i64,
}

impl Waiting {
    /// Each count with the name of its metric, which an alarm of template.yaml watches.
    pub fn metrics(&self) -> [(&'static str, i64); 5] {
        [
            ("UnresolvedSends", self.unresolved_sends),
            ("OpenBreakers", self.open_breakers),
            ("StoppedSources", self.stopped_sources),
            ("QuarantinedMessages", self.quarantined_messages),
            ("UnmatchedOptOuts", self.unmatched_opt_outs),
        ]
    }
}

/// Counts what waits for a person. An event of SES has so long to resolve a call before it counts, and
/// what no one can mark as seen counts while it is recent.
///
/// # Errors
/// When the statement fails.
pub async fn count(
    conn: &mut PgConnection,
    event_timeout: Duration,
    recent: Duration,
) -> Result<Waiting, DbError> {
    sqlx::query_as!(
        Waiting,
        r#"select (select count(*) from sends
                   where state = 'unknown' and reason is distinct from $1
                     and updated_at < now() - make_interval(secs => $2)) as "unresolved_sends!",
                  (select count(*) from breakers where opened_at is not null) as "open_breakers!",
                  (select count(*) from sources s join campaigns c on c.id = s.campaign_id
                   where s.needs_attention and s.enabled and c.status = 'active') as "stopped_sources!",
                  (select count(*) from quarantine
                   where created_at > now() - make_interval(secs => $3)) as "quarantined_messages!",
                  (select count(*) from send_events
                   where send_id is null and email_hash is null and suppression is not null
                     and received_at > now() - make_interval(secs => $3)) as "unmatched_opt_outs!""#,
        Reason::GivenUp.as_str(),
        event_timeout.as_secs_f64(),
        recent.as_secs_f64(),
    )
    .fetch_one(conn)
    .await
    .map_err(DbError::on("count what waits for a person"))
}
