//! Tokens of the issuer: who somebody is (ID token) and what a program may do (access token).

use jsonwebtoken::{
    Algorithm, DecodingKey, Validation, decode, decode_header, get_current_timestamp,
    jwk::{AlgorithmParameters, Jwk, KeyAlgorithm, PublicKeyUse},
};
use serde::Deserialize;
use serde_json::{Map, Value};
use shared::{
    config::Access,
    domain::person::{Person, Role},
};

use super::keys::{self, KeyError};
use crate::Deps;

/// The clocks of two machines may differ by so many seconds.
const LEEWAY: u64 = 60;
/// Longer than any name that a page has room for.
const LONGEST_NAME: usize = 80;

/// What a genuine token says.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Claims {
    sub: String,
    #[serde(default)]
    iat: Option<u64>,
    #[serde(default)]
    pub(super) nonce: Option<String>,
    #[serde(flatten)]
    others: Map<String, Value>,
}

/// Why a token is none of ours. Says nothing of what stands in it.
#[derive(Debug, thiserror::Error)]
pub(super) enum TokenError {
    #[error("the token cannot be read")]
    Shape(#[source] jsonwebtoken::errors::Error),
    #[error("the token is not valid")]
    Invalid(#[source] jsonwebtoken::errors::Error),
    #[error("the token's key cannot be had")]
    Key(#[from] KeyError),
    #[error("the token is signed with what is not allowed here")]
    Algorithm,
    #[error("the token was issued in the future")]
    FromTheFuture,
    #[error("the token is for somebody else")]
    Audience,
    #[error("an ID token says who somebody is; the API takes access tokens")]
    NotForTheApi,
}

/// Verifies an ID token (OpenID Connect Core, 3.1.3.7).
pub(super) async fn id(deps: &Deps, access: &Access, token: &str) -> Result<Claims, TokenError> {
    let claims = verified(deps, access, token).await?;
    let audiences = claims.audiences();
    let party = claims.others.get("azp").and_then(Value::as_str);
    let is_ours = audiences.contains(&access.client_id.as_str())
        && (audiences.len() == 1 || party == Some(&access.client_id))
        && party.is_none_or(|party| party == access.client_id);
    if is_ours {
        Ok(claims)
    } else {
        Err(TokenError::Audience)
    }
}

/// Verifies an access token for the API.
pub(super) async fn access(
    deps: &Deps,
    access: &Access,
    audience: &str,
    token: &str,
) -> Result<Claims, TokenError> {
    let claims = verified(deps, access, token).await?;
    let purpose = claims.others.get("token_use").and_then(Value::as_str);
    if claims.nonce.is_some() || purpose == Some("id") {
        return Err(TokenError::NotForTheApi);
    }
    // Cognito's access tokens have no audience and name the client instead.
    let client = claims.others.get("client_id").and_then(Value::as_str);
    let by_client = purpose == Some("access") && client == Some(audience);
    let audiences = claims.audiences();
    if audiences.contains(&audience) || audiences.is_empty() && by_client {
        Ok(claims)
    } else {
        Err(TokenError::Audience)
    }
}

async fn verified(deps: &Deps, access: &Access, token: &str) -> Result<Claims, TokenError> {
    let header = decode_header(token).map_err(TokenError::Shape)?;
    let key = keys::key(deps, access, header.kid.as_deref()).await?;
    // What the token says of its algorithm is its own claim; the key says what it is for.
    let algorithm = allowed(&key).ok_or(TokenError::Algorithm)?;
    let mut rules = Validation::new(algorithm);
    rules.leeway = LEEWAY;
    rules.validate_nbf = true;
    // An audience may be missing, and is then judged by another claim.
    rules.validate_aud = false;
    rules.set_issuer(&[&access.issuer]);
    rules.set_required_spec_claims(&["exp", "iss", "sub"]);
    let key = DecodingKey::from_jwk(&key).map_err(TokenError::Invalid)?;
    let claims: Claims = decode(token, &key, &rules)
        .map_err(TokenError::Invalid)?
        .claims;
    if claims
        .iat
        .is_some_and(|at| at > get_current_timestamp() + LEEWAY)
    {
        return Err(TokenError::FromTheFuture);
    }
    Ok(claims)
}

/// The one algorithm that a key may be used with; none for a key that is not for signatures, or that whoever
/// holds it could sign with.
fn allowed(key: &Jwk) -> Option<Algorithm> {
    let for_signatures = key.common.public_key_use.as_ref();
    if !for_signatures.is_none_or(|usage| *usage == PublicKeyUse::Signature) {
        return None;
    }
    match (&key.algorithm, key.common.key_algorithm) {
        (AlgorithmParameters::RSA(_), None | Some(KeyAlgorithm::RS256)) => Some(Algorithm::RS256),
        (AlgorithmParameters::EllipticCurve(_), None | Some(KeyAlgorithm::ES256)) => {
            Some(Algorithm::ES256)
        }
        _ => None,
    }
}

impl Claims {
    fn audiences(&self) -> Vec<&str> {
        texts(self.others.get("aud"))
    }

    /// The strongest role that the claim gives.
    pub(super) fn role(&self, access: &Access) -> Option<Role> {
        let values = texts(self.others.get(&access.role_claim));
        values
            .iter()
            .filter_map(|value| access.roles.get(*value))
            .max()
            .copied()
    }

    pub(super) fn person(&self, role: Role) -> Person {
        let named = ["name", "preferred_username", "email"];
        let name = named
            .iter()
            .find_map(|claim| self.others.get(*claim)?.as_str());
        let name = name
            .filter(|name| !name.trim().is_empty())
            .unwrap_or(&self.sub);
        Person {
            subject: self.sub.clone(),
            name: name
                .trim()
                .chars()
                .filter(|c| !c.is_control())
                .take(LONGEST_NAME)
                .collect(),
            role,
        }
    }
}

/// A claim that is one text or a list of them.
fn texts(claim: Option<&Value>) -> Vec<&str> {
    match claim {
        Some(Value::String(text)) => vec![text],
        Some(Value::Array(texts)) => texts.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    }
}
