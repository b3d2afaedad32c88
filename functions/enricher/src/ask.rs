//! Asks the model about a batch: reserve, call, settle. No question is paid for twice while its answer
//! is known, and every call is on record before it is made (invariant 5).

mod asked;
mod call;
mod outage;

use std::time::Duration;

use asked::Asked;
use call::{Put, call};
use futures::future::join_all;
use outage::Outcome;
use shared::{
    clients::model::{Model, ModelError},
    db::{
        DbError, PgConnection,
        enrichment::Task,
        model_calls::{self, Inquiry, Reserved, Terms},
    },
    deadline::Deadline,
};

use crate::{
    answer::SCHEMA_TEXT,
    prompt::{Prompt, correction},
    score::{NotScored, Scored},
};

/// After this long a call without an outcome counts as lost: longer than an invocation lasts.
const LEASE: Duration = Duration::from_secs(90);
/// Kept for storing what came back.
const RESERVE: Duration = Duration::from_secs(8);
/// No round begins with less time left for it.
const SHORTEST_ROUND: Duration = Duration::from_secs(5);
/// A question is asked in two of them at most; the third takes what is known then.
const ROUNDS: usize = 3;
/// How much longer an answer may be that was cut off.
const LONGER: u32 = 3;

#[derive(Debug, thiserror::Error)]
pub enum AskError {
    #[error(transparent)]
    Database(#[from] DbError),
    /// The model's server refuses every call: key, credit or set-up.
    #[error(transparent)]
    Refused(ModelError),
}

/// A lead to be scored for a campaign, and what the model would be asked.
#[derive(Debug)]
pub(crate) struct Question<'a> {
    pub(crate) task: &'a Task,
    pub(crate) prompt: Prompt,
}

/// What came of a batch of questions.
#[derive(Debug)]
pub(crate) struct Answers {
    /// For each question, in order.
    pub(crate) scores: Vec<Result<Scored, NotScored>>,
    /// Why the server refuses all calls of ours. A person has to put something right.
    pub(crate) refused: Option<ModelError>,
}

/// Scores each question by the model if there is one.
///
/// # Errors
/// When the database fails. What was paid is kept.
pub(crate) async fn score(
    model: Option<&Model>,
    conn: &mut PgConnection,
    questions: &[Question<'_>],
    deadline: Deadline,
) -> Result<Answers, DbError> {
    let mut asked: Vec<Asked<'_>> = questions.iter().map(|q| Asked::new(q, model)).collect();
    let mut refused = None;
    if let Some(model) = model {
        for _ in 0..ROUNDS {
            if !deadline.allows(RESERVE + SHORTEST_ROUND) || refused.is_some() {
                break;
            }
            refused = round(model, conn, &mut asked, deadline).await?;
        }
    }
    Ok(Answers {
        scores: asked.into_iter().map(Asked::finish).collect(),
        refused,
    })
}

/// One round: what is known is taken, and what may be asked is asked. Gives the error if the server
/// refuses all.
async fn round(
    model: &Model,
    conn: &mut PgConnection,
    asked: &mut [Asked<'_>],
    deadline: Deadline,
) -> Result<Option<ModelError>, DbError> {
    let mut open: Vec<&mut Asked<'_>> = asked.iter_mut().filter(|a| a.is_open()).collect();
    if open.is_empty() {
        return Ok(None);
    }
    let longest = match open.iter().any(|asked| asked.was_asked()) {
        true => model.config().max_tokens.saturating_mul(LONGER),
        false => model.config().max_tokens,
    };
    let terms = terms(model, &open, longest);
    let inquiries: Vec<Inquiry> = open.iter().map(|asked| asked.inquiry()).collect();
    let Reserved { each, outage } = model_calls::reserve(conn, &inquiries, terms).await?;
    let mut calls = Vec::new();
    for (asked, (reservation, unbooked)) in open.iter_mut().zip(each) {
        if let Some(call) = asked.take_reservation(reservation, unbooked, model) {
            calls.push((asked, call));
        }
    }
    if calls.is_empty() {
        return Ok(None);
    }
    let until = Deadline::within(deadline.remaining().saturating_sub(RESERVE));
    let replies = join_all(calls.iter().map(|(asked, reserved)| {
        let put = Put {
            prompt: &asked.question.prompt,
            max_tokens: reserved.max_tokens(model, longest),
            correction: reserved.after.and_then(correction),
        };
        call(model, put, until)
    }))
    .await;
    let outcomes: Vec<Outcome> = replies.iter().map(Outcome::of).collect();
    let again = outcomes.iter().all(|outcome| *outcome == Outcome::LOST)
        && calls.iter().all(|(asked, _)| asked.has_another_call());
    let change = outage::change(outage.as_ref(), &outcomes, again);
    let settled: Vec<_> = calls
        .into_iter()
        .zip(&replies)
        .map(|((asked, reserved), reply)| asked.take_reply(reserved, reply, model, longest))
        .collect();
    model_calls::settle(conn, &settled, change, terms).await?;
    if let Some(wait) = outage::wait(change) {
        for asked in open {
            asked.wait(wait);
        }
    }
    Ok(outage::refusal(change, replies))
}

/// What the dearest of these questions can cost, and within which limits.
fn terms<'a>(model: &'a Model, open: &[&mut Asked<'_>], max_tokens: u32) -> Terms<'a> {
    let worst = open
        .iter()
        .map(|asked| worst_cost(model, &asked.question.prompt, max_tokens))
        .max();
    Terms {
        model: model.name(),
        setup: model.setup_hash(),
        call_micros: worst.unwrap_or_default().max(1),
        daily_budget_micros: model.config().daily_budget_micros,
        lease: LEASE,
    }
}

/// Millionths of a US dollar, rounded up.
fn cost(model: &Model, input_tokens: u32, output_tokens: u32) -> i64 {
    let config = model.config();
    let micros = f64::from(input_tokens) * config.input_price
        + f64::from(output_tokens) * config.output_price;
    #[expect(
        clippy::cast_possible_truncation,
        reason = "far below 2^53, and `as` saturates"
    )]
    let micros = micros.ceil() as i64;
    micros
}

/// A token is at least one byte, so no question costs more than its bytes and its longest answer. A
/// correction may repeat the schema.
fn worst_cost(model: &Model, prompt: &Prompt, max_tokens: u32) -> i64 {
    let bytes = prompt.system.len() + 2 * SCHEMA_TEXT.len() + prompt.user.len() + 600;
    cost(model, u32::try_from(bytes).unwrap_or(u32::MAX), max_tokens)
}
