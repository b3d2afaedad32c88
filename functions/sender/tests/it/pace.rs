//! Never too fast (invariant 11).

use std::time::Duration;

use serde_json::json;
use shared::{db::PgPool, testing};

use crate::{
    fixture::{Fixture, in_time, runners},
    ses::{FailingSes, Fault},
};

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn send_over_rate_defers_and_republishes(pool: PgPool) {
    let quiet = FailingSes::start(Fault::None).await;
    // Half a second's worth is two mails.
    let f = Fixture::new(&pool, quiet.sdk(), &[("SES_MAX_PER_SECOND", "4")]).await;
    let mut ids = f.plan(&runners("fast", 5)).await;
    ids.sort_unstable();
    f.deliver(&ids).await.unwrap();
    assert_eq!(quiet.calls(), 2);
    let waiting = ("queued".to_owned(), Some("rate".to_owned()));
    for id in &ids[2..] {
        assert_eq!(f.send(*id).await, waiting);
    }
    let (outcome, quota): (String, String) = sqlx::query_as(
        "select decision ->> 'outcome', decision -> 'quota' ->> 'reason' from sends where id = $1",
    )
    .bind(ids[4])
    .fetch_one(&pool)
    .await
    .unwrap();
    assert_eq!((outcome.as_str(), quota.as_str()), ("send", "rate"));
    let sweep = sender::handle(&f.deps, json!({}), in_time()).await.unwrap();
    assert_eq!(sweep["published"], 0, "their messages are on their way");
    assert_eq!(f.queue.delayed().await, 3);
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn send_late_for_slot_calls_nothing(pool: PgPool) {
    let quiet = FailingSes::start(Fault::None).await;
    let f = Fixture::new(&pool, quiet.sdk(), &[]).await;
    let ids = f.plan(&runners("late", 2)).await;
    f.execute("update sends set attempts = 0").await;
    // Arming is held up, for longer than a slot is good for.
    let mut slow = pool.begin().await.unwrap();
    sqlx::query("update recipients set basis_note = 'seen'")
        .execute(&mut *slow)
        .await
        .unwrap();
    let held = async {
        testing::until_waiting(&pool, Duration::from_millis(500)).await;
        slow.rollback().await.unwrap();
    };
    let (done, ()) = tokio::join!(f.deliver(&ids), held);
    done.unwrap();
    assert_eq!(quiet.calls(), 0);
    let late = ("queued".to_owned(), Some("late_for_slot".to_owned()));
    assert_eq!(f.send(ids[0]).await, late);
    assert_eq!(f.queue.delayed().await, 2, "their messages come again");
    f.execute("update sends set attempts = 8, not_before = now()")
        .await;
    f.deliver(&ids).await.unwrap();
    assert_eq!(quiet.calls(), 2);
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn throttled_batch_slows_all_senders(pool: PgPool) {
    let slow = FailingSes::start(Fault::Error(
        400,
        "Throttling",
        "Maximum sending rate exceeded.",
    ))
    .await;
    let f = Fixture::new(&pool, slow.sdk(), &[]).await;
    let ids = f.plan(&runners("slow", 3)).await;
    f.deliver(&ids).await.unwrap();
    for id in &ids {
        assert_eq!(
            f.send(*id).await,
            ("queued".to_owned(), Some("throttled".to_owned()))
        );
    }
    let factor: f64 = sqlx::query_scalar("select throttle_factor from rate_limits")
        .fetch_one(&pool)
        .await
        .unwrap();
    assert!((factor - 0.5).abs() < 0.01, "{factor}");
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn exhausted_quota_stops_all_senders(pool: PgPool) {
    let full = FailingSes::start(Fault::Error(
        400,
        "Throttling",
        "Daily message quota exceeded.",
    ))
    .await;
    let f = Fixture::new(&pool, full.sdk(), &[]).await;
    let ids = f.plan(&runners("full", 2)).await;
    f.deliver(&ids[..1]).await.unwrap();
    assert_eq!(
        f.send(ids[0]).await,
        ("queued".to_owned(), Some("daily_quota".to_owned()))
    );
    f.deliver(&ids[1..]).await.unwrap();
    assert_eq!(full.calls(), 1, "the other one is not even tried");
    assert_eq!(
        f.send(ids[1]).await,
        ("queued".to_owned(), Some("daily_quota".to_owned()))
    );
}
