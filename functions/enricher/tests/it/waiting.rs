//! How long a model is waited for, and where.

use std::time::Duration;

use enricher::handle;
use shared::testing;
use simulated::ModelFault;
use sqlx::PgPool;

use crate::{
    server::Server,
    stage::{Stage, come_again, deliver, within},
};

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

    // The model's time is longer than the invocation's: the deadline cuts it off.
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
async fn rate_limited_message_waits_as_model_asks(pool: PgPool) {
    let stage = Stage::new(pool).await;
    let always = ModelFault::RateLimitedForAnHour;
    stage.stand_ins.model(|model| model.always(always));
    let leads = stage.leads(&["slow_a", "slow_b"]).await;
    let queue = Server::start(
        200,
        "application/x-amz-json-1.0",
        r#"{"Successful":[],"Failed":[]}"#,
    );
    let queue = queue.await;
    let sdk = testing::sdk(Some(&queue.base));
    let deps = stage.deps_on(&sdk, &stage.stand_ins.openai_base(), &[]);

    let started = std::time::Instant::now();
    let response = deliver(&deps, &leads).await.unwrap();

    assert!(
        started.elapsed() < Duration::from_secs(5),
        "it must not hang"
    );
    assert_eq!(come_again(&response), [0, 1]);
    let requests = stage.stand_ins.stats().model.requests;
    assert_eq!(requests, 2, "asked once each");
    let delays: Vec<_> = queue.asked().into_iter().collect();
    let [(target, delay)] = delays.as_slice() else {
        unreachable!("one request to the queue: {delays:?}")
    };
    assert!(target.ends_with("ChangeMessageVisibilityBatch"), "{target}");
    let hidden: Vec<_> = delay["Entries"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| {
            (
                entry["ReceiptHandle"].as_str().unwrap(),
                entry["VisibilityTimeout"].as_i64(),
            )
        })
        .collect();
    assert_eq!(
        hidden,
        [("handle-0", Some(3_600)), ("handle-1", Some(3_600))]
    );
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
