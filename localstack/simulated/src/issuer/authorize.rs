//! Authorization requests (RFC 6749, 4.1.1, RFC 7636, OpenID Connect Core, 3.1.2.1): read and checked.

use std::collections::BTreeMap;

use data_encoding::BASE64URL_NOPAD;
use url::{Url, form_urlencoded};

use super::Client;

/// The first field given twice, or the fields.
pub(super) fn fields(text: &str) -> Result<BTreeMap<String, String>, String> {
    let mut fields = BTreeMap::new();
    for (name, value) in form_urlencoded::parse(text.as_bytes()) {
        if fields.contains_key(&*name) {
            return Err(name.into_owned());
        }
        fields.insert(name.into_owned(), value.into_owned());
    }
    Ok(fields)
}

/// A request that a person may answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Authorization {
    pub(super) redirect_uri: String,
    pub(super) state: Option<String>,
    pub(super) nonce: Option<String>,
    pub(super) scope: String,
    /// SHA-256 of the verifier, in base64url.
    pub(super) challenge: String,
    /// For whom the access token is asked.
    pub(super) audience: Option<String>,
}

/// Why there is nothing to answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// Whoever asks cannot be told: where to would be their own word.
    Shown(String),
    /// The client is told, by the code of the error.
    Told {
        redirect_uri: String,
        state: Option<String>,
        error: &'static str,
        description: String,
    },
}

/// Reads the query of an authorization request.
pub(super) fn read(query: &str, client: &Client) -> Result<Authorization, Refusal> {
    let mut fields =
        fields(query).map_err(|name| Refusal::Shown(format!("The request gives {name} twice.")))?;
    if fields.get("client_id") != Some(&client.id) {
        return Err(Refusal::Shown(
            "No client of this name is registered here.".to_owned(),
        ));
    }
    let redirect_uri = fields.remove("redirect_uri").unwrap_or_default();
    if redirect_uri != client.redirect_uri() {
        return Err(Refusal::Shown(format!(
            "The redirect address is not the registered one, which is {}.",
            client.redirect_uri()
        )));
    }
    let state = fields.remove("state");
    let told = |error, description: &str| Refusal::Told {
        redirect_uri: redirect_uri.clone(),
        state: state.clone(),
        error,
        description: description.to_owned(),
    };
    let value = |name: &str| fields.get(name).map(String::as_str);
    match value("response_type") {
        Some("code") => {}
        Some(_) => return Err(told("unsupported_response_type", "only code is supported")),
        None => return Err(told("invalid_request", "response_type is missing")),
    }
    if value("response_mode").is_some_and(|mode| mode != "query") {
        return Err(told(
            "invalid_request",
            "only response_mode=query is supported",
        ));
    }
    let scope = value("scope").unwrap_or_default();
    if !scope.split(' ').any(|word| word == "openid") {
        return Err(told("invalid_scope", "openid is not asked for"));
    }
    if value("code_challenge_method") != Some("S256") {
        return Err(told("invalid_request", "PKCE with S256 is required"));
    }
    let challenge = value("code_challenge").unwrap_or_default();
    if BASE64URL_NOPAD
        .decode(challenge.as_bytes())
        .map_or(0, |hash| hash.len())
        != 32
    {
        return Err(told(
            "invalid_request",
            "code_challenge is not the hash of a verifier",
        ));
    }
    // Nobody stays signed in here.
    if value("prompt") == Some("none") {
        return Err(told("login_required", "a person has to choose"));
    }
    Ok(Authorization {
        state: state.clone(),
        nonce: value("nonce").map(str::to_owned),
        scope: scope.to_owned(),
        challenge: challenge.to_owned(),
        audience: value("audience").map(str::to_owned),
        redirect_uri: redirect_uri.clone(),
    })
}

/// Where a person goes back to. The client reads from `iss` who answers (RFC 9207).
pub(super) fn redirect(
    to: &str,
    state: Option<&str>,
    issuer: &str,
    answer: &[(&str, &str)],
) -> String {
    // A registered address is one that can be read.
    let Ok(mut url) = Url::parse(to) else {
        return to.to_owned();
    };
    url.query_pairs_mut()
        .extend_pairs(answer)
        .extend_pairs(state.map(|state| ("state", state)))
        .append_pair("iss", issuer);
    url.into()
}
