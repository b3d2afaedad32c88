//! What compatible servers really answer is read, repaired or asked for once more in another way.

use serde_json::{Value, json};
use sqlx::PgPool;

use crate::{
    server::{Server, completion, good_answer},
    stage::{Stage, deliver},
};

const JSON: &str = "application/json";
/// The bio that the answers of the fixtures quote.
const BIO: &str = "Trail runs and tea. I write about shoes.";

async fn quoted_lead(stage: &Stage, name: &str) -> Vec<i64> {
    let mut lead = shared::testing::new_lead(name);
    lead.bio = Some(BIO.to_owned());
    stage.store(&[lead]).await
}

/// Nothing is spent that is not booked to a lead.
async fn all_is_booked(stage: &Stage) {
    let spent = stage
        .number("select coalesce(sum(micros), 0)::bigint from model_spend")
        .await;
    let booked = stage
        .number("select coalesce(sum(cost_micros), 0)::bigint from enriched_leads")
        .await;
    assert_eq!(booked, spent);
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn empty_refusal_text_is_no_refusal(pool: PgPool) {
    let stage = Stage::new(pool).await;
    let replies: Vec<Value> =
        serde_json::from_str(include_str!("fixtures/refusal_is_empty.json")).unwrap();
    for (n, (reply, method)) in replies.iter().zip(["model", "model", "rules"]).enumerate() {
        let server = Server::start(200, JSON, reply.to_string()).await;
        let lead = quoted_lead(&stage, &format!("refusal{n}")).await;
        deliver(&stage.deps_at(&server.base, &[]), &lead)
            .await
            .unwrap();
        let row = &stage.enriched_of(&lead).await[0];
        assert_eq!(row.method, method, "{n}: {row:?}");
        let state = if method == "model" {
            "queued"
        } else {
            "review"
        };
        assert_eq!(row.state.as_deref(), Some(state), "{n}: {row:?}");
        assert_eq!(server.asked().len(), 1, "{n}");
        assert!(row.cost > 0, "{n}: a refusal is paid, too");
    }
    all_is_booked(&stage).await;
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn wrapped_answers_are_read_at_once(pool: PgPool) {
    let stage = Stage::new(pool).await;
    let replies: Vec<Value> =
        serde_json::from_str(include_str!("fixtures/wrapped_answers.json")).unwrap();
    assert_eq!(replies.len(), 9);
    for (n, reply) in replies.iter().enumerate() {
        let server = Server::start(200, JSON, reply.to_string()).await;
        let lead = quoted_lead(&stage, &format!("wrapped{n}")).await;
        deliver(&stage.deps_at(&server.base, &[]), &lead)
            .await
            .unwrap();
        let row = &stage.enriched_of(&lead).await[0];
        assert_eq!(
            (row.method.as_str(), row.state.as_deref()),
            ("model", Some("queued")),
            "{n}: {row:?}"
        );
        assert_eq!(server.asked().len(), 1, "{n}: paid once");
    }
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn errors_with_numbers_are_told_apart(pool: PgPool) {
    let stage = Stage::new(pool).await;
    let replies: Vec<Value> =
        serde_json::from_str(include_str!("fixtures/errors_with_numbers.json")).unwrap();
    for (n, reply) in replies.iter().enumerate() {
        let status = u16::try_from(reply["status"].as_u64().unwrap()).unwrap();
        let server = Server::start(status, JSON, reply["body"].to_string()).await;
        let lead = stage.leads(&[&format!("numbered{n}")]).await;
        let deps = stage.deps_at(&server.base, &[]);
        let result = deliver(&deps, &lead).await;
        let rows = stage.enriched_of(&lead).await;
        let what = format!("{n}: {result:?} {rows:?}");
        match n {
            0..=2 => {
                assert!(result.is_ok(), "{what}");
                assert_eq!(
                    (rows[0].method.as_str(), rows[0].outcome.as_str()),
                    ("rules", "review"),
                    "{what}"
                );
                assert_eq!(server.asked().len(), 1, "{what}");
            }
            3 | 4 => {
                let (reason, word) = match n {
                    3 => ("model_credit", "credit"),
                    _ => ("model_parameter", "OPENAI_TEMPERATURE"),
                };
                assert!(result.unwrap_err().to_string().contains(word));
                assert_eq!(stage.waits_for(lead[0]).await, reason);
                // It is left alone for a while.
                deliver(&deps, &lead).await.unwrap();
                assert_eq!(server.asked().len(), 1);
            }
            _ => {
                assert!(result.is_ok() && rows.is_empty(), "{what}");
                assert_eq!(stage.waits_for(lead[0]).await, "model_throttled");
            }
        }
    }
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn unusable_answer_is_asked_for_differently_once(pool: PgPool) {
    let stage = Stage::new(pool).await;
    let server = Server::start(200, JSON, completion("She seems to fit well.")).await;
    let lead = stage.leads(&["prose"]).await;
    let deps = stage.deps_at(&server.base, &[]);
    for _ in 0..3 {
        deliver(&deps, &lead).await.unwrap();
        stage
            .run("update leads set enrich_requested_at = now(), email_hash = decode(repeat('ab', 32), 'hex')")
            .await;
    }
    let asked = server.asked();
    assert_eq!(asked.len(), 2, "and never again");
    let messages = |n: usize| asked[n].1["messages"].as_array().unwrap().len();
    assert_eq!(
        (messages(0), messages(1)),
        (2, 3),
        "the second says what was wrong"
    );
    let correction = asked[1].1["messages"][2]["content"].as_str().unwrap();
    assert!(correction.contains("could not be read"));
    let rows = stage.enriched_of(&lead).await;
    assert_eq!(
        (rows[0].method.as_str(), rows[0].outcome.as_str()),
        ("rules", "review")
    );
    all_is_booked(&stage).await;
}

/// The second answer is good, and both are booked.
#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn corrected_answer_is_used_and_both_booked(pool: PgPool) {
    let stage = Stage::new(pool).await;
    let server = Server::by(JSON, |request| {
        let again = request["messages"].as_array().unwrap().len() > 2;
        let content = match again {
            true => good_answer().to_string(),
            false => good_answer().to_string()[..60].to_owned(),
        };
        (200, completion(&content))
    });
    let server = server.await;
    let lead = stage.leads(&["cut"]).await;
    deliver(&stage.deps_at(&server.base, &[]), &lead)
        .await
        .unwrap();
    let row = &stage.enriched_of(&lead).await[0];
    assert_eq!(
        (row.method.as_str(), row.state.as_deref()),
        ("model", Some("queued"))
    );
    let longer = server.asked()[1].1["max_completion_tokens"].as_i64();
    assert_eq!(longer, Some(1_500), "it was cut off");
    all_is_booked(&stage).await;
}

/// The model's assessment holds, though its text cannot be sent: a link is no reason for a low score.
#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn unsendable_text_goes_to_review_with_score(pool: PgPool) {
    let stage = Stage::new(pool).await;
    let mut linked = good_answer();
    linked["message"] = json!("See https://evil.example/now for more. Shall we talk?");
    let server = Server::model(&linked).await;
    let lead = stage.leads(&["linked"]).await;
    deliver(&stage.deps_at(&server.base, &[]), &lead)
        .await
        .unwrap();
    let row = &stage.enriched_of(&lead).await[0];
    assert_eq!(
        (row.method.as_str(), row.reason.as_deref()),
        ("model", Some("no_message"))
    );
    assert!(row.notes.contains("text cannot be sent"), "{row:?}");
    assert_eq!(
        stage
            .number("select score::bigint from enriched_leads")
            .await,
        90
    );
    assert_eq!(server.asked().len(), 2);
    all_is_booked(&stage).await;

    // A mail that is not sent needs no text.
    linked["score"] = json!(20);
    let server = Server::model(&linked).await;
    let lead = stage.leads(&["poor"]).await;
    deliver(&stage.deps_at(&server.base, &[]), &lead)
        .await
        .unwrap();
    assert_eq!(
        stage.enriched_of(&lead).await[0].reason.as_deref(),
        Some("low_score")
    );
    assert_eq!(server.asked().len(), 1);
}
