//! SQS's wire format: AWS JSON 1.0, as the SDK speaks it.

use std::collections::BTreeMap;

use axum::http::StatusCode;
use axum::response::Response;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::contents::Delivery;
use crate::http;

const MEDIA_TYPE: &str = "application/x-amz-json-1.0";

/// Every field that a request of ours may carry; each action reads its own.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct Request {
    pub(super) queue_name: String,
    pub(super) queue_url: String,
    pub(super) message_body: Option<String>,
    pub(super) delay_seconds: Option<i64>,
    pub(super) receipt_handle: String,
    pub(super) visibility_timeout: Option<i64>,
    pub(super) max_number_of_messages: Option<usize>,
    pub(super) wait_time_seconds: u64,
    pub(super) entries: Vec<Entry>,
}

/// One entry of a batch.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct Entry {
    pub(super) id: String,
    pub(super) message_body: Option<String>,
    pub(super) delay_seconds: Option<i64>,
    pub(super) receipt_handle: String,
    pub(super) visibility_timeout: Option<i64>,
}

/// An error in SQS's format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Refusal {
    pub(super) status: u16,
    pub(super) code: &'static str,
    /// What the older query protocol calls it; the SDK prefers this name.
    pub(super) query_code: &'static str,
    pub(super) message: &'static str,
}

impl Refusal {
    pub(super) const NO_QUEUE: Self = Self {
        status: 400,
        code: "QueueDoesNotExist",
        query_code: "AWS.SimpleQueueService.NonExistentQueue",
        message: "The specified queue does not exist.",
    };
    pub(super) const INTERNAL: Self = Self {
        status: 500,
        code: "InternalFailure",
        query_code: "InternalFailure",
        message: "The request failed because of an unknown error.",
    };
    pub(super) const THROTTLED: Self = Self {
        status: 400,
        code: "RequestThrottled",
        query_code: "RequestThrottled",
        message: "The request was denied due to request throttling.",
    };
    pub(super) const EMPTY_BATCH: Self = Self {
        status: 400,
        code: "EmptyBatchRequest",
        query_code: "AWS.SimpleQueueService.EmptyBatchRequest",
        message: "There should be at least one entry in the request.",
    };
    pub(super) const TOO_MANY: Self = Self {
        status: 400,
        code: "TooManyEntriesInBatchRequest",
        query_code: "AWS.SimpleQueueService.TooManyEntriesInBatchRequest",
        message: "Maximum number of entries per request are 10.",
    };
    pub(super) const SAME_ID: Self = Self {
        status: 400,
        code: "BatchEntryIdsNotDistinct",
        query_code: "AWS.SimpleQueueService.BatchEntryIdsNotDistinct",
        message: "Two or more batch entries in the request have the same Id.",
    };
    pub(super) const NOT_IN_FLIGHT: Self = Self {
        status: 400,
        code: "MessageNotInflight",
        query_code: "AWS.SimpleQueueService.MessageNotInflight",
        message: "The specified message is not in flight.",
    };
    pub(super) const PARAMETER: Self = Self {
        status: 400,
        code: "InvalidParameterValue",
        query_code: "InvalidParameterValue",
        message: "A value of the request is out of its range.",
    };
    pub(super) const ACTION: Self = Self {
        status: 400,
        code: "UnsupportedOperation",
        query_code: "AWS.SimpleQueueService.UnsupportedOperation",
        message: "The stand-in does not know this action.",
    };

    pub(super) fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let body = json!({
            "__type": format!("com.amazonaws.sqs#{}", self.code), "message": self.message,
        });
        let mut response = http::json(status, MEDIA_TYPE, &body);
        let at_fault = if self.status < 500 {
            "Sender"
        } else {
            "Receiver"
        };
        http::set(
            &mut response,
            "x-amzn-query-error",
            &format!("{};{at_fault}", self.query_code),
        );
        response
    }

    /// As an entry of a batch's list of failures.
    pub(super) fn entry(self, id: &str) -> Value {
        json!({
            "Id": id, "SenderFault": self.status < 500, "Code": self.code,
            "Message": self.message,
        })
    }
}

/// What became of a batch: 200, whatever the entries say.
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct BatchReply {
    pub(super) successful: Vec<Value>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) failed: Vec<Value>,
}

pub(super) fn ok(body: &Value) -> Response {
    http::json(StatusCode::OK, MEDIA_TYPE, body)
}

pub(super) fn message(delivery: &Delivery) -> Value {
    let mut attributes: BTreeMap<&str, String> = BTreeMap::from([
        ("ApproximateReceiveCount", delivery.receives.to_string()),
        ("SentTimestamp", delivery.sent_ms.to_string()),
        (
            "ApproximateFirstReceiveTimestamp",
            delivery.first_received_ms.to_string(),
        ),
        ("SenderId", "AIDASIMULATED".to_owned()),
    ]);
    if let Some(source) = &delivery.dead_letter_source {
        attributes.insert("DeadLetterQueueSourceArn", source.clone());
    }
    json!({
        "MessageId": delivery.message_id, "ReceiptHandle": delivery.receipt_handle,
        "Body": delivery.body, "Attributes": attributes,
    })
}
