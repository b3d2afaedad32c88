//! What the API answers: JSON, or a problem (RFC 9457) that names the field and what to do.

use axum::{
    extract::Request,
    http::{HeaderName, HeaderValue, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use shared::db::DbError;
use utoipa::ToSchema;

use crate::{
    answer::{self, Failure, Words},
    fields::Problems,
};

/// A problem, as every error of the API is answered (RFC 9457).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct Problem {
    /// Always `about:blank`: the status tells the kind.
    #[serde(rename = "type")]
    pub(crate) kind: &'static str,
    pub(crate) title: String,
    pub(crate) status: u16,
    /// What happened, and what to do.
    pub(crate) detail: String,
    /// What is wrong with the body, place by place; empty where it is not the body.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) errors: Vec<FieldError>,
}

/// What is wrong at one place of a body.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct FieldError {
    /// The place (RFC 6901), such as `/min_score`; empty for the whole body.
    pub(crate) pointer: String,
    pub(crate) detail: String,
}

impl Problem {
    pub(crate) fn new(status: StatusCode, detail: impl Into<String>) -> Self {
        Self {
            kind: "about:blank",
            title: status.canonical_reason().unwrap_or("Error").to_owned(),
            status: status.as_u16(),
            detail: detail.into(),
            errors: Vec::new(),
        }
    }
}

/// Nobody that we know.
pub(crate) fn unauthorized(detail: &str) -> Response {
    let mut response = Problem::new(StatusCode::UNAUTHORIZED, detail).into_response();
    set(
        &mut response,
        header::WWW_AUTHENTICATE,
        "Bearer realm=\"console\"",
    );
    response
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let body = serde_json::to_string(&self).unwrap_or_default();
        let kind = [(header::CONTENT_TYPE, "application/problem+json")];
        (status, kind, body).into_response()
    }
}

/// Why a request to the API is not carried out.
#[derive(Debug)]
pub(crate) enum Refused {
    /// The body is no JSON.
    Malformed(String),
    NotJson,
    TooLarge,
    Query(String),
    /// Fields of the body that cannot be taken.
    Fields(Vec<FieldError>),
    /// An edit without the version that it is made to.
    NoVersion,
    /// An edit of a version that is not the present one, whose tag this is.
    Stale(String),
    Key,
    KeyOfAnother,
    /// Too many requests; seconds until the next may come.
    TooMany(i32),
    NotFound,
    /// It stands otherwise than the request takes it to.
    Conflict(String),
    /// As a page would say it.
    Page(Failure),
}

impl Refused {
    /// What is wrong with one field.
    pub(crate) fn field(pointer: &str, detail: &str) -> Self {
        Self::Fields(vec![FieldError {
            pointer: pointer.to_owned(),
            detail: detail.to_owned(),
        }])
    }
}

impl From<Failure> for Refused {
    fn from(failure: Failure) -> Self {
        Self::Page(failure)
    }
}

impl From<DbError> for Refused {
    fn from(error: DbError) -> Self {
        Self::Page(Failure::Database(error))
    }
}

