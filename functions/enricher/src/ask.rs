//! Asks the model about a batch: reserve, call, settle. No question is paid for twice while its
//! answer is known, and every call is on record before it is made (invariant 5).

mod call;

use std::time::Duration;

use call::{Next, call, ended};
use futures::future::join_all;
use shared::{
    clients::model::{Model, ModelError, Question},
    db::{
        DbError, PgConnection,
        model_calls::{self, Reservation, SettledCall, Terms},
    },
    deadline::Deadline,
    domain::model_calls::CallState,
};

use crate::{
    prompt::{Prompt, SYSTEM},
    verdict::{self, SCHEMA, SCHEMA_TEXT, Verdict},
};

/// After this long a call without an outcome counts as lost: longer than an invocation lasts.
const LEASE: Duration = Duration::from_secs(90);
/// Kept for storing what came back.
const RESERVE: Duration = Duration::from_secs(8);

/// What came of one question.
#[derive(Debug)]
pub(crate) enum Asked {
    /// A believed answer, and what all calls for it cost in millionths of a US dollar.
    Verdict(Box<Verdict>, i64),
    /// No believable answer is to be had: the rules score it.
    Unanswered(Unanswered),
    /// Ask again later, with the message.
    Wait(Option<Duration>),
    /// Ask again when the sweep finds it: the budget of the day is used up.
    OverBudget,
}

/// Why there is no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unanswered {
    /// The model refuses.
    Refused,
    /// Two paid answers were of no use.
    Unusable,
    /// The server is down.
    Unavailable,
    /// None is configured.
    NoModel,
    /// The person has said no.
    NotAsked,
}

impl Unanswered {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Refused => "the model refused to judge this profile",
            Self::Unusable => "the model gave no usable answer",
            Self::Unavailable => "the model was not available",
            Self::NoModel => "no model is configured",
            Self::NotAsked => "the model was not asked about somebody who has said no",
        }
    }
}

