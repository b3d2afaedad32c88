//! How an answer looks: a page for people, a line for machines, the same guard around both.

use std::sync::LazyLock;

use askama::Template;
use axum::{
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header},
    response::{Html, IntoResponse as _, Response},
};
use data_encoding::BASE64;
use sha2::{Digest as _, Sha256};
use shared::{config, telemetry};

use crate::message::Message;

/// The style of every page. The policy names it by its hash, so it stands there unchanged.
pub(crate) const STYLE: &str = include_str!("../templates/style.css");

/// How long to wait before an opt-out that could not be stored is sent again.
const RETRY_AFTER_SECONDS: &str = "60";

/// Nothing is loaded, framed or sent elsewhere.
static POLICY: LazyLock<String> = LazyLock::new(|| {
    let style = BASE64.encode(&Sha256::digest(STYLE));
    format!(
        "default-src 'none'; style-src 'sha256-{style}'; form-action 'self'; \
         frame-ancestors 'none'; base-uri 'none'"
    )
});

/// The address of a page here is a capability: it goes into no cache, no index and no referrer.
const GUARD: [(HeaderName, &str); 5] = [
    (header::CACHE_CONTROL, "no-store"),
    (header::REFERRER_POLICY, "no-referrer"),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (HeaderName::from_static("x-robots-tag"), "noindex, nofollow"),
    (header::STRICT_TRANSPORT_SECURITY, "max-age=31536000"),
];

#[derive(Template)]
#[template(path = "notice.html")]
struct NoticePage<'a> {
    style: &'static str,
    title: &'static str,
    text: &'a str,
    config: &'a config::Web,
}

/// Adds the security headers to whatever is answered.
pub(crate) async fn guarded(mut response: Response) -> Response {
    let headers = response.headers_mut();
    for (name, value) in GUARD {
        headers.insert(name, HeaderValue::from_static(value));
    }
    if let Ok(policy) = HeaderValue::from_str(&POLICY) {
        headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    response
}

/// A page. When it cannot be written, its words arrive without it.
pub(crate) fn page(status: StatusCode, page: &impl Template, words: &str) -> Response {
    match page.render() {
        Ok(html) => (status, Html(html)).into_response(),
        Err(error) => {
            tracing::error!(
                error = telemetry::chain(&error),
                "could not fill in a page's template"
            );
            (status, words.to_owned()).into_response()
        }
    }
}

/// A message: as a page for a browser, which asks for one, and in plain text for a machine.
pub(crate) fn message(
    asked: &HeaderMap,
    status: StatusCode,
    message: Message,
    config: &config::Web,
) -> Response {
    let (title, text) = (message.title(), message.text(config));
    let words = format!("{title}. {text}\n");
    let mut response = if reads_pages(asked) {
        let html = NoticePage {
            style: STYLE,
            title,
            text: &text,
            config,
        };
        page(status, &html, &words)
    } else {
        (status, words).into_response()
    };
    if status == StatusCode::SERVICE_UNAVAILABLE {
        let wait = HeaderValue::from_static(RETRY_AFTER_SECONDS);
        response.headers_mut().insert(header::RETRY_AFTER, wait);
    }
    response
}

fn reads_pages(asked: &HeaderMap) -> bool {
    asked
        .get_all(header::ACCEPT)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .any(|value| value.contains("text/html"))
}
