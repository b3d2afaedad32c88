//! Every statement of the harness runs on the schema that the migrations make.

use std::time::Duration;

use chrono::DateTime;
use shared::db::PgPool;

use super::{cases, interventions, invariants, measures, report};

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn invariants_of_empty_database_hold(pool: PgPool) {
    let mut conn = pool.acquire().await.unwrap();
    let violations = invariants::violations(&mut conn).await;
    // Without the times of commits one invariant cannot be checked, and says so.
    match violations {
        Ok(violations) => assert_eq!(violations, []),
        Err(error) => assert!(
            format!("{error:?}").contains("track_commit_timestamp"),
            "{error:?}"
        ),
    }
    assert_eq!(invariants::mails(&mut conn).await.unwrap(), []);
    let counts = invariants::counts(&mut conn).await.unwrap();
    assert_eq!(counts, invariants::Counts::default());
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn interventions_on_empty_database_find_nothing(pool: PgPool) {
    let mut conn = pool.acquire().await.unwrap();
    interventions::pass(&mut conn, Duration::from_hours(1))
        .await
        .unwrap();
    interventions::erase(&mut conn, &[7; 32]).await.unwrap();
    let claimed = interventions::lock_claimed(&mut conn, 10).await.unwrap();
    let unknown = interventions::sends_in(&mut conn, "unknown").await.unwrap();
    assert_eq!((claimed, unknown), (vec![], vec![]));
    assert_eq!(interventions::reachable(&mut conn, 10).await.unwrap(), []);
    assert!(!interventions::is_enriched(&mut conn).await.unwrap());
    assert!(!interventions::waits_for_lock(&mut conn).await.unwrap());
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn reports_of_empty_database_are_empty(pool: PgPool) {
    let mut conn = pool.acquire().await.unwrap();
    assert_eq!(report::lines(&mut conn, "none").await.unwrap(), []);
    let progress = report::progress(&mut conn, "none").await.unwrap();
    assert_eq!(progress, report::Progress::default());
    assert_eq!(report::sends(&mut conn).await.unwrap(), []);
    let calls = report::model_calls(&mut conn, DateTime::UNIX_EPOCH)
        .await
        .unwrap();
    assert_eq!(calls, []);
    assert_eq!(report::sources(&mut conn, "none").await.unwrap(), []);
    assert_eq!(report::standings(&mut conn).await.unwrap(), []);
    assert_eq!(report::waiting_for_model(&mut conn).await.unwrap(), 0);
    let rows = report::table_rows(&mut conn).await.unwrap();
    assert!(rows.len() > 5 && rows.iter().all(|table| table.rows == 0));
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn measures_count_what_was_written(pool: PgPool) {
    let mut conn = pool.acquire().await.unwrap();
    measures::make_bare(&mut conn).await.unwrap();
    measures::insert_bare(&mut conn, 1, 10).await.unwrap();
    measures::insert_bare(&mut conn, 5, 10).await.unwrap();
    assert!(measures::others(&mut conn).await.unwrap() >= 0);
    measures::writes(&mut conn).await.unwrap();
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn cases_on_empty_database_find_nothing(pool: PgPool) {
    let mut conn = pool.acquire().await.unwrap();
    cases::clear(&mut conn).await.unwrap();
    cases::number_sends_from(&mut conn, 51).await.unwrap();
    cases::hand_over(&mut conn, "message-1").await.unwrap();
    assert!(cases::leads(&mut conn).await.unwrap().is_empty());
    assert!(cases::enrichment(&mut conn).await.unwrap().is_null());
    assert!(cases::mailbox(&mut conn).await.unwrap().is_null());
    assert_eq!(cases::events(&mut conn).await.unwrap()["quarantined"], 0);
    assert!(cases::departures(&mut conn).await.unwrap().is_empty());
    assert!(cases::source(&mut conn).await.is_err(), "there is none");
}
