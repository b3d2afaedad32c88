//! An OpenID Connect issuer: discovery, keys, the code flow with PKCE, sign-out, and access tokens.
//!
//! It speaks as real issuers do: a client and a redirect address that are registered, codes that work once
//! and for a minute, errors by their names, its own name in every answer (RFC 9207). Its sign-in page asks
//! for no password. What a good issuer never does is asked of it in a [`TokenRequest`]: tokens that have
//! expired, are for somebody else, or are signed with another key or with none.

mod authorize;
mod endpoints;
mod exchange;
mod keys;
mod page;
mod people;
mod token;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::Serialize;
use serde_json::Map;

pub use keys::SignedBy;
pub use people::Role;
pub use token::TokenRequest;

use crate::{digest, http};
use authorize::{Authorization, Refusal};
pub(crate) use endpoints::router;
use keys::Keys;
use token::Usual;

/// Where it answers, below the address of the stand-ins.
pub(crate) const PATH: &str = "/oidc";

/// The one client that is registered: the console.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Client {
    /// Its name.
    pub id: String,
    /// Its secret; without one it is a public client.
    pub secret: Option<String>,
    /// Scheme and host of its pages.
    pub origin: String,
    /// The audience of access tokens where none is asked for.
    pub api_audience: String,
}

impl Default for Client {
    fn default() -> Self {
        Self {
            id: "console".to_owned(),
            secret: None,
            origin: "https://console.example.com".to_owned(),
            api_audience: "outreach-api".to_owned(),
        }
    }
}

impl Client {
    /// Where a person comes back to with a code.
    pub fn redirect_uri(&self) -> String {
        format!("{}/login/callback", self.origin)
    }

    /// Where a person comes back to after sign-out.
    pub fn signed_out_uri(&self) -> String {
        format!("{}/signed-out", self.origin)
    }
}

/// Requests so far, by what was asked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct IssuerStats {
    /// Of the discovery document.
    pub discovery: u64,
    /// Of the keys.
    pub keys: u64,
    /// Of the sign-in page.
    pub authorize: u64,
    /// Of tokens for a code.
    pub token: u64,
    /// Of the sign-out.
    pub sign_out: u64,
}

/// The stand-in issuer. A clone is the same one.
#[derive(Clone)]
pub struct Issuer(Arc<Inner>);

struct Inner {
    url: String,
    seed: u64,
    client: Client,
    state: Mutex<IssuerState>,
}

struct IssuerState {
    keys: Keys,
    codes: HashMap<String, Grant>,
    /// How many codes there were: each has a name of its own.
    issued: u64,
    /// How ID tokens differ from good ones.
    id_tokens: TokenRequest,
    away: bool,
    /// How far its clock is ahead.
    ahead_seconds: i64,
    stats: IssuerStats,
}

/// What a code stands for.
#[derive(Clone, Debug)]
struct Grant {
    request: Authorization,
    role: Role,
    issued: i64,
}

impl Inner {
    fn state(&self) -> MutexGuard<'_, IssuerState> {
        // Nothing is left half changed, so a poisoned lock still guards a good state.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Seconds since 1970.
    fn now(&self) -> i64 {
        http::now().timestamp() + self.state().ahead_seconds
    }

    fn access_token(&self, request: &TokenRequest) -> Option<String> {
        let role = request.role.unwrap_or(Role::Viewer);
        let more = Map::from_iter([("client_id".to_owned(), self.client.id.clone().into())]);
        let claims = request.claims(Usual {
            issuer: &self.url,
            audience: &self.client.api_audience,
            role,
            now: self.now(),
            more,
        });
        let keys = self.state().keys.clone();
        keys.sign("at+jwt", &claims, request.signed_by)
    }
}

impl Issuer {
    pub(crate) fn new(seed: u64, base: &str, client: Client) -> Self {
        Self(Arc::new(Inner {
            url: format!("{base}{PATH}"),
            seed,
            client,
            state: Mutex::new(IssuerState::new(seed)),
        }))
    }

