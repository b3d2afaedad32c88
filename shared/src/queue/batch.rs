//! A batch of SQS messages: each body is read by itself, each message is answered by itself.
//!
//! ```text
//! let batch = Batch::decode(messages);
//! let settled = work(&batch.ids()).await?;
//! let answer = batch.settle(&settled);
//! quarantine::insert(conn, queue.name(), answer.poison()).await?;
//! answer.finish(&queue).await
//! ```
//!
//! An error on the way fails the invocation: SQS delivers the batch again, later and later, which is
//! what a failing dependency needs.

use std::{collections::HashMap, fmt, time::Duration};

use aws_lambda_events::sqs::{SqsBatchResponse, SqsMessage};
use sha2::{Digest, Sha256};

use super::{Queue, backoff};
use crate::messages::{self, Poison};

/// How the work on one row ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Settled {
    /// The message has done its work, whatever the outcome.
    Done,
    /// Deliver it again, not before `after` if the other side asked for that.
    Retry { after: Option<Duration> },
    /// Never deliver it again: quarantined with this reason, which holds no personal data.
    Poison(String),
}

/// The messages of one delivery, read as `T` each.
#[derive(Debug)]
pub struct Batch<T> {
    deliveries: Vec<Delivery<T>>,
}

#[derive(Debug)]
struct Delivery<T> {
    message_id: String,
    receipt_handle: Option<String>,
    receives: u32,
    content: Result<T, Unreadable>,
    payload_hash: [u8; 32],
}

/// A body that could not be read, as it came: it may hold personal data, so it is never printed.
#[derive(Clone, PartialEq, Eq)]
struct Unreadable {
    reason: String,
    body: String,
}

impl fmt::Debug for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.reason)
    }
}

impl<T> Batch<T> {
    /// Reads each body by itself; what cannot be read ends in quarantine.
    pub fn read<E: fmt::Display>(
        messages: Vec<SqsMessage>,
        read: impl Fn(&str) -> Result<T, E>,
    ) -> Self {
        let deliveries = messages.into_iter().map(|message| {
            let body = message.body.unwrap_or_default();
            let receives = message.attributes.get("ApproximateReceiveCount");
            let payload_hash = Sha256::digest(body.as_bytes()).into();
            Delivery {
                // SQS always gives an id. The empty one fails the whole batch, which is safe.
                message_id: message.message_id.unwrap_or_default(),
                receipt_handle: message.receipt_handle,
                receives: receives.and_then(|n| n.parse().ok()).unwrap_or(1),
                content: read(&body).map_err(|invalid| Unreadable {
                    reason: invalid.to_string(),
                    body,
                }),
                payload_hash,
            }
        });
        Self {
            deliveries: deliveries.collect(),
        }
    }

    /// Everything that could be read, and the answer once all of it has been dealt with.
    pub fn split(self) -> (Vec<T>, Answer) {
        let mut contents = Vec::new();
        let answer = self.answer(|content| {
            contents.push(content);
            Settled::Done
        });
        (contents, answer)
    }

    fn answer(self, mut settle: impl FnMut(T) -> Settled) -> Answer {
        let mut answer = Answer::default();
        for delivery in self.deliveries {
            let outcome = match delivery.content {
                Ok(content) => settle(content),
                Err(Unreadable { reason, body }) => {
                    answer.unreadable.push((delivery.message_id.clone(), body));
                    Settled::Poison(reason)
                }
            };
            match outcome {
                Settled::Done => {}
                Settled::Retry { after } => {
                    if let Some(handle) = delivery.receipt_handle {
                        let delay = backoff(delivery.receives, after);
                        answer.delays.push((handle, delay));
                    }
                    answer.failures.push(delivery.message_id);
                }
                Settled::Poison(reason) => answer.poison.push(Poison {
                    message_id: delivery.message_id,
                    reason,
                    payload_hash: delivery.payload_hash,
                }),
            }
        }
        answer
    }
}

impl Batch<i64> {
    /// Reads messages of our own, which carry the id of a row.
    pub fn decode(messages: Vec<SqsMessage>) -> Self {
        Self::read(messages, messages::decode)
    }

