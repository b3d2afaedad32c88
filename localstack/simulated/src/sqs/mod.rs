//! SQS: standard queues in memory, over AWS JSON 1.0 and for callers in the same process.
//!
//! The peculiarities of a standard queue can be switched on: duplicates ([`Queue::copies`]), any
//! order ([`Queue::shuffle`]), visibility that ends early ([`Queue::release_all`]), batches of
//! which a part fails and answers that are lost ([`SqsFault`]). No MD5 sums: nothing of ours reads
//! them.

mod behaviour;
mod contents;
mod messages;
mod queue;
mod queues;
mod wire;

use std::time::Duration;

use axum::response::Response;
use serde_json::json;

pub use behaviour::{SqsBehaviour, SqsFault};
pub use contents::{Counts, Delivery, QueueSettings};
pub use queue::Queue;
pub use queues::Sqs;

use crate::net::Breaker;
use wire::{BatchReply, Entry, Refusal, Request, message, ok};

/// Answers an action of the SDK. `origin` is the base of the queues' URLs.
pub(crate) async fn answer(
    sqs: &Sqs,
    breaker: &Breaker,
    origin: &str,
    action: &str,
    body: &[u8],
) -> Response {
    let Ok(request) = serde_json::from_slice::<Request>(body) else {
        return Refusal::PARAMETER.into_response();
    };
    if action == "GetQueueUrl" || action == "CreateQueue" {
        let found = if action == "CreateQueue" {
            Some(sqs.create(&request.queue_name, QueueSettings::default()))
        } else {
            sqs.queue(&request.queue_name)
        };
        return match found {
            Some(queue) => ok(&json!({ "QueueUrl": url(origin, queue.name()) })),
            None => Refusal::NO_QUEUE.into_response(),
        };
    }
    let Some(queue) = sqs.at(&request.queue_url) else {
        return Refusal::NO_QUEUE.into_response();
    };
    let content = String::from_utf8_lossy(body);
    match action {
        "SendMessage" | "SendMessageBatch" => {
            let fault = sqs.behaviour().pick_for_send(&content);
            send(&queue, breaker, fault, action, &request)
        }
        "ChangeMessageVisibility" | "ChangeMessageVisibilityBatch" => {
            let fault = sqs.behaviour().pick_for_hide(&content);
            hide(&queue, breaker, fault, action, &request)
        }
        "DeleteMessage" => {
            queue.delete(&request.receipt_handle);
            ok(&json!({}))
        }
        "DeleteMessageBatch" => batch(&request, None, |entry| {
            queue.delete(&entry.receipt_handle);
            Ok(json!({ "Id": entry.id }))
        }),
        "ReceiveMessage" => receive(&queue, &request).await,
        "GetQueueAttributes" => attributes(&queue),
        "PurgeQueue" => {
            queue.clear();
            ok(&json!({}))
        }
        _ => Refusal::ACTION.into_response(),
    }
}

/// The URL of a queue.
pub(crate) fn url(origin: &str, name: &str) -> String {
    format!("{origin}/000000000000/{name}")
}

fn send(
    queue: &Queue,
    breaker: &Breaker,
    fault: Option<SqsFault>,
    action: &str,
    request: &Request,
) -> Response {
    let one = |body: Option<&str>, delay: Option<i64>| match (body, seconds(delay, 900)) {
        (Some(body), Ok(delay)) => Ok(queue.send(body, delay.unwrap_or_default())),
        _ => Err(Refusal::PARAMETER),
    };
    let partly = fault == Some(SqsFault::SendPartly);
    match fault {
        Some(SqsFault::SendRefused) => return Refusal::INTERNAL.into_response(),
        Some(SqsFault::SendThrottled) => return Refusal::THROTTLED.into_response(),
        Some(SqsFault::SendLost) => return lose(breaker),
        Some(SqsFault::SendPartly) if action == "SendMessage" => {
            return Refusal::INTERNAL.into_response();
        }
        _ => {}
    }
    let response = if action == "SendMessage" {
        match one(request.message_body.as_deref(), request.delay_seconds) {
            Ok(id) => ok(&json!({ "MessageId": id, "MD5OfMessageBody": "" })),
            Err(refusal) => refusal.into_response(),
        }
    } else {
        batch(request, partly.then_some(Refusal::INTERNAL), |entry| {
            let id = one(entry.message_body.as_deref(), entry.delay_seconds)?;
            Ok(json!({ "Id": entry.id, "MessageId": id, "MD5OfMessageBody": "" }))
        })
    };
    if fault == Some(SqsFault::SendAnswerLost) {
        return lose(breaker);
    }
    response
}

