//! One SQS queue of ours.

use std::time::Duration;

use aws_sdk_sqs::{
    Client,
    types::{ChangeMessageVisibilityBatchRequestEntry, SendMessageBatchRequestEntry},
};

use crate::messages;

/// SQS takes ten entries a request.
const ENTRIES: usize = 10;

/// The longest that SQS holds a message back.
pub const LONGEST_DELAY: Duration = Duration::from_secs(900);

/// A queue to publish to, or whose messages are delayed.
#[derive(Debug, Clone)]
pub struct Queue {
    client: Client,
    url: String,
}

/// Some messages did not reach the queue. The rows say so themselves: the next sweep finds them.
#[derive(Debug, thiserror::Error)]
#[error("{missing} of {total} messages did not reach the queue; the next sweep publishes them")]
pub struct PublishError {
    /// How many are missing.
    pub missing: usize,
    /// How many there were.
    pub total: usize,
}

impl Queue {
    /// The queue at `url`.
    pub fn new(client: Client, url: String) -> Self {
        Self { client, url }
    }

    /// Another queue of the same account.
    #[must_use]
    pub fn beside(&self, url: String) -> Self {
        Self::new(self.client.clone(), url)
    }

    /// Its name, for the quarantine and the log.
    pub fn name(&self) -> &str {
        self.url.rsplit('/').next().unwrap_or(&self.url)
    }

    /// Says "look at this row" for each id, after the rows were committed (invariant 3).
    ///
    /// # Errors
    /// When some could not be published. Publishing may repeat, never skip: the caller logs it.
    pub async fn publish(&self, ids: &[i64]) -> Result<(), PublishError> {
        let now: Vec<_> = ids.iter().map(|id| (*id, Duration::ZERO)).collect();
        self.publish_later(&now).await
    }

    /// Says it after a while, rounded up to whole seconds; at most [`LONGEST_DELAY`].
    ///
    /// # Errors
    /// As [`Queue::publish`].
    pub async fn publish_later(&self, delayed: &[(i64, Duration)]) -> Result<(), PublishError> {
        let mut missing = 0;
        for chunk in delayed.chunks(ENTRIES) {
            missing += self.publish_chunk(chunk).await;
        }
        if missing == 0 {
            Ok(())
        } else {
            Err(PublishError {
                missing,
                total: delayed.len(),
            })
        }
    }

    /// How many of the chunk did not get through. A reply can be 200 and list failures.
    async fn publish_chunk(&self, delayed: &[(i64, Duration)]) -> usize {
        let entries = delayed.iter().map(|(id, delay)| {
            let seconds = delay.min(&LONGEST_DELAY).as_secs_f64().ceil();
            SendMessageBatchRequestEntry::builder()
                .id(format!("row-{id}"))
                .message_body(messages::encode(*id))
                .set_delay_seconds((seconds > 0.0).then(|| whole(seconds)))
                .build()
        });
        let Ok(entries) = entries.collect::<Result<Vec<_>, _>>() else {
            return delayed.len();
        };
        let request = self.client.send_message_batch().queue_url(&self.url);
        match request.set_entries(Some(entries)).send().await {
            Ok(reply) => reply.failed().len(),
            Err(error) => {
                let error = crate::telemetry::chain(&error);
                tracing::warn!(queue = self.name(), error, "could not publish to the queue");
                delayed.len()
            }
        }
    }

    /// Sends a body as it is: into a dead-letter queue, so that it is not lost. Gives whether it got there.
    pub(super) async fn keep(&self, body: &str) -> bool {
        let request = self.client.send_message().queue_url(&self.url);
        let sent = request.message_body(body).send().await;
        if let Err(error) = &sent {
            let error = crate::telemetry::chain(error);
            tracing::error!(
                queue = self.name(),
                error,
                "could not keep a message that cannot be read"
            );
        }
        sent.is_ok()
    }

    /// Hides deliveries for as long as they should wait. A delay that fails only means that the
    /// message comes back when its visibility timeout ends.
    pub async fn delay(&self, delays: &[(String, Duration)]) {
        for chunk in delays.chunks(ENTRIES) {
            let entries = chunk.iter().enumerate().map(|(n, (handle, wait))| {
                ChangeMessageVisibilityBatchRequestEntry::builder()
                    .id(n.to_string())
                    .receipt_handle(handle)
                    .visibility_timeout(i32::try_from(wait.as_secs()).unwrap_or(i32::MAX))
                    .build()
            });
            let Ok(entries) = entries.collect::<Result<Vec<_>, _>>() else {
                continue;
            };
            let request = self
                .client
                .change_message_visibility_batch()
                .queue_url(&self.url);
            if let Err(error) = request.set_entries(Some(entries)).send().await {
                let error = crate::telemetry::chain(&error);
                tracing::warn!(queue = self.name(), error, "could not delay messages");
            }
        }
    }
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "at most the longest delay, in whole seconds"
)]
fn whole(seconds: f64) -> i32 {
    seconds as i32
}
