//! The same through the events that Lambda makes of requests to a function URL.

use axum::http::StatusCode;
use lambda_http::{RequestExt as _, request};
use serde_json::Value;
use shared::db::PgPool;
use tower::ServiceExt as _;

use crate::stage::Stage;

const ONE_CLICK: &str = include_str!("../../events/one_click.json");
const PAGE: &str = include_str!("../../events/page.json");

/// Hands the event to the function as the runtime does.
async fn deliver(stage: &Stage, event: &str) -> StatusCode {
    let token = stage.link(0);
    let event = event.replace("/u/TOKEN", &token);
    let request = request::from_str(&event).unwrap();
    assert_eq!(request.raw_http_path(), token);
    let response = stage.router.clone().oneshot(request).await.unwrap();
    response.status()
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn an_event_is_handled_twice_as_once(pool: PgPool) {
    let stage = Stage::new(&pool, 1).await;
    for _ in 0..2 {
        assert_eq!(deliver(&stage, PAGE).await, StatusCode::OK);
        assert_eq!(stage.suppressed().await, 0);
    }
    for _ in 0..2 {
        assert_eq!(deliver(&stage, ONE_CLICK).await, StatusCode::OK);
        assert_eq!(stage.mailbox(0).await.revision, 1);
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
