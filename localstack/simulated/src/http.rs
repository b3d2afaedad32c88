//! What the services have in common: bearer tokens, bodies, pauses and the wall clock.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use axum::http::header::{AUTHORIZATION, CONTENT_TYPE};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Utc};
use serde_json::Value;

/// The token of a `Bearer` header, if there is one.
pub(crate) fn bearer(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    let token = token.trim();
    (scheme.eq_ignore_ascii_case("bearer") && !token.is_empty()).then_some(token)
}

/// A JSON answer of that media type.
pub(crate) fn json(status: StatusCode, media_type: &'static str, body: &Value) -> Response {
    (status, [(CONTENT_TYPE, media_type)], body.to_string()).into_response()
}

/// The page that a gateway in front of the service shows instead of the service's own error.
pub(crate) fn html(status: StatusCode) -> Response {
    let title = format!(
        "{} {}",
        status.as_u16(),
        status.canonical_reason().unwrap_or("Error")
    );
    let page = format!(
        "<!DOCTYPE html>\n<html><head><title>{title}</title></head>\n\
         <body><center><h1>{title}</h1></center><hr><center>gateway</center></body></html>\n"
    );
    (status, [(CONTENT_TYPE, "text/html; charset=utf-8")], page).into_response()
}

/// Adds a header; a value that no header can hold is left out.
pub(crate) fn set(response: &mut Response, name: &'static str, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        response
            .headers_mut()
            .insert(HeaderName::from_static(name), value);
    }
}

/// Makes the client wait, as a slow service would.
#[expect(clippy::disallowed_methods, reason = "latency is what is simulated")]
pub(crate) async fn pause(latency: Duration) {
    if !latency.is_zero() {
        tokio::time::sleep(latency).await;
    }
}

/// Seconds since 1970 on the wall clock: a rate limit's reset time is absolute, and the
/// client looks at a real clock.
pub(crate) fn epoch_seconds() -> u64 {
    since_epoch().as_secs()
}

/// Milliseconds since 1970 on the wall clock.
pub(crate) fn epoch_millis() -> u64 {
    u64::try_from(since_epoch().as_millis()).unwrap_or(u64::MAX)
}

/// The wall clock as a date.
pub(crate) fn now() -> DateTime<Utc> {
    SystemTime::UNIX_EPOCH
        .checked_add(since_epoch())
        .unwrap_or(UNIX_EPOCH)
        .into()
}

#[expect(
    clippy::disallowed_methods,
    reason = "the one place where the wall clock is read"
)]
fn since_epoch() -> Duration {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default()
}
