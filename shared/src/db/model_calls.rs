//! Tables `model_calls` and `model_spend`: what was asked of the model, what it answered and cost.

mod budget;
mod settle;

use std::{
    collections::{HashMap, HashSet},
    time::Duration,
};

use budget::{change_spend, take_budget};
use chrono::{DateTime, Utc};
pub use settle::{OutageChange, SettledCall, settle};
use sqlx::PgConnection;

use super::{DbError, known, transaction};
use crate::domain::{
    model_calls::{CallFault, CallState, Decision, PastCall, decide},
    model_outage::{Admission, EnrichmentWait, Outage, admit},
};

/// Names one question: hash of model, prompt version and lead content (invariant 5).
pub type RequestKey = [u8; 32];

/// Names a server, model, key and parameters: what an outage is of.
pub type SetupHash = [u8; 32];

/// A question that may be put.
#[derive(Debug, Clone, Copy)]
pub struct Inquiry {
    pub key: RequestKey,
    /// Failed calls from before it count no more: a person asked for another try.
    pub again_at: Option<DateTime<Utc>>,
    /// What calls cost until then is on record with the lead.
    pub booked_until: Option<DateTime<Utc>>,
}

impl From<RequestKey> for Inquiry {
    fn from(key: RequestKey) -> Self {
        Self {
            key,
            again_at: None,
            booked_until: None,
        }
    }
}

/// What may be done about a question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reservation {
    /// Ask: the row of this attempt is written and its cost reserved. After an answer that could not be
    /// used, with another request.
    Ask {
        attempt: i32,
        after: Option<CallFault>,
    },
    Answered {
        answer: String,
    },
    /// The model has refused it.
    Refused,
    /// Asked often enough without a usable answer.
    Exhausted {
        fault: Option<CallFault>,
        answer: Option<String>,
    },
    /// Another worker is asking.
    Busy,
    /// The day's budget does not cover it.
    OverBudget,
    /// One other question is put first, to see whether the server is back.
    Held,
    /// The server is away until then.
    Closed {
        reason: EnrichmentWait,
        until: DateTime<Utc>,
    },
}

/// What may be done about some questions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reserved {
    /// For each question, in order, with what its calls cost that is not yet booked to the lead.
    pub each: Vec<(Reservation, i64)>,
    /// The outage that the calls are made in spite of.
    pub outage: Option<Outage>,
}

/// Limits of a reservation.
#[derive(Debug, Clone, Copy)]
pub struct Terms<'a> {
    /// The model's name.
    pub model: &'a str,
    pub setup: SetupHash,
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
/// Every worker wants the row of the day's budget, so it is taken in a statement of its own, for as many
/// calls as there are questions, before it is known how many need one. What is left over is given back.
///
/// # Errors
/// When a statement fails; what was taken from the budget stays taken for the day, and calls, if the
/// commit's end is unknown, count as lost when their lease ends.
pub async fn reserve(
    conn: &mut PgConnection,
    inquiries: &[Inquiry],
    terms: Terms<'_>,
) -> Result<Reserved, DbError> {
    let budget = take_budget(conn, inquiries.len(), terms).await?;
    let (reserved, calls) = transaction(conn, async |tx: &mut PgConnection| {
        reserve_within(tx, inquiries, budget.calls, terms).await
    })
    .await?;
    let left = budget.calls.saturating_sub(calls);
    let left = i64::try_from(left).unwrap_or_default() * terms.call_micros;
    change_spend(conn, budget.day, -left).await?;
    Ok(reserved)
}

/// As [`reserve`], for as many calls as are affordable; also says how many it reserved.
async fn reserve_within(
    tx: &mut PgConnection,
    inquiries: &[Inquiry],
    affordable: usize,
    terms: Terms<'_>,
) -> Result<(Reserved, usize), DbError> {
    let history = lock_history(tx, inquiries).await?;
    expire(tx, &history).await?;
    let decisions = decide_each(inquiries, &history);
    let (outage, admission) = admission(tx, terms).await?;
    let admitted = match admission {
        Admission::Open => usize::MAX,
        Admission::Probe => 1,
        Admission::Closed { .. } => 0,
    };
    let to_ask = inquiries.iter().zip(&decisions);
    let wanted: Vec<Attempt> = to_ask
        .filter_map(|(inquiry, decision)| match decision {
            Decision::Ask { attempt, .. } => Some((inquiry.key, *attempt)),
            _ => None,
        })
        .take(admitted)
        .collect();
    let paid = wanted.get(..affordable).unwrap_or(&wanted);
    let inserted = insert(tx, paid, terms).await?;
    if admission == Admission::Probe && !inserted.is_empty() {
        begin_probe(tx, terms).await?;
    }
    let reservation = |key: RequestKey, decision| match decision {
        Decision::Answered(answer) => Reservation::Answered { answer },
        Decision::Refused => Reservation::Refused,
        Decision::Busy => Reservation::Busy,
        Decision::Exhausted { fault, answer } => Reservation::Exhausted { fault, answer },
        Decision::Ask { attempt, after } => {
            let call = (key, attempt);
            if inserted.contains(&call) {
                Reservation::Ask { attempt, after }
            } else if paid.contains(&call) {
                // Another worker was a moment earlier.
                Reservation::Busy
            } else if wanted.contains(&call) {
                Reservation::OverBudget
            } else if let Admission::Closed { reason, until } = admission {
                Reservation::Closed { reason, until }
            } else {
                Reservation::Held
            }
        }
    };
    let each = inquiries.iter().zip(decisions).map(|(inquiry, decision)| {
        let calls = history.get(&inquiry.key).map_or(&[][..], Vec::as_slice);
        let unbooked = calls.iter().map(|call| call.unbooked_micros).sum();
        (reservation(inquiry.key, decision), unbooked)
    });
    let reserved = Reserved {
        each: each.collect(),
        outage: outage.filter(|_| !inserted.is_empty()),
    };
    Ok((reserved, inserted.len()))
}

