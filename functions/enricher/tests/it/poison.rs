//! Junk never harms its neighbours and never loops (invariant 14).

use enricher::handle;
use serde_json::json;
use shared::{messages, testing};
use sqlx::PgPool;

use crate::stage::{AMPLE, Stage, come_again, within};

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn junk_is_quarantined_and_others_are_done(pool: PgPool) {
    let stage = Stage::new(pool).await;
    let leads = stage.crowd("good", 3).await;
    let bodies = [
        messages::encode(leads[0]),
        "ana@example.org is not a message".to_owned(),
        messages::encode(leads[1]),
        messages::encode(i64::MAX),
        messages::encode(-1),
        format!(r#"{{"v":2,"id":{}}}"#, leads[2]),
        String::new(),
        "\u{0}\u{feff}".to_owned(),
        r#"{"v":1,"id":99999999999999999999}"#.to_owned(),
        messages::encode(leads[2]),
    ];
    let deps = stage.deps(&[]);
    for _ in 0..2 {
        let event = testing::sqs_event(&bodies);
        let response = handle(&deps, event, within(AMPLE)).await.unwrap();
        assert_eq!(come_again(&response), [0; 0]);
    }
    let done: Vec<_> = stage
        .enriched()
        .await
        .iter()
        .map(|row| row.lead_id)
        .collect();
    assert_eq!(done, leads);
    assert_eq!(stage.stand_ins.stats().model.requests, 3);

    let rows: Vec<(String, String, String, i32)> = sqlx::query_as(
        "select queue, message_id, reason, octet_length(payload_hash) from quarantine order by id",
    )
    .fetch_all(&stage.pool)
    .await
    .unwrap();
    let reasons: Vec<_> = rows.iter().map(|r| (r.1.as_str(), r.2.as_str())).collect();
    let shape = "the body is not a message of ours";
    let gone = "there is no lead of this id";
    let version = "the message has version 2, this function reads version 1";
    assert_eq!(
        reasons,
        [
            ("message-1", shape),
            ("message-3", gone),
            ("message-4", gone),
            ("message-5", version),
            ("message-6", shape),
            ("message-7", shape),
            ("message-8", shape),
        ],
        "each once, however often it comes"
    );
    assert!(rows.iter().all(|r| r.0.starts_with("enrich-") && r.3 == 32));
    let text = "select count(*) from quarantine q where to_jsonb(q)::text like '%example.org%'";
    assert_eq!(stage.number(text).await, 0, "no body");
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn a_batch_of_junk_alone_asks_nobody(pool: PgPool) {
    let stage = Stage::new(pool).await;
    let event = testing::sqs_event(&["junk", "{}", "[1]"]);
    let response = handle(&stage.deps(&[]), event, within(AMPLE))
        .await
        .unwrap();
    assert_eq!(come_again(&response), [0; 0]);
    assert_eq!(stage.number("select count(*) from quarantine").await, 3);
    assert_eq!(stage.stand_ins.stats().model.requests, 0);
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn erased_or_paused_lead_is_acknowledged_without_call(pool: PgPool) {
    let stage = Stage::new(pool).await;
    let leads = stage.crowd("quiet", 2).await;
    stage
        .run(
            "update leads set name = null, email = null, bio = null, raw = null, website = null,
              profile_url = null, location = null, country = null, language = null, follower_count = null,
              erased_at = now() where username = 'quiet0';
              update campaigns set status = 'paused'",
        )
        .await;
    let deps = stage.deps(&[]);
    let event = testing::rows_event(&leads);
    let response = handle(&deps, event, within(AMPLE)).await.unwrap();
    assert_eq!(come_again(&response), [0; 0]);
    assert_eq!(stage.stand_ins.stats().model.requests, 0);
    assert_eq!(stage.enriched().await, []);
    // Erased stays erased; the other one is pending for when the campaign goes on.
    stage.run("update campaigns set status = 'active'").await;
    handle(&deps, testing::rows_event(&leads), within(AMPLE))
        .await
        .unwrap();
    let done: Vec<_> = stage
        .enriched()
        .await
        .iter()
        .map(|row| row.lead_id)
        .collect();
    assert_eq!(done, leads[1..]);
    assert_eq!(stage.number("select count(*) from quarantine").await, 0);
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn foreign_records_fail_invocation_and_change_nothing(pool: PgPool) {
    let stage = Stage::new(pool).await;
    let deps = stage.deps(&[]);
    assert!(
        handle(&deps, json!({"Records": 7}), within(AMPLE))
            .await
            .is_err()
    );
    let empty = handle(&deps, json!({"Records": []}), within(AMPLE))
        .await
        .unwrap();
    assert_eq!(come_again(&empty), [0; 0]);
}
