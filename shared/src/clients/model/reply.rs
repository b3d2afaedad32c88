//! What the model's server answers, read tolerantly: new fields and words break nothing.

use std::time::Duration;

use reqwest::{Response, header::RETRY_AFTER};
use serde::Deserialize;
use serde_json::Value;

use super::{Answer, Content, ModelError};

/// Largest error body that is looked at.
const ERROR_BODY_LIMIT: usize = 64 * 1024;

/// What an answer of failure means: its status, code and `Retry-After`.
pub(super) async fn refusal(mut response: Response) -> ModelError {
    let status = response.status().as_u16();
    let after = response
        .headers()
        .get(RETRY_AFTER)
        .and_then(|v| v.to_str().ok()?.parse().ok());
    let mut body = Vec::new();
    while let Ok(Some(chunk)) = response.chunk().await {
        body.extend_from_slice(&chunk);
        if body.len() > ERROR_BODY_LIMIT {
            break;
        }
    }
    // The edge answers with HTML at times: no code then, and the status decides.
    let error = serde_json::from_slice::<ErrorBody>(&body)
        .map(|b| b.error)
        .unwrap_or_default();
    classify(status, &error, after.map(Duration::from_secs))
}

fn classify(status: u16, error: &ErrorDetail, after: Option<Duration>) -> ModelError {
    let code = error
        .code
        .as_ref()
        .and_then(Value::as_str)
        .unwrap_or_default();
    let kind = error.kind.as_deref().unwrap_or_default();
    let out_of_money = kind == "insufficient_quota"
        || code.contains("quota")
        || code.contains("balance_exhausted")
        || code.contains("limit_exceeded") && code != "rate_limit_exceeded";
    let code = if code.is_empty() { kind } else { code };
    match status {
        413 => ModelError::Declined {
            code: "too_large".to_owned(),
        },
        400 | 422 if OF_THE_QUESTION.contains(&code) => ModelError::Declined {
            code: code.to_owned(),
        },
        429 if !out_of_money => ModelError::Throttled { after },
        // A gateway gave up waiting for the server, which may go on, and be paid. 524 is Cloudflare's.
        504 | 524 => ModelError::Lost,
        408 | 500..=599 => ModelError::Unavailable {
            status: Some(status),
        },
        _ => ModelError::Refuses {
            status,
            code: code.to_owned(),
        },
    }
}

/// Codes that speak of one question, not of key, account or set-up.
const OF_THE_QUESTION: &[&str] = &[
    "context_length_exceeded",
    "string_above_max_length",
    "content_filter",
    "content_policy_violation",
    "invalid_prompt",
];

#[derive(Deserialize)]
struct ErrorBody {
    error: ErrorDetail,
}

#[derive(Deserialize, Default)]
struct ErrorDetail {
    #[serde(rename = "type")]
    kind: Option<String>,
    /// A text at OpenAI, a number at some compatible servers.
    code: Option<Value>,
}

/// Only what is read, so that new fields and words break nothing.
#[derive(Deserialize)]
pub(super) struct Completion {
    #[serde(default)]
    choices: Vec<Choice>,
    usage: Option<Usage>,
}

#[derive(Deserialize)]
struct Choice {
    message: Message,
    finish_reason: Option<String>,
}

#[derive(Deserialize)]
struct Message {
    content: Option<String>,
    refusal: Option<String>,
}

#[derive(Deserialize, Default)]
struct Usage {
    #[serde(default)]
    prompt_tokens: u32,
    #[serde(default)]
    completion_tokens: u32,
}

impl Completion {
    pub(super) fn into_answer(self) -> Answer {
        let usage = self.usage.unwrap_or_default();
        let content = match self.choices.into_iter().next() {
            None => Content::Unusable,
            Some(choice) if choice.message.refusal.is_some() => Content::Refused,
            Some(choice) => match (choice.finish_reason.as_deref(), choice.message.content) {
                (Some("content_filter"), _) => Content::Refused,
                (Some("length"), _) => Content::Truncated,
                (_, Some(text)) if !text.trim().is_empty() => Content::Text(text),
                _ => Content::Unusable,
            },
        };
        Answer {
            content,
            input_tokens: usage.prompt_tokens,
            output_tokens: usage.completion_tokens,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn answer(body: Value) -> Content {
        serde_json::from_value::<Completion>(body)
            .unwrap()
            .into_answer()
            .content
    }

    #[test]
    fn an_answer_is_read_by_its_finish_reason() {
        let choice = |finish: &str, message: Value| {
            answer(json!({"choices": [{"finish_reason": finish, "message": message}]}))
        };
        assert_eq!(
            choice("stop", json!({"content": "{}"})),
            Content::Text("{}".to_owned())
        );
        assert_eq!(
            choice("later_word", json!({"content": "{}"})),
            Content::Text("{}".to_owned())
        );
        assert_eq!(
            choice("stop", json!({"content": null, "refusal": "no"})),
            Content::Refused
        );
        assert_eq!(
            choice("content_filter", json!({"content": "x"})),
            Content::Refused
        );
        assert_eq!(
            choice("length", json!({"content": "{\"a"})),
            Content::Truncated
        );
        assert_eq!(choice("stop", json!({"content": " "})), Content::Unusable);
        assert_eq!(answer(json!({"choices": []})), Content::Unusable);
        assert_eq!(answer(json!({"object": "error"})), Content::Unusable);
    }

    #[test]
    fn a_failure_is_read_by_status_then_code() {
        let fault = |status, body: Value| {
            let detail: ErrorDetail = serde_json::from_value(body).unwrap();
            classify(status, &detail, None)
        };
        let slow = fault(
            429,
            json!({"type": "tokens", "code": "rate_limit_exceeded"}),
        );
        assert!(matches!(slow, ModelError::Throttled { .. }));
        assert!(matches!(
            fault(429, json!({})),
            ModelError::Throttled { .. }
        ));
        for code in [
            "insufficient_quota",
            "credit_balance_exhausted",
            "project_spend_limit_exceeded",
        ] {
            let broke = fault(429, json!({"type": "insufficient_quota", "code": code}));
            assert!(
                matches!(broke, ModelError::Refuses { status: 429, .. }),
                "{code}"
            );
        }
        let down = fault(503, json!({"code": 503}));
        assert!(matches!(
            down,
            ModelError::Unavailable { status: Some(503) }
        ));
        for given_up in [504, 524] {
            assert!(matches!(fault(given_up, json!({})), ModelError::Lost));
        }
        let key = fault(
            401,
            json!({"type": "invalid_request_error", "code": "invalid_api_key"}),
        );
        assert!(matches!(key, ModelError::Refuses { code, .. } if code == "invalid_api_key"));
        for code in OF_THE_QUESTION {
            let long = fault(400, json!({"type": "invalid_request_error", "code": code}));
            assert!(matches!(long, ModelError::Declined { .. }), "{code}");
        }
        assert!(matches!(fault(413, json!({})), ModelError::Declined { .. }));
        assert!(matches!(
            fault(400, json!({"code": null})),
            ModelError::Refuses { .. }
        ));
    }
}
