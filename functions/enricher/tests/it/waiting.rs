//! How long a model is waited for, and where.

use std::time::Duration;

use enricher::handle;
use shared::testing;
use simulated::ModelFault;
use sqlx::PgPool;

use crate::stage::{AMPLE, Stage, come_again, deliver, within};

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn hanging_model_ends_at_timeout_or_deadline(pool: PgPool) {
    let stage = Stage::new(pool).await;
    stage
        .stand_ins
        .model(|model| model.always(ModelFault::Hang));
    let leads = stage.crowd("hanging", 10).await;
    // Twice a second each, all at once.
    let started = std::time::Instant::now();
    deliver(&stage.deps(&[]), &leads[..5]).await.unwrap();
    let took = started.elapsed();
    assert!(took < Duration::from_millis(3_500), "{took:?}");

    // The model's time is longer than the invocation's: the deadline cuts it off. Others wait meanwhile.
    stage.run("delete from model_outages").await;
    let patient = stage.deps(&[("OPENAI_TIMEOUT_SECONDS", "600")]);
    let started = std::time::Instant::now();
    let time = Duration::from_secs(14);
    let event = testing::rows_event(&leads[5..]);
    let response = handle(&patient, event, within(time)).await.unwrap();
    let took = started.elapsed();
    assert!(took < Duration::from_secs(8), "{took:?}");
    assert_eq!(come_again(&response).len(), 5, "no time for a second try");
    assert_eq!(stage.calls("gpt-4.1-mini").await["lost"], 15);
    assert_eq!(stage.stand_ins.stats().model.paid_calls, 15);
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn no_time_left_returns_the_batch(pool: PgPool) {
    let stage = Stage::new(pool).await;
    let leads = stage.leads(&["late"]).await;
    for time in [Duration::ZERO, Duration::from_secs(12)] {
        let event = testing::rows_event(&leads);
        let response = handle(&stage.deps(&[]), event, within(time)).await.unwrap();
        assert_eq!(come_again(&response), [0]);
    }
    assert_eq!(stage.stand_ins.stats().model.requests, 0);
    assert_eq!(stage.pending().await, leads);
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn rate_limited_leads_wait_as_asked(pool: PgPool) {
    let stage = Stage::new(pool).await;
    let always = ModelFault::RateLimitedForAnHour;
    stage.stand_ins.model(|model| model.always(always));
    let leads = stage.leads(&["slow_a", "slow_b"]).await;
    let deps = stage.deps(&[]);

    let started = std::time::Instant::now();
    for _ in 0..3 {
        let response = deliver(&deps, &leads).await.unwrap();
        assert_eq!(come_again(&response), [0; 0], "the sweep finds them");
    }
    assert!(
        started.elapsed() < Duration::from_secs(5),
        "it must not hang"
    );
    let requests = stage.stand_ins.stats().model.requests;
    assert_eq!(requests, 2, "asked once each, and then left alone");
    let due = "select count(*) from leads where enrich_waits_for = 'model_throttled'
               and enrich_next_at between now() + interval '58 minutes' and now() + interval '1 hour'";
    assert_eq!(stage.number(due).await, 2);
    let sweep = || handle(&deps, serde_json::json!({}), within(AMPLE));
    stage
        .run("update leads set enrich_requested_at = now() - interval '1 day'")
        .await;
    assert_eq!(
        sweep().await.unwrap()["published"],
        0,
        "not before its time"
    );
    stage.run("update leads set enrich_next_at = now()").await;
    assert_eq!(sweep().await.unwrap()["published"], 2);
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn one_second_wait_is_taken_in_place(pool: PgPool) {
    let stage = Stage::new(pool).await;
    stage
        .stand_ins
        .model(|model| model.next(1, ModelFault::RateLimited));
    let lead = stage.leads(&["patient"]).await;
    let started = std::time::Instant::now();
    deliver(&stage.deps(&[]), &lead).await.unwrap();
    assert!(
        started.elapsed() >= Duration::from_secs(1),
        "Retry-After: 1"
    );
    assert_eq!(stage.enriched().await[0].method, "model");
}
