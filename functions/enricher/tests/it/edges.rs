//! Answers that no stand-in gives: edges, proxies and servers that are almost compatible.

use std::time::Duration;

use enricher::handle;
use shared::testing;
use sqlx::PgPool;

use crate::{
    faults::{DECLINED, Fate, UNUSABLE},
    server::{Server, good_answer},
    stage::{Stage, come_again, deliver, within},
};

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn an_answer_from_something_else_is_survived(pool: PgPool) {
    let stage = Stage::new(pool).await;
    let json = "application/json";
    const AWAY: Fate = Fate::Waits("model_unavailable");
    const LOST: Fate = Fate::Waits("model_silent");
    const UNCLEAR: Fate = Fate::Fails("model_unclear");
    let cases: [(&str, u16, &'static str, &str, Fate); 11] = [
        ("html", 200, "text/html", "<html>hello</html>", AWAY),
        ("empty", 200, json, "", LOST),
        ("half", 200, json, r#"{"choices":[{"mess"#, LOST),
        ("null", 200, json, r#"{"choices":null}"#, UNUSABLE),
        (
            "error200",
            200,
            json,
            r#"{"error":{"message":"no"}}"#,
            UNCLEAR,
        ),
        (
            "redirect",
            302,
            "text/html",
            "",
            Fate::Fails("model_address"),
        ),
        (
            "numeric",
            401,
            json,
            r#"{"error":{"message":"no","code":401}}"#,
            Fate::Fails("model_key"),
        ),
        ("forbidden", 403, "text/html", "<html>", UNCLEAR),
        (
            "filter",
            400,
            json,
            r#"{"error":{"message":"no","code":"content_filter"}}"#,
            DECLINED,
        ),
        ("large", 413, "text/html", "<html>too large", DECLINED),
        (
            "schema",
            400,
            json,
            r#"{"error":{"message":"no","code":"invalid_json_schema","param":"response_format"}}"#,
            Fate::Fails("model_parameter"),
        ),
    ];
    for (name, status, kind, body, fate) in cases {
        let server = Server::start(status, kind, body).await;
        let lead = stage.leads(&[&format!("edge_{name}")]).await;
        let deps = stage.deps_at(&server.base, &[("OPENAI_MODEL", name)]);
        // Time for one call: a server that is away is not asked for long.
        let event = testing::rows_event(&lead);
        let response = handle(&deps, event, within(Duration::from_secs(14))).await;
        let rows = stage.enriched_of(&lead).await;
        let what = format!("{name}: {response:?} {rows:?}");
        let pending = stage.pending().await.contains(&lead[0]);
        match fate {
            Fate::Rules(why) => {
                assert!(response.is_ok() && !pending, "{what}");
                let [row] = rows.as_slice() else {
                    unreachable!("{what}")
                };
                assert_eq!(
                    (row.method.as_str(), row.outcome.as_str()),
                    ("rules", "review"),
                    "{what}"
                );
                assert!(row.notes.contains(why), "{what}");
            }
            Fate::Waits(reason) | Fate::Fails(reason) => {
                assert_eq!(response.is_err(), matches!(fate, Fate::Fails(_)), "{what}");
                assert!(rows.is_empty() && pending, "{what}");
                assert_eq!(stage.waits_for(lead[0]).await, reason, "{what}");
            }
            Fate::Used => unreachable!("{what}"),
        }
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
        // What only a reviewer reads is cleaned; a text with such a character does not leave.
        let sent = matches!(place, "niche" | "summary" | "claim" | "reason");
        // Who invents a quote is not believed.
        let method = if place == "quote" { "rules" } else { "model" };
        assert_eq!(rows[0].method, method, "{place}");
        assert_eq!(rows[0].outcome == "planned", sent, "{place}: {rows:?}");
    }
}

/// Down, it keeps the lead pending; only a campaign that says so takes the rules' score for it.
#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn model_down_leaves_leads_pending(pool: PgPool) {
    let stage = Stage::new(pool).await;
    let lead = stage.leads(&["alone"]).await;
    let deps = stage.deps_at(testing::CLOSED, &[]);
    let event = || testing::rows_event(&lead);
    handle(&deps, event(), within(Duration::from_secs(14)))
        .await
        .unwrap();
    assert_eq!(stage.enriched().await, []);
    assert_eq!(stage.waits_for(lead[0]).await, "model_unavailable");
    assert_eq!(stage.calls("gpt-4.1-mini").await["failed"], 1);
    assert_eq!(stage.number("select micros from model_spend").await, 0);

    stage.run("update campaigns set rules_decide = true").await;
    stage.next_try_is_due("gpt-4.1-mini").await;
    handle(&deps, event(), within(Duration::from_secs(14)))
        .await
        .unwrap();
    let rows = stage.enriched().await;
    assert_eq!(
        (rows[0].method.as_str(), rows[0].outcome.as_str()),
        ("rules", "review")
    );
    assert!(rows[0].notes.contains("the model was not available"));
    assert_eq!(stage.pending().await, [0; 0]);
}
