//! Every route, and who may use it: made from the same table as the router.

use axum::http::{HeaderName, Method, StatusCode};
use console::{Least, routes};
use shared::{db::PgPool, domain::person::Role};
use strum::VariantArray as _;

use crate::fixture::{Answer, Console};

/// A path of the route's kind that names nothing.
fn path(route: &str) -> String {
    route
        .replace("{id}", "4711")
        .replace("{hash}", "0")
        .replace("{name}", "style.css")
}

async fn ask(console: &Console, method: &Method, path: &str) -> Answer {
    let headers = [(HeaderName::from_static("sec-fetch-site"), "same-origin")];
    console.ask(method.clone(), path, &headers, "").await
}

/// Whether the answer is one to somebody who may not.
fn is_refused(answer: &Answer) -> bool {
    let to_sign_in = answer.location().starts_with("/login?to=");
    to_sign_in || [StatusCode::UNAUTHORIZED, StatusCode::FORBIDDEN].contains(&answer.status)
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn every_route_asks_for_its_role(pool: PgPool) {
    let console = Console::new(&pool);
    let mut refused = 0;
    for route in routes() {
        let (method, path) = (&route.method, path(route.path));
        let Least::Role(least) = route.least else {
            continue;
        };
        let answer = ask(&console, method, &path).await;
        assert!(
            is_refused(&answer),
            "{method} {path} signed out: {answer:?}"
        );
        for role in Role::VARIANTS {
            // Each with a session of its own: signing out ends it.
            let console = console.as_role(*role).await;
            let answer = ask(&console, method, &path).await;
            let may = *role >= least;
            assert_eq!(
                !is_refused(&answer),
                may,
                "{method} {path} as {role:?}: {answer:?}"
            );
            assert!(
                !answer.status.is_server_error()
                    || answer.status == StatusCode::SERVICE_UNAVAILABLE,
                "{method} {path} as {role:?}: {answer:?}"
            );
            refused += usize::from(!may);
        }
    }
    assert!(refused > 10, "{refused} refusals were seen");
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn nothing_changes_for_whoever_may_not(pool: PgPool) {
    let console = Console::new(&pool).as_role(Role::Viewer).await;
    let answer = console.post("/sending/stop", &[]).await;
    answer.shows(
        StatusCode::FORBIDDEN,
        &["Your role does not allow this", "Reviewer"],
    );
    let stopped = "select count(*) from installation where stopped_at is not null";
    assert_eq!(console.count(stopped).await, 0);
    assert_eq!(console.count("select count(*) from audit_log").await, 0);
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn every_answer_keeps_to_itself(pool: PgPool) {
    let console = Console::new(&pool).as_role(Role::Admin).await;
    for path in ["/health", "/nothing", "/login", "/static/0/style.css"] {
        let answer = console.get(path).await;
        let header = |name: &str| {
            answer
                .headers
                .get(name)
                .map(|value| value.to_str().unwrap())
        };
        let policy = header("content-security-policy").unwrap();
        for part in [
            "default-src 'none'",
            "script-src 'self'",
            "frame-ancestors 'none'",
            "form-action 'self' https://login.example.org;",
        ] {
            assert!(policy.contains(part), "{path}: {policy}");
        }
        assert!(!policy.contains("unsafe"), "{policy}");
        assert_eq!(header("x-content-type-options"), Some("nosniff"));
        assert_eq!(header("referrer-policy"), Some("same-origin"));
        assert_eq!(header("cache-control"), Some("no-store"), "{path}");
    }
    let answer = console.get("/nothing").await;
    answer.shows(StatusCode::NOT_FOUND, &["There is nothing here"]);
}
