//! Drafts that a program decides about.

use axum::http::{Method, StatusCode};
use serde_json::{Value, json};
use shared::{db::PgPool, domain::person::Role};

use super::problem;
use crate::{fixture::Console, review::waiting};

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn draft_is_taken_and_decided_once(pool: PgPool) {
    waiting(&pool, 1).await;
    let reviewer = Console::new(&pool).as_role(Role::Reviewer).await;
    let post =
        async |path: String, body: Value| reviewer.send_json(Method::POST, &path, &[], &body).await;
    let draft = post("/api/v1/review/take".to_owned(), json!({}))
        .await
        .json()["draft"]
        .clone();
    let (id, seen) = (draft["id"].as_i64().unwrap(), draft["seen"].clone());
    let decide = format!("/api/v1/review/{id}/decision");
    let half = post(
        decide.clone(),
        json!({"decision": "approve", "seen": seen, "subject": "Only this"}),
    )
    .await;
    problem(&half, StatusCode::UNPROCESSABLE_ENTITY, Some("/message"));
    let other = post(
        decide.clone(),
        json!({"decision": "approve", "seen": "00".repeat(32)}),
    )
    .await;
    problem(&other, StatusCode::CONFLICT, None);
    let approved = post(decide.clone(), json!({"decision": "approve", "seen": seen})).await;
    assert_eq!(approved.json(), json!({"changed": true}));
    let again = post(
        decide,
        json!({"decision": "reject", "seen": seen, "why": "tone"}),
    )
    .await;
    problem(&again, StatusCode::CONFLICT, None);
    let undone = post(format!("/api/v1/review/{id}/undo"), json!({})).await;
    assert_eq!(undone.json(), json!({"changed": true}));
    let has_text = post(format!("/api/v1/review/{id}/ask"), json!({})).await;
    assert_eq!(has_text.status, StatusCode::CONFLICT);
    let waiting = "select count(*) from sends where state = 'review'";
    assert_eq!(reviewer.count(waiting).await, 1);
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn many_are_taken_decided_and_undone(pool: PgPool) {
    let ids = waiting(&pool, 4).await;
    let reviewer = Console::new(&pool).as_role(Role::Reviewer).await;
    let post = async |path: &str, body: &Value| {
        let path = format!("/api/v1/review/{path}");
        reviewer.send_json(Method::POST, &path, &[], body).await
    };
    let take = json!({"reason": "country_review"});
    let taken = post("take-many", &take).await.json()["items"].clone();
    let drafts: Vec<Value> = taken.as_array().unwrap().iter().map(seen).collect();
    assert_eq!(drafts.len(), 4);
    let other = reviewer.as_role(Role::Operator).await;
    let path = "/api/v1/review/take-many";
    let none = other.send_json(Method::POST, path, &[], &take).await;
    assert_eq!(none.json()["items"], json!([]), "others hold them");
    // One changes after it was seen, and one was never there.
    sqlx::query("update sends set content_hash = sha256('other') where id = $1")
        .bind(ids[3])
        .execute(&pool)
        .await
        .unwrap();
    let missing = json!({"id": 4711, "seen": "00".repeat(32)});
    let chosen = [&drafts[..], &[missing]].concat();
    let approve = json!({"decision": "approve", "drafts": chosen});
    let outcomes = post("decisions", &approve).await.json()["items"].clone();
    assert_eq!(
        words(&outcomes),
        ["done", "done", "done", "changed", "missing"],
        "{outcomes}"
    );
    assert_eq!(outcomes[4]["why_not"], "There is no such draft.");
    let again = post("decisions", &approve).await.json()["items"].clone();
    assert_eq!(
        words(&again),
        [
            "not_waiting",
            "not_waiting",
            "not_waiting",
            "changed",
            "missing"
        ],
        "{again}"
    );
    let approved = "select count(*) from sends where state = 'queued' and not_before > now()";
    assert_eq!(reviewer.count(approved).await, 3);

    let undone = post("undo", &json!({"ids": ids})).await.json()["items"].clone();
    let expected = ["done", "done", "done", "not_waiting"];
    assert_eq!(words(&undone), expected, "{undone}");
    let waits = "select count(*) from sends where state = 'review'";
    assert_eq!(reviewer.count(waits).await, 4);

    // One without a text, as where only the rules have scored the lead: it is for one person to write.
    sqlx::query("update enriched_leads set message = null where id = (select enriched_lead_id from sends where id = $1)")
        .bind(ids[0])
        .execute(&pool)
        .await
        .unwrap();
    let take = json!({"reason": "reopened"});
    let taken = post("take-many", &take).await.json()["items"].clone();
    let drafts: Vec<Value> = taken.as_array().unwrap().iter().map(seen).collect();
    assert_eq!(drafts.len(), 2);
    let reject =
        json!({"decision": "reject", "drafts": drafts, "why": "other", "words": "Not now"});
    let rejected = post("decisions", &reject).await.json()["items"].clone();
    assert_eq!(words(&rejected), ["done", "done"], "{rejected}");
    let noted = "select count(*) from reviews where decision = 'rejected' and words = 'Not now'";
    assert_eq!(reviewer.count(noted).await, 2);
}

/// What became of each.
fn words(outcomes: &Value) -> Vec<String> {
    let outcomes = outcomes.as_array().unwrap().iter();
    outcomes
        .map(|outcome| outcome["outcome"].as_str().unwrap().to_owned())
        .collect()
}

fn seen(draft: &Value) -> Value {
    json!({"id": draft["id"], "seen": draft["seen"]})
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn wrong_decisions_about_many_change_nothing(pool: PgPool) {
    let ids = waiting(&pool, 2).await;
    let reviewer = Console::new(&pool).as_role(Role::Reviewer).await;
    let take = json!({"reason": "country_review", "limit": 1});
    let path = "/api/v1/review/take-many";
    let taken = reviewer.send_json(Method::POST, path, &[], &take).await;
    let draft = seen(&taken.json()["items"][0]);
    assert_eq!(taken.json()["items"].as_array().unwrap().len(), 1);
    let decide = |decision: &str, why: Option<&str>, drafts: Value| {
        let mut body = json!({"decision": decision, "drafts": drafts});
        if let Some(why) = why {
            body["why"] = json!(why);
        }
        ("decisions", body)
    };
    for ((path, body), place) in [
        (("take-many", json!({"reason": "x"})), "/reason"),
        (
            (
                "take-many",
                json!({"reason": "country_review", "limit": 51}),
            ),
            "/limit",
        ),
        (decide("approve", None, json!([])), "/drafts"),
        (decide("approve", None, json!([draft, draft])), "/drafts"),
        (decide("approve", Some("tone"), json!([draft])), "/why"),
        (
            decide("approve", None, json!([{"id": ids[0], "seen": "00"}])),
            "/drafts/0/seen",
        ),
        (decide("reject", None, json!([draft])), ""),
        // What suppresses a mailbox is decided about one person at a time.
        (decide("reject", Some("unwelcome"), json!([draft])), ""),
        (("undo", json!({"ids": []})), "/ids"),
    ] {
        let path = format!("/api/v1/review/{path}");
        let answer = reviewer.send_json(Method::POST, &path, &[], &body).await;
        problem(&answer, StatusCode::UNPROCESSABLE_ENTITY, Some(place));
    }
    let waits = "select count(*) from sends where state = 'review'";
    assert_eq!(reviewer.count(waits).await, 2);
    assert_eq!(reviewer.count("select count(*) from reviews").await, 0);
}