    /// Its name, which is also where it answers.
    pub fn url(&self) -> &str {
        &self.0.url
    }

    /// The client that is registered.
    pub fn client(&self) -> &Client {
        &self.0.client
    }

    /// An access token for the API; none where no key can be made.
    pub fn access_token(&self, request: &TokenRequest) -> Option<String> {
        self.0.access_token(request)
    }

    /// A person opens the page of this authorization request and chooses themself: the address that they are
    /// sent to, which is the client's, with a code or an error.
    ///
    /// # Errors
    /// What the page says when it may send nobody there.
    pub fn sign_in(&self, authorize_url: &str, role: Role) -> Result<String, String> {
        let query = authorize_url.split_once('?').map_or("", |(_, query)| query);
        self.0.sign_in(query, Some(role))
    }

    /// Signs with a new key from now on. The one before it stays published until the next rotation.
    pub fn rotate(&self) {
        self.0.state().keys.rotate();
    }

    /// Changes the ID tokens of all sign-ins from now on. A role there is everybody's.
    pub fn id_tokens(&self, request: TokenRequest) {
        self.0.state().id_tokens = request;
    }

    /// Whether it answers every request with 503.
    pub fn away(&self, away: bool) {
        self.0.state().away = away;
    }

    /// Puts its clock ahead, for codes and for tokens.
    pub fn advance_seconds(&self, seconds: i64) {
        self.0.state().ahead_seconds += seconds;
    }

    /// Requests so far.
    pub fn stats(&self) -> IssuerStats {
        self.0.state().stats
    }

    /// Back to the first key, the right time and good tokens.
    pub(crate) fn reset(&self) {
        *self.0.state() = IssuerState::new(self.0.seed);
    }

    fn count(&self, count: impl FnOnce(&mut IssuerStats)) {
        count(&mut self.0.state().stats);
    }
}

impl IssuerState {
    fn new(seed: u64) -> Self {
        Self {
            keys: Keys::new(seed),
            codes: HashMap::new(),
            issued: 0,
            id_tokens: TokenRequest::default(),
            away: false,
            ahead_seconds: 0,
            stats: IssuerStats::default(),
        }
    }
}

impl Inner {
    /// Where a person is sent who answers this request; nobody is who leaves again.
    fn sign_in(&self, query: &str, person: Option<Role>) -> Result<String, String> {
        let request = match authorize::read(query, &self.client) {
            Ok(request) => request,
            Err(refusal) => return self.refused(refusal),
        };
        let Some(role) = person else {
            return self.refused(Refusal::Told {
                redirect_uri: request.redirect_uri,
                state: request.state,
                error: "access_denied",
                description: "the person went back".to_owned(),
            });
        };
        let issued = self.now();
        let mut state = self.state();
        state.issued += 1;
        let code = digest::hex(&[&self.seed.to_string(), "code", &state.issued.to_string()]);
        let (to, with) = (request.redirect_uri.clone(), request.state.clone());
        let grant = Grant {
            request,
            role,
            issued,
        };
        state.codes.insert(code.clone(), grant);
        drop(state);
        let answer = [("code", code.as_str())];
        Ok(authorize::redirect(
            &to,
            with.as_deref(),
            &self.url,
            &answer,
        ))
    }

    /// Where the client is told, or what a person is shown.
    fn refused(&self, refusal: Refusal) -> Result<String, String> {
        match refusal {
            Refusal::Shown(text) => Err(text),
            Refusal::Told {
                redirect_uri,
                state,
                error,
                description,
            } => {
                let answer = [("error", error), ("error_description", &description)];
                let state = state.as_deref();
                Ok(authorize::redirect(
                    &redirect_uri,
                    state,
                    &self.url,
                    &answer,
                ))
            }
        }
    }
}
