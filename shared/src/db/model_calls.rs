//! Tables `model_calls` and `model_spend`: what was asked of the model, what it answered and cost.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    time::Duration,
};

use chrono::NaiveDate;
use sqlx::PgConnection;

use super::{DbError, known, transaction};
use crate::domain::model_calls::{CallState, Decision, PastCall, decide};

/// Names one question: hash of model, prompt version and lead content (invariant 5).
pub type RequestKey = [u8; 32];

/// What may be done about a question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reservation {
    /// Ask: the row of this attempt is written and its cost reserved.
    Ask {
        attempt: i32,
    },
    Answered {
        answer: String,
    },
    /// The model has refused it.
    Refused,
    /// Asked often enough without a usable answer.
    Exhausted,
    /// Another worker is asking.
    Busy,
    /// The day's budget does not cover it.
    OverBudget,
}

/// Limits of a reservation.
#[derive(Debug, Clone, Copy)]
pub struct Terms<'a> {
    /// The model's name.
    pub model: &'a str,
    /// Most that one call can cost, in millionths of a US dollar; positive.
    pub call_micros: i64,
    /// Most that the day may cost.
    pub daily_budget_micros: i64,
    /// After this time a call without an outcome counts as lost.
    pub lease: Duration,
}

type Attempt = (RequestKey, i32);

/// Reserves calls for the questions, within the day's budget, and says for each, in order, what may
/// be done. Committed before any call is made, so that a crash costs one more call at most.
///
/// # Errors
/// When a statement fails; what was reserved, if the commit's end is unknown, counts as lost when its
/// lease ends.
pub async fn reserve(
    conn: &mut PgConnection,
    keys: &[RequestKey],
    terms: Terms<'_>,
) -> Result<Vec<Reservation>, DbError> {
    transaction(conn, async |tx: &mut PgConnection| {
        let history = lock_history(tx, keys).await?;
        expire(tx, &history).await?;
        let decisions = decide_each(keys, &history);
        let wanted: Vec<Attempt> = keys
            .iter()
            .zip(&decisions)
            .filter_map(|(key, decision)| match decision {
                Decision::Ask(attempt) => Some((*key, *attempt)),
                _ => None,
            })
            .collect();
        let inserted = insert(tx, &wanted, terms).await?;
        let mut ours = wanted.iter().filter(|attempt| inserted.contains(*attempt));
        let count = i64::try_from(inserted.len()).unwrap_or(i64::MAX);
        let affordable = take_budget(tx, count, terms).await?;
        let paid: HashSet<Attempt> = ours.by_ref().take(affordable).copied().collect();
        let unpaid: Vec<Attempt> = ours.copied().collect();
        withdraw(tx, &unpaid).await?;
        let reservations = keys.iter().zip(decisions).map(|(key, decision)| {
            match decision {
                Decision::Answered(answer) => Reservation::Answered { answer },
                Decision::Refused => Reservation::Refused,
                Decision::Busy => Reservation::Busy,
                Decision::Exhausted => Reservation::Exhausted,
                Decision::Ask(attempt) if paid.contains(&(*key, attempt)) => {
                    Reservation::Ask { attempt }
                }
                Decision::Ask(attempt) if inserted.contains(&(*key, attempt)) => {
                    Reservation::OverBudget
                }
                // Another worker was a moment earlier.
                Decision::Ask(_) => Reservation::Busy,
            }
        });
        Ok(reservations.collect())
    })
    .await
}

/// A question that comes twice in one batch is asked once.
fn decide_each(keys: &[RequestKey], history: &HashMap<RequestKey, Vec<PastCall>>) -> Vec<Decision> {
    let mut seen = HashSet::new();
    let decisions = keys.iter().map(|key| {
        let decision = decide(history.get(key).map_or(&[], Vec::as_slice));
        match decision {
            Decision::Ask(_) if !seen.insert(*key) => Decision::Busy,
            decision => decision,
        }
    });
    decisions.collect()
}

