use std::collections::BTreeMap;

use collector::Ended;
use serde_json::json;
use shared::db::PgPool;
use shared::testing::{self, TestQueue};
use simulated::{Settings, Simulated};

use crate::stage::{Stage, run, wire};

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn whole_list_is_collected_and_faults_reported(pool: PgPool) {
    const PEOPLE: usize = 380;
    // As the stand-in makes its list: every 11th row is repeated, after every 19th stands a broken
    // one, and of seven ways to be broken the first (no id) can be used all the same.
    const REPEATED: usize = PEOPLE / 11;
    const BROKEN: usize = PEOPLE / 19;
    const USABLE: usize = BROKEN.div_ceil(7);

    let stand_ins = Simulated::start(Settings {
        leads: PEOPLE,
        ..Settings::default()
    })
    .unwrap();
    let queue = TestQueue::create(&testing::sdk(None), &pool, "collect").await;
    let deps = wire(
        &pool,
        &queue.url,
        &stand_ins.x_base(),
        &stand_ins.simulated_base(),
    );
    let campaign = testing::campaign(&pool, "demo").await;
    testing::source(&pool, campaign, "list", "simulated", json!({"limit": 40})).await;

    let report = run(&deps).await.unwrap().remove(0);
    assert_eq!(report.ended, Ended::Done);
    assert_eq!(report.pages, (PEOPLE + REPEATED + BROKEN).div_ceil(40));
    assert_eq!(stand_ins.stats().leads.requests, report.pages as u64);
    assert_eq!(report.new, PEOPLE);
    assert_eq!(report.bad, BROKEN - USABLE);
    assert_eq!(report.bad_rows.len(), report.bad);
    let mut reasons = BTreeMap::new();
    for row in &report.bad_rows {
        assert!((1..=40).contains(&row.line), "{row:?}");
        *reasons.entry(row.error.to_string()).or_insert(0) += 1;
    }
    assert_eq!(reasons.len(), 3, "{reasons:#?}");
    assert_eq!(report.duplicates + report.unchanged, REPEATED + USABLE);
    assert!(report.duplicates > 0);
    assert_eq!((report.updated, report.erased, report.conflicts), (0, 0, 0));

    let sql = "select source, external_id from leads";
    let mut stored: Vec<(String, String)> = sqlx::query_as(sql).fetch_all(&pool).await.unwrap();
    let people = stand_ins.population().profiles().iter();
    let mut there: Vec<_> = people
        .map(|p| (p.platform.name().to_owned(), p.id.clone()))
        .collect();
    stored.sort();
    there.sort();
    assert_eq!(stored, there);
    assert_eq!(queue.published().await.len(), PEOPLE);

    let again = run(&deps).await.unwrap().remove(0);
    assert_eq!((again.new, again.updated), (0, 0));
    assert_eq!(
        again.unchanged + again.duplicates,
        PEOPLE + REPEATED + USABLE
    );
    assert_eq!(queue.published().await, Vec::<i64>::new());
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn a_limit_that_the_list_refuses_is_reported(pool: PgPool) {
    let stand_ins = Simulated::start(Settings {
        leads: 40,
        ..Settings::default()
    })
    .unwrap();
    let stage = Stage::new(pool).await;
    stage
        .source("list", "simulated", json!({"limit": 1_000}))
        .await;
    let deps = wire(
        &stage.pool,
        &stage.queue.url,
        &stand_ins.x_base(),
        &stand_ins.simulated_base(),
    );
    let report = run(&deps).await.unwrap().remove(0);
    assert!(
        matches!(report.ended, Ended::Unavailable { .. }),
        "{report:?}"
    );
    assert!(stage.leads().await.is_empty());
}
