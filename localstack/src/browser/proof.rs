//! Whether a walk does what it says: it signs in at the stand-in issuer as each of its people, and notices
//! each thing that a page can do wrong.

use anyhow::{Result, ensure};
use axum::Router;
use axum::extract::{Path, RawQuery};
use axum::http::StatusCode;
use axum::http::header::{CONTENT_SECURITY_POLICY, SET_COOKIE};
use axum::response::{Html, IntoResponse as _, Response};
use axum::routing::get;
use simulated::{Client, Role, Settings, Simulated};
use tokio::net::TcpListener;
use url::Url;

use super::chromium::Chromium;
use super::walk::{Target, Walk};
use crate::output;

/// The hash of a verifier; no code is exchanged here.
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
const COOKIE: &str = "__Host-session";

/// What is wrong with a page, and what the walk says of it.
const FAULTS: [(&str, &str, &str); 7] = [
    (
        "style",
        "<p style=\"color: red\">red</p>",
        "Content Security Policy",
    ),
    (
        "exception",
        "<script>throw new Error(\"broken\")</script>",
        "broken",
    ),
    ("dialog", "<script>alert(1)</script>", "opens a dialog"),
    (
        "elsewhere",
        "<img alt=\"\" src=\"http://127.0.0.1:9/x\">",
        "asks http://127.0.0.1:9",
    ),
    ("label", "<input>", "must have labels"),
    ("wide", "<p>WIDE</p>", "pixels wide"),
    (
        "twice",
        "<button>Save</button><button>Save</button>",
        "there are 2 of it",
    ),
];

/// Fails when a sign-in does, or when a fault goes unnoticed.
pub(super) async fn run(chromium: &Chromium) -> Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    // Another site than the issuer's address, as a real console is.
    let origin = format!("http://pages.localhost:{}", listener.local_addr()?.port());
    let served = tokio::spawn(axum::serve(listener, pages()).into_future());
    let stand_ins = Simulated::start(Settings {
        leads: 0,
        client: Client {
            origin: origin.clone(),
            ..Client::default()
        },
        ..Settings::default()
    })?;
    let version = chromium.walk(&sign_ins(&stand_ins, &origin)?).await?;
    for (name, _, says) in FAULTS {
        let walk = Walk::over([&origin])
            .viewport(390, 844)
            .go(format!("{origin}/faults/{name}"))
            .axe()
            .fits()
            .click(Target::button("Save"));
        let ended = chromium.walk(&walk).await;
        let error = ended.err().map(|error| error.to_string());
        ensure!(
            error.as_ref().is_some_and(|error| error.contains(says)),
            "of a page with the fault `{name}` a walk says {error:?}"
        );
    }
    served.abort();
    output::step(
        "Walked",
        format_args!(
            "through the stand-in issuer's pages in {version}: four people sign in and out; {} faults of \
             pages are noticed",
            FAULTS.len()
        ),
    );
    Ok(())
}

/// Each person by the mouse, and one by the keyboard and without script.
fn sign_ins(stand_ins: &Simulated, origin: &str) -> Result<Walk> {
    let issuer = stand_ins.issuer();
    let (url, client) = (issuer.url(), issuer.client());
    let authorize = Url::parse_with_params(
        &format!("{url}/authorize"),
        [
            ("response_type", "code"),
            ("client_id", &client.id),
            ("redirect_uri", &client.redirect_uri()),
            ("scope", "openid profile email"),
            ("state", "s"),
            ("code_challenge", CHALLENGE),
            ("code_challenge_method", "S256"),
        ],
    )?;
    let signed_out = client.signed_out_uri();
    let sign_out = Url::parse_with_params(
        &format!("{url}/logout"),
        [
            ("client_id", &client.id),
            ("post_logout_redirect_uri", &signed_out),
        ],
    )?;
    let arrived = |walk: Walk| {
        walk.expect("A code came")
            .expect_url("/login/callback?code=*")
            .expect_cookies([format!("{COOKIE}; HttpOnly; Secure; SameSite=Lax")])
    };
    let mut walk = Walk::over([origin, &authorize.origin().ascii_serialization()]);
    for role in Role::ALL {
        walk = walk
            .go(authorize.as_str())
            .expect("stand-in")
            .click(Target::button(role.label()))
            .then(arrived)
            .go(sign_out.as_str())
            .expect_url(&signed_out)
            .fresh();
    }
    Ok(walk
        .script(false)
        .viewport(390, 844)
        .go(authorize.as_str())
        .fits()
        .axe()
        .press("Tab")
        .expect_focus(Target::button(Role::Viewer.label()))
        .press("Enter")
        .then(arrived))
}

/// The pages that a walk leads over.
fn pages() -> Router {
    Router::new()
        .route("/login/callback", get(callback))
        .route("/signed-out", get(async || page("<p>Signed out</p>")))
        .route("/faults/{name}", get(fault))
}

async fn callback(RawQuery(query): RawQuery) -> Response {
    let has_code = query.is_some_and(|query| query.starts_with("code="));
    let cookie = format!("{COOKIE}=1; Path=/; Secure; HttpOnly; SameSite=Lax");
    let text = if has_code { "A code" } else { "Nothing" };
    let body = page(&format!("<p>{text} came</p>"));
    ([(SET_COOKIE, cookie)], body).into_response()
}

async fn fault(Path(name): Path<String>) -> Response {
    let Some((_, body, _)) = FAULTS.iter().find(|(known, ..)| *known == name) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let body = body.replace("WIDE", &"w".repeat(400));
    // Scripts are let through, to do what they should not.
    let policy = "default-src 'none'; script-src 'unsafe-inline'; img-src data: http://127.0.0.1:9";
    ([(CONTENT_SECURITY_POLICY, policy)], page(&body)).into_response()
}

fn page(body: &str) -> Html<String> {
    Html(format!(
        "<!doctype html><html lang=\"en\"><head><title>A page</title>\
         <meta name=\"viewport\" content=\"width=device-width\"><link rel=\"icon\" href=\"data:,\"></head>\
         <body><main><h1>A page</h1>{body}</main></body></html>"
    ))
}
