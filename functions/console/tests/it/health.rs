//! The page about health, and the kill switch.

use std::time::Duration;

use axum::http::StatusCode;
use shared::{
    clients::checks::{
        Status,
        ses::{self, Client},
    },
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

    // On a busy machine the local cloud takes long to begin with a service.
    let cloudwatch = aws_sdk_cloudwatch::Client::new(&testing::sdk(None));
    cloudwatch.list_metrics().send().await.unwrap();
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

/// SES is that of the local cloud: it takes every sender for verified, signs for none, and has no set of this name.
#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn checks_ask_ses_and_the_links(pool: PgPool) {
    let sending = [
        ("SENDER_ADDRESS", "mara@unsigned.example"),
        ("SES_CONFIGURATION_SET", "unknown-set"),
        ("PUBLIC_BASE_URL", "http://127.0.0.1:9"),
    ];
    // On a busy machine the local cloud takes long to begin with a service.
    let client = Client::new(&testing::sdk(None));
    let begun = ses::check(&client, ses::Sending::default(), Duration::from_mins(2)).await;
    assert_ne!(begun[0].status, Status::Fail, "{begun:?}");
    let viewer = Console::with(&pool, &sending).as_role(Role::Viewer).await;
    let page = viewer.get("/health/checks").await;
    let words = [
        "3 checks failed, 1 needs a look",
        "The configuration set unknown-set does not exist",
        "Mails from unsigned.example are not signed",
        "The page http://127.0.0.1:9/privacy: 127.0.0.1 did not answer",
    ];
    page.shows(StatusCode::OK, &words);
    assert!(!page.body.contains("mara@"), "{page:?}");
    assert_eq!(
        checks(&viewer).await,
        [
            ("clock", "ok"),
            ("schema", "ok"),
            ("hash key", "ok"),
            ("waiting", "ok"),
            ("kill switch", "ok"),
            ("origin", "ok"),
            ("SES quota", "warn"),
            ("SES events", "fail"),
            ("SES identity", "ok"),
            ("DKIM", "fail"),
            ("unsubscribe link", "fail"),
        ]
        .map(|(check, status)| (check.to_owned(), status.to_owned()))
    );
}

/// Each check and how it ended, as the API lists them.
async fn checks(viewer: &Console) -> Vec<(String, String)> {
    let findings = viewer.get("/api/v1/health/checks").await.json();
    let findings = findings["items"].as_array().unwrap().iter();
    let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
    findings
        .map(|found| (text(&found["check"]), text(&found["status"])))
        .collect()
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn checks_tell_what_keeps_mails_back(pool: PgPool) {
    for statement in [
        "update installation set key_fingerprint = sha256('another key'), origin = 'elsewhere',
                stopped_at = now(), stopped_by = 'Mara', stop_reason = 'a wrong link'",
        "insert into quarantine (queue, message_id, reason, payload_hash) values ('enrich', 'm', 'Not JSON', '\\x00')",
    ] {
        sqlx::query(statement).execute(&pool).await.unwrap();
    }
    let settings = [
        ("SENDER_ADDRESS", "nobody"),
        ("SES_MAX_PER_SECOND", "many"),
        ("ENRICH_QUEUE_URL", "http://127.0.0.1:9/queue/enrich"),
        (
            "ENRICH_DEAD_LETTER_QUEUE_URL",
            "http://127.0.0.1:9/queue/dead",
        ),
    ];
    let viewer = Console::with(&pool, &settings).as_role(Role::Viewer).await;
    let found = checks(&viewer).await;
    for (check, status) in [
        ("schema", "ok"),
        ("hash key", "fail"),
        ("waiting", "warn"),
        ("kill switch", "warn"),
        ("origin", "fail"),
        ("queue", "fail"),
        ("SES events", "warn"),
        ("unsubscribe link", "warn"),
    ] {
        let expected = (check.to_owned(), status.to_owned());
        assert!(found.contains(&expected), "{expected:?}: {found:?}");
    }
    let words = [
        "Mara stopped sending: a wrong link",
        "SENDER_ADDRESS is not an address",
        "SES_MAX_PER_SECOND is not a number",
    ];
    viewer
        .get("/health/checks")
        .await
        .shows(StatusCode::OK, &words);
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn silent_link_is_waited_for_in_vain(pool: PgPool) {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    let settings = [("PUBLIC_BASE_URL", base.as_str())];
    let viewer = Console::with(&pool, &settings).as_role(Role::Viewer).await;
    let words = ["Did not answer in 5 seconds"];
    viewer
        .get("/health/checks")
        .await
        .shows(StatusCode::OK, &words);
}
