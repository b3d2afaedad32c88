//! The errors of the API.

use axum::http::StatusCode;
use axum::response::Response;
use serde_json::{Value, json};

use super::behaviour::ModelFault;
use crate::http;

/// A request that is not answered.
#[derive(Debug)]
pub(super) struct Refusal {
    pub(super) status: StatusCode,
    pub(super) kind: &'static str,
    pub(super) code: &'static str,
    pub(super) param: Option<&'static str>,
    pub(super) message: String,
}

impl Refusal {
    /// 400.
    pub(super) fn invalid(
        code: &'static str,
        param: Option<&'static str>,
        message: impl Into<String>,
    ) -> Self {
        Self {
            status: StatusCode::BAD_REQUEST,
            kind: "invalid_request_error",
            code,
            param,
            message: message.into(),
        }
    }

    pub(super) fn unauthorized(token: Option<&str>) -> Self {
        let message = match token {
            Some(token) => {
                let head: String = token.chars().take(5).collect();
                format!(
                    "Incorrect API key provided: {head}***. You can find your API key in the dashboard."
                )
            }
            None => "You didn't provide an API key. You need to provide your API key in an \
                     Authorization header using Bearer auth."
                .to_owned(),
        };
        let status = StatusCode::UNAUTHORIZED;
        Self {
            status,
            ..Self::invalid("invalid_api_key", None, message)
        }
    }

    pub(super) fn into_response(self) -> Response {
        http::json(self.status, "application/json", &self.body())
    }

    fn body(&self) -> Value {
        let code = Some(self.code).filter(|code| !code.is_empty());
        json!({ "error": {
            "message": self.message, "type": self.kind, "param": self.param, "code": code,
        } })
    }
}

/// The answer to a request that meets an unpaid fault.
pub(super) fn played(fault: ModelFault) -> Response {
    let refusal = match fault {
        ModelFault::RateLimitedHtml => return http::html(StatusCode::TOO_MANY_REQUESTS),
        ModelFault::UnavailableHtml => return http::html(StatusCode::SERVICE_UNAVAILABLE),
        ModelFault::RateLimited | ModelFault::RateLimitedSilent => rate_limited("1s"),
        ModelFault::RateLimitedForAnHour => rate_limited("1h0m0s"),
        ModelFault::InsufficientQuota => Refusal {
            status: StatusCode::TOO_MANY_REQUESTS,
            kind: "insufficient_quota",
            code: "insufficient_quota",
            param: None,
            message: "You exceeded your current quota, please check your plan and billing details."
                .to_owned(),
        },
        ModelFault::Unauthorized => Refusal::unauthorized(Some("sk-revoked")),
        ModelFault::ContextLength => Refusal::invalid(
            "context_length_exceeded",
            Some("messages"),
            "This model's maximum context length is 128000 tokens. However, your messages resulted \
             in 131000 tokens. Please reduce the length of the messages.",
        ),
        ModelFault::ModelNotFound => Refusal {
            status: StatusCode::NOT_FOUND,
            ..Refusal::invalid(
                "model_not_found",
                None,
                "The model does not exist or you do not have access to it.",
            )
        },
        ModelFault::ErrorInSuccess => {
            let body = json!({ "error": { "code": 502, "message": "Upstream is not available" } });
            return http::json(StatusCode::OK, "application/json", &body);
        }
        // The paid ones never come here.
        ModelFault::ServerError
        | ModelFault::Refusal
        | ModelFault::Truncated
        | ModelFault::ContentFilter
        | ModelFault::Malformed
        | ModelFault::OutOfRange
        | ModelFault::NoChoices
        | ModelFault::NoContent
        | ModelFault::UnknownFields
        | ModelFault::EmptyRefusal
        | ModelFault::Fenced
        | ModelFault::LooselyTyped
        | ModelFault::Hang
        | ModelFault::CutOff
        | ModelFault::ConnectionReset => Refusal {
            status: StatusCode::INTERNAL_SERVER_ERROR,
            kind: "server_error",
            code: "",
            param: None,
            message: "The server had an error while processing your request.".to_owned(),
        },
    };
    let mut response = refusal.into_response();
    match fault {
        ModelFault::RateLimited => http::set(&mut response, "retry-after", "1"),
        ModelFault::RateLimitedForAnHour => http::set(&mut response, "retry-after", "3600"),
        _ => {}
    }
    response
}

fn rate_limited(wait: &str) -> Refusal {
    Refusal {
        status: StatusCode::TOO_MANY_REQUESTS,
        kind: "tokens",
        code: "rate_limit_exceeded",
        param: None,
        message: format!(
            "Rate limit reached for this model in organization org-simulated on tokens per min \
             (TPM): Limit 200000, Used 199500, Requested 900. Please try again in {wait}."
        ),
    }
}
