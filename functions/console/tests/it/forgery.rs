//! Changes that another site has a person's browser ask for, and cookies that are not ours.

use axum::http::{HeaderName, Method, StatusCode, header};
use shared::{db::PgPool, domain::person::Role};

use crate::fixture::{Console, ORIGIN};

const FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

async fn stopped(console: &Console) -> bool {
    let stopped = "select count(*) from installation where stopped_at is not null";
    console.count(stopped).await == 1
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn change_from_another_site_is_refused(pool: PgPool) {
    let console = Console::new(&pool).as_role(Role::Operator).await;
    let form = (header::CONTENT_TYPE, "application/x-www-form-urlencoded");
    for headers in [
        vec![(FETCH_SITE, "cross-site"), (header::ORIGIN, ORIGIN)],
        vec![(FETCH_SITE, "same-site")],
        vec![(header::ORIGIN, "https://evil.example")],
        vec![(header::ORIGIN, "null")],
        vec![],
    ] {
        let headers = [headers, vec![form.clone()]].concat();
        let answer = console
            .ask(Method::POST, "/sending/stop", &headers, "")
            .await;
        answer.shows(
            StatusCode::FORBIDDEN,
            &["did not come from a page of the console"],
        );
        assert!(!stopped(&console).await, "{headers:?}");
    }
    // An older browser says where its page is from.
    let answer = console
        .ask(
            Method::POST,
            "/sending/stop",
            &[(header::ORIGIN, ORIGIN), form],
            "",
        )
        .await;
    answer.leads_to("/health?done=stopped");
    assert!(stopped(&console).await);
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn reading_changes_nothing(pool: PgPool) {
    let console = Console::new(&pool).as_role(Role::Admin).await;
    for path in [
        "/sending/stop",
        "/sending/start",
        "/breakers/close",
        "/logout",
    ] {
        let answer = console.get(path).await;
        assert_eq!(answer.status, StatusCode::METHOD_NOT_ALLOWED, "{path}");
    }
    assert!(!stopped(&console).await);
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn forged_cookie_opens_nothing(pool: PgPool) {
    let console = Console::new(&pool).as_role(Role::Admin).await;
    let genuine = console.cookie.clone().unwrap();
    let cut = genuine[..genuine.len() - 1].to_owned();
    let other_purpose = genuine.replace("__Host-session=", "__Host-login-x=");
    for cookie in [
        cut,
        other_purpose,
        "__Host-session=".to_owned(),
        "__Host-session=k1.AA.AA".to_owned(),
    ] {
        let visitor = Console {
            cookie: Some(cookie),
            ..console.clone()
        };
        visitor.get("/health").await.leads_to("/login?to=%2Fhealth");
    }
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn session_ends_by_idleness_age_and_sign_out(pool: PgPool) {
    for end in [
        "update sessions set seen_at = now() - interval '31 minutes'",
        "update sessions set expires_at = now() - interval '1 second'",
        "update sessions set revoked_at = now()",
    ] {
        let console = Console::new(&pool).as_role(Role::Viewer).await;
        assert_eq!(console.get("/health").await.status, StatusCode::OK);
        sqlx::query(end).execute(&pool).await.unwrap();
        console.get("/health").await.leads_to("/login");
    }
    let console = Console::new(&pool).as_role(Role::Viewer).await;
    let answer = console.post("/logout", &[]).await;
    let cookie = answer
        .headers
        .get(header::SET_COOKIE)
        .unwrap()
        .to_str()
        .unwrap();
    assert!(
        cookie.starts_with("__Host-session=; Path=/; Max-Age=0;"),
        "{cookie}"
    );
    console.get("/health").await.leads_to("/login");
}
