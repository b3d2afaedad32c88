//! Signing in and out at an issuer, and tokens of it, good and bad.

use axum::http::{Method, StatusCode, header};
use shared::{db::PgPool, domain::person::Role};
use simulated::{Client, Role as Player, Settings, SignedBy, Simulated, TokenRequest};

use crate::fixture::{Answer, Console, ORIGIN};

const AUDIENCE: &str = "outreach-api";

fn issuer(secret: Option<&str>) -> Simulated {
    let client = Client {
        origin: ORIGIN.to_owned(),
        secret: secret.map(str::to_owned),
        api_audience: AUDIENCE.to_owned(),
        ..Client::default()
    };
    Simulated::start(Settings {
        leads: 0,
        client,
        ..Settings::default()
    })
    .unwrap()
}

fn console(pool: &PgPool, stand_ins: &Simulated, changes: &[(&str, &str)]) -> Console {
    let url = stand_ins.issuer().url().to_owned();
    let own = [
        ("OIDC_ISSUER", url.as_str()),
        ("OIDC_API_AUDIENCE", AUDIENCE),
    ];
    Console::with(pool, &[&own, changes].concat())
}

/// The cookie that an answer sets, as the browser sends it back.
fn cookie(answer: &Answer, prefix: &str) -> String {
    let mut set = answer.headers.get_all(header::SET_COOKIE).iter();
    let cookie = set.find_map(|value| {
        let text = value.to_str().unwrap();
        text.starts_with(prefix).then_some(text)
    });
    let cookie = cookie.unwrap_or_else(|| panic!("no {prefix} in {answer:?}"));
    for flag in ["; Path=/;", "Secure", "HttpOnly", "SameSite=Lax"] {
        assert!(cookie.contains(flag), "{cookie}");
    }
    cookie.split(';').next().unwrap().to_owned()
}

