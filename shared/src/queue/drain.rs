//! The one loop over an SQS batch.

use std::{collections::HashMap, fmt, time::Duration};

use aws_lambda_events::sqs::{SqsBatchResponse, SqsMessage};
use sha2::{Digest, Sha256};

use super::{Queue, backoff};
use crate::messages;

/// How the work on one row ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Settled {
    /// Whatever the outcome, the message has done its work.
    Done,
    /// Deliver it again, not before `after` if that is given.
    Retry {
        /// What the other side asked for.
        after: Option<Duration>,
    },
    /// Never deliver it again: quarantined with this reason. No personal data.
    Poison(String),
}

/// A message for the quarantine. Only a hash of its body is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Poison {
    /// SQS's id.
    pub message_id: String,
    /// What is wrong with it.
    pub reason: String,
    /// SHA-256 of the body.
    pub payload_hash: [u8; 32],
}

/// Works through a batch: decodes each body by itself, hands the distinct row ids to `work`,
/// quarantines what can never go, and answers which messages come again and when.
///
/// Poison is acknowledged only after `quarantine` has stored it. An `Err` of `work` fails the
/// invocation: SQS delivers the batch again, later and later, which is what a failing dependency
/// needs.
///
/// # Errors
/// What `work` or `quarantine` returned.
pub async fn drain<E>(
    queue: &Queue,
    batch: Vec<SqsMessage>,
    work: impl AsyncFnOnce(&[i64]) -> Result<HashMap<i64, Settled>, E>,
    quarantine: impl AsyncFnOnce(&[Poison]) -> Result<(), E>,
) -> Result<SqsBatchResponse, E> {
    let deliveries: Vec<_> = batch
        .into_iter()
        .map(|message| Delivery::read(message, messages::decode))
        .collect();
    let mut ids: Vec<i64> = deliveries
        .iter()
        .filter_map(|d| d.content.as_ref().ok().copied())
        .collect();
    ids.sort_unstable();
    ids.dedup();

    let mut settled = if ids.is_empty() {
        HashMap::new()
    } else {
        work(&ids).await?
    };
    finish(queue, answer(deliveries, &mut settled), quarantine).await
}

/// Works through a batch whose bodies are not ours: `read` reads each by itself, `work` gets what was
/// read and settles all of it or none; what cannot be read is quarantined.
///
/// # Errors
/// What `work` or `quarantine` returned.
pub async fn drain_foreign<T, P: fmt::Display, E>(
    queue: &Queue,
    batch: Vec<SqsMessage>,
    read: impl Fn(&str) -> Result<T, P>,
    work: impl AsyncFnOnce(Vec<T>) -> Result<(), E>,
    quarantine: impl AsyncFnOnce(&[Poison]) -> Result<(), E>,
) -> Result<SqsBatchResponse, E> {
    let mut plan = Answer::default();
    let mut contents = Vec::with_capacity(batch.len());
    for message in batch {
        let delivery = Delivery::read(message, &read);
        match delivery.content {
            Ok(content) => contents.push(content),
            Err(invalid) => plan.poison.push(Poison {
                message_id: delivery.message_id,
                reason: invalid.to_string(),
                payload_hash: delivery.payload_hash,
            }),
        }
    }
    if !contents.is_empty() {
        work(contents).await?;
    }
    finish(queue, plan, quarantine).await
}

/// Quarantines, delays and answers.
async fn finish<E>(
    queue: &Queue,
    plan: Answer,
    quarantine: impl AsyncFnOnce(&[Poison]) -> Result<(), E>,
) -> Result<SqsBatchResponse, E> {
    if !plan.poison.is_empty() {
        quarantine(&plan.poison).await?;
        for poison in &plan.poison {
            tracing::error!(
                message.id = poison.message_id,
                reason = poison.reason,
                "quarantined a message"
            );
        }
    }
    queue.delay(&plan.delays).await;

    let mut response = SqsBatchResponse::default();
    for message_id in plan.failures {
        response.add_failure(message_id);
    }
    Ok(response)
}

