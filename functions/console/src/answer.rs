//! How an answer looks: pages, failures that say what to do, problems of the API, and the same guard around all.

use std::sync::Arc;

use askama::Template;
use axum::{
    extract::{Request, State},
    http::{HeaderName, HeaderValue, StatusCode, header},
    middleware::Next,
    response::{Html, IntoResponse, Response},
};
use shared::{
    config::CONSOLE_TIMEOUT,
    db::{self, DbError},
    domain::person::Role,
    telemetry,
};
use url::Url;

use crate::{Deps, access::keys};

/// Pages hold personal data: they go into no cache, no index and no frame. The referrer stays within the
/// console, since browsers send forms of a page that sends none with `Origin: null`.
const GUARD: [(HeaderName, &str); 7] = [
    (header::REFERRER_POLICY, "same-origin"),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::STRICT_TRANSPORT_SECURITY, "max-age=31536000"),
    (HeaderName::from_static("x-robots-tag"), "noindex, nofollow"),
    (
        HeaderName::from_static("cross-origin-opener-policy"),
        "same-origin",
    ),
    (
        HeaderName::from_static("cross-origin-resource-policy"),
        "same-origin",
    ),
    (
        HeaderName::from_static("permissions-policy"),
        "camera=(), geolocation=(), microphone=(), payment=()",
    ),
];

