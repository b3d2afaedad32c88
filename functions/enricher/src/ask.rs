//! Asks the model about a batch: reserve, call, settle. No question is paid for twice while its answer
//! is known, and every call is on record before it is made (invariant 5).

mod call;

use std::time::Duration;

use call::call;
use futures::future::join_all;
use shared::{
    clients::model::{Answer, Content, Model, ModelError},
    db::{
        DbError, PgConnection,
        enrichment::Task,
        model_calls::{self, Reservation, SettledCall, Terms},
    },
    deadline::Deadline,
    domain::model_calls::CallState,
};

use crate::{
    answer::{self, SCHEMA_TEXT},
    prompt::{Prompt, SYSTEM},
    score::{NoAnswer, NotScored, Scored},
};

/// After this long a call without an outcome counts as lost: longer than an invocation lasts.
const LEASE: Duration = Duration::from_secs(90);
/// Kept for storing what came back.
const RESERVE: Duration = Duration::from_secs(8);
/// No round begins with less time left for it.
const SHORTEST_ROUND: Duration = Duration::from_secs(5);
/// How often a question is asked in one invocation.
const ROUNDS: usize = 2;

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

/// Scores each question, in order, by the model if there is one, which is asked at most twice.
///
/// # Errors
/// When the database fails, or the server refuses all calls of ours. What was paid is kept.
pub(crate) async fn score(
    model: Option<&Model>,
    conn: &mut PgConnection,
    questions: &[Question<'_>],
    deadline: Deadline,
) -> Result<Vec<Result<Scored, NotScored>>, AskError> {
    let mut asked: Vec<Asked<'_>> = questions.iter().map(|q| Asked::new(q, model)).collect();
    let has_time = || deadline.allows(RESERVE + SHORTEST_ROUND);
    if let Some(model) = model {
        for _ in 0..ROUNDS {
            if !has_time() {
                break;
            }
            round(model, conn, &mut asked, deadline).await?;
        }
    }
    let has_time = has_time();
    let scores: Vec<_> = asked
        .into_iter()
        .map(|asked| asked.finish(has_time))
        .collect();
    let over_budget = scores
        .iter()
        .filter(|score| matches!(score, Err(NotScored::NextSweep)))
        .count();
    if over_budget > 0 {
        tracing::warn!(
            leads = over_budget,
            "the day's model budget is used up: leads wait for tomorrow"
        );
    }
    Ok(scores)
}

/// How far the asking of one question has come.
struct Asked<'a> {
    question: &'a Question<'a>,
    /// What its calls have cost, in millionths of a US dollar.
    cost_micros: i64,
    /// Its answer was cut off: the next may be longer.
    truncated: bool,
    score: Option<Result<Scored, NotScored>>,
}

impl<'a> Asked<'a> {
    fn new(question: &'a Question<'a>, model: Option<&Model>) -> Self {
        let mut asked = Self {
            question,
            cost_micros: 0,
            truncated: false,
            score: None,
        };
        let recipient = &question.task.recipient;
        if model.is_none() {
            asked.score_by_rules(NoAnswer::NoModel);
        } else if recipient.suppressed || recipient.erased {
            // The gate refuses them whatever the model would say.
            asked.score_by_rules(NoAnswer::OptedOut);
        }
        asked
    }

    fn score_by_rules(&mut self, why: NoAnswer) {
        self.score = Some(Ok(Scored::by_rules(&self.question.task.lead, why)));
    }

    /// What is open after the last round has had unusable answers, or no time for the next.
    fn finish(mut self, has_time: bool) -> Result<Scored, NotScored> {
        if self.score.is_none() && has_time {
            self.score_by_rules(NoAnswer::Unusable);
        }
        self.score.unwrap_or(Err(NotScored::Retry(None)))
    }

    /// Takes what is known without a call. Gives the attempt to make, if there is one.
    fn take_reservation(&mut self, reservation: Reservation, model: &Model) -> Option<i32> {
        match reservation {
            Reservation::Ask { attempt } => return Some(attempt),
            Reservation::Answered { answer } => match self.validate(&answer, model) {
                Ok(scored) => self.score = Some(Ok(scored)),
                Err(_) => self.score_by_rules(NoAnswer::Unusable),
            },
            Reservation::Refused => self.score_by_rules(NoAnswer::Refused),
            Reservation::Exhausted => self.score_by_rules(NoAnswer::Unusable),
            Reservation::Busy => self.score = Some(Err(NotScored::Retry(Some(LEASE)))),
            Reservation::OverBudget => self.score = Some(Err(NotScored::NextSweep)),
        }
        None
    }

    fn validate(&self, text: &str, model: &Model) -> Result<Scored, answer::InvalidAnswer> {
        let offer = &self.question.task.campaign.offer;
        let scored = answer::validate(text, &self.question.prompt.shown, offer)?;
        Ok(Scored {
            model: Some(model.name().to_owned()),
            cost_micros: self.cost_micros,
            ..scored
        })
    }

