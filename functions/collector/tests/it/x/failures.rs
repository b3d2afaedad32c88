use chrono::DateTime;
use collector::Ended;
use serde_json::json;
use shared::db::PgPool;
use shared::{config::Collector, testing};

use super::{NEWEST, NEXT, cursor, first_page, fixture, last_page, resume_from, stage};
use crate::replay::Answer;
use crate::stage::{attention, counts, run};

/// 5 January 2026, 10:15.
const RESET: i64 = 1_767_608_100;

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn rate_limit_stops_run_and_keeps_cursor(pool: PgPool) {
    let (stage, source) = stage(pool, json!({})).await;
    let limited = [
        (fixture!("rate_limited.json"), Some(RESET)),
        (fixture!("rate_limited_old_shape.json"), Some(RESET)),
        (fixture!("rate_limited.json"), None),
    ];
    stage.stand_ins.then([first_page()]);
    for (n, (body, reset)) in limited.into_iter().enumerate() {
        let answer = Answer::new(429, body);
        let answer = match reset {
            Some(reset) => answer.header("x-rate-limit-reset", &reset),
            None => answer,
        };
        stage.stand_ins.then([answer]);
        let report = stage.run_one().await;
        let until = reset.and_then(|seconds| DateTime::from_timestamp(seconds, 0));
        assert_eq!(report.ended, Ended::Throttled { until });
        assert_eq!(report.pages, usize::from(n == 0));
        let place = json!({"next_token": NEXT, "newest_id": NEWEST});
        assert_eq!(cursor(&stage, source).await, place);
        let n_asked = stage.stand_ins.asked().len();
        assert_eq!(
            n_asked,
            1 + usize::from(n == 0),
            "it is not asked again at once"
        );
    }
    stage.stand_ins.then([last_page()]);
    assert_eq!(counts(&stage.run_one().await), [1, 0, 1, 0, 0, 0, 0]);
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn refused_source_is_reported_and_not_retried(pool: PgPool) {
    let (stage, source) = stage(pool, json!({})).await;
    resume_from(&stage, json!({"since_id": NEWEST})).await;
    for (status, body, says) in [
        (401, fixture!("unauthorized.json"), "X_BEARER_TOKEN (401)"),
        (
            403,
            fixture!("client_forbidden.json"),
            "may not search (403)",
        ),
        (
            400,
            fixture!("invalid_query.json"),
            "cannot read the query (400",
        ),
    ] {
        let answer = Answer::new(status, body).header("x-rate-limit-reset", &RESET);
        stage.stand_ins.then([answer]);
        let report = stage.run_one().await;
        let why = attention(&report);
        assert!(why.contains(says), "{why}");
        assert_eq!(stage.stand_ins.asked().len(), 1, "{status}");
        assert_eq!(cursor(&stage, source).await, json!({"since_id": NEWEST}));
    }
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn used_up_credit_rests_for_a_day(pool: PgPool) {
    let (stage, source) = stage(pool, json!({})).await;
    resume_from(&stage, json!({"since_id": NEWEST})).await;
    for (status, body, says) in [
        (
            402,
            fixture!("credits_depleted.json"),
            "credit is used up (402)",
        ),
        (402, "", "credit is used up (402)"),
        (429, fixture!("usage_capped.json"), "usage cap or credit"),
        (
            403,
            fixture!("credits_depleted.json"),
            "usage cap or credit",
        ),
    ] {
        // A reset header does not make a used-up month come back in a quarter of an hour.
        let answer = Answer::new(status, body).header("x-rate-limit-reset", &RESET);
        stage.stand_ins.then([answer]);
        let report = stage.run_one().await;
        let why = attention(&report);
        assert!(why.contains(says), "{why}");
        assert_eq!(stage.stand_ins.asked().len(), 1, "{status}");
        assert_eq!(cursor(&stage, source).await, json!({"since_id": NEWEST}));
        // The schedule's next runs ask nothing.
        assert_eq!(stage.run().await, []);
        assert_eq!(stage.stand_ins.asked().len(), 0);
        let hours: f64 = sqlx::query_scalar(
            "select extract(epoch from rests_until - now())::float8 / 3600 from sources",
        )
        .fetch_one(&stage.pool)
        .await
        .unwrap();
        assert!((23.5..24.5).contains(&hours), "{hours}");
        sqlx::query("update sources set rests_until = now() - interval '1 second'")
            .execute(&stage.pool)
            .await
            .unwrap();
    }
    stage.stand_ins.then([last_page()]);
    assert_eq!(stage.run_one().await.ended, Ended::Done);
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn a_service_that_stumbles_is_asked_three_times(pool: PgPool) {
    let (stage, source) = stage(pool, json!({})).await;
    let stumble = || {
        [
            Answer::new(500, fixture!("internal_error.json")),
            Answer::new(503, fixture!("unavailable.json")),
        ]
    };
    stage.stand_ins.then(stumble());
    stage.stand_ins.then([last_page()]);
    let report = stage.run_one().await;
    assert_eq!((report.pages, &report.ended), (1, &Ended::Done));
    assert_eq!(stage.stand_ins.asked().len(), 3);

    let before = cursor(&stage, source).await;
    stage.stand_ins.then(stumble());
    stage
        .stand_ins
        .then([Answer::new(502, fixture!("over_capacity.html"))]);
    let report = stage.run_one().await;
    let Ended::Unavailable { why } = &report.ended else {
        panic!("{report:?}");
    };
    assert!(why.contains("status 502"), "{why}");
    assert_eq!(stage.stand_ins.asked().len(), 3);
    assert_eq!(cursor(&stage, source).await, before);
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn foreign_answer_is_no_empty_search_result(pool: PgPool) {
    let (stage, source) = stage(pool, json!({})).await;
    let whole = fixture!("search_first_page.json");
    let moved = Answer::new(301, "").header("location", &"https://elsewhere.example/");
    for answer in [
        Answer::new(200, fixture!("over_capacity.html")),
        Answer::new(200, &whole[..whole.len() / 2]),
        Answer::new(200, ""),
        Answer::new(404, fixture!("over_capacity.html")),
        moved,
    ] {
        stage.stand_ins.then([answer]);
        let report = stage.run_one().await;
        assert!(
            matches!(report.ended, Ended::Unavailable { .. }),
            "{report:?}"
        );
        assert_eq!(report.pages, 0);
        assert_eq!(cursor(&stage, source).await, json!({}));
    }
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn unusable_source_is_reported_without_a_request(pool: PgPool) {
    let (stage, _) = stage(pool, json!({})).await;
    let wrong = [
        ("long", json!({"query": "a".repeat(513)}), "has 513"),
        ("empty", json!({"query": ""}), "has 0"),
        (
            "large",
            json!({"query": "a", "max_results": 101}),
            "from 10 to 100",
        ),
        (
            "typo",
            json!({"query": "a", "max_result": 10}),
            "max_result",
        ),
        ("none", json!({}), "query"),
    ];
    for (name, params, _) in &wrong {
        stage.source(name, "x", params.clone()).await;
    }
    // A later schema may know a kind that this program does not.
    sqlx::query("alter table sources drop constraint sources_kind_known")
        .execute(&stage.pool)
        .await
        .unwrap();
    stage.source("phantom", "phantombuster", json!({})).await;
    stage.stand_ins.then([last_page()]);
    let reports = stage.run().await;
    let of = |name: &str| reports.iter().find(|r| r.name == name).unwrap();
    for (name, _, says) in &wrong {
        let why = attention(of(name));
        assert!(why.contains(says), "{name}: {why}");
    }
    assert!(attention(of("phantom")).contains("no collector for `phantombuster`"));
    assert_eq!(of("search").new, 2, "the one that can be asked runs");
    assert_eq!(stage.stand_ins.asked().len(), 1);
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn without_a_token_the_variable_is_named(pool: PgPool) {
    let (stage, _) = stage(pool, json!({})).await;
    stage.source("list", "simulated", json!({})).await;
    let lookup = testing::lookup(&[
        (
            "DATABASE_URL",
            testing::database_url_of(&stage.pool, "collector").expose(),
        ),
        ("RECIPIENT_HASH_KEY", &testing::hash_key_text()),
        ("ENRICH_QUEUE_URL", &stage.queue.url),
    ]);
    let config = Collector::from_lookup(&lookup).unwrap();
    let deps = collector::Deps::new(config, &testing::sdk(None)).unwrap();
    let reports = run(&deps).await.unwrap();
    assert!(attention(&reports[0]).contains("X_BEARER_TOKEN"));
    assert!(attention(&reports[1]).contains("SIMULATED_API_BASE"));
}