async fn lock_history(
    tx: &mut PgConnection,
    keys: &[RequestKey],
) -> Result<HashMap<RequestKey, Vec<PastCall>>, DbError> {
    let keys: Vec<&[u8]> = keys.iter().map(<[u8; 32]>::as_slice).collect();
    let rows = sqlx::query!(
        r#"select c.id, c.request_key, c.attempt, c.state, c.answer,
                  c.lease_until < clock_timestamp() as "expired!",
                  c.created_at > clock_timestamp() - interval '1 day' as "recent!"
           from (select * from model_calls where request_key = any($1)
                 order by request_key, attempt for no key update) c"#,
        &keys as &[&[u8]],
    )
    .fetch_all(tx)
    .await
    .map_err(DbError::on("lock the calls of questions"))?;
    let mut history: HashMap<RequestKey, Vec<PastCall>> = HashMap::new();
    for row in rows {
        let call = PastCall {
            attempt: row.attempt,
            state: known(&row.state, "model_calls", row.id, "state")?,
            expired: row.expired,
            recent: row.recent,
            answer: row.answer,
        };
        history
            .entry(key(row.id, row.request_key)?)
            .or_default()
            .push(call);
    }
    Ok(history)
}

fn key(row: i64, bytes: Vec<u8>) -> Result<RequestKey, DbError> {
    bytes.try_into().map_err(|_| DbError::UnknownWord {
        table: "model_calls",
        row: row.to_string(),
        column: "request_key",
    })
}

/// Calls whose caller died may have been paid: what was reserved for them stays spent.
async fn expire(
    tx: &mut PgConnection,
    history: &HashMap<RequestKey, Vec<PastCall>>,
) -> Result<(), DbError> {
    let dead = history.iter().flat_map(|(key, calls)| {
        let dead = calls
            .iter()
            .filter(|call| call.state == CallState::Calling && call.expired);
        dead.map(|call| (*key, call.attempt))
    });
    let (keys, attempts): (Vec<RequestKey>, Vec<i32>) = dead.unzip();
    if keys.is_empty() {
        return Ok(());
    }
    sqlx::query!(
        "update model_calls c
         set state = 'lost', cost_micros = c.reserved_micros, updated_at = now()
         from unnest($1::bytea[], $2::int[]) as d (request_key, attempt)
         where c.request_key = d.request_key and c.attempt = d.attempt",
        &bytes(&keys) as &[&[u8]],
        &attempts,
    )
    .execute(tx)
    .await
    .map_err(DbError::on("give up lost model calls"))?;
    Ok(())
}

/// Writes the calls down. Those that another worker wrote first are not among what it returns.
async fn insert(
    tx: &mut PgConnection,
    wanted: &[Attempt],
    terms: Terms<'_>,
) -> Result<HashSet<Attempt>, DbError> {
    if wanted.is_empty() {
        return Ok(HashSet::new());
    }
    let (keys, attempts): (Vec<RequestKey>, Vec<i32>) = wanted.iter().copied().unzip();
    let rows = sqlx::query!(
        "insert into model_calls (request_key, attempt, lease_until, model, reserved_micros)
         select request_key, attempt, clock_timestamp() + make_interval(secs => $3), $4, $5
         from unnest($1::bytea[], $2::int[]) as d (request_key, attempt)
         order by request_key
         on conflict (request_key, attempt) do nothing
         returning id, request_key, attempt",
        &bytes(&keys) as &[&[u8]],
        &attempts,
        terms.lease.as_secs_f64(),
        terms.model,
        terms.call_micros,
    )
    .fetch_all(tx)
    .await
    .map_err(DbError::on("write down model calls"))?;
    let inserted = rows
        .into_iter()
        .map(|row| Ok((key(row.id, row.request_key)?, row.attempt)));
    inserted.collect()
}

/// Takes the worst cost of so many calls from the day's budget, or of as many as it covers. Last of
/// all, since every worker waits for this row.
async fn take_budget(
    tx: &mut PgConnection,
    calls: i64,
    terms: Terms<'_>,
) -> Result<usize, DbError> {
    if calls == 0 {
        return Ok(0);
    }
    let mut granted = try_budget(tx, calls, terms).await?;
    if granted.is_none() {
        // The first of the day.
        sqlx::query!(
            "insert into model_spend (day) values ((now() at time zone 'utc')::date)
             on conflict (day) do nothing"
        )
        .execute(&mut *tx)
        .await
        .map_err(DbError::on("open the day's budget"))?;
        granted = try_budget(tx, calls, terms).await?;
    }
    Ok(usize::try_from(granted.unwrap_or_default()).unwrap_or_default())
}

