//! Settle: calling → what SES answered.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, Utc};
use sqlx::PgConnection;

use super::{
    super::{DbError, known, transaction},
    release,
};
use crate::domain::{
    ids::{CampaignId, SendId},
    quota::{Slot, Throttling},
    reason::Reason,
    send_state::SendState,
};

/// How a call to SES ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    pub send: SendId,
    pub fence: i64,
    /// `Sent`, `Rejected`, `Unknown`, or `Queued` after a definite refusal that may go better.
    pub state: SendState,
    /// Why it is not sent.
    pub reason: Option<Reason>,
    /// SES's id for the mail.
    pub message_id: Option<String>,
    /// When it is due again, if it waits.
    pub not_before: Option<DateTime<Utc>>,
}

/// Writes down how the calls of a batch ended, marks the leads of those that were sent, and slows all
/// senders down where SES asked for it. Fenced and monotone: an answer that comes late moves a state
/// up or changes nothing.
///
/// # Errors
/// When a statement fails: the sends become `unknown` when their lease ends.
pub async fn settle(
    conn: &mut PgConnection,
    outcomes: &[Outcome],
    throttling: Throttling,
) -> Result<(), DbError> {
    transaction(conn, async |tx| {
        let settled: Vec<_> = lock_called(tx, outcomes)
            .await?
            .iter()
            .map(|(row, outcome)| decide(row, outcome))
            .collect();
        write(tx, &settled).await?;
        mark_sent(tx, &settled).await?;
        count_days(tx, &settled).await?;
        let unused: Vec<Slot> = settled.iter().filter_map(|s| s.released).collect();
        release::adjust(tx, &unused, throttling).await
    })
    .await
}

/// A send that SES was called for, locked.
#[derive(Debug, Clone)]
struct Row {
    send: SendId,
    campaign: CampaignId,
    enrichment: i64,
    state: SendState,
    reason: Option<String>,
    sent_at: Option<DateTime<Utc>>,
    slot_at: Option<DateTime<Utc>>,
    may_have_left: bool,
    now: DateTime<Utc>,
}

/// What becomes of it.
#[derive(Debug, PartialEq)]
struct Settled {
    send: SendId,
    enrichment: i64,
    state: SendState,
    reason: Option<String>,
    message_id: Option<String>,
    sent_at: Option<DateTime<Utc>>,
    not_before: Option<DateTime<Utc>>,
    /// What it gives back: it certainly never left.
    released: Option<Slot>,
    /// Whether its mailbox's day is free again.
    day_released: bool,
    /// The campaign and day that it counts for from now on.
    counted: Option<(CampaignId, NaiveDate)>,
}

/// Only a definite refusal moves a state back, and only to be tried again; all else moves it up its
/// rank, so that a late answer or an early event wins.
fn decide(row: &Row, outcome: &Outcome) -> Settled {
    let open = matches!(row.state, SendState::Calling | SendState::Unknown);
    let state = match outcome.state {
        SendState::Queued if open => SendState::Queued,
        SendState::Queued => row.state,
        answer => row.state.max(answer),
    };
    let never_left = open && matches!(state, SendState::Queued | SendState::Rejected);
    let sent_at = match outcome.state {
        SendState::Sent => Some(row.sent_at.unwrap_or(row.now)),
        _ => row.sent_at,
    };
    let slot = |at| Slot {
        campaign: row.campaign,
        at,
    };
    Settled {
        send: row.send,
        enrichment: row.enrichment,
        state,
        reason: if open || state == outcome.state {
            outcome.reason.map(|reason| reason.as_str().to_owned())
        } else {
            row.reason.clone()
        },
        message_id: outcome.message_id.clone(),
        sent_at,
        not_before: outcome.not_before.filter(|_| state == SendState::Queued),
        released: row.slot_at.filter(|_| never_left).map(slot),
        day_released: never_left && !row.may_have_left,
        // Counted once: by the first that knows that the mail left.
        counted: sent_at
            .filter(|_| state.has_left() && !row.state.has_left())
            .map(|at| (row.campaign, at.date_naive())),
    }
}

