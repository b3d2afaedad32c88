use std::time::Duration;

use serde_json::{Value, json};
use shared::db::{self, PgPool};
use shared::testing;

use crate::log::Log;
use crate::replay::Answer;
use crate::stage::{Stage, attention, but, counts, person, run, wire};

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn message_carries_only_version_and_row(pool: PgPool) {
    let (stage, _) = Stage::with_list(pool).await;
    let rows: Vec<Value> = (0..23).map(|n| person(&format!("user{n}"))).collect();
    stage.stand_ins.then([Answer::page(&rows, None)]);
    stage.run_one().await;

    let client = aws_sdk_sqs::Client::new(&testing::sdk(None));
    let mut bodies = Vec::new();
    loop {
        let receive = client.receive_message().queue_url(&stage.queue.url);
        let receive = receive
            .max_number_of_messages(10)
            .message_attribute_names("All");
        let reply = receive.send().await.unwrap();
        let messages = reply.messages.unwrap_or_default();
        if messages.is_empty() {
            break;
        }
        for message in messages {
            assert!(message.message_attributes.unwrap_or_default().is_empty());
            bodies.push(message.body.unwrap());
        }
    }
    bodies.sort();
    let ids = stage.lead_ids().await;
    let mut expected: Vec<String> = ids
        .iter()
        .map(|id| format!(r#"{{"v":1,"id":{id}}}"#))
        .collect();
    expected.sort();
    assert_eq!(bodies, expected);
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn a_lead_that_not_published_stays_pending(pool: PgPool) {
    let (stage, source) = Stage::with_list(pool).await;
    let nowhere = format!("{}-that-is-not-there", stage.queue.url);
    let base = &stage.stand_ins.base;
    let deps = wire(&stage.pool, &nowhere, base, base);
    let rows: Vec<Value> = (0..12).map(|n| person(&format!("user{n}"))).collect();
    stage.stand_ins.then([Answer::page(&rows, None)]);
    let reports = run(&deps).await.unwrap();
    assert_eq!(counts(&reports[0]), [12, 0, 0, 0, 0, 0, 0]);
    assert_eq!(stage.cursor(source).await, json!({"after": null}));

    // A page that is read again publishes nothing, so this is the sweep's to find.
    stage.stand_ins.then([Answer::page(&rows, None)]);
    stage.run_one().await;
    assert_eq!(stage.queue.published().await, Vec::<i64>::new());
    let mut conn = db::acquire(&stage.pool).await.unwrap();
    let mut pending = db::leads::take_unpublished(&mut conn, Duration::ZERO, 100)
        .await
        .unwrap();
    pending.sort_unstable();
    assert_eq!(pending, stage.lead_ids().await);
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn neither_log_nor_report_names_anybody(pool: PgPool) {
    let (stage, _) = Stage::with_list(pool).await;
    let nowhere = format!("{}-that-is-not-there", stage.queue.url);
    let base = &stage.stand_ins.base;
    let deps = wire(&stage.pool, &nowhere, base, base);
    let secret = "xyzzy";
    let odd = |changes: Value| but(person(secret), &changes);
    let rows = [
        odd(json!({"bio": "xyzzy runs"})),
        odd(json!({"username": "xyzzy two words"})),
        odd(json!({"email": "xyzzy at nowhere"})),
        odd(json!({"followers": "xyzzy"})),
        odd(json!({"platform": "xyzzy"})),
        json!(["xyzzy"]),
        odd(json!({"followers": -5})),
        odd(json!({"id": format!("xyzzy{}", "y".repeat(200))})),
    ];
    let pages = || {
        [
            Answer::page(&rows, Some("more")),
            Answer::new(200, "<p>xyzzy</p>"),
        ]
    };
    let (log, listening) = Log::listen();
    stage.stand_ins.then(pages());
    let mut reports = run(&deps).await.unwrap();
    sqlx::query("alter table leads add constraint refused check (bio <> 'xyzzy rows')")
        .execute(&stage.pool)
        .await
        .unwrap();
    stage
        .stand_ins
        .then([Answer::page(&[odd(json!({"bio": "xyzzy rows"}))], None)]);
    reports.extend(run(&deps).await.unwrap());
    drop(listening);

    // A cell that cannot be read is unknown; what names no person, or two, is refused.
    assert_eq!(counts(&reports[0]), [2, 0, 0, 3, 0, 0, 3]);
    attention(&reports[1]);
    let lines = log.lines();
    assert!(
        lines.iter().any(|l| l.contains("could not publish")),
        "{lines:#?}"
    );
    assert!(
        lines.iter().any(|l| l.contains("is not a page")),
        "{lines:#?}"
    );
    assert!(lines.iter().any(|l| l.contains("refused")), "{lines:#?}");
    let kept = "select last_report from sources";
    let kept: Value = sqlx::query_scalar(kept)
        .fetch_one(&stage.pool)
        .await
        .unwrap();
    let written = format!("{lines:?}{kept}{reports:?}");
    assert!(!written.contains(secret), "{written}");
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn printed_error_does_not_quote_the_row(pool: PgPool) {
    // Lambda's runtime logs a handler's error in its Debug form, and PostgreSQL's detail is the row.
    let campaign = testing::campaign(&pool, "demo").await;
    let source = testing::source(&pool, campaign, "list", "simulated", json!({})).await;
    sqlx::query("alter table leads add constraint refused check (username <> 'xyzzy')")
        .execute(&pool)
        .await
        .unwrap();
    let mut conn = db::acquire(&pool).await.unwrap();
    let lease = Duration::from_secs(60);
    let run = db::sources::begin_runs(&mut conn, None, None, lease)
        .await
        .unwrap()
        .remove(0);
    assert_eq!(run.source, source);
    let page = [testing::new_lead("xyzzy")];
    let stored = db::leads::store_page(&mut conn, &run, &page, &json!({}), lease).await;
    let error = collector::CollectError::from(stored.unwrap_err());
    let printed = format!("{error:?} {error:#?} {error}");
    assert!(
        printed.contains("refused") && printed.contains("23514"),
        "{printed}"
    );
    assert!(!printed.contains("xyzzy"), "{printed}");
}
