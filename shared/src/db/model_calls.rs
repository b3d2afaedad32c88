//! Tables `model_calls` and `model_spend`: what was asked of the model, what it said and cost.

use std::time::Duration;

use sqlx::PgConnection;

use super::DbError;

/// Names one question: hash of model, prompt version and lead content (invariant 5).
pub type RequestKey = [u8; 32];

/// What may be done about a question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reservation {
    /// Ask; the row of this attempt is written and its cost reserved.
    Ask {
        /// Number of the attempt.
        attempt: i16,
    },
    /// It was answered before.
    Answered {
        /// What the model said.
        answer: String,
    },
    /// The model will not answer it.
    Refused,
    /// Paid for twice without a usable answer: not asked again.
    Exhausted,
    /// Somebody else is asking.
    Busy,
    /// The day's budget does not cover it.
    OverBudget,
}

/// Limits of a reservation.
#[derive(Debug, Clone, Copy)]
pub struct Terms<'a> {
    /// The model's name.
    pub model: &'a str,
    /// Most that one call can cost, in millionths of a US dollar.
    pub call_micros: i64,
    /// Most that the day may cost.
    pub daily_budget_micros: i64,
    /// After this time a call without an outcome counts as lost.
    pub lease: Duration,
}

/// Reserves calls for the questions, within the day's budget, and tells for each what may be done.
/// One statement, committed before any call is made.
///
/// # Errors
/// When the statement fails; nothing is reserved, or what was reserved counts as lost when its lease
/// ends.
pub async fn reserve(
    conn: &mut PgConnection,
    keys: &[RequestKey],
    terms: Terms<'_>,
) -> Result<Vec<Reservation>, DbError> {
    let keys: Vec<&[u8]> = keys.iter().map(<[u8; 32]>::as_slice).collect();
    let rows = sqlx::query!(
        r#"select verdict as "verdict!", answer, attempt
           from reserve_model_calls($1, $2, $3, $4, $5)"#,
        &keys as &[&[u8]],
        terms.model,
        terms.lease.as_secs_f64(),
        terms.call_micros,
        terms.daily_budget_micros,
    )
    .fetch_all(conn)
    .await
    .map_err(DbError::on("reserve model calls"))?;
    let reservations = rows
        .into_iter()
        .map(|row| match (row.verdict.as_str(), row.attempt) {
            (_, Some(attempt)) => Reservation::Ask { attempt },
            ("answered", None) => Reservation::Answered {
                answer: row.answer.unwrap_or_default(),
            },
            ("refused", None) => Reservation::Refused,
            ("exhausted", None) => Reservation::Exhausted,
            ("over_budget", None) => Reservation::OverBudget,
            _ => Reservation::Busy,
        });
    Ok(reservations.collect())
}

/// How a call ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CallState {
    /// With an answer to the schema. Paid.
    Answered,
    /// With a refusal. Paid.
    Refused,
    /// With something unusable. Paid.
    Unusable,
    /// Without an answer, though it may be paid.
    Lost,
    /// Definitely not paid.
    Failed,
}

impl CallState {
    fn as_str(self) -> &'static str {
        match self {
            Self::Answered => "answered",
            Self::Refused => "refused",
            Self::Unusable => "unusable",
            Self::Lost => "lost",
            Self::Failed => "failed",
        }
    }
}

/// The end of one call.
#[derive(Debug, Clone)]
pub struct SettledCall {
    /// The question.
    pub key: RequestKey,
    /// Which attempt at it.
    pub attempt: i16,
    /// How it ended.
    pub state: CallState,
    /// The answer, if it is worth keeping.
    pub answer: Option<String>,
    /// Tokens billed for the question.
    pub input_tokens: i32,
    /// Tokens billed for the answer.
    pub output_tokens: i32,
    /// What it cost, in millionths of a US dollar.
    pub cost_micros: i64,
}

/// Keeps how calls ended and gives back what was reserved too much.
///
/// # Errors
/// When the statement fails; the calls count as lost when their lease ends.
pub async fn settle(conn: &mut PgConnection, calls: &[SettledCall]) -> Result<(), DbError> {
    let keys: Vec<&[u8]> = calls.iter().map(|c| c.key.as_slice()).collect();
    let attempts: Vec<i16> = calls.iter().map(|c| c.attempt).collect();
    let states: Vec<&str> = calls.iter().map(|c| c.state.as_str()).collect();
    let answers: Vec<Option<&str>> = calls.iter().map(|c| c.answer.as_deref()).collect();
    let input: Vec<i32> = calls.iter().map(|c| c.input_tokens).collect();
    let output: Vec<i32> = calls.iter().map(|c| c.output_tokens).collect();
    let costs: Vec<i64> = calls.iter().map(|c| c.cost_micros).collect();
    sqlx::query!(
        "with ended as (
             select * from unnest($1::bytea[], $2::smallint[], $3::text[], $4::text[], $5::int[],
                                  $6::int[], $7::bigint[])
                 as e (request_key, attempt, state, answer, input_tokens, output_tokens, cost_micros)
         ),
         settled as (
             update model_calls c
             set state = e.state, answer = e.answer, input_tokens = e.input_tokens,
                 output_tokens = e.output_tokens, cost_micros = e.cost_micros, updated_at = now()
             from ended e
             where c.request_key = e.request_key and c.attempt = e.attempt and c.state = 'calling'
             returning (c.created_at at time zone 'utc')::date as day,
                       e.cost_micros - c.reserved_micros as difference
         )
         update model_spend m set micros = greatest(0, m.micros + d.difference)
         from (select day, sum(difference)::bigint as difference from settled group by day) d
         where m.day = d.day",
        &keys as &[&[u8]],
        &attempts,
        &states as &[&str],
        &answers as &[Option<&str>],
        &input,
        &output,
        &costs,
    )
    .execute(conn)
    .await
    .map_err(DbError::on("settle model calls"))?;
    Ok(())
}
