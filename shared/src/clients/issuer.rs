//! An OpenID Connect issuer: what it says of itself, its keys, and tokens for a code.
//!
//! Nothing is asked before somebody signs in: a start must not wait for another's server.

use serde::Deserialize;
use serde_json::Value;

use super::http::{Http, HttpError, Reply};
use crate::config::Secret;

/// What an issuer says of itself (OpenID Connect Discovery 1.0, 3).
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Discovery {
    /// Must be the configured issuer, letter for letter.
    pub issuer: String,
    pub authorization_endpoint: String,
    pub token_endpoint: String,
    pub jwks_uri: String,
    /// Where a person's session at the issuer ends; Google has none.
    pub end_session_endpoint: Option<String>,
    /// How a client proves itself; absent means `client_secret_basic`.
    #[serde(default)]
    pub token_endpoint_auth_methods_supported: Option<Vec<String>>,
}

/// What the issuer gave for a code.
#[derive(Debug, Clone, Deserialize)]
struct Tokens {
    id_token: String,
}

/// A code, and the proof that we began what it ends (RFC 7636).
#[derive(Debug, Clone, Copy)]
pub struct Code<'a> {
    pub code: &'a str,
    pub verifier: &'a str,
    pub redirect_uri: &'a str,
}

/// Why the issuer was of no use.
#[derive(Debug, thiserror::Error)]
pub enum IssuerError {
    #[error(transparent)]
    Http(#[from] HttpError),
    #[error("the issuer answered {what} with status {status}")]
    Status { what: &'static str, status: u16 },
    /// Its own word, such as `invalid_grant` (RFC 6749, 5.2).
    #[error("the issuer refused the code: {0}")]
    Refused(String),
    #[error("the issuer's answer to {what} is not what OpenID Connect says")]
    Shape {
        what: &'static str,
        #[source]
        source: serde_json::Error,
    },
    #[error("the issuer calls itself otherwise than OIDC_ISSUER does")]
    OtherIssuer,
    #[error("the issuer names {0}, which is no https address")]
    Unsafe(&'static str),
}

/// Reads what the issuer says of itself.
///
/// # Errors
/// When it does not answer, or not with what can be trusted.
pub async fn discover(http: &Http, issuer: &str) -> Result<Discovery, IssuerError> {
    let url = format!(
        "{}/.well-known/openid-configuration",
        issuer.trim_end_matches('/')
    );
    let what = "discovery";
    let reply = http.get(&url, &(), None).await?;
    let found: Discovery = read(&reply, what)?;
    if found.issuer != issuer {
        return Err(IssuerError::OtherIssuer);
    }
    let plain = issuer.starts_with("http:");
    for (name, address) in [
        (
            "authorization_endpoint",
            Some(&found.authorization_endpoint),
        ),
        ("token_endpoint", Some(&found.token_endpoint)),
        ("jwks_uri", Some(&found.jwks_uri)),
        ("end_session_endpoint", found.end_session_endpoint.as_ref()),
    ] {
        // On this machine an issuer may speak plain HTTP; so may its own endpoints.
        let is_safe = |address: &String| {
            address.starts_with("https://") || plain && address.starts_with("http://")
        };
        if !address.is_none_or(is_safe) {
            return Err(IssuerError::Unsafe(name));
        }
    }
    Ok(found)
}

/// Reads the issuer's keys (RFC 7517, 5).
///
/// # Errors
/// When it does not answer with a set of keys.
pub async fn keys(http: &Http, jwks_uri: &str) -> Result<Value, IssuerError> {
    let reply = http.get(jwks_uri, &(), None).await?;
    read(&reply, "its keys")
}

/// Exchanges a code for an ID token, once.
///
/// # Errors
/// When the issuer refuses, or does not answer.
pub async fn exchange(
    http: &Http,
    discovery: &Discovery,
    client_id: &str,
    client_secret: Option<&Secret>,
    code: Code<'_>,
) -> Result<String, IssuerError> {
    let mut form = vec![
        ("grant_type", "authorization_code"),
        ("code", code.code),
        ("redirect_uri", code.redirect_uri),
        ("client_id", client_id),
        ("code_verifier", code.verifier),
    ];
    let methods = discovery.token_endpoint_auth_methods_supported.as_deref();
    let basic = methods.is_none_or(|methods| methods.iter().any(|m| m == "client_secret_basic"));
    let login = match client_secret {
        Some(secret) if basic => Some((client_id, secret)),
        Some(secret) => {
            form.push(("client_secret", secret.expose()));
            None
        }
        None => None,
    };
    let reply = http
        .post_form(&discovery.token_endpoint, &form, login)
        .await?;
    if reply.status == 400 || reply.status == 401 {
        let word = reply.json::<Value>().ok();
        let word = word.as_ref().and_then(|answer| answer["error"].as_str());
        return Err(IssuerError::Refused(
            word.unwrap_or("no reason given").to_owned(),
        ));
    }
    let tokens: Tokens = read(&reply, "the code")?;
    Ok(tokens.id_token)
}

fn read<T: for<'de> Deserialize<'de>>(reply: &Reply, what: &'static str) -> Result<T, IssuerError> {
    if !reply.status.is_success() {
        let status = reply.status.as_u16();
        return Err(IssuerError::Status { what, status });
    }
    let shape = |source| IssuerError::Shape { what, source };
    reply.json().map_err(shape)
}
