//! Signing in and out (OpenID Connect, authorization code with PKCE), without memory at the server: what an
//! attempt needs lies signed in a cookie of the browser that began it.

use std::sync::Arc;

use askama::Template;
use axum::{
    extract::State,
    http::{HeaderMap, HeaderValue, StatusCode, header, request::Parts},
    response::{IntoResponse as _, Redirect, Response},
};
use data_encoding::BASE64URL_NOPAD;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use shared::{
    clients::issuer::{self, Code, IssuerError},
    config::Access,
    db::console::sessions,
    telemetry,
};
use subtle::ConstantTimeEq as _;
use url::Url;

use super::{Caller, cookie, keys, keys::KeyError, public_origin, token, token::TokenError};
use crate::{Deps, answer, answer::Failure, form::Query};

/// How long somebody may take to sign in at the issuer.
const ATTEMPT_SECONDS: i64 = 600;
/// As many signs of the state tell attempts apart.
const STATE_SIGNS: usize = 8;

/// What an attempt to sign in must find again.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Attempt {
    state: String,
    nonce: String,
    /// Proves to the issuer that whoever brings the code began the attempt (RFC 7636).
    verifier: String,
    /// Where the person wanted to go.
    to: String,
    /// Seconds since 1970.
    begun_at: u64,
}

