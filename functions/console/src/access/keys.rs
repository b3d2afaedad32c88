//! What the issuer says of itself and its keys, kept while the environment lives.

use std::time::{Duration, Instant};

use jsonwebtoken::jwk::{Jwk, JwkSet};
use shared::{
    clients::issuer::{self, Discovery, IssuerError},
    config::Access,
    telemetry,
};
use tokio::sync::Mutex;

use crate::Deps;

/// Keys are read anew after so long.
const FRESH_FOR: Duration = Duration::from_hours(1);
/// A key that is not there may be new; whoever invents keys must not have us ask for each.
const ASK_EVERY: Duration = Duration::from_mins(1);

/// Empty until somebody signs in or shows a token.
#[derive(Debug, Default)]
pub(crate) struct IssuerKeys(Mutex<Option<Known>>);

#[derive(Debug)]
struct Known {
    discovery: Discovery,
    keys: JwkSet,
    asked_at: Instant,
    read_at: Instant,
}

/// There is no such key, or the issuer cannot be asked.
#[derive(Debug, thiserror::Error)]
pub(crate) enum KeyError {
    #[error("the issuer cannot be asked")]
    Issuer(#[from] IssuerError),
    #[error("the issuer's keys cannot be read")]
    Shape(#[from] serde_json::Error),
    #[error("the issuer has no such key")]
    Unknown,
}

/// What the issuer says of itself.
pub(super) async fn discovery(deps: &Deps, access: &Access) -> Result<Discovery, KeyError> {
    let mut known = deps.issuer.0.lock().await;
    if known.is_none() {
        *known = Some(read(deps, access).await?);
    }
    known
        .as_ref()
        .map(|known| known.discovery.clone())
        .ok_or(KeyError::Unknown)
}

/// Where a person's session at the issuer ends, if anybody has asked the issuer yet.
pub(crate) async fn end_session_endpoint(deps: &Deps) -> Option<String> {
    let known = deps.issuer.0.lock().await;
    known.as_ref()?.discovery.end_session_endpoint.clone()
}

/// The key of this name. One that is not known is looked for again; while the issuer is away the keys that are
/// known go on being used.
pub(super) async fn key(deps: &Deps, access: &Access, name: Option<&str>) -> Result<Jwk, KeyError> {
    let mut known = deps.issuer.0.lock().await;
    let again = known.as_ref().is_none_or(|known| {
        let stale = known.read_at.elapsed() >= FRESH_FOR || find(&known.keys, name).is_none();
        stale && known.asked_at.elapsed() >= ASK_EVERY
    });
    if again {
        match read(deps, access).await {
            Ok(fresh) => *known = Some(fresh),
            Err(error) => {
                let Some(known) = known.as_mut() else {
                    return Err(error);
                };
                known.asked_at = Instant::now();
                tracing::warn!(
                    error = telemetry::chain(&error),
                    "the issuer's keys were not read anew"
                );
            }
        }
    }
    let keys = known.as_ref().map(|known| &known.keys);
    let key = keys.and_then(|keys| find(keys, name));
    key.cloned().ok_or(KeyError::Unknown)
}

/// A token that names no key is of the only one there is.
fn find<'a>(keys: &'a JwkSet, name: Option<&str>) -> Option<&'a Jwk> {
    match (name, keys.keys.as_slice()) {
        (Some(name), _) => keys.find(name),
        (None, [only]) => Some(only),
        (None, _) => None,
    }
}

async fn read(deps: &Deps, access: &Access) -> Result<Known, KeyError> {
    let discovery = issuer::discover(&deps.http, &access.issuer).await?;
    let keys = issuer::keys(&deps.http, &discovery.jwks_uri).await?;
    let now = Instant::now();
    Ok(Known {
        discovery,
        keys: serde_json::from_value(keys)?,
        asked_at: now,
        read_at: now,
    })
}
