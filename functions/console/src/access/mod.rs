//! Who is asking, and whether they may.
//!
//! A page is asked for with a session's cookie, the API with a token of the issuer. A change that comes with a
//! cookie must prove that one of our own pages asked for it: a cookie goes along with whatever any page posts.

mod cookie;
pub(crate) mod entry;
pub(crate) mod keys;
mod origin;
mod token;

use std::sync::Arc;

use axum::{
    extract::{FromRequestParts, Request, State},
    http::{Method, StatusCode, header, request::Parts},
    middleware::Next,
    response::{IntoResponse as _, Redirect, Response},
};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use shared::{
    config::Access,
    db::console::sessions::{self, IdHash},
    domain::person::{Person, Role},
    telemetry,
};

pub(crate) use self::origin::public_origin;
use crate::{
    Deps, answer,
    answer::Failure,
    api::answer::{Problem, unauthorized},
    routes::Least,
};

/// Who asks, once they may.
#[derive(Debug, Clone)]
pub(crate) struct Caller {
    pub(crate) person: Person,
    /// None where a token was shown.
    session: Option<IdHash>,
}

impl<S: Sync> FromRequestParts<S> for Caller {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Failure> {
        // Only a route for anyone has none, and no handler of such a route asks.
        parts.extensions.get().cloned().ok_or(Failure::SignedOut)
    }
}

/// What stands before a route.
#[derive(Debug, Clone)]
pub(crate) struct Guard {
    pub(crate) deps: Arc<Deps>,
    pub(crate) least: Least,
}

/// Why somebody may not.
#[derive(Debug)]
enum Refusal {
    /// The stack has no issuer yet.
    NotSetUp,
    /// Nobody is signed in, or the session ended.
    SignedOut,
    /// A token that is no token of ours; the words are for the person who wrote the program.
    BadToken(String),
    /// The change did not come from a page of ours.
    Forged,
    /// Their role is too small.
    TooSmall(Role),
    Failed(Failure),
}

/// Lets a request pass whose caller has the role.
pub(crate) async fn guard(
    State(guard): State<Guard>,
    mut request: Request,
    next: Next,
) -> Response {
    let Least::Role(least) = guard.least else {
        return next.run(request).await;
    };
    // The request itself is not shared: its body may not be.
    let entered = match &guard.deps.config.access {
        None => Err(Refusal::NotSetUp),
        Some(access) => match shown(&guard.deps, access, &request) {
            Ok(shown) => enter(&guard.deps, access, shown).await,
            Err(refusal) => Err(refusal),
        },
    };
    match entered {
        Ok(caller) if caller.person.role >= least => {
            request.extensions_mut().insert(caller);
            next.run(request).await
        }
        Ok(_) => refused(&guard.deps, &request, Refusal::TooSmall(least)),
        Err(refusal) => refused(&guard.deps, &request, refusal),
    }
}

/// What a request shows of who asks.
#[derive(Debug)]
enum Shown {
    Token(String),
    Session(IdHash),
}

/// Whoever shows a token is taken at it alone: a cookie must not make up for a bad one.
fn shown(deps: &Deps, access: &Access, request: &Request) -> Result<Shown, Refusal> {
    if let Some(token) = request.headers().get(header::AUTHORIZATION) {
        return Ok(Shown::Token(token.to_str().unwrap_or_default().to_owned()));
    }
    let id = session_id(access, request).ok_or(Refusal::SignedOut)?;
    if !request.method().is_safe() && !origin::is_own(request, &public_origin(deps, request)) {
        return Err(Refusal::Forged);
    }
    Ok(Shown::Session(id))
}

async fn enter(deps: &Deps, access: &Access, shown: Shown) -> Result<Caller, Refusal> {
    let id = match shown {
        Shown::Token(token) => return bearer(deps, access, &token).await,
        Shown::Session(id) => id,
    };
    let failed = |error| Refusal::Failed(Failure::Database(error));
    let mut conn = deps.connect().await.map_err(failed)?;
    let found = sessions::resume(&mut conn, &id).await.map_err(failed)?;
    let person = found.ok_or(Refusal::SignedOut)?;
    Ok(Caller {
        person,
        session: Some(id),
    })
}

/// The session that a genuine cookie names. A forged one costs no statement.
fn session_id(access: &Access, request: &Request) -> Option<IdHash> {
    let text = cookie::read(request.headers(), cookie::SESSION)?;
    let id = access.session_keys.verify(cookie::SESSION, &text)?;
    Some(cookie::hashed(&id))
}

async fn bearer(deps: &Deps, access: &Access, shown: &str) -> Result<Caller, Refusal> {
    let bad = |why: &str| Refusal::BadToken(why.to_owned());
    let audience = access.api_audience.as_deref();
    let audience =
        audience.ok_or_else(|| bad("this stack takes no tokens: OIDC_API_AUDIENCE is not set"))?;
    let token = shown
        .strip_prefix("Bearer ")
        .ok_or_else(|| bad("a bearer token is needed"))?;
    let claims = token::access(deps, access, audience, token.trim())
        .await
        .map_err(|error| Refusal::BadToken(telemetry::chain(&error)))?;
    let role = claims.role(access).ok_or(Refusal::TooSmall(Role::Viewer))?;
    Ok(Caller {
        person: claims.person(role),
        session: None,
    })
}

/// In the shape that the caller reads: a page, or a problem of the API.
fn refused(deps: &Deps, request: &Request, refusal: Refusal) -> Response {
    let is_api = answer::is_api(request.uri().path());
    match refusal {
        Refusal::NotSetUp if is_api => {
            let missing = deps.config.missing.join(", ");
            let why = format!("Nobody can enter before these are set: {missing}.");
            Problem::new(StatusCode::SERVICE_UNAVAILABLE, why).into_response()
        }
        Refusal::NotSetUp => entry::not_set_up(deps),
        Refusal::Failed(failure) => failure.into_response(),
        Refusal::SignedOut if is_api => unauthorized("a bearer token is needed"),
        Refusal::SignedOut if request.method() == Method::GET => {
            let path = request
                .uri()
                .path_and_query()
                .map_or("/", |path| path.as_str());
            let to = utf8_percent_encode(path, NON_ALPHANUMERIC);
            Redirect::to(&format!("/login?to={to}")).into_response()
        }
        Refusal::SignedOut => Failure::SignedOut.into_response(),
        Refusal::BadToken(why) => {
            tracing::warn!(why, "a token was refused");
            unauthorized(&why)
        }
        Refusal::Forged => {
            tracing::warn!(
                path = request.uri().path(),
                "a change did not come from a page of ours"
            );
            Failure::Forged.into_response()
        }
        Refusal::TooSmall(least) if is_api => {
            let why = format!("this takes the role {}", least.as_str());
            Problem::new(StatusCode::FORBIDDEN, why).into_response()
        }
        Refusal::TooSmall(least) => Failure::NotAllowed(least).into_response(),
    }
}
