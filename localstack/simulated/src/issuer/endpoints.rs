//! What it answers over HTTP, apart from tokens.

use axum::body::Bytes;
use axum::extract::{RawQuery, Request, State};
use axum::http::StatusCode;
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse as _, Redirect, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use jsonwebtoken::jwk::JwkSet;
use jsonwebtoken::{DecodingKey, Validation, decode, decode_header};
use serde_json::{Value, json};
use url::Url;

use super::authorize::{self, fields};
use super::people::Role;
use super::{Inner, Issuer, exchange, page};
use crate::http;

pub(crate) fn router(issuer: Issuer) -> Router {
    Router::new()
        .route("/.well-known/openid-configuration", get(discovery))
        .route("/keys", get(keys))
        .route("/authorize", get(ask).post(choose))
        .route("/token", post(exchange::answer))
        .route("/logout", get(sign_out).post(sign_out))
        .layer(from_fn_with_state(issuer.clone(), when_there))
        .with_state(issuer)
}

async fn when_there(State(issuer): State<Issuer>, request: Request, next: Next) -> Response {
    if issuer.0.state().away {
        return http::html(StatusCode::SERVICE_UNAVAILABLE);
    }
    next.run(request).await
}

async fn discovery(State(issuer): State<Issuer>) -> Json<Value> {
    issuer.count(|stats| stats.discovery += 1);
    let url = &issuer.0.url;
    Json(json!({
        "issuer": url,
        "authorization_endpoint": format!("{url}/authorize"),
        "token_endpoint": format!("{url}/token"),
        "jwks_uri": format!("{url}/keys"),
        "end_session_endpoint": format!("{url}/logout"),
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": ["authorization_code"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["ES256", "RS256"],
        "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post", "none"],
        "code_challenge_methods_supported": ["S256"],
        "scopes_supported": ["openid", "profile", "email"],
        "claims_supported": ["iss", "sub", "aud", "exp", "iat", "nonce", "name", "email", "roles"],
        "authorization_response_iss_parameter_supported": true,
    }))
}

async fn keys(State(issuer): State<Issuer>) -> Json<JwkSet> {
    issuer.count(|stats| stats.keys += 1);
    let keys = issuer.0.state().keys.clone();
    Json(keys.published())
}

/// The sign-in page.
async fn ask(State(issuer): State<Issuer>, RawQuery(query): RawQuery) -> Response {
    issuer.count(|stats| stats.authorize += 1);
    let query = query.unwrap_or_default();
    let client = &issuer.0.client;
    match authorize::read(&query, client) {
        Ok(_) => page::people(&query, &client.origin),
        Err(refusal) => sent(issuer.0.refused(refusal)),
    }
}

/// Somebody chose on that page.
async fn choose(State(issuer): State<Issuer>, RawQuery(query): RawQuery, body: Bytes) -> Response {
    let form = std::str::from_utf8(&body)
        .ok()
        .and_then(|text| fields(text).ok());
    let person = form.and_then(|form| Role::of_name(form.get("person")?));
    sent(issuer.0.sign_in(&query.unwrap_or_default(), person))
}

fn sent(to: Result<String, String>) -> Response {
    match to {
        Ok(to) => Redirect::to(&to).into_response(),
        Err(text) => page::notice(StatusCode::BAD_REQUEST, "You cannot sign in", &text),
    }
}

/// `GET` or `POST /logout`: nobody stays signed in here, so there is only a way back.
async fn sign_out(
    State(issuer): State<Issuer>,
    RawQuery(query): RawQuery,
    body: Bytes,
) -> Response {
    issuer.count(|stats| stats.sign_out += 1);
    let text = query.unwrap_or_else(|| String::from_utf8_lossy(&body).into_owned());
    match way_back(&issuer.0, &text) {
        Ok(Some(back)) => Redirect::to(&back).into_response(),
        Ok(None) => page::notice(
            StatusCode::OK,
            "You are signed out",
            "You may close this page.",
        ),
        Err(why) => page::notice(StatusCode::BAD_REQUEST, "You cannot go back", why),
    }
}

fn way_back(issuer: &Inner, text: &str) -> Result<Option<String>, &'static str> {
    let fields = fields(text).map_err(|_| "The request gives a parameter twice.")?;
    let Some(back) = fields.get("post_logout_redirect_uri") else {
        return Ok(None);
    };
    let by_name = fields.get("client_id") == Some(&issuer.client.id);
    let by_token = fields
        .get("id_token_hint")
        .is_some_and(|token| is_ours(issuer, token));
    if !by_name && !by_token {
        return Err("The request says neither by client_id nor by id_token_hint who asks.");
    }
    if *back != issuer.client.signed_out_uri() {
        return Err("The address to go back to is not the registered one.");
    }
    let mut back = Url::parse(back).map_err(|_| "The address to go back to is none.")?;
    if let Some(state) = fields.get("state") {
        back.query_pairs_mut().append_pair("state", state);
    }
    Ok(Some(back.into()))
}

/// Whether it is an ID token that we made for the client; it may have expired.
fn is_ours(issuer: &Inner, token: &str) -> bool {
    let keys = issuer.state().keys.published();
    let checked = || {
        let header = decode_header(token).ok()?;
        let key = keys.find(header.kid.as_deref()?)?;
        let mut validation = Validation::new(header.alg);
        validation.validate_exp = false;
        validation.set_audience(&[&issuer.client.id]);
        validation.set_issuer(&[&issuer.url]);
        validation.set_required_spec_claims(&["iss", "aud"]);
        decode::<Value>(token, &DecodingKey::from_jwk(key).ok()?, &validation).ok()
    };
    checked().is_some()
}
