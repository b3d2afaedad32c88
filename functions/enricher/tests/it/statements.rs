//! A batch costs the same number of statements, however large it is.

use shared::testing::Statements;
use sqlx::PgPool;

use crate::stage::{Stage, come_again, deliver};

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn statement_count_is_constant_for_any_batch(pool: PgPool) {
    let stage = Stage::new(pool).await;
    // The first batch of a day opens its budget.
    stage
        .run("insert into model_spend (day) values ((now() at time zone 'utc')::date)")
        .await;
    for size in [1, 10, 100] {
        let leads = stage.crowd(&format!("batch{size}_"), size).await;
        let deps = stage.deps(&[("OPENAI_TIMEOUT_SECONDS", "20")]);
        let first = counted(&deps, &leads).await;
        let again = counted(&deps, &leads).await;
        let done = stage.enriched_of(&leads).await;
        assert!(done.len() == size && done.iter().all(|row| row.method == "model"));
        // Read 1, reserve 7, settle 4, record 8, with their begins; commits are not logged.
        assert_eq!(first.len(), 20, "{size} leads: {first:?}");
        // Read: nothing is pending.
        assert_eq!(again.len(), 1, "{size} leads again: {again:?}");
    }
}

async fn counted(deps: &enricher::Deps, leads: &[i64]) -> Vec<String> {
    let statements = Statements::count();
    let response = deliver(deps, leads).await.unwrap();
    assert_eq!(come_again(&response), [0; 0]);
    statements.texts()
}
