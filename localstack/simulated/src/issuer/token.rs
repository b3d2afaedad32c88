//! Tokens: what one says, and what a test may want it to say instead.

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::keys::SignedBy;
use super::people::Role;

/// How long a token is good for.
pub(super) const LIFETIME_SECONDS: i64 = 3_600;

/// How a token differs from a good one.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TokenRequest {
    /// Whose it is. Of an access token, without it, the viewer's; of an ID token, whoever signs in.
    pub role: Option<Role>,
    /// For whom it is. Without it, an access token is for the API and an ID token for the client.
    pub audience: Option<String>,
    /// Who says it. Without it, this issuer.
    pub issuer: Option<String>,
    /// For how long from now; a negative one has expired. Without it, an hour.
    pub lifetime_seconds: Option<i64>,
    /// The key.
    pub signed_by: SignedBy,
    /// Claims in place of the usual ones; null takes one away.
    pub claims: Map<String, Value>,
}

impl TokenRequest {
    /// A good token of the person with this role.
    pub fn of(role: Role) -> Self {
        Self {
            role: Some(role),
            ..Self::default()
        }
    }

    /// For somebody else.
    #[must_use]
    pub fn audience(mut self, audience: impl Into<String>) -> Self {
        self.audience = Some(audience.into());
        self
    }

    /// By another issuer.
    #[must_use]
    pub fn issuer(mut self, issuer: impl Into<String>) -> Self {
        self.issuer = Some(issuer.into());
        self
    }

    /// For so long from now; a negative one has expired.
    #[must_use]
    pub fn lifetime_seconds(mut self, seconds: i64) -> Self {
        self.lifetime_seconds = Some(seconds);
        self
    }

    /// Signed with another key.
    #[must_use]
    pub fn signed_by(mut self, key: SignedBy) -> Self {
        self.signed_by = key;
        self
    }

    /// With another value of a claim; null takes it away.
    #[must_use]
    pub fn claim(mut self, name: impl Into<String>, value: Value) -> Self {
        self.claims.insert(name.into(), value);
        self
    }

    /// The claims: `usual` with what this request changes.
    pub(super) fn claims(&self, usual: Usual<'_>) -> Value {
        let Usual {
            issuer,
            audience,
            role,
            now,
            more,
        } = usual;
        let person = role.person();
        let mut claims = Map::from_iter([
            (
                "iss".to_owned(),
                json!(self.issuer.as_deref().unwrap_or(issuer)),
            ),
            (
                "aud".to_owned(),
                json!(self.audience.as_deref().unwrap_or(audience)),
            ),
            ("sub".to_owned(), json!(person.subject)),
            ("iat".to_owned(), json!(now)),
            (
                "exp".to_owned(),
                json!(now + self.lifetime_seconds.unwrap_or(LIFETIME_SECONDS)),
            ),
            ("roles".to_owned(), json!([role.name()])),
        ]);
        claims.extend(more);
        claims.extend(self.claims.clone());
        claims.retain(|_, value| !value.is_null());
        Value::Object(claims)
    }
}

/// What a token says by itself.
pub(super) struct Usual<'a> {
    pub(super) issuer: &'a str,
    pub(super) audience: &'a str,
    pub(super) role: Role,
    /// Seconds since 1970.
    pub(super) now: i64,
    pub(super) more: Map<String, Value>,
}
