use collector::Ended;
use serde_json::json;
use shared::db::PgPool;

use super::{NEWEST, NEXT, cursor, first_page, fixture, last_page, resume_from, stage};
use crate::replay::{Answer, Asked};
use crate::stage::counts;

/// (`since_id`, `next_token`) of each request.
fn positions(asked: &[Asked]) -> Vec<(Option<&str>, Option<&str>)> {
    asked
        .iter()
        .map(|a| {
            (
                a.query.get("since_id").map(String::as_str),
                a.query.get("next_token").map(String::as_str),
            )
        })
        .collect()
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn newest_post_is_stored_with_last_page(pool: PgPool) {
    let (stage, source) = stage(pool, json!({})).await;
    resume_from(&stage, json!({"since_id": "1890000000000000000"})).await;
    let (held, reply) = last_page().held();
    stage.stand_ins.then([first_page(), held]);
    let between = async {
        reply.asked.await.unwrap();
        let between = cursor(&stage, source).await;
        reply.release.send(()).unwrap();
        between
    };
    let (report, between) = tokio::join!(stage.run_one(), between);
    assert_eq!(report.ended, Ended::Done);
    let halfway =
        json!({"since_id": "1890000000000000000", "next_token": NEXT, "newest_id": NEWEST});
    assert_eq!(between, halfway);
    assert_eq!(cursor(&stage, source).await, json!({"since_id": NEWEST}));
    let asked = stage.stand_ins.asked();
    let since = Some("1890000000000000000");
    assert_eq!(positions(&asked), [(since, None), (since, Some(NEXT))]);

    stage
        .stand_ins
        .then([Answer::new(200, fixture!("search_nothing.json"))]);
    stage.run_one().await;
    assert_eq!(positions(&stage.stand_ins.asked()), [(Some(NEWEST), None)]);
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn page_limit_ends_run_and_next_resumes(pool: PgPool) {
    let (stage, source) = stage(pool, json!({"max_pages": 1})).await;
    stage.stand_ins.then([first_page()]);
    let report = stage.run_one().await;
    assert_eq!((report.pages, &report.ended), (1, &Ended::Done));
    assert_eq!(positions(&stage.stand_ins.asked()), [(None, None)]);
    assert_eq!(
        cursor(&stage, source).await,
        json!({"next_token": NEXT, "newest_id": NEWEST})
    );

    stage.stand_ins.then([last_page()]);
    let report = stage.run_one().await;
    assert_eq!((report.pages, counts(&report)), (1, [1, 0, 1, 0, 0, 0, 0]));
    assert_eq!(positions(&stage.stand_ins.asked()), [(None, Some(NEXT))]);
    assert_eq!(cursor(&stage, source).await, json!({"since_id": NEWEST}));
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn expired_cursor_is_dropped_once(pool: PgPool) {
    let (stage, source) = stage(pool, json!({})).await;
    resume_from(&stage, json!({"since_id": "1890000000000000000"})).await;
    let too_old = || Answer::new(400, fixture!("since_id_too_old.json"));
    stage.stand_ins.then([too_old(), last_page()]);
    let report = stage.run_one().await;
    assert!(report.restarted);
    assert_eq!((report.pages, &report.ended), (1, &Ended::Done));
    let asked = stage.stand_ins.asked();
    assert_eq!(
        positions(&asked),
        [(Some("1890000000000000000"), None), (None, None)]
    );
    assert_eq!(
        cursor(&stage, source).await,
        json!({"since_id": "1900000000000000004"})
    );

    // A service that says so of a request without one is not asked for ever.
    stage.stand_ins.then([too_old(), too_old(), last_page()]);
    let report = stage.run_one().await;
    assert!(
        matches!(report.ended, Ended::NeedsAttention { .. }),
        "{report:?}"
    );
    assert_eq!(stage.stand_ins.asked().len(), 2);
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn expired_page_token_keeps_pages_already_read(pool: PgPool) {
    let (stage, source) = stage(pool, json!({})).await;
    let paging = json!({"since_id": "17", "next_token": NEXT, "newest_id": NEWEST});
    resume_from(&stage, paging).await;
    let unknown = Answer::new(400, fixture!("next_token_invalid.json"));
    stage.stand_ins.then([unknown, first_page(), last_page()]);
    let report = stage.run_one().await;
    assert!(report.restarted);
    assert_eq!((report.pages, &report.ended), (2, &Ended::Done));
    let asked = stage.stand_ins.asked();
    let since = Some("17");
    let expected = [(since, Some(NEXT)), (since, None), (since, Some(NEXT))];
    assert_eq!(positions(&asked), expected);
    assert_eq!(cursor(&stage, source).await, json!({"since_id": NEWEST}));
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn changed_query_is_read_from_its_start(pool: PgPool) {
    let (stage, source) = stage(pool, json!({})).await;
    resume_from(&stage, json!({"since_id": NEWEST})).await;
    stage.source("search", "x", json!({"query": "coach"})).await;
    stage.stand_ins.then([last_page()]);
    stage.run_one().await;
    assert_eq!(positions(&stage.stand_ins.asked()), [(None, None)]);
    let next = stage.cursor(source).await;
    assert_eq!(next["query"], "coach");

    // The same query with other bounds goes on.
    let params = json!({"query": "coach", "max_results": 10});
    stage.source("search", "x", params).await;
    stage
        .stand_ins
        .then([Answer::new(200, fixture!("search_nothing.json"))]);
    stage.run_one().await;
    let since = next["since_id"].as_str();
    assert_eq!(positions(&stage.stand_ins.asked()), [(since, None)]);
}
