//! X's errors, in the three shapes that it uses.

use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use super::behaviour::XFault;
use crate::http;

const PROBLEMS: &str = "https://api.x.com/2/problems";

/// An error answer.
#[derive(Debug)]
pub(super) struct Problem {
    status: StatusCode,
    body: Value,
}

impl Problem {
    /// 400 for one parameter.
    pub(super) fn invalid(parameter: &str, value: &str, message: impl Into<String>) -> Self {
        let mut parameters = serde_json::Map::new();
        parameters.insert(parameter.to_owned(), json!([value]));
        Self {
            status: StatusCode::BAD_REQUEST,
            body: json!({
                "errors": [{ "parameters": parameters, "message": message.into() }],
                "title": "Invalid Request",
                "detail": "One or more parameters to your request was invalid.",
                "type": format!("{PROBLEMS}/invalid-request"),
            }),
        }
    }

    pub(super) fn since_id_too_old(since_id: &str, oldest: u64) -> Self {
        let message = format!(
            "'since_id' must be a tweet id created after the oldest one that can be searched. \
             Please use a 'since_id' that is larger than {oldest}"
        );
        Self::invalid("since_id", since_id, message)
    }

    pub(super) fn rate_limited() -> Self {
        Self {
            status: StatusCode::TOO_MANY_REQUESTS,
            body: json!({
                "title": "Too Many Requests",
                "detail": "Too Many Requests",
                "type": format!("{PROBLEMS}/rate-limit-exceeded"),
                "status": 429,
            }),
        }
    }

    pub(super) fn into_response(self) -> Response {
        http::json(self.status, "application/problem+json", &self.body)
    }
}

/// The entry of `errors[]` in a good answer for an author who is gone.
pub(super) fn suspended(author: &str) -> Value {
    json!({
        "value": author,
        "detail": format!("User has been suspended: [{author}]."),
        "title": "Forbidden",
        "resource_type": "user",
        "parameter": "author_id",
        "resource_id": author,
        "type": format!("{PROBLEMS}/resource-not-found"),
    })
}

/// The answer to a request that meets a fault.
pub(super) fn played(fault: XFault) -> Response {
    let (status, body) = match fault {
        XFault::RateLimited => return Problem::rate_limited().into_response(),
        XFault::SinceIdTooOld => return Problem::since_id_too_old("1", 2).into_response(),
        XFault::HtmlPage => return http::html(StatusCode::BAD_GATEWAY),
        XFault::BrokenJson => return broken(),
        XFault::RateLimitedOldShape => (
            StatusCode::TOO_MANY_REQUESTS,
            json!({ "errors": [{ "code": 88, "message": "Rate limit exceeded" }] }),
        ),
        XFault::UsageCapped => (
            StatusCode::TOO_MANY_REQUESTS,
            json!({
                "title": "UsageCapExceeded",
                "detail": "Usage cap exceeded: Monthly product cap",
                "type": format!("{PROBLEMS}/usage-capped"),
                "period": "Monthly",
                "scope": "Product",
            }),
        ),
        XFault::Unauthorized => (
            StatusCode::UNAUTHORIZED,
            json!({
                "title": "Unauthorized",
                "type": "about:blank",
                "status": 401,
                "detail": "Unauthorized",
            }),
        ),
        XFault::Forbidden => (
            StatusCode::FORBIDDEN,
            json!({
                "title": "Client Forbidden",
                "detail": "Your access level does not cover this endpoint.",
                "reason": "client-not-enrolled",
                "required_enrollment": "Appropriate Level of API Access",
                "type": format!("{PROBLEMS}/client-forbidden"),
            }),
        ),
        XFault::ServerError => (
            StatusCode::INTERNAL_SERVER_ERROR,
            json!({ "code": 2, "message": "An internal error occurred" }),
        ),
        // The last two never come here: one is answered late, the other not at all.
        XFault::Unavailable | XFault::Slow | XFault::ConnectionReset => (
            StatusCode::SERVICE_UNAVAILABLE,
            json!({
                "title": "Service Unavailable",
                "detail": "Service Unavailable",
                "type": format!("{PROBLEMS}/resource-unavailable"),
                "status": 503,
            }),
        ),
    };
    Problem { status, body }.into_response()
}

fn broken() -> Response {
    let body = r#"{"data":[{"id":"1900000000000000002","text":"Looking for aff"#;
    (
        StatusCode::OK,
        [(CONTENT_TYPE, "application/json; charset=utf-8")],
        body,
    )
        .into_response()
}
