use std::time::Duration;

use collector::{Ended, MARGIN};
use serde_json::{Value, json};
use shared::db::PgPool;
use shared::deadline::Deadline;
use shared::testing::Statements;

use crate::replay::Answer;
use crate::stage::{Stage, handle, person};

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn page_of_any_size_takes_constant_statements(pool: PgPool) {
    let (stage, _) = Stage::with_list(pool).await;
    // The first run opens the connection.
    stage.stand_ins.then([Answer::page(&[], None)]);
    stage.run_one().await;
    for n_rows in [0, 1, 100, 500] {
        let rows: Vec<Value> = (0..n_rows)
            .map(|n| person(&format!("u{n_rows}_{n}")))
            .collect();
        // Stored, then read again: an update costs no more than an insert.
        for new in [n_rows, 0] {
            stage.stand_ins.then([Answer::page(&rows, None)]);
            let statements = Statements::count();
            let report = stage.run_one().await;
            assert_eq!((report.pages, report.new), (1, new));
            // Key, take; advance, insert, lock, erased, update, link, commit; end. The begin is not logged.
            let texts = statements.texts();
            assert_eq!(texts.len(), 10, "{texts:#?}");
        }
    }
}

/// A typo is no quiet success, and never a run of everything.
#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn names_that_nothing_has_are_refused(pool: PgPool) {
    let (stage, _) = Stage::with_list(pool).await;
    let ample = || Deadline::within(Duration::from_secs(300));
    for (event, says) in [
        (json!({"campaing": "demo"}), "unknown field `campaing`"),
        (json!({"campaign": "dmeo"}), "no campaign of the name dmeo"),
        (json!({"source": "lsit"}), "no source of the name lsit"),
    ] {
        let error = handle(&stage.deps, event, ample()).await.unwrap_err();
        let text = shared::telemetry::chain(&error).to_string();
        assert!(text.contains(says), "{text}");
    }
    assert!(stage.stand_ins.asked().is_empty());
    // One that exists and has nothing due is no error.
    sqlx::query("update sources set enabled = false")
        .execute(&stage.pool)
        .await
        .unwrap();
    let nothing = handle(&stage.deps, json!({"source": "list"}), ample()).await;
    assert!(nothing.unwrap().is_empty());
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn little_time_left_begins_no_page(pool: PgPool) {
    let (stage, source) = Stage::with_list(pool).await;
    stage
        .source("there is no such list", "csv", json!({"file": "/none"}))
        .await;
    let soon = Deadline::within(MARGIN - Duration::from_secs(1));
    let reports = handle(&stage.deps, json!({}), soon).await.unwrap();
    for report in &reports {
        assert_eq!(
            (report.pages, &report.ended),
            (0, &Ended::TimeIsUp),
            "{}",
            report.name
        );
    }
    assert_eq!(reports.len(), 2);
    assert!(stage.stand_ins.asked().is_empty());
    assert_eq!(stage.cursor(source).await, json!({}));

    stage.stand_ins.then([Answer::page(&[person("ana")], None)]);
    assert_eq!(stage.run().await.len(), 2, "both are taken again at once");
    assert_eq!(stage.leads().await.len(), 1);
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn run_out_of_time_is_resumed(pool: PgPool) {
    let (stage, source) = Stage::with_list(pool).await;
    let deadline = Deadline::within(MARGIN + Duration::from_millis(500));
    let (held, reply) = Answer::page(&[person("ana")], Some("two")).held();
    stage.stand_ins.then([held]);
    let until_late = async {
        reply.asked.await.unwrap();
        while deadline.allows(MARGIN) {
            tokio::task::yield_now().await;
        }
        reply.release.send(()).unwrap();
    };
    let (reports, ()) = tokio::join!(handle(&stage.deps, json!({}), deadline), until_late);
    let report = &reports.unwrap()[0];
    assert_eq!(
        (report.pages, report.new),
        (1, 1),
        "what was begun is stored"
    );
    assert_eq!(report.ended, Ended::TimeIsUp);
    assert_eq!(stage.cursor(source).await, json!({"after": "two"}));
    assert_eq!(stage.stand_ins.asked().len(), 1);

    stage.stand_ins.then([Answer::page(&[person("bo")], None)]);
    let report = stage.run_one().await;
    assert_eq!((report.new, &report.ended), (1, &Ended::Done));
    assert_eq!(stage.stand_ins.asked()[0].query["cursor"], "two");
}
