//! One call, repeated while that costs nothing, and what its end means.

use std::time::Duration;

use backon::{ExponentialBuilder, Retryable};
use shared::{
    clients::model::{Answer, Content, Model, ModelError, Question},
    deadline::Deadline,
    domain::model_calls::CallState,
};

use super::{Asked, Open, Unanswered};
use crate::verdict::{self, Verdict};

/// How long a server that is down or slow is asked again.
const PATIENCE: Duration = Duration::from_secs(20);
/// No call is repeated with less time left for it.
const WORTHWHILE: Duration = Duration::from_secs(2);

/// One paid call; a server that is busy or down is asked again for a while, which costs nothing.
pub(super) async fn call(
    model: &Model,
    question: Question<'_>,
    until: Deadline,
) -> Result<Answer, ModelError> {
    let left = || until.remaining();
    let patience = left();
    let pauses = ExponentialBuilder::default()
        .with_min_delay(Duration::from_millis(250))
        .with_max_delay(Duration::from_secs(4))
        .with_max_times(6)
        .with_total_delay(Some(PATIENCE.min(patience)))
        .with_jitter();
    let once = async || {
        // Cut off here, the call may have been worked on.
        let asking = tokio::time::timeout(left(), model.ask(&question));
        asking.await.unwrap_or(Err(ModelError::Lost))
    };
    let answer = once
        .retry(pauses)
        .when(|error| match error {
            // Longer than we may wait: the message does.
            ModelError::Throttled { after } => after.is_none_or(|after| after <= patience / 2),
            ModelError::Unavailable { .. } => true,
            ModelError::Lost | ModelError::Declined { .. } | ModelError::Refuses { .. } => false,
        })
        .adjust(|error, pause| {
            let asked = match error {
                ModelError::Throttled { after } => after.unwrap_or_default(),
                _ => Duration::ZERO,
            };
            // Without time for an answer there is no use in asking, and it might be paid.
            pause
                .map(|pause| pause.max(asked))
                .filter(|pause| *pause + WORTHWHILE <= left())
        })
        .await;
    answer
}

/// What one call came to.
pub(super) struct CallEnd {
    pub(super) state: CallState,
    pub(super) answer: Option<String>,
    pub(super) usage: Option<(u32, u32)>,
    pub(super) next: Next,
}

/// What follows for the question.
pub(super) enum Next {
    Believed(Box<Verdict>),
    Give(Asked),
    Again { truncated: bool },
    Stop(ModelError),
}

/// What the call came to, and what follows.
pub(super) fn ended(question: &Open<'_>, answer: Result<Answer, ModelError>) -> CallEnd {
    let unpaid = |next| CallEnd {
        state: CallState::Failed,
        answer: None,
        usage: None,
        next,
    };
    let answer = match answer {
        Ok(answer) => answer,
        Err(ModelError::Throttled { after }) => return unpaid(Next::Give(Asked::Wait(after))),
        Err(ModelError::Unavailable { .. }) => {
            return unpaid(Next::Give(Asked::Unanswered(Unanswered::Unavailable)));
        }
        Err(ModelError::Declined { code }) => {
            tracing::warn!(code, "the model's server does not take this question");
            return unpaid(Next::Give(Asked::Unanswered(Unanswered::Unusable)));
        }
        Err(error @ ModelError::Refuses { .. }) => return unpaid(Next::Stop(error)),
        Err(ModelError::Lost) => {
            let next = Next::Again { truncated: false };
            return CallEnd {
                state: CallState::Lost,
                answer: None,
                usage: None,
                next,
            };
        }
    };
    let usage = Some((answer.input_tokens, answer.output_tokens));
    let unusable = |truncated| CallEnd {
        state: CallState::Unusable,
        answer: None,
        usage,
        next: Next::Again { truncated },
    };
    match answer.content {
        Content::Refused => CallEnd {
            state: CallState::Refused,
            answer: None,
            usage,
            next: Next::Give(Asked::Unanswered(Unanswered::Refused)),
        },
        Content::Truncated => unusable(true),
        Content::Unusable => unusable(false),
        Content::Text(text) => {
            match verdict::believe(&text, &question.prompt.shown, question.offer) {
                Ok(verdict) => CallEnd {
                    state: CallState::Answered,
                    answer: Some(text),
                    usage,
                    next: Next::Believed(Box::new(verdict)),
                },
                Err(disbelief) => {
                    tracing::warn!(why = %disbelief, "an answer of the model is not believed");
                    unusable(false)
                }
            }
        }
    }
}