fn hide(
    queue: &Queue,
    breaker: &Breaker,
    fault: Option<SqsFault>,
    action: &str,
    request: &Request,
) -> Response {
    let one = |handle: &str, wait: Option<i64>| match seconds(wait, 43_200) {
        Ok(Some(wait)) if queue.hide(handle, wait) => Ok(()),
        Ok(Some(_)) => Err(Refusal::NOT_IN_FLIGHT),
        _ => Err(Refusal::PARAMETER),
    };
    if fault == Some(SqsFault::HideRefused) {
        return Refusal::INTERNAL.into_response();
    }
    let response = if action == "ChangeMessageVisibility" {
        match one(&request.receipt_handle, request.visibility_timeout) {
            Ok(()) => ok(&json!({})),
            Err(refusal) => refusal.into_response(),
        }
    } else {
        let partly = fault == Some(SqsFault::HidePartly);
        batch(request, partly.then_some(Refusal::INTERNAL), |entry| {
            one(&entry.receipt_handle, entry.visibility_timeout)?;
            Ok(json!({ "Id": entry.id }))
        })
    };
    if fault == Some(SqsFault::HideAnswerLost) {
        return lose(breaker);
    }
    response
}

/// Works through the entries of a batch; with `failing`, every second one fails, the first too.
fn batch(
    request: &Request,
    failing: Option<Refusal>,
    mut work: impl FnMut(&Entry) -> Result<serde_json::Value, Refusal>,
) -> Response {
    let entries = &request.entries;
    let repeated = |(n, entry): (usize, &Entry)| entries.iter().take(n).any(|e| e.id == entry.id);
    if entries.is_empty() {
        return Refusal::EMPTY_BATCH.into_response();
    }
    if entries.len() > 10 {
        return Refusal::TOO_MANY.into_response();
    }
    if entries.iter().enumerate().any(repeated) {
        return Refusal::SAME_ID.into_response();
    }
    let mut reply = BatchReply::default();
    for (n, entry) in entries.iter().enumerate() {
        let fails = failing.filter(|_| n % 2 == 0);
        match fails.map_or_else(|| work(entry), Err) {
            Ok(done) => reply.successful.push(done),
            Err(refusal) => reply.failed.push(refusal.entry(&entry.id)),
        }
    }
    ok(&json!(reply))
}

async fn receive(queue: &Queue, request: &Request) -> Response {
    let most = request.max_number_of_messages.unwrap_or(1);
    let Ok(visibility) = seconds(request.visibility_timeout, 43_200) else {
        return Refusal::PARAMETER.into_response();
    };
    if !(1..=10).contains(&most) || request.wait_time_seconds > 20 {
        return Refusal::PARAMETER.into_response();
    }
    let timeout = Duration::from_secs(request.wait_time_seconds);
    let delivered = queue.receive_for(most, timeout, visibility).await;
    let messages: Vec<_> = delivered.iter().map(message).collect();
    ok(&json!({ "Messages": messages }))
}

fn attributes(queue: &Queue) -> Response {
    let counts = queue.counts();
    ok(&json!({ "Attributes": {
        "QueueArn": queue.arn(),
        "ApproximateNumberOfMessages": counts.visible.to_string(),
        "ApproximateNumberOfMessagesNotVisible": counts.in_flight.to_string(),
        "ApproximateNumberOfMessagesDelayed": counts.delayed.to_string(),
        "VisibilityTimeout": queue.visibility().as_secs().to_string(),
    } }))
}

/// A number of seconds within SQS's range, if one was given.
fn seconds(given: Option<i64>, most: u64) -> Result<Option<Duration>, Refusal> {
    let Some(given) = given else { return Ok(None) };
    match u64::try_from(given) {
        Ok(seconds) if seconds <= most => Ok(Some(Duration::from_secs(seconds))),
        _ => Err(Refusal::PARAMETER),
    }
}

fn lose(breaker: &Breaker) -> Response {
    breaker.pull();
    Response::default()
}
