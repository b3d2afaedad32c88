//! Writes what the fold decided, to rows that are locked.

use chrono::{DateTime, NaiveDate, Utc};
use sqlx::PgConnection;

use super::super::DbError;
use crate::domain::{
    email::EmailHash,
    feedback::{BounceClass, OptOutWay, Suppression, fold::SendRow, suppression::Suppressed},
    ids::SendId,
};

pub(super) async fn mailboxes(
    conn: &mut PgConnection,
    changed: &[(EmailHash, Option<Suppressed>)],
) -> Result<(), DbError> {
    if changed.is_empty() {
        return Ok(());
    }
    let hashes: Vec<&[u8]> = changed.iter().map(|(hash, _)| hash.0.as_slice()).collect();
    let at: Vec<Option<DateTime<Utc>>> = changed
        .iter()
        .map(|(_, new)| new.as_ref().map(|new| new.at))
        .collect();
    let reasons: Vec<Option<&str>> = changed
        .iter()
        .map(|(_, new)| new.as_ref().map(|new| new.reason.as_str()))
        .collect();
    // Of what comes through events, only a mail to us is an opt-out in the recipient's own words.
    let by_mail = |reason: &&str| *reason == Suppression::Unsubscribed.as_str();
    let ways: Vec<Option<&str>> = reasons
        .iter()
        .map(|reason| reason.filter(by_mail).map(|_| OptOutWay::Mail.as_str()))
        .collect();
    sqlx::query!(
        "update recipients r
         set suppressed_at = d.at, suppression_reason = d.reason,
             opt_out_way = coalesce(r.opt_out_way, d.way), updated_at = now()
         from unnest($1::bytea[], $2::timestamptz[], $3::text[], $4::text[])
             as d (email_hash, at, reason, way)
         where r.email_hash = d.email_hash",
        &hashes as &[&[u8]],
        &at as &[Option<DateTime<Utc>>],
        &reasons as &[Option<&str>],
        &ways as &[Option<&str>],
    )
    .execute(conn)
    .await
    .map_err(DbError::on("suppress recipients"))?;
    Ok(())
}

pub(super) async fn sends(conn: &mut PgConnection, changed: &[SendRow]) -> Result<(), DbError> {
    if changed.is_empty() {
        return Ok(());
    }
    let ids: Vec<i64> = changed.iter().map(|send| send.id.0).collect();
    let states: Vec<&str> = changed.iter().map(|s| s.state.as_str()).collect();
    let reasons: Vec<Option<&str>> = changed.iter().map(|s| s.reason.as_deref()).collect();
    let bounces: Vec<Option<&str>> = changed
        .iter()
        .map(|send| send.bounce.map(BounceClass::as_str))
        .collect();
    let message_ids: Vec<Option<&str>> = changed.iter().map(|s| s.message_id.as_deref()).collect();
    let sent_at: Vec<Option<DateTime<Utc>>> = changed.iter().map(|send| send.sent_at).collect();
    sqlx::query!(
        "update sends s
         set state = d.state::send_state, reason = d.reason, bounce = d.bounce,
             ses_message_id = d.message_id, sent_at = d.sent_at, lease_until = null,
             updated_at = now()
         from unnest($1::bigint[], $2::text[], $3::text[], $4::text[], $5::text[], $6::timestamptz[])
             as d (id, state, reason, bounce, message_id, sent_at)
         where s.id = d.id",
        &ids,
        &states as &[&str],
        &reasons as &[Option<&str>],
        &bounces as &[Option<&str>],
        &message_ids as &[Option<&str>],
        &sent_at as &[Option<DateTime<Utc>>],
    )
    .execute(conn)
    .await
    .map_err(DbError::on("raise the states of sends"))?;
    Ok(())
}

/// Marks the leads whose mail is known to have left.
pub(super) async fn mark_leads(conn: &mut PgConnection, left: &[SendId]) -> Result<(), DbError> {
    if left.is_empty() {
        return Ok(());
    }
    let ids: Vec<i64> = left.iter().map(|send| send.0).collect();
    sqlx::query!(
        "update enriched_leads e
         set sent = true, contacted = true, updated_at = now()
         from sends s
         where s.id = any($1) and e.id = s.enriched_lead_id and not e.sent",
        &ids,
    )
    .execute(conn)
    .await
    .map_err(DbError::on("mark the leads of sends"))?;
    Ok(())
}

/// A mail that was held for not sent and left: its mailbox had its mail of that day.
pub(super) async fn take_days(
    conn: &mut PgConnection,
    days: &[(SendId, NaiveDate)],
) -> Result<(), DbError> {
    if days.is_empty() {
        return Ok(());
    }
    let ids: Vec<i64> = days.iter().map(|(send, _)| send.0).collect();
    let days: Vec<NaiveDate> = days.iter().map(|(_, day)| *day).collect();
    sqlx::query!(
        "update sends s set slot_day = d.day
         from (select distinct on (o.email_hash, d.day) o.id, d.day
               from unnest($1::bigint[], $2::date[]) as d (id, day)
               join sends o on o.id = d.id
               where o.slot_day is null
                 and not exists (select from sends t
                                 where t.email_hash = o.email_hash and t.slot_day = d.day)
               order by o.email_hash, d.day, o.id) d
         where s.id = d.id",
        &ids,
        &days,
    )
    .execute(conn)
    .await
    .map_err(DbError::on("take the day of a mailbox"))?;
    Ok(())
}