async fn try_budget(
    tx: &mut PgConnection,
    calls: i64,
    terms: Terms<'_>,
) -> Result<Option<i64>, DbError> {
    let granted = sqlx::query_scalar!(
        r#"update model_spend m
           set micros = m.micros + $2 * least($1, greatest(0, ($3 - b.micros) / $2))
           from (select day, micros from model_spend
                 where day = (now() at time zone 'utc')::date for no key update) b
           where m.day = b.day
           returning (m.micros - b.micros) / $2 as "granted!""#,
        calls,
        terms.call_micros,
        terms.daily_budget_micros,
    );
    granted
        .fetch_optional(tx)
        .await
        .map_err(DbError::on("reserve the cost of model calls"))
}

/// Takes back calls that the budget does not cover; this transaction wrote them.
async fn withdraw(tx: &mut PgConnection, calls: &[Attempt]) -> Result<(), DbError> {
    if calls.is_empty() {
        return Ok(());
    }
    let (keys, attempts): (Vec<RequestKey>, Vec<i32>) = calls.iter().copied().unzip();
    sqlx::query!(
        "delete from model_calls c using unnest($1::bytea[], $2::int[]) as d (request_key, attempt)
         where c.request_key = d.request_key and c.attempt = d.attempt",
        &bytes(&keys) as &[&[u8]],
        &attempts,
    )
    .execute(tx)
    .await
    .map_err(DbError::on("take back model calls"))?;
    Ok(())
}

fn bytes(keys: &[RequestKey]) -> Vec<&[u8]> {
    keys.iter().map(<[u8; 32]>::as_slice).collect()
}

/// The end of one call.
#[derive(Debug, Clone)]
pub struct SettledCall {
    pub key: RequestKey,
    pub attempt: i32,
    pub state: CallState,
    /// Kept if it is usable.
    pub answer: Option<String>,
    pub input_tokens: i32,
    pub output_tokens: i32,
    /// In millionths of a US dollar.
    pub cost_micros: i64,
}

/// Keeps how calls ended and gives back what was reserved too much. A call that counts as lost by now
/// stays lost.
///
/// # Errors
/// When a statement fails; the calls count as lost when their lease ends.
pub async fn settle(conn: &mut PgConnection, calls: &[SettledCall]) -> Result<(), DbError> {
    transaction(conn, async |tx: &mut PgConnection| {
        let open = lock_open(tx, calls).await?;
        let ended: Vec<(&SettledCall, &OpenCall)> = calls
            .iter()
            .filter_map(|call| Some((call, open.get(&(call.key, call.attempt))?)))
            .collect();
        store_ends(tx, &ended).await?;
        let mut differences: BTreeMap<NaiveDate, i64> = BTreeMap::new();
        for (call, open) in &ended {
            *differences.entry(open.day).or_default() += call.cost_micros - open.reserved_micros;
        }
        // One day, but for a batch that crosses midnight.
        for (day, difference) in differences {
            sqlx::query!(
                "update model_spend set micros = greatest(0, micros + $2) where day = $1",
                day,
                difference,
            )
            .execute(&mut *tx)
            .await
            .map_err(DbError::on("give back what was reserved too much"))?;
        }
        Ok(())
    })
    .await
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
    let answers: Vec<Option<&str>> = calls().map(|call| call.answer.as_deref()).collect();
    let input: Vec<i32> = calls().map(|call| call.input_tokens).collect();
    let output: Vec<i32> = calls().map(|call| call.output_tokens).collect();
    let costs: Vec<i64> = calls().map(|call| call.cost_micros).collect();
    sqlx::query!(
        "update model_calls c
         set state = d.state, answer = d.answer, input_tokens = d.input_tokens,
             output_tokens = d.output_tokens, cost_micros = d.cost_micros, updated_at = now()
         from unnest($1::bytea[], $2::int[], $3::text[], $4::text[], $5::int[], $6::int[], $7::bigint[])
             as d (request_key, attempt, state, answer, input_tokens, output_tokens, cost_micros)
         where c.request_key = d.request_key and c.attempt = d.attempt",
        &keys as &[&[u8]],
        &attempts,
        &states as &[&str],
        &answers as &[Option<&str>],
        &input,
        &output,
        &costs,
    )
    .execute(tx)
    .await
    .map_err(DbError::on("settle model calls"))?;
    Ok(())
}
