//! Workers that answer about one lead at the same time: a result is kept only if it answers the request
//! that stands when it is stored.

use futures::future::join_all;
use shared::{domain::lead::NewLead, testing};
use sqlx::PgPool;

use crate::stage::{Stage, come_again, deliver};

impl Stage {
    /// Returns once the model has been asked so often.
    async fn until_asked(&self, times: u64) {
        let mut pause = tokio::time::interval(std::time::Duration::from_millis(5));
        while self.stand_ins.stats().model.requests < times {
            pause.tick().await;
        }
    }
}

const GAINS_AN_ADDRESS: &str = "update leads
    set email = 'late@example.net', email_hash = decode(repeat('ab', 32), 'hex'),
        bio = 'Trail runner and coach. I write about shoes and trails.', enrich_requested_at = clock_timestamp()";

async fn lead_without_address(stage: &Stage, name: &str) -> Vec<i64> {
    let lead = NewLead {
        email: None,
        ..testing::new_lead(name)
    };
    stage.store(&[lead]).await
}

/// The slow answer about the old profile comes after the quick one about the new profile.
#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn older_result_stored_last_is_dropped(pool: PgPool) {
    let stage = Stage::new(pool).await;
    let leads = lead_without_address(&stage, "slow").await;
    let variables = [("OPENAI_TIMEOUT_SECONDS", "20")];
    let (old, new) = (stage.deps(&variables), stage.deps(&variables));
    stage.stand_ins.model(|model| model.latency_ms(1_500, 0));
    let meanwhile = async {
        stage.until_asked(1).await;
        stage.stand_ins.model(|model| model.latency_ms(1, 0));
        stage.run(GAINS_AN_ADDRESS).await;
        Box::pin(deliver(&new, &leads)).await.unwrap();
    };
    let (response, ()) = tokio::join!(Box::pin(deliver(&old, &leads)), meanwhile);

    assert_eq!(come_again(&response.unwrap()), [0; 0]);
    let rows = stage.enriched().await;
    assert_eq!(rows.len(), 1, "{rows:?}");
    assert_eq!(rows[0].state.as_deref(), Some("queued"));
    assert_eq!(stage.pending().await, [0; 0]);
}

/// The answer about the old profile is stored first: it neither counts nor clears the newer request.
#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn older_result_stored_first_leaves_the_newer_request(pool: PgPool) {
    let stage = Stage::new(pool).await;
    let leads = lead_without_address(&stage, "quick").await;
    let variables = [("OPENAI_TIMEOUT_SECONDS", "20")];
    let (old, new) = (stage.deps(&variables), stage.deps(&variables));
    stage.stand_ins.model(|model| model.latency_ms(400, 0));
    let meanwhile = async {
        stage.until_asked(1).await;
        stage.stand_ins.model(|model| model.latency_ms(1_500, 0));
        stage.run(GAINS_AN_ADDRESS).await;
        Box::pin(deliver(&new, &leads)).await.unwrap();
    };
    let first = async {
        let response = Box::pin(deliver(&old, &leads)).await;
        (response, stage.enriched().await, stage.pending().await)
    };
    let ((response, rows, pending), ()) = tokio::join!(first, meanwhile);

    assert_eq!(come_again(&response.unwrap()), [0; 0]);
    assert_eq!(
        (rows, pending),
        (vec![], leads),
        "the old answer is dropped"
    );
    let rows = stage.enriched().await;
    assert_eq!(rows.len(), 1, "{rows:?}");
    assert_eq!(rows[0].state.as_deref(), Some("queued"));
    assert_eq!(stage.pending().await, [0; 0]);
}

/// Workers and a collector that changes the profile between them, in whatever order it comes.
#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn racing_workers_end_with_the_newest_profile_planned(pool: PgPool) {
    let stage = Stage::new(pool).await;
    stage.stand_ins.model(|model| model.latency_ms(1, 20));
    let workers: Vec<_> = (0..3).map(|_| stage.deps(&[])).collect();
    for round in 0..8 {
        let leads = lead_without_address(&stage, &format!("raced{round}")).await;
        let change = sqlx::query(
            "update leads set email = username || '@example.net', email_hash = sha256(username::bytea),
                    bio = 'Trail runner and coach. I write about shoes and trails.', enrich_requested_at = clock_timestamp()
             where id = any($1)",
        );
        let work = join_all(workers.iter().map(|deps| Box::pin(deliver(deps, &leads))));
        let change = change.bind(&leads).execute(&stage.pool);
        let (responses, changed) = tokio::join!(work, change);
        changed.unwrap();
        for response in responses {
            response.unwrap();
        }
        // What a redelivery or the sweep does.
        deliver(&workers[0], &leads).await.unwrap();
        assert_eq!(stage.pending().await, [0; 0], "round {round}");
        let rows = stage.enriched_of(&leads).await;
        let newest = rows.last().unwrap();
        assert_eq!(newest.state.as_deref(), Some("queued"), "{round}: {rows:?}");
        let planned = rows.iter().filter(|row| row.state.is_some()).count();
        assert_eq!(planned, 1, "{round}: {rows:?}");
    }
}