/// Those of this fence that were called, each with its outcome.
async fn lock_called<'a>(
    conn: &mut PgConnection,
    outcomes: &'a [Outcome],
) -> Result<Vec<(Row, &'a Outcome)>, DbError> {
    let ids: Vec<i64> = outcomes.iter().map(|o| o.send.0).collect();
    let rows = sqlx::query!(
        r#"select id, fence, state::text as "state!", reason, campaign_id, enriched_lead_id,
                  sent_at, slot_at, may_have_left, now() as "now!"
           from sends where id = any ($1) order by id for no key update"#,
        &ids,
    )
    .fetch_all(conn)
    .await
    .map_err(DbError::on("lock sends that were called"))?;
    let mut called = Vec::with_capacity(rows.len());
    for row in rows {
        let state: SendState = known(&row.state, "sends", row.id, "state")?;
        let mut outcomes = outcomes.iter();
        let outcome = outcomes.find(|o| o.send.0 == row.id && o.fence == row.fence);
        if let Some(outcome) = outcome.filter(|_| state >= SendState::Calling) {
            let row = Row {
                send: SendId(row.id),
                campaign: CampaignId(row.campaign_id),
                enrichment: row.enriched_lead_id,
                state,
                reason: row.reason,
                sent_at: row.sent_at,
                slot_at: row.slot_at,
                may_have_left: row.may_have_left,
                now: row.now,
            };
            called.push((row, outcome));
        }
    }
    Ok(called)
}

async fn write(conn: &mut PgConnection, settled: &[Settled]) -> Result<(), DbError> {
    let ids: Vec<i64> = settled.iter().map(|s| s.send.0).collect();
    let states: Vec<&str> = settled.iter().map(|s| s.state.as_str()).collect();
    let reasons: Vec<_> = settled.iter().map(|s| s.reason.as_deref()).collect();
    let message_ids: Vec<_> = settled.iter().map(|s| s.message_id.as_deref()).collect();
    let sent_at: Vec<_> = settled.iter().map(|s| s.sent_at).collect();
    let not_before: Vec<_> = settled.iter().map(|s| s.not_before).collect();
    let released: Vec<bool> = settled.iter().map(|s| s.released.is_some()).collect();
    let days: Vec<bool> = settled.iter().map(|s| s.day_released).collect();
    sqlx::query!(
        "update sends s
         set state = d.state::send_state, reason = d.reason, lease_until = null, updated_at = now(),
             ses_message_id = coalesce(s.ses_message_id, d.message_id), sent_at = d.sent_at,
             not_before = coalesce(d.not_before, s.not_before),
             slot_at = case when d.released then null else s.slot_at end,
             slot_day = case when d.day_released then null else s.slot_day end
         from unnest($1::bigint[], $2::text[], $3::text[], $4::text[], $5::timestamptz[],
                     $6::timestamptz[], $7::boolean[], $8::boolean[])
              as d (id, state, reason, message_id, sent_at, not_before, released, day_released)
         where s.id = d.id",
        &ids,
        &states as &[&str],
        &reasons as &[Option<&str>],
        &message_ids as &[Option<&str>],
        &sent_at as &[Option<DateTime<Utc>>],
        &not_before as &[Option<DateTime<Utc>>],
        &released,
        &days,
    )
    .execute(conn)
    .await
    .map_err(DbError::on("settle sends"))?;
    Ok(())
}

async fn mark_sent(conn: &mut PgConnection, settled: &[Settled]) -> Result<(), DbError> {
    let mut ids: Vec<i64> = settled
        .iter()
        .filter(|s| s.state.has_left())
        .map(|s| s.enrichment)
        .collect();
    ids.sort_unstable();
    if ids.is_empty() {
        return Ok(());
    }
    sqlx::query!(
        "update enriched_leads set sent = true, contacted = true, updated_at = now()
         where id = any ($1) and not sent",
        &ids,
    )
    .execute(conn)
    .await
    .map_err(DbError::on("mark leads that were written to"))?;
    Ok(())
}

async fn count_days(conn: &mut PgConnection, settled: &[Settled]) -> Result<(), DbError> {
    let mut days: BTreeMap<(CampaignId, NaiveDate), i32> = BTreeMap::new();
    for key in settled.iter().filter_map(|s| s.counted) {
        *days.entry(key).or_default() += 1;
    }
    if days.is_empty() {
        return Ok(());
    }
    let campaigns: Vec<i64> = days.keys().map(|(campaign, _)| campaign.0).collect();
    let dates: Vec<NaiveDate> = days.keys().map(|(_, day)| *day).collect();
    let mails: Vec<i32> = days.into_values().collect();
    sqlx::query!(
        "insert into campaign_days as d (campaign_id, day, sent)
         select * from unnest($1::bigint[], $2::date[], $3::int[]) as n (campaign_id, day, sent)
         order by campaign_id, day
         on conflict on constraint campaign_days_pkey do update set sent = d.sent + excluded.sent",
        &campaigns,
        &dates,
        &mails,
    )
    .execute(conn)
    .await
    .map_err(DbError::on("count the mails of a day"))?;
    Ok(())
}

#[cfg(test)]
mod tests;
