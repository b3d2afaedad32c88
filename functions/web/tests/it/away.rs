//! A database that is away or does not answer: no success is claimed that is not committed.

use axum::http::{Method, StatusCode, header};
use shared::{config::Secret, db::PgPool};

use crate::fixture::{BROWSER, Fixture, link, router};

/// No server listens on the discard port.
fn nowhere() -> Secret {
    Secret::new("postgresql://web@127.0.0.1:9/none".to_owned())
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn click_without_database_asks_to_retry(pool: PgPool) {
    let mut f = Fixture::new(&pool, 1).await;
    f.router = router(&nowhere());
    for accept in ["*/*", BROWSER] {
        let headers = [(header::ACCEPT, accept)];
        let answer = f.ask(Method::POST, &link(1), &headers, "").await;
        assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(answer.headers[header::RETRY_AFTER], "60");
        assert!(
            answer.body.contains("not unsubscribed yet")
                && answer.body.contains("reply to the mail"),
            "{answer:?}"
        );
    }
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn pages_answer_without_database(pool: PgPool) {
    let mut f = Fixture::new(&pool, 1).await;
    f.router = router(&nowhere());
    assert_eq!(f.get(&link(1)).await.status, StatusCode::OK);
    assert_eq!(f.get("/privacy").await.status, StatusCode::OK);
    assert_eq!(f.one_click("/u/wrong").await.status, StatusCode::NOT_FOUND);
}

/// Another transaction holds the row for longer than a request may take.
#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn click_on_locked_recipient_times_out(pool: PgPool) {
    let f = Fixture::new(&pool, 1).await;
    let mut holder = pool.begin().await.unwrap();
    sqlx::query("select 1 from recipients for share")
        .execute(&mut *holder)
        .await
        .unwrap();
    let answer = f.one_click(&f.link(0)).await;
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
    holder.rollback().await.unwrap();
    let answer = f.one_click(&f.link(0)).await;
    assert_eq!(answer.status, StatusCode::OK);
    assert_eq!(f.suppressed().await, 1);
}
