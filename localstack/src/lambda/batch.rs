//! Batches: the event a function gets, and what its answer says about the messages.

use std::collections::HashSet;

use serde_json::{Value, json};
use simulated::{Delivery, Queue};

/// The event of an SQS mapping.
pub(super) fn event(queue: &Queue, batch: &[Delivery]) -> Value {
    let records: Vec<Value> = batch
        .iter()
        .map(|delivery| {
            let mut attributes = json!({
                "ApproximateReceiveCount": delivery.receives.to_string(),
                "SentTimestamp": delivery.sent_ms.to_string(),
                "SenderId": "AIDASIMULATED",
                "ApproximateFirstReceiveTimestamp": delivery.first_received_ms.to_string(),
            });
            if let (Some(source), Some(fields)) =
                (&delivery.dead_letter_source, attributes.as_object_mut())
            {
                fields.insert("DeadLetterQueueSourceArn".to_owned(), json!(source));
            }
            json!({
                "messageId": delivery.message_id,
                "receiptHandle": delivery.receipt_handle,
                "body": delivery.body,
                "attributes": attributes,
                "messageAttributes": {},
                "md5OfBody": "",
                "eventSource": "aws:sqs",
                "eventSourceARN": queue.arn(),
                "awsRegion": "us-east-1",
            })
        })
        .collect();
    json!({ "Records": records })
}

/// Which messages of a batch the function is done with, by `ReportBatchItemFailures`: an answer
/// that Lambda cannot make sense of fails them all.
pub(super) fn done<'a>(batch: &'a [Delivery], answer: Option<&Value>) -> Vec<&'a Delivery> {
    let Some(failed) = answer.and_then(failures) else {
        return Vec::new();
    };
    let known: HashSet<&str> = batch.iter().map(|d| d.message_id.as_str()).collect();
    if failed.iter().any(|id| !known.contains(id)) {
        return Vec::new();
    }
    batch
        .iter()
        .filter(|delivery| !failed.contains(delivery.message_id.as_str()))
        .collect()
}

/// The ids that an answer lists, or none when it is no answer of that kind.
fn failures(answer: &Value) -> Option<HashSet<&str>> {
    let fields = match answer {
        Value::Null => return Some(HashSet::new()),
        Value::Object(fields) if fields.is_empty() => return Some(HashSet::new()),
        Value::Object(fields) => fields,
        Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => return None,
    };
    match fields.get("batchItemFailures")? {
        Value::Null => Some(HashSet::new()),
        Value::Array(items) => items
            .iter()
            .map(|item| {
                item.get("itemIdentifier")?
                    .as_str()
                    .filter(|id| !id.is_empty())
            })
            .collect(),
        Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn delivery(id: &str) -> Delivery {
        Delivery {
            message_id: id.to_owned(),
            receipt_handle: format!("handle-{id}"),
            body: "{}".to_owned(),
            receives: 2,
            sent_ms: 1,
            first_received_ms: 2,
            dead_letter_source: None,
        }
    }

    #[track_caller]
    fn check(answer: &Value, expected: &[&str]) {
        let batch = ["a", "b", "a"].map(delivery);
        let met: Vec<_> = done(&batch, Some(answer))
            .into_iter()
            .map(|delivery| delivery.message_id.as_str())
            .collect();
        assert_eq!(met, expected, "{answer}");
    }

    fn failing(ids: &[Value]) -> Value {
        let items: Vec<_> = ids
            .iter()
            .map(|id| json!({ "itemIdentifier": id }))
            .collect();
        json!({ "batchItemFailures": items })
    }

    #[test]
    fn no_listed_failures_means_all_done() {
        for answer in [
            json!(null),
            json!({}),
            json!({ "batchItemFailures": null }),
            failing(&[]),
        ] {
            check(&answer, &["a", "b", "a"]);
        }
    }

    #[test]
    fn listed_message_is_redelivered_with_its_copies() {
        check(&failing(&[json!("a")]), &["b"]);
        check(&failing(&[json!("b")]), &["a", "a"]);
    }

    #[test]
    fn invalid_answer_fails_the_batch() {
        for answer in [
            json!("ok"),
            json!([]),
            json!({ "batchItemfailures": [] }),
            json!({ "batchItemFailures": "a" }),
            failing(&[json!("unknown")]),
            failing(&[json!("a"), json!("")]),
            failing(&[json!(null)]),
        ] {
            check(&answer, &[]);
        }
        assert!(done(&[delivery("a")], None).is_empty());
    }
}
