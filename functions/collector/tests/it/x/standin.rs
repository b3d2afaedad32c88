use std::collections::BTreeSet;

use collector::Ended;
use serde_json::json;
use shared::db::PgPool;
use shared::testing::{self, TestQueue};
use simulated::{Platform, Settings, Simulated, Spelling, XFault};

use crate::stage::{run, wire};

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn every_author_is_found_despite_faults(pool: PgPool) {
    let stand_ins = Simulated::start(Settings {
        leads: 200,
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
    let params = json!({"query": "affiliate", "max_results": 10, "max_pages": 4});
    testing::source(&pool, campaign, "search", "x", params).await;
    let run_one = async || {
        // The time that X asked to be left alone for is over.
        sqlx::query("update sources set rests_until = null")
            .execute(&pool)
            .await
            .unwrap();
        run(&deps).await.unwrap().remove(0)
    };

    // Throttled in the middle, stumbling twice, in either vocabulary: run by run it gets there.
    stand_ins.x(|x| x.next(1, XFault::ServerError));
    assert_eq!(run_one().await.pages, 4);
    stand_ins.x(|x| x.next(1, XFault::RateLimited).spelling(Spelling::Post));
    assert!(matches!(
        run_one().await.ended,
        Ended::Throttled { until: Some(_) }
    ));
    let mut n_runs = 0;
    while run_one().await.pages == 4 {
        n_runs += 1;
        assert!(n_runs < 100, "it never comes to an end");
    }
    let ids = async || -> BTreeSet<String> {
        let sql = "select external_id from leads where source = 'x'";
        let ids: Vec<String> = sqlx::query_scalar(sql).fetch_all(&pool).await.unwrap();
        ids.into_iter().collect()
    };
    let people = stand_ins.population().profiles().iter();
    let posting: BTreeSet<String> = people
        .filter(|p| p.platform == Platform::X)
        .map(|p| p.id.clone())
        .collect();
    assert_eq!(ids().await, posting);
    assert_eq!(queue.published().await.len(), posting.len());

    // Nothing new, then something new, then a week of silence.
    let quiet = run_one().await;
    assert_eq!((quiet.pages, quiet.new, quiet.unchanged), (1, 0, 0));
    stand_ins.publish(12);
    let new = run_one().await;
    assert!(new.new > 0 && new.pages == 2, "{new:?}");
    assert_eq!(ids().await.len(), posting.len() + new.new);
    stand_ins.advance_hours(8 * 24);
    let restarted = run_one().await;
    assert_eq!(
        (restarted.restarted, &restarted.ended),
        (true, &Ended::Done)
    );
    assert_eq!(queue.published().await.len(), new.new);
}