/// Begins to sign in; the console as the browser holds it then, and where the issuer sends the person back to.
async fn begun(console: &Console, stand_ins: &Simulated, role: Player) -> (Console, String) {
    let start = console.get("/login/start?to=%2Fhealth").await;
    assert_eq!(start.status, StatusCode::SEE_OTHER, "{start:?}");
    let back = stand_ins.issuer().sign_in(start.location(), role).unwrap();
    let visitor = Console {
        cookie: Some(cookie(&start, "__Host-login-")),
        ..console.clone()
    };
    (visitor, back.strip_prefix(ORIGIN).unwrap().to_owned())
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn person_signs_in_with_their_role_and_out(pool: PgPool) {
    for secret in [None, Some("a secret of the client")] {
        let stand_ins = issuer(secret);
        let changes: Vec<_> = secret
            .map(|secret| ("OIDC_CLIENT_SECRET", secret))
            .into_iter()
            .collect();
        let console = console(&pool, &stand_ins, &changes);
        let (visitor, back) = begun(&console, &stand_ins, Player::Reviewer).await;
        let entered = visitor.get(&back).await;
        entered.leads_to("/health");
        let person = Console {
            cookie: Some(cookie(&entered, "__Host-session=")),
            ..console.clone()
        };
        person
            .get("/health")
            .await
            .shows(StatusCode::OK, &["Noor Vandersteen", "Reviewer"]);

        // The code is used, and the attempt's cookie forgotten.
        visitor
            .get(&back)
            .await
            .shows(StatusCode::BAD_REQUEST, &["You are not signed in"]);

        let out = person.post("/logout", &[]).await;
        out.leads_to(&format!(
            "{}/logout?client_id=console",
            stand_ins.issuer().url()
        ));
        person.get("/health").await.leads_to("/login");
    }
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn answer_of_another_attempt_signs_nobody_in(pool: PgPool) {
    let stand_ins = issuer(None);
    let console = console(&pool, &stand_ins, &[]);
    let (visitor, back) = begun(&console, &stand_ins, Player::Admin).await;
    let refused = "You are not signed in";
    // Somebody else's browser; another state; an issuer that is not ours; the issuer's refusal.
    console
        .get(&back)
        .await
        .shows(StatusCode::BAD_REQUEST, &[refused]);
    let other_state = back.replace("state=", "state=x");
    visitor
        .get(&other_state)
        .await
        .shows(StatusCode::BAD_REQUEST, &[refused]);
    let other_issuer = back.replace("iss=", "iss=x");
    visitor
        .get(&other_issuer)
        .await
        .shows(StatusCode::BAD_REQUEST, &["could not be trusted"]);
    let denied = back.replace("code=", "error=access_denied&code=");
    visitor
        .get(&denied)
        .await
        .shows(StatusCode::FORBIDDEN, &["did not sign you in"]);
    assert_eq!(console.count("select count(*) from sessions").await, 0);
    // Two tabs: the first attempt is still good.
    begun(&console, &stand_ins, Player::Admin).await;
    visitor.get(&back).await.leads_to("/health");
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn wrong_id_token_signs_nobody_in(pool: PgPool) {
    let stand_ins = issuer(None);
    let console = console(&pool, &stand_ins, &[]);
    let of = |role| TokenRequest::of(role);
    for (what, request) in [
        ("audience", of(Player::Admin).audience("another client")),
        (
            "issuer",
            TokenRequest {
                issuer: Some("https://evil.example".to_owned()),
                ..of(Player::Admin)
            },
        ),
        (
            "expiry",
            TokenRequest {
                lifetime_seconds: Some(-120),
                ..of(Player::Admin)
            },
        ),
        (
            "forged",
            TokenRequest {
                signed_by: SignedBy::Forged,
                ..of(Player::Admin)
            },
        ),
        (
            "unpublished key",
            TokenRequest {
                signed_by: SignedBy::Unpublished,
                ..of(Player::Admin)
            },
        ),
        (
            "public key as secret",
            TokenRequest {
                signed_by: SignedBy::PublicKeyAsSecret,
                ..of(Player::Admin)
            },
        ),
        (
            "alg none",
            TokenRequest {
                signed_by: SignedBy::Nothing,
                ..of(Player::Admin)
            },
        ),
        ("nonce", with_claim(Player::Admin, "nonce", "another")),
        (
            "no subject",
            with_claim(Player::Admin, "sub", serde_json::Value::Null),
        ),
        (
            "from the future",
            with_claim(Player::Admin, "iat", 4_000_000_000_u64),
        ),
        (
            "another party",
            with_claim(Player::Admin, "azp", "another client"),
        ),
    ] {
        stand_ins.issuer().id_tokens(request);
        let (visitor, back) = begun(&console, &stand_ins, Player::Admin).await;
        let answer = visitor.get(&back).await;
        assert!(
            answer.body.contains("You are not signed in"),
            "{what}: {answer:?}"
        );
        assert!(
            !answer.headers.contains_key(header::SET_COOKIE),
            "{what}: {answer:?}"
        );
    }
    assert_eq!(console.count("select count(*) from sessions").await, 0);

    // A genuine token without a role of ours.
    stand_ins.issuer().id_tokens(with_claim(
        Player::Admin,
        "roles",
        serde_json::json!(["chief"]),
    ));
    let (visitor, back) = begun(&console, &stand_ins, Player::Admin).await;
    visitor
        .get(&back)
        .await
        .shows(StatusCode::FORBIDDEN, &["You have no role here yet"]);
    assert_eq!(console.count("select count(*) from sessions").await, 0);
}

fn with_claim(role: Player, name: &str, value: impl Into<serde_json::Value>) -> TokenRequest {
    let mut request = TokenRequest::of(role);
    request.claims.insert(name.to_owned(), value.into());
    request
}

async fn with_token(console: &Console, token: &str) -> Answer {
    let shown = format!("Bearer {token}");
    console
        .ask(
            Method::GET,
            "/health",
            &[(header::AUTHORIZATION, &shown)],
            "",
        )
        .await
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn only_genuine_access_tokens_open_anything(pool: PgPool) {
    let stand_ins = issuer(None);
    let console = console(&pool, &stand_ins, &[]);
    let token = |request: &TokenRequest| stand_ins.issuer().access_token(request).unwrap();
    let of = |role| TokenRequest::of(role);
    for signed_by in [SignedBy::Current, SignedBy::Previous, SignedBy::Rsa] {
        let good = token(&TokenRequest {
            signed_by,
            ..of(Player::Viewer)
        });
        assert_eq!(with_token(&console, &good).await.status, StatusCode::OK);
    }
    let signed_in = console.as_role(Role::Admin).await;
    for bad in [
        token(&of(Player::Admin).audience("another api")),
        token(&TokenRequest {
            lifetime_seconds: Some(-120),
            ..of(Player::Admin)
        }),
        token(&TokenRequest {
            signed_by: SignedBy::Forged,
            ..of(Player::Admin)
        }),
        token(&TokenRequest {
            signed_by: SignedBy::PublicKeyAsSecret,
            ..of(Player::Admin)
        }),
        token(&TokenRequest {
            signed_by: SignedBy::Nothing,
            ..of(Player::Admin)
        }),
        token(&with_claim(Player::Admin, "nonce", "of an ID token")),
        "not.a.token".to_owned(),
        String::new(),
    ] {
        // A good cookie does not make up for it.
        let answer = with_token(&signed_in, &bad).await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{bad}: {answer:?}");
        assert!(
            answer.headers.contains_key(header::WWW_AUTHENTICATE),
            "{answer:?}"
        );
    }
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn issuer_that_is_away_is_said(pool: PgPool) {
    let stand_ins = issuer(None);
    let console = console(&pool, &stand_ins, &[]);
    let person = console.as_role(Role::Viewer).await;
    stand_ins.issuer().away(true);
    console.get("/login/start").await.shows(
        StatusCode::SERVICE_UNAVAILABLE,
        &["The issuer does not answer"],
    );
    assert_eq!(person.get("/health").await.status, StatusCode::OK);
    // Signing out ends the session here all the same.
    person.post("/logout", &[]).await.leads_to("/signed-out");
}
