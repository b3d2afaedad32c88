//! The stand-in issuer as a client meets it.

mod requests;
mod tokens;

use data_encoding::BASE64URL_NOPAD;
use reqwest::redirect::Policy;
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use simulated::{Client, Settings, Simulated};
use url::Url;

const VERIFIER: &str = "a-verifier-of-at-least-forty-three-characters";

fn with_client(client: Client) -> Simulated {
    Simulated::start(Settings {
        leads: 0,
        client,
        ..Settings::default()
    })
    .unwrap()
}

fn public() -> Simulated {
    with_client(Client::default())
}

fn client() -> reqwest::Client {
    let builder = reqwest::Client::builder().redirect(Policy::none());
    builder.build().unwrap()
}

/// A good authorization request with some parameters changed; an empty value takes one away.
fn authorize(stand_ins: &Simulated, changes: &[(&str, &str)]) -> String {
    let challenge = BASE64URL_NOPAD.encode(&Sha256::digest(VERIFIER));
    let issuer = stand_ins.issuer();
    let redirect_uri = issuer.client().redirect_uri();
    let good = [
        ("response_type", "code"),
        ("client_id", "console"),
        ("redirect_uri", &*redirect_uri),
        ("scope", "openid profile email"),
        ("state", "a state"),
        ("nonce", "a nonce"),
        ("code_challenge", &*challenge),
        ("code_challenge_method", "S256"),
    ];
    let mut url = Url::parse(&format!("{}/authorize", issuer.url())).unwrap();
    let is_changed = |name: &str| changes.iter().any(|(changed, _)| *changed == name);
    url.query_pairs_mut()
        .extend_pairs(good.iter().filter(|(name, _)| !is_changed(name)))
        .extend_pairs(changes.iter().filter(|(_, value)| !value.is_empty()));
    url.into()
}

/// A parameter of the address that a person was sent to.
fn parameter(url: &str, name: &str) -> Option<String> {
    let url = Url::parse(url).unwrap();
    let mut pairs = url.query_pairs();
    pairs.find_map(|(known, value)| (known == name).then(|| value.into_owned()))
}

/// The token endpoint's answer to a good request with some fields changed.
async fn exchange(stand_ins: &Simulated, code: &str, changes: &[(&str, &str)]) -> (u16, Value) {
    let issuer = stand_ins.issuer();
    let redirect_uri = issuer.client().redirect_uri();
    let good = [
        ("grant_type", "authorization_code"),
        ("code", code),
        ("redirect_uri", &*redirect_uri),
        ("client_id", "console"),
        ("code_verifier", VERIFIER),
    ];
    let is_changed = |name: &str| changes.iter().any(|(changed, _)| *changed == name);
    let mut form = url::form_urlencoded::Serializer::new(String::new());
    form.extend_pairs(good.iter().filter(|(name, _)| !is_changed(name)));
    form.extend_pairs(changes.iter().filter(|(_, value)| !value.is_empty()));
    let sent = client()
        .post(format!("{}/token", issuer.url()))
        .header("content-type", "application/x-www-form-urlencoded")
        .body(form.finish())
        .send();
    let answer = sent.await.unwrap();
    assert_eq!(answer.headers()["cache-control"], "no-store");
    (answer.status().as_u16(), answer.json().await.unwrap())
}