impl From<Problems> for Refused {
    /// A form's fields are the body's.
    fn from(problems: Problems) -> Self {
        let error = |problem: &crate::fields::Problem| FieldError {
            pointer: match problem.field.as_str() {
                "other_country" | "other_rule" => "/countries".to_owned(),
                field => format!("/{field}"),
            },
            detail: problem.message.clone(),
        };
        Self::Fields(problems.iter().map(error).collect())
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        use StatusCode as S;
        let (problem, header) = match self {
            Self::Malformed(why) => (
                Problem::new(S::BAD_REQUEST, format!("The body is no JSON: {why}.")),
                None,
            ),
            Self::NotJson => (
                Problem::new(
                    S::UNSUPPORTED_MEDIA_TYPE,
                    "Send a body of application/json.",
                ),
                None,
            ),
            Self::TooLarge => (
                Problem::new(S::PAYLOAD_TOO_LARGE, "The body is larger than this takes."),
                None,
            ),
            Self::Query(why) => (
                Problem::new(S::BAD_REQUEST, format!("The query cannot be read: {why}.")),
                None,
            ),
            Self::Fields(errors) => {
                let mut problem = Problem::new(
                    S::UNPROCESSABLE_ENTITY,
                    "The body holds what cannot be taken. Nothing was changed.",
                );
                problem.errors = errors;
                (problem, None)
            }
            Self::NoVersion => (
                Problem::new(
                    S::PRECONDITION_REQUIRED,
                    "Send the ETag of the version that you edit as If-Match, so that nobody’s change is lost.",
                ),
                None,
            ),
            Self::Stale(tag) => (
                Problem::new(
                    S::PRECONDITION_FAILED,
                    "It was changed after you read it. Read it again, and repeat your change.",
                ),
                Some((header::ETAG, tag)),
            ),
            Self::Key => (
                Problem::new(
                    S::BAD_REQUEST,
                    "An Idempotency-Key has 1 to 255 printable ASCII characters without spaces.",
                ),
                None,
            ),
            Self::KeyOfAnother => (
                Problem::new(
                    S::UNPROCESSABLE_ENTITY,
                    "This Idempotency-Key came with another request in the last 24 hours. Take a new key for a new request.",
                ),
                None,
            ),
            Self::TooMany(seconds) => (
                Problem::new(
                    S::TOO_MANY_REQUESTS,
                    format!("Too many requests in this minute. Wait {seconds} seconds."),
                ),
                Some((header::RETRY_AFTER, seconds.to_string())),
            ),
            Self::NotFound => (
                Problem::new(S::NOT_FOUND, "There is nothing of this id."),
                None,
            ),
            Self::Conflict(why) => (Problem::new(S::CONFLICT, why), None),
            Self::Page(failure) => return failure.into_response(),
        };
        let mut response = problem.into_response();
        if let Some((name, value)) = header {
            set(&mut response, name, &value);
        }
        response
    }
}

fn set(response: &mut Response, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        response.headers_mut().insert(name, value);
    }
}

/// Turns what is said in the shape of a page, or by the router itself, into a problem.
pub(crate) async fn as_problem(request: Request, next: Next) -> Response {
    if !answer::is_api(request.uri().path()) {
        return next.run(request).await;
    }
    let response = next.run(request).await;
    let status = response.status();
    let kind = response.headers().get(header::CONTENT_TYPE);
    let is_problem = kind.is_some_and(|kind| kind == "application/problem+json");
    if !(status.is_client_error() || status.is_server_error()) || is_problem {
        return response;
    }
    let detail = match response.extensions().get::<Words>() {
        Some(Words { title, text }) => format!("{title}. {text}"),
        None if status == StatusCode::METHOD_NOT_ALLOWED => {
            "There is no such method here.".to_owned()
        }
        None => "The request could not be answered.".to_owned(),
    };
    let mut problem = Problem::new(status, detail).into_response();
    for name in [header::ALLOW, header::WWW_AUTHENTICATE, header::RETRY_AFTER] {
        if let Some(value) = response.headers().get(&name) {
            problem.headers_mut().insert(name, value.clone());
        }
    }
    problem
}

/// An answer as it is stored, to be given again.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Stored {
    pub(super) status: u16,
    pub(super) location: Option<String>,
    pub(super) etag: Option<String>,
    pub(super) body: Value,
}

impl Stored {
    /// Something that is there now.
    pub(super) fn created(location: String, etag: Option<String>, body: &impl Serialize) -> Self {
        Self {
            status: StatusCode::CREATED.as_u16(),
            location: Some(location),
            etag,
            body: serde_json::to_value(body).unwrap_or_default(),
        }
    }

    /// Whether it belongs to an effect.
    pub(super) fn is_done(&self) -> bool {
        (200..300).contains(&self.status)
    }
}

impl IntoResponse for Stored {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let kind = if self.is_done() {
            "application/json"
        } else {
            "application/problem+json"
        };
        let headers = [(header::CONTENT_TYPE, kind)];
        let mut response = (status, headers, self.body.to_string()).into_response();
        for (name, value) in [(header::LOCATION, self.location), (header::ETAG, self.etag)] {
            if let Some(value) = value {
                set(&mut response, name, &value);
            }
        }
        response
    }
}

/// A body with the tag of its version.
pub(super) fn tagged(tag: &str, body: &impl Serialize) -> Response {
    let mut response = axum::Json(body).into_response();
    set(&mut response, header::ETAG, tag);
    response
}
