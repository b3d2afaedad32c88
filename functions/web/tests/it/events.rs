//! The same through the events that Lambda makes of requests to a function URL.

use axum::http::StatusCode;
use lambda_http::{RequestExt as _, request};
use serde_json::Value;
use shared::db::PgPool;
use tower::ServiceExt as _;

use crate::fixture::Fixture;

const ONE_CLICK: &str = include_str!("../../events/one_click.json");
const PAGE: &str = include_str!("../../events/page.json");

/// Hands the event to the function as the runtime does.
async fn deliver(f: &Fixture, event: &str) -> StatusCode {
    let token = f.link(0);
    let event = event.replace("/u/TOKEN", &token);
    let request = request::from_str(&event).unwrap();
    assert_eq!(request.raw_http_path(), token);
    let response = f.router.clone().oneshot(request).await.unwrap();
    response.status()
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn an_event_is_handled_twice_as_once(pool: PgPool) {
    let f = Fixture::new(&pool, 1).await;
    for _ in 0..2 {
        assert_eq!(deliver(&f, PAGE).await, StatusCode::OK);
        assert_eq!(f.suppressed().await, 0);
    }
    for _ in 0..2 {
        assert_eq!(deliver(&f, ONE_CLICK).await, StatusCode::OK);
        assert!(f.mailbox(0).await.suppressed);
    }
}

#[test]
fn the_example_events_name_nobody() {
    for event in [ONE_CLICK, PAGE] {
        let event: Value = serde_json::from_str(event).unwrap();
        assert_eq!(event["rawPath"], "/u/TOKEN");
        assert_eq!(event["requestContext"]["http"]["sourceIp"], "192.0.2.9");
    }
}