struct Delivery<T, P> {
    message_id: String,
    receipt_handle: Option<String>,
    receives: u32,
    content: Result<T, P>,
    payload_hash: [u8; 32],
}

impl<T, P> Delivery<T, P> {
    fn read(message: SqsMessage, read: impl Fn(&str) -> Result<T, P>) -> Self {
        let body = message.body.unwrap_or_default();
        let receives = message.attributes.get("ApproximateReceiveCount");
        Self {
            // SQS always gives an id; without one the answer below fails the whole batch, which
            // is the safe side.
            message_id: message.message_id.unwrap_or_default(),
            receipt_handle: message.receipt_handle,
            receives: receives.and_then(|n| n.parse().ok()).unwrap_or(1),
            content: read(&body),
            payload_hash: Sha256::digest(body.as_bytes()).into(),
        }
    }
}

#[derive(Debug, Default, PartialEq, Eq)]
struct Answer {
    failures: Vec<String>,
    delays: Vec<(String, Duration)>,
    poison: Vec<Poison>,
}

/// What becomes of each message. A row that `work` did not answer for comes again.
fn answer(
    deliveries: Vec<Delivery<i64, messages::InvalidMessage>>,
    settled: &mut HashMap<i64, Settled>,
) -> Answer {
    let mut answer = Answer::default();
    for delivery in deliveries {
        let Delivery {
            message_id,
            receipt_handle,
            receives,
            content,
            payload_hash,
        } = delivery;
        let outcome = match content {
            Ok(id) => settled
                .get(&id)
                .cloned()
                .unwrap_or(Settled::Retry { after: None }),
            Err(invalid) => Settled::Poison(invalid.to_string()),
        };
        match outcome {
            Settled::Done => {}
            Settled::Retry { after } => {
                if let Some(handle) = receipt_handle {
                    answer.delays.push((handle, backoff(receives, after)));
                }
                answer.failures.push(message_id);
            }
            Settled::Poison(reason) => {
                answer.poison.push(Poison {
                    message_id,
                    reason,
                    payload_hash,
                });
            }
        }
    }
    answer
}

#[cfg(test)]
mod tests {
    use super::*;

    fn delivery(id: &str, body: &str, receives: &str) -> Delivery<i64, messages::InvalidMessage> {
        let mut message = SqsMessage::default();
        message.message_id = Some(id.to_owned());
        message.receipt_handle = Some(format!("handle-{id}"));
        message.body = Some(body.to_owned());
        message
            .attributes
            .insert("ApproximateReceiveCount".to_owned(), receives.to_owned());
        Delivery::read(message, messages::decode)
    }

    #[test]
    fn each_message_is_answered_by_itself() {
        let deliveries = vec![
            delivery("done", r#"{"v":1,"id":1}"#, "1"),
            delivery("later", r#"{"v":1,"id":2}"#, "2"),
            delivery("twice", r#"{"v":1,"id":1}"#, "1"),
            delivery("gone", r#"{"v":1,"id":3}"#, "1"),
            delivery("junk", "junk", "1"),
            delivery("unanswered", r#"{"v":1,"id":4}"#, "1"),
        ];
        let mut settled = HashMap::from([
            (1, Settled::Done),
            (
                2,
                Settled::Retry {
                    after: Some(Duration::from_secs(90)),
                },
            ),
            (3, Settled::Poison("no such lead".to_owned())),
        ]);
        let answer = answer(deliveries, &mut settled);
        assert_eq!(answer.failures, ["later", "unanswered"]);
        let delay = |id: &str, seconds| (format!("handle-{id}"), Duration::from_secs(seconds));
        assert_eq!(answer.delays, [delay("later", 90), delay("unanswered", 30)]);
        let poison: Vec<_> = answer
            .poison
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
}
