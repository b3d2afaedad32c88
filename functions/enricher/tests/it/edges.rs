//! Answers that no stand-in gives: edges, proxies and servers that are almost compatible.

use std::time::Duration;

use enricher::handle;
use shared::testing;
use sqlx::PgPool;

use crate::{
    faults::{Fate, UNUSABLE},
    server::{Server, good_answer},
    stage::{Stage, come_again, deliver, within},
};

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn an_answer_from_something_else_is_survived(pool: PgPool) {
    let stage = Stage::new(pool).await;
    let json = "application/json";
    let cases: [(&str, u16, &'static str, &str, Fate); 11] = [
        ("html", 200, "text/html", "<html>hello</html>", UNUSABLE),
        ("empty", 200, json, "", UNUSABLE),
        ("half", 200, json, r#"{"choices":[{"mess"#, UNUSABLE),
        ("null", 200, json, r#"{"choices":null}"#, UNUSABLE),
        (
            "error200",
            200,
            json,
            r#"{"error":{"message":"no"}}"#,
            UNUSABLE,
        ),
        ("redirect", 302, "text/html", "", Fate::Fails),
        (
            "numeric",
            401,
            json,
            r#"{"error":{"message":"no","code":401}}"#,
            Fate::Fails,
        ),
        ("forbidden", 403, "text/html", "<html>", Fate::Fails),
        (
            "filter",
            400,
            json,
            r#"{"error":{"message":"no","code":"content_filter"}}"#,
            UNUSABLE,
        ),
        ("large", 413, "text/html", "<html>too large", UNUSABLE),
        (
            "schema",
            400,
            json,
            r#"{"error":{"message":"no","code":"invalid_json_schema"}}"#,
            Fate::Fails,
        ),
    ];
    for (name, status, kind, body, fate) in cases {
        let server = Server::start(status, kind, body).await;
        let lead = stage.leads(&[&format!("edge_{name}")]).await;
        let deps = stage.deps_at(&server.base, &[("OPENAI_MODEL", name)]);
        let response = deliver(&deps, &lead).await;
        let rows = stage.enriched_of(&lead).await;
        let what = format!("{name}: {response:?} {rows:?}");
        assert_eq!(response.is_err(), fate == Fate::Fails, "{what}");
        assert_eq!(rows.is_empty(), fate == Fate::Fails, "{what}");
        assert!(
            rows.iter()
                .all(|r| r.method == "rules" && r.outcome == "review"),
            "{what}"
        );
        let pending = stage.pending().await.contains(&lead[0]);
        assert_eq!(pending, fate == Fate::Fails, "{what}");
    }
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn answer_without_usage_costs_its_reservation(pool: PgPool) {
    let stage = Stage::new(pool).await;
    let completion = serde_json::json!({
        "choices": [{"finish_reason": "stop", "message": {"content": good_answer().to_string()}}],
    });
    let server = Server::start(200, "application/json", completion.to_string()).await;
    let leads = stage.leads(&["frugal"]).await;
    let prices = [
        ("OPENAI_INPUT_USD_PER_MILLION", "0"),
        ("OPENAI_OUTPUT_USD_PER_MILLION", "2"),
    ];
    deliver(&stage.deps_at(&server.base, &prices), &leads)
        .await
        .unwrap();
    let rows = stage.enriched().await;
    assert_eq!((rows[0].method.as_str(), rows[0].cost), ("model", 1_000));
    assert_eq!(stage.number("select micros from model_spend").await, 1_000);
}

/// PostgreSQL takes no NUL: one answer with one must not fail the batch it comes in, again and again.
#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn control_characters_never_reach_the_database(pool: PgPool) {
    let stage = Stage::new(pool).await;
    let text = "bad\u{0}word\u{1b}";
    for place in [
        "niche", "summary", "subject", "message", "claim", "quote", "reason",
    ] {
        let mut answer = good_answer();
        match place {
            "claim" | "quote" => answer["evidence"][0][place] = text.into(),
            "reason" => answer["compliance"]["reasons"] = [text].into_iter().collect(),
            field => answer[field] = text.into(),
        }
        let server = Server::model(&answer).await;
        let lead = stage.leads(&[&format!("nul_{place}")]).await;
        let deps = stage.deps_at(&server.base, &[]);
        let response = deliver(&deps, &lead)
            .await
            .unwrap_or_else(|e| unreachable!("{place}: {e:?}"));
        assert_eq!(come_again(&response), [0; 0], "{place}");
        let rows = stage.enriched_of(&lead).await;
        assert!(!rows[0].notes.chars().any(char::is_control), "{place}");
        if place != "reason" {
            assert_eq!(rows[0].method, "rules", "{place}");
        }
    }
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn model_down_leaves_leads_to_rules(pool: PgPool) {
    let stage = Stage::new(pool).await;
    let lead = stage.leads(&["alone"]).await;
    let deps = stage.deps_at(testing::CLOSED, &[]);
    let event = testing::rows_event(&lead);
    handle(&deps, event, within(Duration::from_secs(14)))
        .await
        .unwrap();
    let rows = stage.enriched().await;
    assert_eq!(
        (rows[0].method.as_str(), rows[0].outcome.as_str()),
        ("rules", "review")
    );
    assert_eq!(stage.calls("gpt-4.1-mini").await["failed"], 1);
    assert_eq!(stage.number("select micros from model_spend").await, 0);
}
