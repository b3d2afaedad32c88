//! Without a model the rules score; what was forgotten is published again.

use enricher::handle;
use serde_json::json;
use sqlx::PgPool;

use crate::stage::{AMPLE, Stage, come_again, deliver, within};

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn missing_model_key_sends_to_review(pool: PgPool) {
    let stage = Stage::new(pool).await;
    let leads = stage.crowd("ruled", 3).await;
    let deps = stage.deps(&[("OPENAI_API_KEY", "")]);
    for _ in 0..2 {
        assert_eq!(come_again(&deliver(&deps, &leads).await.unwrap()), [0; 0]);
    }
    let rows = stage.enriched().await;
    assert_eq!(rows.len(), 3);
    for row in rows {
        assert_eq!(
            (row.method.as_str(), row.outcome.as_str()),
            ("rules", "review")
        );
        assert_eq!(row.reason.as_deref(), Some("scored_by_rules"));
        assert_eq!((row.state.as_deref(), row.cost), (Some("review"), 0));
        assert!(row.notes.contains("no model is configured"));
    }
    assert_eq!(stage.stand_ins.stats().model.requests, 0);
    assert_eq!(stage.number("select count(*) from model_calls").await, 0);
    let made_up =
        "select count(*) from enriched_leads where message is not null or subject is not null";
    assert_eq!(stage.number(made_up).await, 0);
    assert_eq!(stage.outreach.published().await, [0; 0], "nothing is due");

    // A key is given later: what changes then is looked at by the model.
    stage
        .run("update leads set enrich_requested_at = now()")
        .await;
    deliver(&stage.deps(&[]), &leads).await.unwrap();
    assert_eq!(stage.stand_ins.stats().model.paid_calls, 3);
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn a_sweep_announces_once_what_waits_for_long(pool: PgPool) {
    let stage = Stage::new(pool).await;
    let leads = stage.crowd("lost", 25).await;
    let deps = stage.deps(&[]);
    for event in [json!(null), json!({"detail-type": "Scheduled Event"})] {
        let swept = handle(&deps, event, within(AMPLE)).await.unwrap();
        assert_eq!(
            swept,
            json!({"published": 0}),
            "their messages may still come"
        );
    }
    stage
        .run(
            "update leads set enrich_requested_at = now() - interval '11 minutes'
              where username not in ('lost0', 'lost1');
              update leads set enrich_requested_at = null where username = 'lost1'",
        )
        .await;
    let (one, other) = (stage.deps(&[]), stage.deps(&[]));
    let (a, b) = tokio::join!(
        Box::pin(handle(&one, json!({}), within(AMPLE))),
        Box::pin(handle(&other, json!({}), within(AMPLE)))
    );
    let published = |swept: serde_json::Value| swept["published"].as_i64().unwrap();
    assert_eq!(published(a.unwrap()) + published(b.unwrap()), 24);
    // Also who has neither a plan nor a request.
    let mut waiting = leads[1..].to_vec();
    waiting.sort_unstable();
    let published = stage.enrich.published().await;
    assert_eq!(published, waiting, "each once, by whichever");
    let again = handle(&deps, json!({}), within(AMPLE)).await.unwrap();
    assert_eq!(again, json!({"published": 0}));
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn a_sweep_leaves_alone_what_nobody_wants(pool: PgPool) {
    let stage = Stage::new(pool).await;
    stage.crowd("unwanted", 2).await;
    stage
        .run(
            "update leads set enrich_requested_at = now() - interval '1 day';
              update campaigns set status = 'paused'",
        )
        .await;
    let swept = handle(&stage.deps(&[]), json!({}), within(AMPLE))
        .await
        .unwrap();
    assert_eq!(swept, json!({"published": 0}));
    stage.run("update campaigns set status = 'active'").await;
    let swept = handle(&stage.deps(&[]), json!({}), within(AMPLE))
        .await
        .unwrap();
    assert_eq!(swept, json!({"published": 2}));
}