/// Whether the server may be asked. An outage is locked: two workers do not both probe it.
async fn admission(
    tx: &mut PgConnection,
    terms: Terms<'_>,
) -> Result<(Option<Outage>, Admission), DbError> {
    let row = sqlx::query!(
        r#"select reason, since, failures, next_try_at, clock_timestamp() as "now!"
           from model_outages where setup_hash = $1 for no key update"#,
        terms.setup.as_slice(),
    )
    .fetch_optional(tx)
    .await
    .map_err(DbError::on("look whether the model is away"))?;
    let Some(row) = row else {
        return Ok((None, admit(None, DateTime::UNIX_EPOCH)));
    };
    let outage = Outage {
        reason: known(&row.reason, "model_outages", terms.model, "reason")?,
        since: row.since,
        failures: u32::try_from(row.failures).unwrap_or_default(),
        next_try_at: row.next_try_at,
    };
    let admission = admit(Some(&outage), row.now);
    Ok((Some(outage), admission))
}

/// Until the probe's call has ended or is lost, the others wait.
async fn begin_probe(tx: &mut PgConnection, terms: Terms<'_>) -> Result<(), DbError> {
    sqlx::query!(
        "update model_outages set next_try_at = clock_timestamp() + make_interval(secs => $2)
         where setup_hash = $1",
        terms.setup.as_slice(),
        terms.lease.as_secs_f64(),
    )
    .execute(tx)
    .await
    .map_err(DbError::on("probe a model that is away"))?;
    Ok(())
}

/// A call on record, with what it cost that is not yet booked to the lead.
struct Recorded {
    call: PastCall,
    unbooked_micros: i64,
}

/// A question that comes twice in one batch is asked once.
fn decide_each(
    inquiries: &[Inquiry],
    history: &HashMap<RequestKey, Vec<Recorded>>,
) -> Vec<Decision> {
    let mut seen = HashSet::new();
    let decisions = inquiries.iter().map(|inquiry| {
        let calls = history.get(&inquiry.key).map_or(&[][..], Vec::as_slice);
        let calls: Vec<PastCall> = calls.iter().map(|recorded| recorded.call.clone()).collect();
        match decide(&calls) {
            Decision::Ask { .. } if !seen.insert(inquiry.key) => Decision::Busy,
            decision => decision,
        }
    });
    decisions.collect()
}

async fn lock_history(
    tx: &mut PgConnection,
    inquiries: &[Inquiry],
) -> Result<HashMap<RequestKey, Vec<Recorded>>, DbError> {
    let keys: Vec<&[u8]> = inquiries
        .iter()
        .map(|inquiry| inquiry.key.as_slice())
        .collect();
    let rows = sqlx::query!(
        r#"select c.id, c.request_key, c.attempt, c.state, c.fault, c.answer, c.cost_micros,
                  c.reserved_micros, c.created_at,
                  c.lease_until < clock_timestamp() as "expired!",
                  c.updated_at,
                  (select min(a.updated_at) from model_calls a
                   where a.model = c.model and a.state = 'answered' and a.updated_at >= c.created_at
                  ) as other_answered_at
           from (select * from model_calls where request_key = any($1)
                 order by request_key, attempt for no key update) c"#,
        &keys as &[&[u8]],
    )
    .fetch_all(tx)
    .await
    .map_err(DbError::on("lock the calls of questions"))?;
    let asked: HashMap<RequestKey, Inquiry> = inquiries
        .iter()
        .map(|inquiry| (inquiry.key, *inquiry))
        .collect();
    let mut history: HashMap<RequestKey, Vec<Recorded>> = HashMap::new();
    for row in rows {
        let key = key(row.id, row.request_key)?;
        let inquiry = asked.get(&key);
        let state = known(&row.state, "model_calls", row.id, "state")?;
        let fault = row
            .fault
            .map(|word| known(&word, "model_calls", row.id, "fault"))
            .transpose()?;
        let before = |moment: Option<DateTime<Utc>>| moment.is_some_and(|m| row.created_at <= m);
        // An answer that is used again was paid for by whom it was asked for.
        let unbooked_micros = match state {
            CallState::Answered => 0,
            _ if before(inquiry.and_then(|i| i.booked_until)) => 0,
            CallState::Calling if row.expired => row.reserved_micros,
            _ => row.cost_micros,
        };
        let call = PastCall {
            attempt: row.attempt,
            state,
            fault,
            expired: row.expired,
            other_answered_after: row
                .other_answered_at
                .map(|at| (at - row.updated_at).to_std().unwrap_or_default()),
            set_aside: before(inquiry.and_then(|i| i.again_at)),
            answer: row.answer,
        };
        history.entry(key).or_default().push(Recorded {
            call,
            unbooked_micros,
        });
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
    history: &HashMap<RequestKey, Vec<Recorded>>,
) -> Result<(), DbError> {
    let dead = history.iter().flat_map(|(key, calls)| {
        let dead = calls
            .iter()
            .map(|recorded| &recorded.call)
            .filter(|call| call.state == CallState::Calling && call.expired);
        dead.map(|call| (*key, call.attempt))
    });
    let (keys, attempts): (Vec<RequestKey>, Vec<i32>) = dead.unzip();
    if keys.is_empty() {
        return Ok(());
    }
    sqlx::query!(
        "update model_calls c
         set state = 'lost', fault = 'crashed', cost_micros = c.reserved_micros, updated_at = now()
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

fn bytes(keys: &[RequestKey]) -> Vec<&[u8]> {
    keys.iter().map(<[u8; 32]>::as_slice).collect()
}