/// Asking could not go on.
#[derive(Debug, thiserror::Error)]
pub enum AskError {
    /// The database did not do its part.
    #[error("could not ask the model")]
    Database(#[from] DbError),
    /// The model's server refuses every call: key, credit or set-up.
    #[error("could not ask the model")]
    Refused(#[source] ModelError),
}

/// A question on its way.
struct Open<'a> {
    place: usize,
    prompt: &'a Prompt,
    offer: &'a str,
    cost: i64,
    truncated: bool,
}

/// Asks about each prompt, with its campaign's offer, at most twice, and answers in order.
///
/// # Errors
/// When the database fails, or the server refuses all calls of ours. What was paid is kept.
pub(crate) async fn ask(
    model: &Model,
    conn: &mut PgConnection,
    prompts: &[(Prompt, &str)],
    deadline: Deadline,
) -> Result<Vec<Asked>, AskError> {
    let mut asked: Vec<Option<Asked>> = prompts.iter().map(|_| None).collect();
    let mut open: Vec<Open<'_>> = prompts
        .iter()
        .enumerate()
        .map(|(place, (prompt, offer))| Open {
            place,
            prompt,
            offer,
            cost: 0,
            truncated: false,
        })
        .collect();
    // A lead can be of two campaigns with the same offer: one question, asked once.
    for _ in 0..2 {
        if open.is_empty() || time_left(deadline).is_none() {
            break;
        }
        open = round(model, conn, open, &mut asked, deadline).await?;
    }
    // What is still open has had an unusable answer or two, or no time left for the second.
    for question in open {
        if let Some(slot) = asked.get_mut(question.place) {
            let again = time_left(deadline).is_none();
            let waits = if again {
                Asked::Wait(None)
            } else {
                Asked::Unanswered(Unanswered::Unusable)
            };
            slot.get_or_insert(waits);
        }
    }
    Ok(asked
        .into_iter()
        .map(|slot| slot.unwrap_or(Asked::Wait(None)))
        .collect())
}

/// One round: what is known is taken, what may be asked is asked, and what came back unusable is
/// returned for another round.
async fn round<'a>(
    model: &Model,
    conn: &mut PgConnection,
    open: Vec<Open<'a>>,
    asked: &mut [Option<Asked>],
    deadline: Deadline,
) -> Result<Vec<Open<'a>>, AskError> {
    let max_tokens = match open.iter().any(|q| q.truncated) {
        true => model.config().max_tokens.saturating_mul(2),
        false => model.config().max_tokens,
    };
    let reservations = reserve(model, conn, &open, max_tokens).await?;
    let mut calls = Vec::new();
    for (question, reservation) in open.into_iter().zip(reservations) {
        let answer = match reservation {
            Reservation::Ask { attempt } => {
                calls.push((question, attempt));
                continue;
            }
            Reservation::Answered { answer } => {
                match verdict::believe(&answer, &question.prompt.shown, question.offer) {
                    Ok(verdict) => Asked::Verdict(Box::new(verdict), question.cost),
                    Err(_) => Asked::Unanswered(Unanswered::Unusable),
                }
            }
            Reservation::Refused => Asked::Unanswered(Unanswered::Refused),
            Reservation::Exhausted => Asked::Unanswered(Unanswered::Unusable),
            Reservation::Busy => Asked::Wait(Some(LEASE)),
            Reservation::OverBudget => Asked::OverBudget,
        };
        place(asked, question.place, answer);
    }
    let until = Deadline::within(deadline.remaining().saturating_sub(RESERVE));
    let answers = join_all(calls.iter().map(|(question, _)| {
        let question = Question {
            system: SYSTEM,
            user: &question.prompt.user,
            schema_name: "lead_enrichment",
            schema: &SCHEMA,
            max_tokens,
        };
        call(model, question, until)
    }))
    .await;

    let mut settled = Vec::with_capacity(calls.len());
    let mut again = Vec::new();
    let mut refused = None;
    let n_calls = calls.len();
    let mut n_refused = 0;
    for ((mut question, attempt), answer) in calls.into_iter().zip(answers) {
        let ended = ended(&question, answer);
        let cost_micros = match (&ended.usage, ended.state) {
            (_, CallState::Failed) => 0,
            (Some((input, output)), _) if input + output > 0 => cost(model, *input, *output),
            // Nobody knows what it cost: what was reserved.
            _ => worst_cost(model, question.prompt, max_tokens),
        };
        question.cost += cost_micros;
        let (input, output) = ended.usage.unwrap_or_default();
        settled.push(SettledCall {
            key: question.prompt.key,
            attempt,
            state: ended.state,
            answer: ended.answer,
            input_tokens: i32::try_from(input).unwrap_or(i32::MAX),
            output_tokens: i32::try_from(output).unwrap_or(i32::MAX),
            cost_micros,
        });
        match ended.next {
            Next::Believed(verdict) => {
                place(
                    asked,
                    question.place,
                    Asked::Verdict(verdict, question.cost),
                );
            }
            Next::Give(answer) => place(asked, question.place, answer),
            Next::Again { truncated } => again.push(Open {
                truncated,
                ..question
            }),
            Next::Stop(error) => {
                place(asked, question.place, Asked::Wait(None));
                n_refused += 1;
                refused = Some(error);
            }
        }
    }
    if !settled.is_empty() {
        model_calls::settle(conn, &settled).await?;
    }
    match refused {
        // Whatever we ask: key, account or set-up.
        Some(error) if n_refused == n_calls => Err(AskError::Refused(error)),
        Some(error) => {
            tracing::error!(error = %error, "the model's server refused some of a batch");
            Ok(again)
        }
        None => Ok(again),
    }
}

/// Writes down what is about to be asked, and takes its worst cost from the day's budget.
async fn reserve(
    model: &Model,
    conn: &mut PgConnection,
    open: &[Open<'_>],
    max_tokens: u32,
) -> Result<Vec<Reservation>, DbError> {
    let keys: Vec<_> = open.iter().map(|q| q.prompt.key).collect();
    let worst = open
        .iter()
        .map(|q| worst_cost(model, q.prompt, max_tokens))
        .max();
    let terms = Terms {
        model: model.name(),
        call_micros: worst.unwrap_or_default().max(1),
        daily_budget_micros: model.config().daily_budget_micros,
        lease: LEASE,
    };
    let reservations = model_calls::reserve(conn, &keys, terms).await?;
    Ok(reservations)
}

fn place(asked: &mut [Option<Asked>], place: usize, answer: Asked) {
    if let Some(slot) = asked.get_mut(place) {
        *slot = Some(answer);
    }
}

/// What is left for calls, if it is worth beginning one.
fn time_left(deadline: Deadline) -> Option<Duration> {
    deadline
        .remaining()
        .checked_sub(RESERVE + Duration::from_secs(5))
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

/// A token is at least one byte, so no question costs more than its bytes and its longest answer.
fn worst_cost(model: &Model, prompt: &Prompt, max_tokens: u32) -> i64 {
    let bytes = SYSTEM.len() + SCHEMA_TEXT.len() + prompt.user.len() + 200;
    cost(model, u32::try_from(bytes).unwrap_or(u32::MAX), max_tokens)
}