    /// The distinct ids, sorted.
    pub fn ids(&self) -> Vec<i64> {
        let contents = self.deliveries.iter().map(|d| d.content.as_ref());
        let mut ids: Vec<i64> = contents.filter_map(Result::ok).copied().collect();
        ids.sort_unstable();
        ids.dedup();
        ids
    }

    /// The answer to each message. One whose row was not settled comes again.
    pub fn settle(self, settled: &HashMap<i64, Settled>) -> Answer {
        self.answer(|id| {
            let known = settled.get(&id).cloned();
            known.unwrap_or(Settled::Retry { after: None })
        })
    }
}

/// The answer to SQS about a batch.
#[derive(Default)]
#[must_use = "the messages come again unless the batch is answered"]
pub struct Answer {
    failures: Vec<String>,
    delays: Vec<(String, Duration)>,
    poison: Vec<Poison>,
    /// Bodies that could not be read, by SQS's id.
    unreadable: Vec<(String, String)>,
}

impl Answer {
    /// What must be in quarantine before the batch is answered.
    pub fn poison(&self) -> &[Poison] {
        &self.poison
    }

    /// Keeps each body that could not be read in the dead-letter queue, from where it can be moved back
    /// once the function can read it. One that cannot be kept comes again.
    pub async fn keep_unreadable(&mut self, dead_letters: &Queue) {
        for (message_id, body) in std::mem::take(&mut self.unreadable) {
            // SQS delivers no empty body and takes none.
            if !body.is_empty() && !dead_letters.keep(&body).await {
                self.failures.push(message_id);
            }
        }
    }

    /// Delays what comes again, and reports which messages those are.
    pub async fn finish(self, queue: &Queue) -> SqsBatchResponse {
        for poison in &self.poison {
            tracing::error!(
                message.id = poison.message_id,
                reason = poison.reason,
                "quarantined a message"
            );
        }
        queue.delay(&self.delays).await;
        let mut response = SqsBatchResponse::default();
        for message_id in self.failures {
            response.add_failure(message_id);
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(id: &str, body: &str, receives: &str) -> SqsMessage {
        let mut message = SqsMessage::default();
        message.message_id = Some(id.to_owned());
        message.receipt_handle = Some(format!("handle-{id}"));
        message.body = Some(body.to_owned());
        message
            .attributes
            .insert("ApproximateReceiveCount".to_owned(), receives.to_owned());
        message
    }

    #[test]
    fn batch_answers_each_message_by_itself() {
        let batch = Batch::decode(vec![
            message("done", r#"{"v":1,"id":1}"#, "1"),
            message("later", r#"{"v":1,"id":2}"#, "2"),
            message("twice", r#"{"v":1,"id":1}"#, "1"),
            message("gone", r#"{"v":1,"id":3}"#, "1"),
            message("junk", "junk", "1"),
            message("unsettled", r#"{"v":1,"id":4}"#, "1"),
        ]);
        assert_eq!(batch.ids(), [1, 2, 3, 4]);
        let after = Some(Duration::from_secs(90));
        let answer = batch.settle(&HashMap::from([
            (1, Settled::Done),
            (2, Settled::Retry { after }),
            (3, Settled::Poison("no such lead".to_owned())),
        ]));
        assert_eq!(answer.failures, ["later", "unsettled"]);
        let delay = |id: &str, seconds| (format!("handle-{id}"), Duration::from_secs(seconds));
        assert_eq!(answer.delays, [delay("later", 90), delay("unsettled", 30)]);
        let poison: Vec<_> = answer
            .poison()
            .iter()
            .map(|p| (p.message_id.as_str(), p.reason.as_str()))
            .collect();
        assert_eq!(
            poison,
            [
                ("gone", "no such lead"),
                ("junk", "the body is not a message of ours")
            ]
        );
    }

    #[test]
    fn split_batch_quarantines_only_unreadable_bodies() {
        let messages = vec![message("good", "7", "1"), message("bad", "x", "1")];
        let batch = Batch::read(messages, str::parse::<u8>);
        let (contents, answer) = batch.split();
        assert_eq!(contents, [7]);
        assert_eq!(answer.failures, [""; 0]);
        assert_eq!(answer.poison().len(), 1);
    }
}
