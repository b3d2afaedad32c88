//! What keeps a send from lying forgotten.

use std::time::Duration;

use sqlx::PgConnection;

use super::super::{DbError, known, transaction};
use crate::domain::{
    quota::{Limits, pulled_forward},
    reason::Reason,
    send_state::SendState,
};

/// What had been left behind.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Reaped {
    /// Claimed and never called: due again.
    pub requeued: usize,
    /// Called, and the caller is gone: the outcome is not known.
    pub unknown: usize,
}

/// Ends what a sender left behind: a claim past its lease was never called and is due again; a call
/// past its lease is `unknown`, and is never repeated by itself. Neither gives anything back: a claim
/// holds nothing before it is armed.
///
/// # Errors
/// When a statement fails.
pub async fn reap(conn: &mut PgConnection, limit: i64) -> Result<Reaped, DbError> {
    transaction(conn, async |tx| {
        let rows = sqlx::query!(
            r#"select id, state::text as "state!" from sends
               where state in ('claimed', 'calling') and lease_until < now()
               order by lease_until, id limit $1 for no key update skip locked"#,
            limit,
        )
        .fetch_all(&mut *tx)
        .await
        .map_err(DbError::on("look for sends whose lease has ended"))?;
        let mut reaped = Reaped::default();
        let mut ids = Vec::with_capacity(rows.len());
        let mut states = Vec::with_capacity(rows.len());
        for row in rows {
            ids.push(row.id);
            let state: SendState = known(&row.state, "sends", row.id, "state")?;
            if state == SendState::Claimed {
                reaped.requeued += 1;
                states.push(SendState::Queued.as_str());
            } else {
                reaped.unknown += 1;
                states.push(SendState::Unknown.as_str());
            }
        }
        if ids.is_empty() {
            return Ok(reaped);
        }
        sqlx::query!(
            "update sends s
             set state = d.state::send_state, reason = $3, lease_until = null, updated_at = now(),
                 -- Due since before its message was sent, so that the next sweep sends another.
                 send_requested_at = case d.state when 'queued' then '-infinity'
                                                  else s.send_requested_at end
             from unnest($1::bigint[], $2::text[]) as d (id, state)
             where s.id = d.id",
            &ids,
            &states as &[&str],
            Reason::LeaseExpired.as_str(),
        )
        .execute(tx)
        .await
        .map_err(DbError::on("end leases"))?;
        Ok(reaped)
    })
    .await
}

/// Sends of campaigns under way that are due or will be within `ahead`, each with how long until then,
/// and that have no message on its way, or had one for longer than `republish_after`; marked as
/// published, so that two sweeps do not take the same ones. What an open breaker holds back is left
/// alone.
///
/// # Errors
/// When a statement fails.
pub async fn take_due(
    conn: &mut PgConnection,
    republish_after: Duration,
    ahead: Duration,
    limit: i64,
) -> Result<Vec<(i64, Duration)>, DbError> {
    transaction(conn, async |tx| {
        let rows = sqlx::query_file!(
            "src/db/sends/due.sql",
            republish_after.as_secs_f64(),
            limit,
            ahead.as_secs_f64(),
        )
        .fetch_all(&mut *tx)
        .await
        .map_err(DbError::on("look for sends that are due"))?;
        let ids: Vec<i64> = rows.iter().map(|row| row.id).collect();
        if !ids.is_empty() {
            sqlx::query!(
                "update sends set send_requested_at = greatest(now(), not_before)
                 where id = any ($1)",
                &ids,
            )
            .execute(tx)
            .await
            .map_err(DbError::on("mark sends as published"))?;
        }
        let delayed = rows.into_iter().map(|row| {
            let delay = Duration::try_from_secs_f64(row.delay).unwrap_or_default();
            (row.id, delay)
        });
        Ok(delayed.collect())
    })
    .await
}

/// Makes mails due that wait for a later day, where today still has room for them and nothing else is
/// due: after a cap was raised, or others of their day were refused. Gives how many.
///
/// # Errors
/// When a statement fails.
pub async fn pull_forward(conn: &mut PgConnection, limits: &Limits) -> Result<usize, DbError> {
    transaction(conn, async |tx| {
        let rows = sqlx::query_file!("src/db/sends/booked.sql")
            .fetch_all(&mut *tx)
            .await
            .map_err(DbError::on("look for campaigns with room"))?;
        let mut campaigns = Vec::new();
        let mut room = Vec::new();
        for row in rows {
            let mails = pulled_forward(
                limits.ramp,
                (row.days_used, row.day_taken),
                (row.daily_cap, row.taken),
            );
            if mails > 0 {
                campaigns.push(row.campaign_id);
                room.push(i64::from(mails));
            }
        }
        if campaigns.is_empty() {
            return Ok(0);
        }
        let ids = sqlx::query_scalar!(
            r#"select s.id as "id!" from unnest($1::bigint[], $2::bigint[]) as d (campaign_id, room)
               cross join lateral (
                   select id from sends
                   where campaign_id = d.campaign_id and state = 'queued' and not_before > now()
                     and reason in ('daily_cap', 'ramp')
                   order by not_before, id limit d.room for no key update skip locked
               ) s"#,
            &campaigns,
            &room,
        )
        .fetch_all(&mut *tx)
        .await
        .map_err(DbError::on("look for sends of later days"))?;
        sqlx::query!(
            "update sends set not_before = now(), send_requested_at = '-infinity' where id = any ($1)",
            &ids,
        )
        .execute(tx)
        .await
        .map_err(DbError::on("make sends of later days due"))?;
        Ok(ids.len())
    })
    .await
}
