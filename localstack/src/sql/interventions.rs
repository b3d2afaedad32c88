//! What the harness does to a database of a run: it lets time pass, erases people, and looks what a
//! function is doing.

use std::time::Duration;

use anyhow::{Context as _, Result};
use sqlx::{FromRow, PgConnection};

/// What has to move back for so many seconds to have passed: leases end, and what waits for less than that
/// is due.
const MOVES: [&str; 7] = [
    "update leads
     set enrich_requested_at = enrich_requested_at - make_interval(secs => $1),
         enrich_published_at = enrich_published_at - make_interval(secs => $1),
         enrich_next_at = enrich_next_at - make_interval(secs => $1)
     where enrich_requested_at is not null",
    "update model_outages set next_try_at = next_try_at - make_interval(secs => $1)",
    "update model_calls set lease_until = lease_until - make_interval(secs => $1) where state = 'calling'",
    "update sources set lease_until = lease_until - make_interval(secs => $1) where lease_until is not null",
    "update recipient_domains
     set next_at = next_at - make_interval(secs => $1), reserved_until = reserved_until - make_interval(secs => $1)",
    "update rate_limits
     set next_at = least(next_at, now()), reserved_until = least(reserved_until, now()),
         throttle_factor = 1, throttled_at = now(), blocked_until = blocked_until - make_interval(secs => $1)",
    "update sends
     set lease_until = lease_until - make_interval(secs => $1),
         not_before = case when not_before < now() + make_interval(secs => $1)
                           then not_before - make_interval(secs => $1) else not_before end,
         send_requested_at = case when send_requested_at > '-infinity'
                                  then send_requested_at - make_interval(secs => 2 * $1)
                                  else send_requested_at end
     where state in ('queued', 'claimed', 'calling')",
];

/// As if that time had passed. Only while nothing runs: a call under way would be taken for one that
/// was abandoned.
pub(crate) async fn pass(conn: &mut PgConnection, time: Duration) -> Result<()> {
    for statement in MOVES {
        sqlx::query(statement)
            .bind(time.as_secs_f64())
            .execute(&mut *conn)
            .await
            .context("could not let time pass")?;
    }
    Ok(())
}

/// A recipient that may still get a mail.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub(crate) struct Reachable {
    /// A send to it.
    pub(crate) send: i64,
    pub(crate) email_hash: Vec<u8>,
}

/// The recipients that have not opted out, those whose mails are claimed first.
pub(crate) async fn reachable(conn: &mut PgConnection, limit: i64) -> Result<Vec<Reachable>> {
    sqlx::query_as(
        "select s.id as send, s.email_hash
         from sends s
         join recipients r on r.email_hash = s.email_hash
         where r.suppressed_at is null and r.erased_at is null
           and s.state in ('queued', 'claimed', 'calling')
         order by s.state = 'claimed' desc, s.id
         limit $1",
    )
    .bind(limit)
    .fetch_all(conn)
    .await
    .context("could not look for recipients that have not opted out")
}

/// Erases a person: the recipient gets no mail ever again, and the profiles are emptied. Leads are locked before
/// recipients, as the enricher does, which plans for the lead that it holds: the other way round the two wait in a circle.
pub(crate) async fn erase(conn: &mut PgConnection, email_hash: &[u8]) -> Result<()> {
    let statements = [
        "update leads
         set name = null, email = null, bio = null, raw = null, website = null, location = null,
             profile_url = null, follower_count = null, erased_at = now(),
             enrich_requested_at = null
         where email_hash = $1 and erased_at is null",
        "update recipients set erased_at = now(), updated_at = now()
         where email_hash = $1 and erased_at is null",
    ];
    let mut tx = shared::db::begin(conn).await?;
    for statement in statements {
        sqlx::query(statement)
            .bind(email_hash)
            .execute(&mut *tx)
            .await
            .context("could not erase a person")?;
    }
    Ok(shared::db::commit(tx).await?)
}

/// Whether there are leads, and each was enriched.
pub(crate) async fn is_enriched(conn: &mut PgConnection) -> Result<bool> {
    sqlx::query_scalar(
        "select exists (select from leads)
                and not exists (select from leads where enrich_requested_at is not null)",
    )
    .fetch_one(conn)
    .await
    .context("could not look whether every lead was enriched")
}

/// The sends in this state.
pub(crate) async fn sends_in(conn: &mut PgConnection, state: &str) -> Result<Vec<i64>> {
    sqlx::query_scalar("select id from sends where state = $1::send_state order by id")
        .bind(state)
        .fetch_all(conn)
        .await
        .with_context(|| format!("could not look for {state} sends"))
}

/// How many queued mails wait for this reason.
pub(crate) async fn sends_that_wait_for(conn: &mut PgConnection, reason: &str) -> Result<usize> {
    let waiting: i64 =
        sqlx::query_scalar("select count(*) from sends where state = 'queued' and reason = $1")
            .bind(reason)
            .fetch_one(conn)
            .await
            .with_context(|| format!("could not look for mails that wait: {reason}"))?;
    Ok(usize::try_from(waiting)?)
}

/// Locks the mailboxes of queued mails until the transaction ends.
pub(crate) async fn lock_mailboxes(conn: &mut PgConnection) -> Result<()> {
    sqlx::query(
        "select 1 from recipients
         where email_hash in (select email_hash from sends where state = 'queued')
         order by email_hash for update",
    )
    .execute(conn)
    .await
    .context("could not lock mailboxes")?;
    Ok(())
}

/// Whether a transaction waits for a lock of another in this database.
pub(crate) async fn waits_for_lock(conn: &mut PgConnection) -> Result<bool> {
    sqlx::query_scalar(
        "select exists (select from pg_stat_activity
                        where datname = current_database() and wait_event_type = 'Lock')",
    )
    .fetch_one(conn)
    .await
    .context("could not look who waits for a lock")
}

/// Locks up to so many claimed sends until the transaction ends.
pub(crate) async fn lock_claimed(conn: &mut PgConnection, limit: i64) -> Result<Vec<i64>> {
    sqlx::query_scalar(
        "select id from sends where state = 'claimed' order by id limit $1
         for no key update skip locked",
    )
    .bind(limit)
    .fetch_all(conn)
    .await
    .context("could not lock claimed sends")
}
