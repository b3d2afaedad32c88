//! The token endpoint: a code for tokens, once and within a minute, and errors as in RFC 6749, 5.2.

use std::collections::BTreeMap;

use axum::body::Bytes;
use axum::extract::State;
use axum::http::header::{AUTHORIZATION, CACHE_CONTROL, CONTENT_TYPE, PRAGMA, WWW_AUTHENTICATE};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::Response;
use data_encoding::{BASE64, BASE64URL_NOPAD};
use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};
use url::form_urlencoded;

use super::authorize::fields;
use super::token::{LIFETIME_SECONDS, TokenRequest, Usual};
use super::{Client, Grant, Inner, Issuer};
use crate::http;

/// How long a code is good for.
const CODE_SECONDS: i64 = 60;

/// Why there are no tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Refusal {
    error: &'static str,
    description: &'static str,
}

fn refused<T>(error: &'static str, description: &'static str) -> Result<T, Refusal> {
    Err(Refusal { error, description })
}

/// `POST /token`.
pub(super) async fn answer(
    State(issuer): State<Issuer>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    issuer.count(|stats| stats.token += 1);
    let authorization = headers
        .get(AUTHORIZATION)
        .and_then(|value| value.to_str().ok());
    let answered = form(&headers, &body).and_then(|form| exchange(&issuer.0, &form, authorization));
    let mut response = match answered {
        Ok(tokens) => http::json(StatusCode::OK, "application/json", &tokens),
        Err(Refusal { error, description }) => {
            let body = json!({ "error": error, "error_description": description });
            let status = match error {
                "invalid_client" => StatusCode::UNAUTHORIZED,
                _ => StatusCode::BAD_REQUEST,
            };
            http::json(status, "application/json", &body)
        }
    };
    if response.status() == StatusCode::UNAUTHORIZED && authorization.is_some() {
        let asked = HeaderValue::from_static("Basic realm=\"stand-in\"");
        response.headers_mut().insert(WWW_AUTHENTICATE, asked);
    }
    for (name, value) in [(CACHE_CONTROL, "no-store"), (PRAGMA, "no-cache")] {
        response
            .headers_mut()
            .insert(name, HeaderValue::from_static(value));
    }
    response
}

type Form = BTreeMap<String, String>;

fn form(headers: &HeaderMap, body: &[u8]) -> Result<Form, Refusal> {
    let kind = headers
        .get(CONTENT_TYPE)
        .and_then(|kind| kind.to_str().ok());
    let kind = kind.and_then(|kind| kind.split(';').next());
    if kind != Some("application/x-www-form-urlencoded") {
        return refused("invalid_request", "the body is not a form");
    }
    let Ok(text) = std::str::from_utf8(body) else {
        return refused("invalid_request", "the body is no text");
    };
    fields(text).or_else(|_| refused("invalid_request", "a parameter is given twice"))
}

fn exchange(issuer: &Inner, form: &Form, authorization: Option<&str>) -> Result<Value, Refusal> {
    let value = |name: &str| form.get(name).map(String::as_str);
    identify(&issuer.client, form, authorization)?;
    match value("grant_type") {
        Some("authorization_code") => {}
        Some(_) => {
            return refused(
                "unsupported_grant_type",
                "only authorization_code is supported",
            );
        }
        None => return refused("invalid_request", "grant_type is missing"),
    }
    let (Some(code), Some(redirect_uri)) = (value("code"), value("redirect_uri")) else {
        return refused("invalid_request", "code or redirect_uri is missing");
    };
    let Some(verifier) = value("code_verifier") else {
        return refused("invalid_request", "code_verifier is missing");
    };
    // Gone with the first attempt, whatever becomes of it.
    let Some(grant) = issuer.state().codes.remove(code) else {
        return refused("invalid_grant", "the code is unknown, or was used before");
    };
    let request = &grant.request;
    if issuer.now() - grant.issued > CODE_SECONDS {
        return refused("invalid_grant", "the code has expired");
    }
    if request.redirect_uri != redirect_uri {
        return refused("invalid_grant", "redirect_uri is another one than before");
    }
    if BASE64URL_NOPAD.encode(&Sha256::digest(verifier)) != request.challenge {
        return refused(
            "invalid_grant",
            "code_verifier is not the one of the challenge",
        );
    }
    tokens(issuer, &grant).map_or_else(|| refused("server_error", "no key can sign"), Ok)
}

/// Who asks: by a secret in one of two places, or by name where there is none.
fn identify(client: &Client, form: &Form, authorization: Option<&str>) -> Result<(), Refusal> {
    let value = |name: &str| form.get(name).cloned();
    let basic = authorization.map(|header| basic(header).unwrap_or_default());
    if basic.is_some() && form.contains_key("client_secret") {
        return refused("invalid_request", "the client is identified in two ways");
    }
    let (id, secret) = match basic {
        Some((id, secret)) => (Some(id), Some(secret)),
        None => (value("client_id"), value("client_secret")),
    };
    if id.as_ref() != Some(&client.id) || secret != client.secret {
        return refused("invalid_client", "client and secret do not match");
    }
    Ok(())
}

/// Name and secret of a header, each of which is encoded as in a form.
fn basic(header: &str) -> Option<(String, String)> {
    let decoded = BASE64
        .decode(header.strip_prefix("Basic ")?.as_bytes())
        .ok()?;
    let text = String::from_utf8(decoded).ok()?;
    let (id, secret) = text.split_once(':')?;
    let plain = |part: &str| {
        let pair = format!("={part}");
        let (_, value) = form_urlencoded::parse(pair.as_bytes()).next()?;
        Some(value.into_owned())
    };
    Some((plain(id)?, plain(secret)?))
}

fn tokens(issuer: &Inner, grant: &Grant) -> Option<Value> {
    let changed = issuer.state().id_tokens.clone();
    let request = &grant.request;
    let asked = |scope: &str| request.scope.split(' ').any(|word| word == scope);
    let role = changed.role.unwrap_or(grant.role);
    let person = role.person();
    let mut more = Map::new();
    more.extend(
        request
            .nonce
            .as_ref()
            .map(|nonce| ("nonce".to_owned(), json!(nonce))),
    );
    if asked("profile") {
        more.insert("name".to_owned(), json!(person.name));
    }
    if asked("email") {
        more.insert("email".to_owned(), json!(person.email()));
        more.insert("email_verified".to_owned(), json!(true));
    }
    let claims = changed.claims(Usual {
        issuer: &issuer.url,
        audience: &issuer.client.id,
        role,
        now: issuer.now(),
        more,
    });
    let id_token = issuer
        .state()
        .keys
        .sign("JWT", &claims, changed.signed_by)?;
    let access = TokenRequest {
        audience: request.audience.clone(),
        ..TokenRequest::of(role)
    };
    Some(json!({
        "access_token": issuer.access_token(&access)?,
        "token_type": "Bearer",
        "expires_in": LIFETIME_SECONDS,
        "scope": request.scope,
        "id_token": id_token,
    }))
}