/// Why nobody was signed in.
#[derive(Debug, thiserror::Error)]
enum SignInError {
    #[error("the issuer refused: {0}")]
    Refused(String),
    #[error("there is no attempt to sign in that this answer belongs to")]
    NoAttempt,
    #[error("the answer is of another issuer")]
    OtherIssuer,
    #[error("the ID token is of another attempt")]
    OtherAttempt,
    #[error(transparent)]
    Issuer(#[from] IssuerError),
    #[error(transparent)]
    Key(#[from] KeyError),
    #[error(transparent)]
    Token(#[from] TokenError),
}

/// Where to go after signing in.
#[derive(Debug, Deserialize)]
pub(crate) struct To {
    #[serde(default)]
    to: String,
}

/// What the issuer sends back.
#[derive(Debug, Deserialize)]
pub(crate) struct Callback {
    #[serde(default)]
    code: String,
    #[serde(default)]
    state: String,
    iss: Option<String>,
    error: Option<String>,
}

#[derive(Template)]
#[template(path = "entry.html")]
struct EntryPage<'a> {
    brand: &'a str,
    title: &'a str,
    text: &'a str,
    /// A link's target and words.
    button: Option<(String, String)>,
    note: &'a str,
    missing: &'a [&'a str],
}

/// The page before the issuer's own.
pub(crate) async fn show(State(deps): State<Arc<Deps>>, Query(To { to }): Query<To>) -> Response {
    let Some(access) = &deps.config.access else {
        return not_set_up(&deps);
    };
    let issuer = Url::parse(&access.issuer).ok();
    let host = issuer
        .as_ref()
        .and_then(Url::host_str)
        .unwrap_or("your account");
    let query = form_urlencoded(&[("to", own_path(&to))]);
    let page = EntryPage {
        brand: &deps.config.name,
        title: "Outreach",
        text: "Sign in with your work account to open the team console.",
        button: Some((
            format!("/login/start?{query}"),
            format!("Continue to {host}"),
        )),
        note: "A session ends after 30 minutes without activity, and after 12 hours in any case.",
        missing: &[],
    };
    answer::page(StatusCode::OK, &page)
}

/// What is shown while nobody can sign in.
pub(super) fn not_set_up(deps: &Deps) -> Response {
    let page = EntryPage {
        brand: &deps.config.name,
        title: "Nobody can sign in yet",
        text: "The console lets people in whom your OpenID Connect issuer knows, and this stack does not know \
               the issuer yet. Deploy it again with these set:",
        button: None,
        note: "The README of outreach, under “Who may sign in to the console”, says where to find each at Cognito, Google, Entra and Auth0.",
        missing: &deps.config.missing,
    };
    answer::page(StatusCode::SERVICE_UNAVAILABLE, &page)
}

/// Begins an attempt, and sends the browser to the issuer.
pub(crate) async fn start(
    State(deps): State<Arc<Deps>>,
    Query(To { to }): Query<To>,
    parts: Parts,
) -> Result<Response, Failure> {
    let Some(access) = &deps.config.access else {
        return Ok(not_set_up(&deps));
    };
    let discovery = keys::discovery(&deps, access).await;
    let discovery = discovery.map_err(|error| away(&error))?;
    let attempt = Attempt {
        state: random(),
        nonce: random(),
        verifier: random(),
        to: own_path(&to).to_owned(),
        begun_at: jsonwebtoken::get_current_timestamp(),
    };
    let challenge = BASE64URL_NOPAD.encode(&Sha256::digest(&attempt.verifier));
    let redirect_uri = redirect_uri(&public_origin(&deps, &parts));
    let Ok(mut url) = Url::parse(&discovery.authorization_endpoint) else {
        return Err(away(&KeyError::Unknown));
    };
    url.query_pairs_mut()
        .append_pair("response_type", "code")
        .append_pair("client_id", &access.client_id)
        .append_pair("redirect_uri", &redirect_uri)
        .append_pair("scope", &access.scopes)
        .append_pair("state", &attempt.state)
        .append_pair("nonce", &attempt.nonce)
        .append_pair("code_challenge", &challenge)
        .append_pair("code_challenge_method", "S256");
    let name = attempt_cookie(&attempt.state);
    let value = serde_json::to_vec(&attempt).unwrap_or_default();
    let value = access.session_keys.sign(cookie::LOGIN_PREFIX, &value);
    let response = Redirect::to(url.as_str()).into_response();
    Ok(with_cookie(
        response,
        cookie::written(&name, &value, ATTEMPT_SECONDS),
    ))
}

/// Ends an attempt: whoever brings back what it began with has a session.
pub(crate) async fn callback(
    State(deps): State<Arc<Deps>>,
    Query(callback): Query<Callback>,
    parts: Parts,
) -> Result<Response, Failure> {
    let Some(access) = &deps.config.access else {
        return Ok(not_set_up(&deps));
    };
    let origin = public_origin(&deps, &parts);
    let ended = end(&deps, access, &callback, &parts.headers, &origin).await;
    let (attempt, claims) = match ended {
        Ok(ended) => ended,
        Err(error) => {
            tracing::warn!(error = telemetry::chain(&error), "nobody was signed in");
            return Ok(not_signed_in(&deps, &error));
        }
    };
    let forget = cookie::forgotten(&attempt_cookie(&attempt.state));
    let Some(role) = claims.role(access) else {
        return Ok(with_cookie(Failure::NoRole.into_response(), forget));
    };
    let id: [u8; 32] = rand::random();
    let mut conn = deps.connect().await?;
    let person = claims.person(role);
    sessions::begin(&mut conn, &cookie::hashed(&id), &access.issuer, &person).await?;
    let value = access.session_keys.sign(cookie::SESSION, &id);
    let response = Redirect::to(&attempt.to).into_response();
    let response = with_cookie(response, forget);
    Ok(with_cookie(response, cookie::session(&value)))
}

async fn end(
    deps: &Deps,
    access: &Access,
    callback: &Callback,
    headers: &HeaderMap,
    origin: &str,
) -> Result<(Attempt, token::Claims), SignInError> {
    let attempt = attempt(access, callback, headers).ok_or(SignInError::NoAttempt)?;
    // RFC 9207: an answer that names its issuer must name ours.
    if callback
        .iss
        .as_ref()
        .is_some_and(|iss| *iss != access.issuer)
    {
        return Err(SignInError::OtherIssuer);
    }
    if let Some(error) = &callback.error {
        // The issuer's word for it, and nothing that a link could put there.
        let word = error
            .chars()
            .filter(|c| c.is_ascii_alphanumeric() || *c == '_')
            .take(40);
        return Err(SignInError::Refused(word.collect()));
    }
    let discovery = keys::discovery(deps, access).await?;
    let code = Code {
        code: &callback.code,
        verifier: &attempt.verifier,
        redirect_uri: &redirect_uri(origin),
    };
    let secret = access.client_secret.as_ref();
    let id_token =
        issuer::exchange(&deps.http, &discovery, &access.client_id, secret, code).await?;
    let claims = token::id(deps, access, &id_token).await?;
    let nonce = claims.nonce.as_deref().unwrap_or_default();
    if !same(nonce, &attempt.nonce) {
        return Err(SignInError::OtherAttempt);
    }
    Ok((attempt, claims))
}

/// The attempt that an answer belongs to, if this browser began it a short while ago.
fn attempt(access: &Access, callback: &Callback, headers: &HeaderMap) -> Option<Attempt> {
    let text = cookie::read(headers, &attempt_cookie(&callback.state))?;
    let text = access.session_keys.verify(cookie::LOGIN_PREFIX, &text)?;
    let attempt: Attempt = serde_json::from_slice(&text).ok()?;
    let age = jsonwebtoken::get_current_timestamp().checked_sub(attempt.begun_at)?;
    let fresh = i64::try_from(age).is_ok_and(|age| age <= ATTEMPT_SECONDS);
    (fresh && same(&attempt.state, &callback.state)).then_some(attempt)
}

fn not_signed_in(deps: &Deps, error: &SignInError) -> Response {
    let (status, text) = match error {
        // The code was used already, or is too old (RFC 6749, 5.2).
        SignInError::Issuer(IssuerError::Refused(word)) if word == "invalid_grant" => (
            StatusCode::BAD_REQUEST,
            "This attempt to sign in has ended: it was finished already, or took too long.",
        ),
        SignInError::Refused(_) => (
            StatusCode::FORBIDDEN,
            "The issuer did not sign you in. It may know why; ask who looks after it if it happens again.",
        ),
        SignInError::NoAttempt => (
            StatusCode::BAD_REQUEST,
            "This attempt to sign in has ended: it was begun more than ten minutes ago, in another browser, or \
             was finished already.",
        ),
        SignInError::Issuer(_) | SignInError::Key(_) => (
            StatusCode::SERVICE_UNAVAILABLE,
            "The issuer did not answer as it should. The log of the console says how.",
        ),
        SignInError::OtherIssuer | SignInError::OtherAttempt | SignInError::Token(_) => (
            StatusCode::BAD_REQUEST,
            "The issuer's answer could not be trusted. The log of the console says why.",
        ),
    };
    let page = EntryPage {
        brand: &deps.config.name,
        title: "You are not signed in",
        text,
        button: Some(("/login".to_owned(), "Try again".to_owned())),
        note: "",
        missing: &[],
    };
    answer::page(status, &page)
}

/// Ends the session here, and at the issuer where it has a place for that.
pub(crate) async fn sign_out(
    State(deps): State<Arc<Deps>>,
    caller: Caller,
    parts: Parts,
) -> Result<Response, Failure> {
    if let Some(id) = caller.session {
        let mut conn = deps.connect().await?;
        sessions::revoke(&mut conn, &id).await?;
    }
    let back = format!("{}/signed-out", public_origin(&deps, &parts));
    let at_issuer = match &deps.config.access {
        Some(access) => end_session_url(&deps, access, &back).await,
        None => None,
    };
    let to = at_issuer.as_ref().map_or("/signed-out", Url::as_str);
    let mut response = Redirect::to(to).into_response();
    response
        .headers_mut()
        .insert("clear-site-data", HeaderValue::from_static("\"cookies\""));
    Ok(with_cookie(response, cookie::forgotten(cookie::SESSION)))
}

/// None where the issuer has no such place, or does not answer: the session here has ended all the same.
async fn end_session_url(deps: &Deps, access: &Access, back: &str) -> Option<Url> {
    let discovery = keys::discovery(deps, access).await.ok()?;
    let pairs = [
        ("client_id", access.client_id.as_str()),
        ("post_logout_redirect_uri", back),
    ];
    Url::parse_with_params(&discovery.end_session_endpoint?, &pairs).ok()
}

/// Where the issuer sends a person who signed out.
pub(crate) async fn signed_out(State(deps): State<Arc<Deps>>) -> Response {
    let page = EntryPage {
        brand: &deps.config.name,
        title: "You are signed out",
        text: "Nothing of the console is left in this browser.",
        button: Some(("/login".to_owned(), "Sign in again".to_owned())),
        note: "",
        missing: &[],
    };
    answer::page(StatusCode::OK, &page)
}

fn away(error: &KeyError) -> Failure {
    tracing::error!(
        error = telemetry::chain(error),
        "the issuer cannot be asked"
    );
    Failure::IssuerAway
}

fn redirect_uri(origin: &str) -> String {
    format!("{origin}/login/callback")
}

fn attempt_cookie(state: &str) -> String {
    let signs: String = state
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .take(STATE_SIGNS)
        .collect();
    format!("{}{signs}", cookie::LOGIN_PREFIX)
}

/// 256 random bits.
fn random() -> String {
    BASE64URL_NOPAD.encode(&rand::random::<[u8; 32]>())
}

fn same(a: &str, b: &str) -> bool {
    a.as_bytes().ct_eq(b.as_bytes()).into()
}

fn with_cookie(mut response: Response, cookie: Option<HeaderValue>) -> Response {
    if let Some(cookie) = cookie {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
    response
}

fn form_urlencoded(pairs: &[(&str, &str)]) -> String {
    url::form_urlencoded::Serializer::new(String::new())
        .extend_pairs(pairs)
        .finish()
}

/// A path of our own, or `/`. What could lead to another site is none: `//evil.example`, `/\evil.example`, or
/// anything that a browser reads as either.
fn own_path(to: &str) -> &str {
    let Ok(base) = Url::parse("https://own.invalid") else {
        return "/";
    };
    let is_own = to.starts_with('/')
        && !to.starts_with("//")
        && !to.contains(['\\', '\u{0}'])
        && !to.chars().any(char::is_control)
        && base.join(to).is_ok_and(|url| url.origin() == base.origin());
    if is_own { to } else { "/" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn return_path_never_leads_elsewhere() {
        for path in ["/", "/leads?q=a%20b&page=2", "/leads/7#notes"] {
            assert_eq!(own_path(path), path);
        }
        for path in [
            "",
            "//evil.example",
            "///evil.example",
            "/\\evil.example",
            "\\\\evil.example",
            "https://evil.example",
            "/\t/evil.example",
            "/\n/evil.example",
            "javascript:alert(1)",
            "evil.example",
            " /x",
            "/a\u{0}",
        ] {
            assert_eq!(own_path(path), "/", "{path:?}");
        }
    }
}
