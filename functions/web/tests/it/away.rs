//! A database that is away or does not answer: no success is claimed that is not committed.

use axum::http::{Method, StatusCode, header};
use shared::{config::Secret, db::PgPool};

use crate::stage::{BROWSER, Stage, link, router};

/// Nobody listens on the discard port.
fn nowhere() -> Secret {
    Secret::new("postgresql://web@127.0.0.1:9/none".to_owned())
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn a_no_that_cannot_be_stored_is_not_said_to_be(pool: PgPool) {
    let mut stage = Stage::new(&pool, 1).await;
    stage.router = router(&nowhere());
    for accept in ["*/*", BROWSER] {
        let headers = [(header::ACCEPT, accept)];
        let answer = stage.ask(Method::POST, &link(1), &headers, "").await;
        assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(answer.headers[header::RETRY_AFTER], "60");
        assert!(
            answer.body.contains("not unsubscribed yet") && answer.body.contains("answer the mail"),
            "{answer:?}"
        );
    }
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn the_pages_are_there_without_the_database(pool: PgPool) {
    let mut stage = Stage::new(&pool, 1).await;
    stage.router = router(&nowhere());
    assert_eq!(stage.get(&link(1)).await.status, StatusCode::OK);
    assert_eq!(stage.get("/privacy").await.status, StatusCode::OK);
    assert_eq!(
        stage.one_click("/u/wrong").await.status,
        StatusCode::NOT_FOUND
    );
}

/// Somebody holds the row for longer than a request may take.
#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn a_wait_ends_in_time_and_the_next_click_is_stored(pool: PgPool) {
    let stage = Stage::new(&pool, 1).await;
    let mut holder = pool.begin().await.unwrap();
    sqlx::query("select 1 from recipients for share")
        .execute(&mut *holder)
        .await
        .unwrap();
    let answer = stage.one_click(&stage.link(0)).await;
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
    holder.rollback().await.unwrap();
    let answer = stage.one_click(&stage.link(0)).await;
    assert_eq!(answer.status, StatusCode::OK);
    assert_eq!(stage.suppressed().await, 1);
}