/// Adds the security headers to whatever is answered.
pub(crate) async fn guarded(State(deps): State<Arc<Deps>>, mut response: Response) -> Response {
    let connects_to = response.extensions_mut().remove::<ConnectsTo>();
    let policy = policy(&deps, connects_to).await;
    let headers = response.headers_mut();
    for (name, value) in GUARD {
        headers.insert(name, HeaderValue::from_static(value));
    }
    if !headers.contains_key(header::CACHE_CONTROL) {
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
    if let Ok(policy) = HeaderValue::from_str(&policy) {
        headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    response
}

/// Whoever waits gets an answer before the function's own time is over.
pub(crate) async fn in_time(request: Request, next: Next) -> Response {
    let answered = tokio::time::timeout(CONSOLE_TIMEOUT, next.run(request)).await;
    answered.unwrap_or_else(|_| Failure::Late.into_response())
}

/// Only our own files are loaded and run. A form's answer may lead to the issuer: signing out does.
async fn policy(deps: &Deps, connects_to: Option<ConnectsTo>) -> String {
    let endpoint = keys::end_session_endpoint(deps).await;
    let configured = deps
        .config
        .access
        .as_ref()
        .map(|access| access.issuer.clone());
    let mut issuers: Vec<String> = [configured, endpoint]
        .into_iter()
        .flatten()
        .filter_map(|address| Some(Url::parse(&address).ok()?.origin().ascii_serialization()))
        .collect();
    issuers.dedup();
    let issuers = issuers.join(" ");
    let connects_to = connects_to.map_or_else(String::new, |ConnectsTo(place)| format!(" {place}"));
    format!(
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'{connects_to}; \
         form-action 'self' {issuers}; frame-ancestors 'none'; base-uri 'none'; \
         require-trusted-types-for 'script'"
    )
}

/// Where else than to us the script of a page may connect.
#[derive(Debug, Clone)]
pub(crate) struct ConnectsTo(pub(crate) String);

/// A page, filled in.
pub(crate) fn page(status: StatusCode, page: &impl Template) -> Response {
    match page.render() {
        // No page can hold U+0000: what somebody entered is shown back as it can be.
        Ok(html) => (status, Html(html.replace('\0', "\u{fffd}"))).into_response(),
        Err(error) => {
            tracing::error!(
                error = telemetry::chain(&error),
                "could not fill in a page's template"
            );
            let words = "The page could not be written. The log of the console says why.\n";
            (StatusCode::INTERNAL_SERVER_ERROR, words).into_response()
        }
    }
}

/// Whether a path is the API's.
pub(crate) fn is_api(path: &str) -> bool {
    path == "/api" || path.starts_with("/api/")
}

/// What a page says of a failure, for those who read no pages.
#[derive(Debug, Clone)]
pub(crate) struct Words {
    pub(crate) title: &'static str,
    pub(crate) text: String,
}

/// Why a page is not there. Each says what happened and what to do.
#[derive(Debug)]
pub(crate) enum Failure {
    SignedOut,
    NoRole,
    NotAllowed(Role),
    Forged,
    NotFound,
    TooLarge,
    /// The form or the address.
    Unreadable(&'static str),
    /// Somebody else was faster; the words say who did what.
    Conflict(String),
    IssuerAway,
    Queues,
    Storage,
    Late,
    Database(DbError),
}

impl From<DbError> for Failure {
    fn from(error: DbError) -> Self {
        Self::Database(error)
    }
}

#[derive(Template)]
#[template(path = "failure.html")]
struct FailurePage {
    title: &'static str,
    text: String,
    code: u16,
    link: (&'static str, &'static str),
}

const OVERVIEW: (&str, &str) = ("/", "Back to the overview");

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let (status, title, text, link) = match self {
            Self::SignedOut => (
                StatusCode::UNAUTHORIZED,
                "Your session ended",
                "Nothing was changed. Sign in again, and repeat what you did last.".to_owned(),
                ("/login", "Sign in"),
            ),
            Self::NoRole => (
                StatusCode::FORBIDDEN,
                "You have no role here yet",
                "Your issuer knows you, and gives you none of the console's roles. Ask an admin of your team.".to_owned(),
                ("/login", "Sign in as somebody else"),
            ),
            Self::NotAllowed(least) => (
                StatusCode::FORBIDDEN,
                "Your role does not allow this",
                format!("It takes the role {} or a stronger one. An admin of your team can give it to you; it counts from your next session on.", least.title()),
                OVERVIEW,
            ),
            Self::Forged => (
                StatusCode::FORBIDDEN,
                "This did not come from a page of the console",
                "Nothing was changed. Open the console, and do it there.".to_owned(),
                OVERVIEW,
            ),
            Self::NotFound => (
                StatusCode::NOT_FOUND,
                "There is nothing here",
                "The address may be mistyped, or what it names is not there any more.".to_owned(),
                OVERVIEW,
            ),
            Self::TooLarge => (
                StatusCode::PAYLOAD_TOO_LARGE,
                "That is too much for one form",
                "A form takes 256 KiB. Nothing was changed.".to_owned(),
                OVERVIEW,
            ),
            Self::Unreadable(what) => (
                StatusCode::BAD_REQUEST,
                "This could not be read",
                format!("Something in {what} is missing, or is not of the kind that belongs there. Nothing was changed."),
                OVERVIEW,
            ),
            Self::Conflict(text) => (
                StatusCode::CONFLICT,
                "Somebody was faster",
                text,
                OVERVIEW,
            ),
            Self::IssuerAway => (
                StatusCode::SERVICE_UNAVAILABLE,
                "The issuer does not answer",
                "Nobody can sign in until it does; who is signed in is not affected. The log of the console says more.".to_owned(),
                ("/login", "Try again"),
            ),
            Self::Queues => (
                StatusCode::SERVICE_UNAVAILABLE,
                "The queues could not be asked",
                "Nothing was moved. The log of the console says why.".to_owned(),
                ("/health", "Back to health"),
            ),
            Self::Storage => (
                StatusCode::SERVICE_UNAVAILABLE,
                "Nothing can be uploaded now",
                "The console could not sign an upload. Its log says why.".to_owned(),
                OVERVIEW,
            ),
            Self::Late => (
                StatusCode::GATEWAY_TIMEOUT,
                "This took too long",
                "It may have been done all the same. Look before you try again.".to_owned(),
                OVERVIEW,
            ),
            Self::Database(error) if error.is_of_a_text() => (
                StatusCode::BAD_REQUEST,
                "This could not be read",
                "It holds a character that is no text (U+0000). Remove it. Nothing was changed.".to_owned(),
                OVERVIEW,
            ),
            Self::Database(error) => {
                tracing::error!(error = telemetry::chain(&error), "a page could not be made");
                database(&error)
            }
        };
        let words = Words {
            title,
            text: text.clone(),
        };
        let code = status.as_u16();
        let mut response = page(
            status,
            &FailurePage {
                title,
                text,
                code,
                link,
            },
        );
        response.extensions_mut().insert(words);
        response
    }
}

fn database(
    error: &DbError,
) -> (
    StatusCode,
    &'static str,
    String,
    (&'static str, &'static str),
) {
    let (status, title, text) = match error.failure() {
        db::Failure::Contended => (
            StatusCode::SERVICE_UNAVAILABLE,
            "The database is busy",
            "Nothing was changed. Try again in a moment.",
        ),
        db::Failure::Database => (
            StatusCode::SERVICE_UNAVAILABLE,
            "The database does not answer",
            "Nothing was changed. Mails that are planned wait, and nothing is lost. Try again in a moment.",
        ),
        db::Failure::Refused => (
            StatusCode::INTERNAL_SERVER_ERROR,
            "This could not be done",
            "Nothing was changed. The log of the console says why.",
        ),
    };
    (status, title, text.to_owned(), OVERVIEW)
}
