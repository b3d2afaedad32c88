//! While the model is away leads wait, with their reason and next time, and are the same in the end.

use serde_json::json;
use shared::db::enrichment;
use simulated::ModelFault;
use sqlx::PgPool;

use crate::{
    server::{Server, completion, good_answer},
    stage::{AMPLE, Stage, come_again, deliver, within},
};

const JSON: &str = "application/json";
const MODEL: &str = "gpt-4.1-mini";

/// However long it lasts: one question now and then, no final result, and the same funnel afterwards.
#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn long_outage_ends_with_the_same_results(pool: PgPool) {
    let stage = Stage::new(pool).await;
    let leads = stage.crowd("away", 8).await;
    let deps = stage.deps(&[]);
    for fault in [
        ModelFault::InsufficientQuota,
        ModelFault::Hang,
        ModelFault::Unauthorized,
    ] {
        stage.stand_ins.model(|model| model.always(fault));
        for _ in 0..3 {
            stage.next_try_is_due(MODEL).await;
            let before = stage.stand_ins.stats().model.requests;
            // A refused key or credit fails the invocation: an alarm rings.
            let first = deliver(&deps, &leads).await;
            assert_eq!(first.is_err(), fault != ModelFault::Hang, "{fault:?}");
            deliver(&deps, &leads).await.unwrap();
            let asked = stage.stand_ins.stats().model.requests - before;
            assert!(asked <= 16, "{fault:?}: {asked}");
        }
        // By now it is known to be away: one question a try, and none before the next is due.
        stage.next_try_is_due(MODEL).await;
        let before = stage.stand_ins.stats().model.requests;
        let _ = deliver(&deps, &leads).await;
        for _ in 0..3 {
            deliver(&deps, &leads).await.unwrap();
        }
        assert_eq!(
            stage.stand_ins.stats().model.requests - before,
            1,
            "{fault:?}"
        );
        assert_eq!(stage.enriched().await, []);
        assert_eq!(stage.pending().await, leads);
        assert!(
            stage.waits_for(leads[7]).await.starts_with("model_"),
            "{fault:?}"
        );
    }

    stage.stand_ins.model(simulated::ModelBehaviour::clear);
    stage.next_try_is_due(MODEL).await;
    let response = deliver(&deps, &leads).await.unwrap();
    assert_eq!(come_again(&response), [0; 0]);
    let rows = stage.enriched().await;
    assert_eq!(rows.len(), 8);
    for row in rows {
        assert_eq!(
            (row.method.as_str(), row.state.as_deref()),
            ("model", Some("queued")),
            "{row:?}"
        );
    }
    assert_eq!(stage.number("select count(*) from model_outages").await, 0);
    let waiting = "select count(*) from leads where enrich_waits_for is not null";
    assert_eq!(stage.number(waiting).await, 0);
}

/// Its answers may be paid all the same: a question is put twice, and then it is left alone.
#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn silent_server_is_left_alone(pool: PgPool) {
    let stage = Stage::new(pool).await;
    let server = Server::by(JSON, |_| (504, String::new())).await;
    let deps = stage.deps_at(&server.base, &[]);
    let leads = stage.crowd("silent", 3).await;
    for _ in 0..4 {
        deliver(&deps, &leads).await.unwrap();
    }
    assert_eq!(server.asked().len(), 6);
    assert_eq!(stage.waits_for(leads[0]).await, "model_silent");
    assert_eq!(stage.pending().await, leads);
}

/// Another key is another set-up: no lead waits until the old one would be tried again.
#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn changed_setup_is_asked_at_once(pool: PgPool) {
    let stage = Stage::new(pool).await;
    stage
        .stand_ins
        .model(|model| model.next(1, ModelFault::Unauthorized));
    let leads = stage.leads(&["rekeyed"]).await;
    deliver(&stage.deps(&[]), &leads).await.unwrap_err();
    assert_eq!(stage.waits_for(leads[0]).await, "model_key");
    let deps = stage.deps(&[("OPENAI_API_KEY", "sk-other")]);
    deliver(&deps, &leads).await.unwrap();
    assert_eq!(stage.enriched().await[0].method, "model");
}

