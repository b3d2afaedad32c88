//! The pages before somebody is signed in.

use axum::http::StatusCode;
use console::Deps;
use shared::{config, db::PgPool, testing};

use crate::fixture::Console;

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn stack_without_issuer_says_what_is_missing(pool: PgPool) {
    let database = testing::database_url_of(&pool, "console");
    let key = testing::hash_key_text();
    let table = [
        ("DATABASE_URL", database.expose()),
        ("RECIPIENT_HASH_KEY", &key),
        ("SENDER_NAME", "Example"),
    ];
    let config = config::Console::from_lookup(&testing::lookup(&table)).unwrap();
    let console = Console {
        router: console::router(Deps::new(config).unwrap()),
        pool,
        cookie: None,
    };
    for path in [
        "/health",
        "/login",
        "/login/start",
        "/login/callback?code=1&state=2",
    ] {
        let answer = console.get(path).await;
        answer.shows(
            StatusCode::SERVICE_UNAVAILABLE,
            &["OIDC_ISSUER", "OIDC_CLIENT_ID", "CONSOLE_SESSION_KEYS"],
        );
    }
    // Files come: the page is a page.
    assert_eq!(
        console.get("/static/0/style.css").await.status,
        StatusCode::OK
    );
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn sign_in_page_keeps_where_somebody_wanted_to_go(pool: PgPool) {
    let console = Console::new(&pool);
    let answer = console.get("/login?to=%2Fhealth").await;
    answer.shows(
        StatusCode::OK,
        &["/login/start?to=%2Fhealth", "Continue to login.example.org"],
    );
    for elsewhere in [
        "%2F%2Fevil.example",
        "https%3A%2F%2Fevil.example",
        "%2F%5Cevil.example",
    ] {
        let answer = console.get(&format!("/login?to={elsewhere}")).await;
        answer.shows(StatusCode::OK, &["/login/start?to=%2F\""]);
    }
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn answer_without_an_attempt_signs_nobody_in(pool: PgPool) {
    let console = Console::new(&pool);
    for query in [
        "",
        "?code=1",
        "?code=1&state=2",
        "?error=access_denied&state=%3Cscript%3E",
    ] {
        let answer = console.get(&format!("/login/callback{query}")).await;
        answer.shows(StatusCode::BAD_REQUEST, &["You are not signed in"]);
        assert!(!answer.body.contains("<script>"), "{}", answer.body);
    }
    assert_eq!(console.count("select count(*) from sessions").await, 0);
}
