//! Leads of a campaign that was not active are enriched once it is, in whatever order things happen.

use enricher::handle;
use serde_json::json;
use shared::{db::campaigns, testing};
use sqlx::PgPool;

use crate::stage::{AMPLE, Stage, come_again, deliver, within};

const PAUSE: &str = "update campaigns set status = 'paused' where name = 'second'";
const ACTIVATE: &str = "update campaigns set status = 'active' where name = 'second'";
const ASK_ANEW: &str = "update leads set bio = 'Chef now. I write about bread and ovens.',
                                         enrich_requested_at = clock_timestamp()";

/// A lead of the active campaign and of one that is paused.
async fn shared_lead(stage: &Stage) -> Vec<i64> {
    let second = testing::campaign(&stage.pool, "second").await;
    let lead = testing::new_lead("wanted");
    let ids = stage.store(std::slice::from_ref(&lead)).await;
    testing::leads(&stage.pool, second, &[lead]).await;
    stage.run(PAUSE).await;
    stage
        .run("update campaigns set offer = 'a share of every tent' where name = 'second'")
        .await;
    ids
}

async fn sweep(stage: &Stage) -> Vec<i64> {
    handle(&stage.deps(&[]), json!({}), within(AMPLE))
        .await
        .unwrap();
    stage.enrich.published().await
}

async fn answer(stage: &Stage, leads: &[i64]) {
    let response = deliver(&stage.deps(&[]), leads).await.unwrap();
    assert_eq!(come_again(&response), [0; 0]);
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn campaign_activated_after_the_answer_gets_its_lead(pool: PgPool) {
    let stage = Stage::new(pool).await;
    let leads = shared_lead(&stage).await;
    answer(&stage, &leads).await;
    assert_eq!(
        (stage.enriched().await.len(), stage.pending().await),
        (1, vec![])
    );
    assert_eq!(sweep(&stage).await, [0; 0], "it is still paused");

    stage.run(ACTIVATE).await;
    assert_eq!(sweep(&stage).await, leads);
    answer(&stage, &leads).await;
    assert_eq!(
        (stage.enriched().await.len(), stage.pending().await),
        (2, vec![])
    );
    assert_eq!(sweep(&stage).await, [0; 0], "once");
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn campaign_paused_after_a_sweep_is_swept_again(pool: PgPool) {
    let stage = Stage::new(pool).await;
    let leads = shared_lead(&stage).await;
    stage.run(ACTIVATE).await;
    assert_eq!(sweep(&stage).await, [0; 0], "the request is already there");
    stage.run(PAUSE).await;
    answer(&stage, &leads).await;
    assert_eq!(
        (stage.enriched().await.len(), stage.pending().await),
        (1, vec![])
    );

    stage.run(ACTIVATE).await;
    assert_eq!(sweep(&stage).await, leads);
    answer(&stage, &leads).await;
    assert_eq!(stage.enriched().await.len(), 2);
}

/// Loaded while it is paused, and stored when it is active and has been swept.
#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn campaign_activated_during_the_answer_keeps_the_request(pool: PgPool) {
    let stage = Stage::new(pool).await;
    let leads = shared_lead(&stage).await;
    stage.stand_ins.model(|model| model.latency_ms(800, 0));
    let activation = async {
        let mut pause = tokio::time::interval(std::time::Duration::from_millis(5));
        while stage.stand_ins.stats().model.requests == 0 {
            pause.tick().await;
        }
        stage.run(ACTIVATE).await;
        assert_eq!(Box::pin(sweep(&stage)).await, [0; 0]);
    };
    tokio::join!(Box::pin(answer(&stage, &leads)), activation);
    assert_eq!(stage.enriched().await.len(), 1);
    assert_eq!(stage.pending().await, leads, "the other campaign waits");

    answer(&stage, &leads).await;
    assert_eq!(
        (stage.enriched().await.len(), stage.pending().await),
        (2, vec![])
    );
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn campaign_with_an_enrichment_is_not_asked_again(pool: PgPool) {
    let stage = Stage::new(pool).await;
    let leads = shared_lead(&stage).await;
    stage.run(ACTIVATE).await;
    answer(&stage, &leads).await;
    sweep(&stage).await;
    stage.run(PAUSE).await;
    stage.run(ASK_ANEW).await;
    answer(&stage, &leads).await;
    stage.run(ACTIVATE).await;
    assert_eq!(sweep(&stage).await, [0; 0]);
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn activated_campaign_requests_its_leads_in_bounded_batches(pool: PgPool) {
    let stage = Stage::new(pool).await;
    let leads = stage.crowd("many", 5).await;
    stage
        .run("update leads set enrich_requested_at = null")
        .await;
    let before = "select extract(epoch from updated_at)::bigint from campaigns";
    let changed = stage.number(before).await;
    let mut conn = stage.pool.acquire().await.unwrap();
    let mut requested = Vec::new();
    for size in [2, 2, 1, 0] {
        let batch = campaigns::request_leads(&mut conn, 2).await.unwrap();
        assert_eq!(batch.len(), size);
        requested.extend(batch.iter().map(|lead| lead.0));
    }
    assert_eq!(requested, leads, "in the order of their ids");
    assert_eq!(stage.pending().await, leads);
    assert_eq!(
        stage.number(before).await,
        changed,
        "what it says is the same"
    );
}
