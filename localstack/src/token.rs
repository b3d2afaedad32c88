//! A token for the API, from the stand-in issuer: as a program of one of its people gets one.

use anyhow::{Context as _, Result};
use data_encoding::BASE64URL_NOPAD;
use reqwest::{Client, RequestBuilder, header, redirect};
use serde::Deserialize;
use sha2::{Digest as _, Sha256};
use url::{Url, form_urlencoded};

use crate::output;
use crate::settings::Settings;

/// Nobody else is between this and the issuer.
const VERIFIER: &str = "a-verifier-for-a-token-of-this-machine-alone";

#[derive(Debug, Deserialize)]
struct Tokens {
    access_token: String,
}

/// Signs the person of this role in, and prints their access token.
pub(crate) async fn print(settings: &Settings, role: &str) -> Result<()> {
    let client = simulated::Client {
        origin: settings.paths.console_origin(),
        ..simulated::Client::default()
    };
    let http = Client::builder()
        .no_proxy()
        .redirect(redirect::Policy::none())
        .build()?;
    let issuer = &settings.endpoints.issuer;
    let code = code(&http, issuer, &client, role).await;
    let code = code
        .context("the stand-in issuer gave no code; is the local cloud up (`cargo local up`)?")?;
    let redirect_uri = client.redirect_uri();
    let form = [
        ("grant_type", "authorization_code"),
        ("code", &code),
        ("redirect_uri", &redirect_uri),
        ("client_id", &client.id),
        ("code_verifier", VERIFIER),
    ];
    let answer = with_form(http.post(format!("{issuer}/token")), &form);
    let tokens: Tokens = answer.send().await?.error_for_status()?.json().await?;
    output::line(tokens.access_token);
    Ok(())
}

fn with_form(request: RequestBuilder, fields: &[(&str, &str)]) -> RequestBuilder {
    let form = form_urlencoded::Serializer::new(String::new())
        .extend_pairs(fields)
        .finish();
    let kind = "application/x-www-form-urlencoded";
    request.header(header::CONTENT_TYPE, kind).body(form)
}

/// The code that a browser would bring back to the console.
async fn code(
    http: &Client,
    issuer: &str,
    client: &simulated::Client,
    role: &str,
) -> Result<String> {
    let challenge = BASE64URL_NOPAD.encode(&Sha256::digest(VERIFIER));
    let query = [
        ("response_type", "code"),
        ("client_id", &client.id),
        ("redirect_uri", &client.redirect_uri()),
        ("scope", "openid profile"),
        ("state", "token"),
        ("nonce", "token"),
        ("audience", &client.api_audience),
        ("code_challenge", &challenge),
        ("code_challenge_method", "S256"),
    ];
    let url = Url::parse_with_params(&format!("{issuer}/authorize"), &query)?;
    let answer = with_form(http.post(url), &[("person", role)])
        .send()
        .await?;
    let back = answer.headers().get(header::LOCATION);
    let back = Url::parse(back.context("it led nowhere")?.to_str()?)?;
    let mut fields = form_urlencoded::parse(back.query().unwrap_or_default().as_bytes());
    let code = fields.find_map(|(name, value)| (name == "code").then(|| value.into_owned()));
    code.context("it refused")
}
