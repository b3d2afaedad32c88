//! What the fault harness does to a database of its own: lets time pass, has people say no, holds
//! rows back. No function uses it.

use sqlx::PgConnection;

use super::DbError;

/// As if an hour had passed: leases end, and what waits for less than that is due. Only while
/// nothing runs: a call under way would be taken for one that was abandoned.
///
/// # Errors
/// When the statement fails.
pub async fn pass_an_hour(conn: &mut PgConnection) -> Result<(), DbError> {
    sqlx::query!(
        "with leads as (
             update leads set enrich_requested_at = enrich_requested_at - interval '1 hour'
             where enrich_requested_at is not null
         ),
         calls as (
             update model_calls set lease_until = lease_until - interval '1 hour'
             where state = 'calling'
         ),
         sources as (
             update sources set lease_until = lease_until - interval '1 hour'
             where lease_until is not null
         ),
         domains as (
             update recipient_domains
             set next_at = next_at - interval '1 hour', queue_at = queue_at - interval '1 hour'
         ),
         rates as (
             update rate_limits
             set next_at = least(next_at, now()), queue_at = least(queue_at, now()), pace = 1,
                 paced_at = now(), blocked_until = blocked_until - interval '1 hour'
         )
         update sends
         set lease_until = lease_until - interval '1 hour',
             not_before = case when not_before < now() + interval '1 hour'
                               then not_before - interval '1 hour' else not_before end,
             send_requested_at = case when send_requested_at > '-infinity'
                                      then send_requested_at - interval '2 hours'
                                      else send_requested_at end
         where state in ('queued', 'claimed', 'calling')"
    )
    .execute(conn)
    .await
    .map_err(DbError::on("let an hour pass"))?;
    Ok(())
}

/// A mailbox that may still get a mail, with the send that it will say no to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Undecided {
    /// A send to it.
    pub send: i64,
    /// Its hash.
    pub mailbox: Vec<u8>,
}

/// The mailboxes that said nothing yet, those whose mails are under way first.
///
/// # Errors
/// When the statement fails.
pub async fn undecided(conn: &mut PgConnection, limit: i64) -> Result<Vec<Undecided>, DbError> {
    sqlx::query_as!(
        Undecided,
        r#"select s.id as "send!", s.email_hash as "mailbox!"
           from sends s
           join recipients r on r.email_hash = s.email_hash
           where r.suppressed_at is null and r.erased_at is null
             and s.state in ('queued', 'claimed', 'calling')
           order by s.state = 'claimed' desc, s.id
           limit $1"#,
        limit,
    )
    .fetch_all(conn)
    .await
    .map_err(DbError::on("look for mailboxes that said nothing yet"))
}

/// Erases a person: the mailbox says no for ever, and their profiles are emptied.
///
/// # Errors
/// When a statement fails.
pub async fn erase(conn: &mut PgConnection, mailbox: &[u8]) -> Result<(), DbError> {
    sqlx::query!(
        "with mailbox as (
             update recipients set erased_at = now() where email_hash = $1 and erased_at is null
             returning email_hash
         )
         update leads l
         set name = null, email = null, bio = null, raw = null, website = null, location = null,
             profile_url = null, follower_count = null, erased_at = now(),
             enrich_requested_at = null
         from mailbox m
         where l.email_hash = m.email_hash",
        mailbox,
    )
    .execute(conn)
    .await
    .map_err(DbError::on("erase a person"))?;
    Ok(())
}

/// Holds up to so many claimed sends as a slow neighbour would, until the transaction ends.
///
/// # Errors
/// When the statement fails.
pub async fn hold_claimed(conn: &mut PgConnection, limit: i64) -> Result<Vec<i64>, DbError> {
    sqlx::query_scalar!(
        "select id from sends where state = 'claimed' order by id limit $1
         for no key update skip locked",
        limit,
    )
    .fetch_all(conn)
    .await
    .map_err(DbError::on("hold sends back"))
}

/// Whether there are leads, and each was looked at.
///
/// # Errors
/// When the statement fails.
pub async fn is_enriched(conn: &mut PgConnection) -> Result<bool, DbError> {
    sqlx::query_scalar!(
        r#"select exists (select from leads)
                  and not exists (select from leads where enrich_requested_at is not null) as "enriched!""#,
    )
    .fetch_one(conn)
    .await
    .map_err(DbError::on("look whether every lead was looked at"))
}

/// The sends of which nobody knows whether they left.
///
/// # Errors
/// When the statement fails.
pub async fn unknown(conn: &mut PgConnection) -> Result<Vec<i64>, DbError> {
    sqlx::query_scalar!("select id from sends where state = 'unknown' order by id")
        .fetch_all(conn)
        .await
        .map_err(DbError::on("look for unknown sends"))
}