    /// Takes the end of a call. Gives what is to be kept of it, and why all calls may be refused.
    fn take_reply(
        &mut self,
        attempt: i32,
        reply: Result<Answer, ModelError>,
        model: &Model,
        max_tokens: u32,
    ) -> (SettledCall, Option<ModelError>) {
        let usage = reply
            .as_ref()
            .ok()
            .map(|a| (a.input_tokens, a.output_tokens));
        let worst = worst_cost(model, &self.question.prompt, max_tokens);
        let paid = match usage {
            Some((input, output)) if input + output > 0 => cost(model, input, output),
            // It is not known what it cost: what was reserved.
            _ => worst,
        };
        let (mut kept, mut refusal) = (None, None);
        let mut cost_micros = 0;
        let state = match reply {
            Ok(answer) => {
                cost_micros = paid;
                self.cost_micros += paid;
                let (state, text) = self.take_content(answer.content, model);
                kept = text;
                state
            }
            Err(ModelError::Lost) => {
                cost_micros = paid;
                self.cost_micros += paid;
                CallState::Lost
            }
            Err(error) => {
                refusal = self.take_failure(error);
                CallState::Failed
            }
        };
        let (input, output) = usage.unwrap_or_default();
        let settled = SettledCall {
            key: self.question.prompt.key,
            attempt,
            state,
            answer: kept,
            input_tokens: i32::try_from(input).unwrap_or(i32::MAX),
            output_tokens: i32::try_from(output).unwrap_or(i32::MAX),
            cost_micros,
        };
        (settled, refusal)
    }

    /// Takes a paid answer. What is unusable stays open for another round.
    fn take_content(&mut self, content: Content, model: &Model) -> (CallState, Option<String>) {
        match content {
            Content::Refused => {
                self.score_by_rules(NoAnswer::Refused);
                (CallState::Refused, None)
            }
            Content::Truncated => {
                self.truncated = true;
                (CallState::Unusable, None)
            }
            Content::Unusable => (CallState::Unusable, None),
            Content::Text(text) => match self.validate(&text, model) {
                Ok(scored) => {
                    self.score = Some(Ok(scored));
                    (CallState::Answered, Some(text))
                }
                Err(invalid) => {
                    tracing::warn!(reason = %invalid, "an answer of the model is not valid");
                    (CallState::Unusable, None)
                }
            },
        }
    }

    /// Takes a call that cost nothing. Gives the error if it is not about this question alone.
    fn take_failure(&mut self, error: ModelError) -> Option<ModelError> {
        match error {
            ModelError::Throttled { after } => self.score = Some(Err(NotScored::Retry(after))),
            ModelError::Unavailable { .. } => self.score_by_rules(NoAnswer::Unavailable),
            ModelError::Declined { code } => {
                tracing::warn!(code, "the model's server does not take a question");
                self.score_by_rules(NoAnswer::Unusable);
            }
            ModelError::Refuses { .. } | ModelError::Lost => {
                self.score = Some(Err(NotScored::Retry(None)));
                return Some(error);
            }
        }
        None
    }
}

/// One round: what is known is taken, and what may be asked is asked.
async fn round(
    model: &Model,
    conn: &mut PgConnection,
    asked: &mut [Asked<'_>],
    deadline: Deadline,
) -> Result<(), AskError> {
    let open: Vec<&mut Asked<'_>> = asked.iter_mut().filter(|a| a.score.is_none()).collect();
    if open.is_empty() {
        return Ok(());
    }
    let max_tokens = match open.iter().any(|asked| asked.truncated) {
        true => model.config().max_tokens.saturating_mul(2),
        false => model.config().max_tokens,
    };
    let reservations = reserve(model, conn, &open, max_tokens).await?;
    let calls: Vec<_> = open
        .into_iter()
        .zip(reservations)
        .filter_map(|(asked, reservation)| {
            let attempt = asked.take_reservation(reservation, model)?;
            Some((asked, attempt))
        })
        .collect();
    if calls.is_empty() {
        return Ok(());
    }
    let until = Deadline::within(deadline.remaining().saturating_sub(RESERVE));
    let replies = join_all(calls.iter().map(|(asked, _)| {
        let prompt = &asked.question.prompt;
        call(model, prompt, max_tokens, until)
    }))
    .await;
    let (settled, refusals): (Vec<_>, Vec<_>) = calls
        .into_iter()
        .zip(replies)
        .map(|((asked, attempt), reply)| asked.take_reply(attempt, reply, model, max_tokens))
        .unzip();
    model_calls::settle(conn, &settled).await?;
    let mut refusals: Vec<_> = refusals.into_iter().flatten().collect();
    let all = refusals.len() == settled.len();
    match refusals.pop() {
        // Whatever we ask: key, account or set-up.
        Some(error) if all => Err(AskError::Refused(error)),
        Some(error) => {
            tracing::error!(%error, "the model's server refused some calls of a batch");
            Ok(())
        }
        None => Ok(()),
    }
}

/// Writes down what is about to be asked, and takes its worst cost from the day's budget.
async fn reserve(
    model: &Model,
    conn: &mut PgConnection,
    open: &[&mut Asked<'_>],
    max_tokens: u32,
) -> Result<Vec<Reservation>, DbError> {
    let keys: Vec<_> = open.iter().map(|asked| asked.question.prompt.key).collect();
    let worst = open
        .iter()
        .map(|asked| worst_cost(model, &asked.question.prompt, max_tokens))
        .max();
    let terms = Terms {
        model: model.name(),
        call_micros: worst.unwrap_or_default().max(1),
        daily_budget_micros: model.config().daily_budget_micros,
        lease: LEASE,
    };
    model_calls::reserve(conn, &keys, terms).await
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
