//! The page about health, and the kill switch.

use axum::http::StatusCode;
use shared::{
    db::PgPool,
    domain::person::Role,
    testing::{self, TestQueue},
};

use crate::fixture::Console;

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn switch_stops_at_once_and_names_who_pressed_it(pool: PgPool) {
    let console = Console::new(&pool);
    let reviewer = console.as_role(Role::Reviewer).await;
    reviewer
        .post("/sending/stop", &[])
        .await
        .leads_to("/health?done=stopped");
    reviewer
        .post("/sending/stop", &[])
        .await
        .leads_to("/health?done=already-stopped");
    let page = console.as_role(Role::Viewer).await.get("/health").await;
    page.shows(
        StatusCode::OK,
        &[
            "Sending is stopped",
            "Reviewer Example",
            "Pressed in the console",
        ],
    );
    assert!(
        !page.body.contains("/sending/start"),
        "a viewer is offered what they may not"
    );
    let by = "select count(*) from audit_log where actor = 'person:subject-reviewer' and table_name = 'installation'";
    assert_eq!(console.count(by).await, 1);
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn switching_on_takes_a_reason(pool: PgPool) {
    let console = Console::new(&pool).as_role(Role::Operator).await;
    console.post("/sending/stop", &[]).await.leads_to("/health");
    let stopped = "select count(*) from installation where stopped_at is not null";
    for reason in ["", "  "] {
        console
            .post("/sending/start", &[("reason", reason)])
            .await
            .leads_to("/health?done=reason");
        assert_eq!(console.count(stopped).await, 1);
    }
    let start = console
        .post("/sending/start", &[("reason", "the link was mended")])
        .await;
    start.leads_to("/health?done=started");
    assert_eq!(console.count(stopped).await, 0);
    let noted = "select count(*) from audit_log where note = 'the link was mended' and actor = 'person:subject-operator'";
    assert_eq!(console.count(noted).await, 1);
    console
        .post("/sending/start", &[("reason", "again")])
        .await
        .leads_to("/health?done=already-started");
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn page_shows_sources_quarantine_and_schema(pool: PgPool) {
    let campaign = shared::testing::campaign(&pool, "Trail <running>").await;
    shared::testing::source(
        &pool,
        campaign,
        "list",
        "csv",
        serde_json::json!({"file": "list.csv"}),
    )
    .await;
    sqlx::query(
        "insert into quarantine (queue, message_id, reason, payload_hash) values ('enrich', 'm', 'Not JSON', '\\x00')",
    )
    .execute(&pool)
    .await
    .unwrap();
    let page = Console::new(&pool)
        .as_role(Role::Viewer)
        .await
        .get("/health")
        .await;
    page.shows(
        StatusCode::OK,
        &[
            "Trail &#60;running&#62;",
            "Not JSON",
            "sha256 00",
            "The tables are those of this release.",
        ],
    );
}

/// A function puts among the dead letters what it cannot read: that message came from no queue.
#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn dead_letters_are_moved_to_their_queue(pool: PgPool) {
    let sdk = testing::sdk(None);
    let queue = TestQueue::create(&sdk, &pool, "feedback").await;
    let dead_letters = TestQueue::create(&sdk, &pool, "feedback-dlq").await;
    queue.dead_letters_go_to(&dead_letters).await;
    dead_letters.put(7).await;
    let console = Console::with(
        &pool,
        &[
            ("FEEDBACK_QUEUE_URL", &queue.url),
            ("FEEDBACK_DEAD_LETTER_QUEUE_URL", &dead_letters.url),
        ],
    );
    let operator = console.as_role(Role::Operator).await;
    let unknown = operator
        .post("/health/dead-letters", &[("queue", "letters")])
        .await;
    assert_eq!(unknown.status, StatusCode::NOT_FOUND);
    operator
        .post("/health/dead-letters", &[("queue", "feedback")])
        .await
        .leads_to("/health?done=moved");
    let limit = tokio::time::Instant::now() + std::time::Duration::from_secs(30);
    let mut moved = queue.published().await;
    while moved.is_empty() && tokio::time::Instant::now() < limit {
        moved = queue.published().await;
    }
    assert_eq!(moved, [7]);
    assert_eq!(dead_letters.published().await, [0; 0]);
    let by = "select count(*) from audit_log where actor = 'person:subject-operator' and row_key = 'feedback'";
    assert_eq!(operator.count(by).await, 1);
}

/// The functions that the local cloud runs, counted by its CloudWatch.
#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn runs_of_functions_are_asked_for(pool: PgPool) {
    let plain = Console::new(&pool).as_role(Role::Viewer).await;
    let page = plain.get("/health").await;
    assert!(!page.body.contains("Table of functions"), "{page:?}");

    let console = Console::with(&pool, &[("STACK_NAME", "outreach")]);
    let viewer = console.as_role(Role::Viewer).await;
    let page = viewer.get("/health").await;
    let words = [
        "Table of functions",
        "collector",
        "enricher",
        "sender",
        "feedback",
        "web",
        "console",
        "Nothing waits for a person but drafts.",
    ];
    page.shows(StatusCode::OK, &words);
    let health = viewer.get("/api/v1/health").await.json();
    assert_eq!(health["functions"].as_array().unwrap().len(), 6);
    assert!(health["checks"][0]["is_good"].as_bool().unwrap());
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn checks_say_what_waits_for_a_person(pool: PgPool) {
    let viewer = Console::new(&pool).as_role(Role::Viewer).await;
    for statement in [
        "update installation set key_fingerprint = sha256('another key')",
        "insert into quarantine (queue, message_id, reason, payload_hash) values ('enrich', 'm', 'Not JSON', '\\x00')",
    ] {
        sqlx::query(statement).execute(&pool).await.unwrap();
    }
    let words = [
        "another key of addresses than this database was begun with",
        "1 message of the last 14 days could not be read",
    ];
    viewer.get("/health").await.shows(StatusCode::OK, &words);
}