/// A question that is always refused without a reason is given up, and harms no neighbour.
#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn refused_question_is_settled_after_three_tries(pool: PgPool) {
    let stage = Stage::new(pool).await;
    let server = Server::by(JSON, |request| {
        match request.to_string().contains("forbidden") {
            true => (
                400,
                json!({"error": {"message": "no", "code": null}}).to_string(),
            ),
            false => (200, completion(&good_answer().to_string())),
        }
    });
    let server = server.await;
    let deps = stage.deps_at(&server.base, &[]);
    let odd = stage.leads(&["forbidden"]).await;
    for n in 0..4 {
        let neighbour = stage.leads(&[&format!("neighbour{n}")]).await;
        let batch = [odd[0], neighbour[0]];
        deliver(&deps, &batch).await.unwrap();
        assert_eq!(
            stage.enriched_of(&neighbour).await[0].method,
            "model",
            "{n}"
        );
    }
    let rows = stage.enriched_of(&odd).await;
    assert_eq!(rows.len(), 1, "{rows:?}");
    assert_eq!(
        (rows[0].method.as_str(), rows[0].outcome.as_str()),
        ("rules", "review")
    );
    assert!(
        rows[0].notes.contains("refused this profile three times"),
        "{rows:?}"
    );
    assert_eq!(stage.pending().await, [0; 0]);
    let of_odd = server
        .asked()
        .iter()
        .filter(|(_, body)| body.to_string().contains("forbidden"))
        .count();
    assert_eq!(of_odd, 3);
}

/// Alone it cannot be told from a fault of the set-up: it waits, and an alarm rings.
#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn lone_unclear_refusal_waits_and_fails(pool: PgPool) {
    let stage = Stage::new(pool).await;
    let server = Server::start(400, JSON, "{}").await;
    let deps = stage.deps_at(&server.base, &[]);
    let leads = stage.leads(&["lone"]).await;
    for _ in 0..5 {
        stage.next_try_is_due(MODEL).await;
        let error = deliver(&deps, &leads).await.unwrap_err().to_string();
        assert!(error.contains("status 400"), "{error}");
    }
    assert_eq!(stage.waits_for(leads[0]).await, "model_unclear");
    assert_eq!(stage.enriched().await, []);
}

/// Two workers while it is away: one of them asks.
#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn one_worker_probes_a_model_away(pool: PgPool) {
    let stage = Stage::new(pool).await;
    stage
        .stand_ins
        .model(|model| model.always(ModelFault::Unauthorized).latency_ms(200, 0));
    let leads = stage.crowd("probed", 6).await;
    let (one, other) = (stage.deps(&[]), stage.deps(&[]));
    deliver(&one, &leads[..1]).await.unwrap_err();
    stage.next_try_is_due(MODEL).await;
    let before = stage.stand_ins.stats().model.requests;
    let (a, b) = tokio::join!(
        Box::pin(deliver(&one, &leads[..3])),
        Box::pin(deliver(&other, &leads[3..]))
    );
    assert!(a.is_err() != b.is_err(), "one is told: {a:?} {b:?}");
    assert_eq!(stage.stand_ins.stats().model.requests - before, 1);
    assert_eq!(stage.pending().await, leads);
}

/// A minute before its end the sweep publishes nothing, and after it all.
#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn waiting_leads_are_swept_when_due(pool: PgPool) {
    let stage = Stage::new(pool).await;
    let leads = stage.crowd("swept", 3).await;
    let deps = stage.deps(&[("MODEL_DAILY_BUDGET_USD", "0")]);
    deliver(&deps, &leads).await.unwrap();
    assert_eq!(stage.waits_for(leads[0]).await, "model_budget");
    stage
        .run("update leads set enrich_requested_at = now() - interval '1 day'")
        .await;
    let sweep = || enricher::handle(&deps, json!({}), within(AMPLE));
    assert_eq!(sweep().await.unwrap(), json!({"published": 0}));
    stage
        .run("update leads set enrich_next_at = now() - interval '1 second'")
        .await;
    assert_eq!(sweep().await.unwrap(), json!({"published": 3}));
}

/// What the rules scored for want of an answer is asked about again when a person wants it, and the mail
/// that waited for a text gets it.
#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn asked_again_lead_gets_its_text(pool: PgPool) {
    let stage = Stage::new(pool).await;
    let broken = Server::start(200, JSON, completion("Fits.")).await;
    let leads = stage.leads(&["again"]).await;
    deliver(&stage.deps_at(&broken.base, &[]), &leads)
        .await
        .unwrap();
    assert_eq!(stage.enriched().await[0].state.as_deref(), Some("review"));

    let good = Server::model(&good_answer()).await;
    let deps = stage.deps_at(&good.base, &[]);
    let mut conn = shared::db::acquire(&stage.pool).await.unwrap();
    for _ in 0..2 {
        enrichment::ask_again(&mut conn, "demo", false)
            .await
            .unwrap();
        deliver(&deps, &leads).await.unwrap();
    }
    let rows = stage.enriched().await;
    assert_eq!(rows.len(), 2, "{rows:?}");
    assert_eq!(
        (rows[1].method.as_str(), rows[1].state.as_deref()),
        ("model", Some("queued"))
    );
    assert_eq!(good.asked().len(), 1);
    assert_eq!(stage.number("select count(*) from sends").await, 1);
    assert_eq!(stage.outreach.published().await.len(), 1);
    assert_eq!(stage.pending().await, [0; 0]);
}
