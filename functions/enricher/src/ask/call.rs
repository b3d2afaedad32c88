//! One paid call, repeated while that costs nothing.

use std::time::Duration;

use backon::{ExponentialBuilder, Retryable};
use shared::{
    clients::model::{Answer, Model, ModelError, Question},
    deadline::Deadline,
};

use crate::{answer::SCHEMA, prompt::Prompt};

/// How long a server that is down or slow is asked again.
const LONGEST_RETRY: Duration = Duration::from_secs(20);
/// No call is repeated with less time left for it.
const SHORTEST_CALL: Duration = Duration::from_secs(2);

/// How a question is put: after an answer that could not be used, in another way.
#[derive(Debug, Clone)]
pub(super) struct Put<'a> {
    pub(super) prompt: &'a Prompt,
    pub(super) max_tokens: u32,
    pub(super) correction: Option<String>,
}

/// A server that is busy or down is asked again for a while, which costs nothing.
pub(super) async fn call(
    model: &Model,
    put: Put<'_>,
    until: Deadline,
) -> Result<Answer, ModelError> {
    let question = Question {
        system: &put.prompt.system,
        user: &put.prompt.user,
        schema_name: "lead_enrichment",
        schema: &SCHEMA,
        max_tokens: put.max_tokens,
        correction: put.correction.as_deref(),
    };
    let time = until.remaining();
    let pauses = pauses(time);
    let once = async || {
        // Cut off here, the call may have been worked on.
        let asking = tokio::time::timeout(until.remaining(), model.ask(&question));
        asking.await.unwrap_or(Err(ModelError::Lost))
    };
    once.retry(pauses)
        .when(|error| match error {
            // Longer than we may wait: the message does.
            ModelError::Throttled { after } => after.is_none_or(|after| after <= time / 2),
            ModelError::Unavailable { .. } => true,
            ModelError::Lost
            | ModelError::Declined { .. }
            | ModelError::Unclear { .. }
            | ModelError::Refuses { .. } => false,
        })
        .adjust(|error, pause| {
            let asked = match error {
                ModelError::Throttled { after } => after.unwrap_or_default(),
                _ => Duration::ZERO,
            };
            // Without time for an answer there is no use in asking, and it might be paid.
            pause
                .map(|pause| pause.max(asked))
                .filter(|pause| until.allows(*pause + SHORTEST_CALL))
        })
        .await
}

/// The pauses between calls; those of two questions or processes are not the same.
fn pauses(time: Duration) -> ExponentialBuilder {
    ExponentialBuilder::default()
        .with_min_delay(Duration::from_millis(250))
        .with_max_delay(Duration::from_secs(4))
        .with_max_times(6)
        .with_total_delay(Some(LONGEST_RETRY.min(time)))
        .with_jitter()
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use backon::BackoffBuilder;

    use super::*;

    #[test]
    fn pauses_of_two_questions_differ() {
        let all: HashSet<Vec<Duration>> = (0..20)
            .map(|_| pauses(Duration::from_secs(50)).build().collect())
            .collect();
        assert!(all.len() > 15, "{all:?}");
    }
}
