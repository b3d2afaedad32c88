//! What keeps a send from lying forgotten: the reaper and the sweep.

use std::time::Duration;

use sqlx::PgConnection;

use super::super::DbError;
use crate::domain::{reason::Reason, send_state::SendState};

/// What a reaper found.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Reaped {
    /// Claimed and never called: due again.
    pub requeued: usize,
    /// Called, and the caller is gone: nobody knows.
    pub unknown: usize,
}

/// Ends what a sender left behind: a claim past its lease was never called and is due again; a
/// call past its lease is unknown, and is never repeated by itself.
///
/// # Errors
/// When the statement fails.
pub async fn reap(conn: &mut PgConnection, limit: i64) -> Result<Reaped, DbError> {
    let states = sqlx::query_scalar!(
        r#"with expired as (
             select id, state, email_hash, campaign_id, slot_day from sends
             where state in ('claimed', 'calling') and lease_until < now()
             order by lease_until, id
             limit $1
             for no key update skip locked
         ),
         counters as (
             select campaign_id from campaign_counters
             where campaign_id in (select campaign_id from expired where state = 'claimed' and slot_day is not null)
             order by campaign_id
             for update
         ),
         -- The day is free again; what was taken of SES's rate is not given back.
         freed as (
             delete from mail_days d using expired e
             where d.email_hash = e.email_hash and d.day = e.slot_day and d.send_id = e.id
               and e.state = 'claimed' and (select count(*) from counters) > 0
             returning d.campaign_id, d.day
         ),
         uncounted as (
             update campaign_counters k set taken = greatest(0, k.taken - f.mails)
             from (select campaign_id, day, count(*)::integer as mails from freed group by campaign_id, day) f
             where k.campaign_id = f.campaign_id and k.day = f.day
         )
         update sends s
         set state = case e.state when 'claimed' then 'queued' else 'unknown' end::send_state,
             reason = $2, lease_until = null, updated_at = now(),
             slot_day = case e.state when 'claimed' then null else s.slot_day end,
             -- Due since before it was announced, so the sweep that follows announces it.
             send_requested_at = case e.state when 'claimed' then '-infinity' else s.send_requested_at end
         from expired e
         where s.id = e.id
         returning s.state::text as "state!""#,
        limit,
        Reason::LeaseExpired.as_str(),
    )
    .fetch_all(conn)
    .await
    .map_err(DbError::on("look for sends whose lease has ended"))?;
    let unknown = states
        .iter()
        .filter(|s| *s == SendState::Unknown.as_str())
        .count();
    Ok(Reaped {
        requeued: states.len() - unknown,
        unknown,
    })
}

/// What waits for a person.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Waiting {
    /// Calls whose outcome nobody knows, and that nobody has given up on (invariant 9).
    pub unresolved: i64,
    /// Campaigns that bounces or complaints have stopped.
    pub breakers: i64,
}

/// Counts what waits for a person. An event of SES has so long to resolve a call before it counts.
///
/// # Errors
/// When the statement fails.
pub async fn waiting_for_a_person(
    conn: &mut PgConnection,
    patience: Duration,
) -> Result<Waiting, DbError> {
    sqlx::query_as!(
        Waiting,
        r#"select (select count(*) from sends
                   where state = 'unknown' and reason is distinct from $1
                     and updated_at < now() - make_interval(secs => $2)) as "unresolved!",
                  (select count(*) from breakers where opened_at is not null) as "breakers!""#,
        Reason::GivenUp.as_str(),
        patience.as_secs_f64(),
    )
    .fetch_one(conn)
    .await
    .map_err(DbError::on("count what waits for a person"))
}

/// Sends of campaigns under way that are due or will be within `ahead`, each with how long until then,
/// and were not announced since, or not for longer than `patience`; marked as announced, so that two
/// sweeps do not take the same ones. What an open breaker holds back is left alone.
///
/// # Errors
/// When the statement fails.
pub async fn take_due(
    conn: &mut PgConnection,
    patience: Duration,
    ahead: Duration,
    limit: i64,
) -> Result<Vec<(i64, Duration)>, DbError> {
    let rows = sqlx::query!(
        r#"with due as (
             select s.id from sends s
             join campaigns c on c.id = s.campaign_id
             where s.state = 'queued' and s.not_before <= now() + make_interval(secs => $3)
               and c.status in ('active', 'ended')
               and not exists (select 1 from breakers b
                               where b.campaign_id = c.id and b.opened_at is not null)
               and (s.send_requested_at < s.not_before
                    or s.send_requested_at < now() - make_interval(secs => $1))
             order by s.not_before, s.id
             limit $2
             for no key update of s skip locked
         )
         update sends s set send_requested_at = greatest(now(), s.not_before)
         from due where s.id = due.id
         returning s.id, greatest(0, extract(epoch from s.not_before - now()))::double precision as "delay!""#,
        patience.as_secs_f64(),
        limit,
        ahead.as_secs_f64(),
    )
    .fetch_all(conn)
    .await
    .map_err(DbError::on("look for sends that are due"))?;
    let delayed = rows.into_iter().map(|row| {
        let delay = Duration::try_from_secs_f64(row.delay).unwrap_or_default();
        (row.id, delay)
    });
    Ok(delayed.collect())
}
