//! How calls ended.

use std::{
    collections::{BTreeMap, HashMap},
    time::Duration,
};

use chrono::NaiveDate;
use sqlx::PgConnection;

use super::{
    super::{DbError, known, transaction},
    Attempt, RequestKey, Terms,
    budget::change_spend,
    key,
};
use crate::domain::{
    model_calls::{CallFault, CallState},
    model_outage::EnrichmentWait,
};

/// The end of one call.
#[derive(Debug, Clone)]
pub struct SettledCall {
    pub key: RequestKey,
    pub attempt: i32,
    pub state: CallState,
    pub fault: Option<CallFault>,
    /// Kept if it, or a part of it, is usable.
    pub answer: Option<String>,
    pub input_tokens: i32,
    pub output_tokens: i32,
    /// In millionths of a US dollar.
    pub cost_micros: i64,
}

/// What the calls of a round say of the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OutageChange {
    /// It is as it was.
    None,
    Ends,
    /// It answers nobody and is left alone for so long.
    Goes {
        reason: EnrichmentWait,
        pause: Duration,
    },
}

/// Keeps how calls ended, what they say of the server, and gives back what was reserved too much. A call
/// that counts as lost by now stays lost.
///
/// # Errors
/// When a statement fails; the calls, if they are not on record, count as lost when their lease ends, and
/// what was reserved too much stays taken for the day.
pub async fn settle(
    conn: &mut PgConnection,
    calls: &[SettledCall],
    outage: OutageChange,
    terms: Terms<'_>,
) -> Result<(), DbError> {
    let differences = transaction(conn, async |tx: &mut PgConnection| {
        let open = lock_open(tx, calls).await?;
        let ended: Vec<(&SettledCall, &OpenCall)> = calls
            .iter()
            .filter_map(|call| Some((call, open.get(&(call.key, call.attempt))?)))
            .collect();
        store_ends(tx, &ended).await?;
        change_outage(tx, outage, terms).await?;
        let mut differences: BTreeMap<NaiveDate, i64> = BTreeMap::new();
        for (call, open) in &ended {
            *differences.entry(open.day).or_default() += call.cost_micros - open.reserved_micros;
        }
        Ok(differences)
    })
    .await?;
    // One day, but for a batch that crosses midnight.
    for (day, difference) in differences {
        change_spend(conn, day, difference).await?;
    }
    Ok(())
}

async fn change_outage(
    tx: &mut PgConnection,
    change: OutageChange,
    terms: Terms<'_>,
) -> Result<(), DbError> {
    let result = match change {
        OutageChange::None => return Ok(()),
        OutageChange::Ends => {
            sqlx::query!(
                "delete from model_outages where setup_hash = $1",
                terms.setup.as_slice(),
            )
            .execute(tx)
            .await
        }
        OutageChange::Goes { reason, pause } => {
            sqlx::query!(
                "insert into model_outages as o (setup_hash, model, reason, next_try_at)
                 values ($1, $2, $3, clock_timestamp() + make_interval(secs => $4))
                 on conflict (setup_hash) do update
                 set reason = excluded.reason, failures = o.failures + 1,
                     next_try_at = excluded.next_try_at",
                terms.setup.as_slice(),
                terms.model,
                reason.as_str(),
                pause.as_secs_f64(),
            )
            .execute(tx)
            .await
        }
    };
    result.map_err(DbError::on("note whether the model is away"))?;
    Ok(())
}

struct OpenCall {
    day: NaiveDate,
    reserved_micros: i64,
}

async fn lock_open(
    tx: &mut PgConnection,
    calls: &[SettledCall],
) -> Result<HashMap<Attempt, OpenCall>, DbError> {
    let keys: Vec<&[u8]> = calls.iter().map(|call| call.key.as_slice()).collect();
    let rows = sqlx::query!(
        r#"select id, request_key, attempt, state, reserved_micros,
                  (created_at at time zone 'utc')::date as "day!"
           from model_calls where request_key = any($1)
           order by request_key, attempt for no key update"#,
        &keys as &[&[u8]],
    )
    .fetch_all(tx)
    .await
    .map_err(DbError::on("lock model calls"))?;
    let mut open = HashMap::new();
    for row in rows {
        if known::<CallState>(&row.state, "model_calls", row.id, "state")? == CallState::Calling {
            let call = OpenCall {
                day: row.day,
                reserved_micros: row.reserved_micros,
            };
            open.insert((key(row.id, row.request_key)?, row.attempt), call);
        }
    }
    Ok(open)
}

async fn store_ends(
    tx: &mut PgConnection,
    ended: &[(&SettledCall, &OpenCall)],
) -> Result<(), DbError> {
    let calls = || ended.iter().map(|(call, _)| *call);
    let keys: Vec<&[u8]> = calls().map(|call| call.key.as_slice()).collect();
    let attempts: Vec<i32> = calls().map(|call| call.attempt).collect();
    let states: Vec<&str> = calls().map(|call| call.state.as_str()).collect();
    let faults: Vec<Option<&str>> = calls()
        .map(|call| call.fault.map(CallFault::as_str))
        .collect();
    let answers: Vec<Option<&str>> = calls().map(|call| call.answer.as_deref()).collect();
    let input: Vec<i32> = calls().map(|call| call.input_tokens).collect();
    let output: Vec<i32> = calls().map(|call| call.output_tokens).collect();
    let costs: Vec<i64> = calls().map(|call| call.cost_micros).collect();
    sqlx::query!(
        "update model_calls c
         set state = d.state, fault = d.fault, answer = d.answer, input_tokens = d.input_tokens,
             output_tokens = d.output_tokens, cost_micros = d.cost_micros, updated_at = now()
         from unnest($1::bytea[], $2::int[], $3::text[], $4::text[], $5::int[], $6::int[], $7::bigint[],
                     $8::text[])
             as d (request_key, attempt, state, answer, input_tokens, output_tokens, cost_micros, fault)
         where c.request_key = d.request_key and c.attempt = d.attempt",
        &keys as &[&[u8]],
        &attempts,
        &states as &[&str],
        &answers as &[Option<&str>],
        &input,
        &output,
        &costs,
        &faults as &[Option<&str>],
    )
    .execute(tx)
    .await
    .map_err(DbError::on("settle model calls"))?;
    Ok(())
}
