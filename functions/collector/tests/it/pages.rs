use collector::{Ended, RunReport};
use serde_json::{Value, json};
use shared::db::PgPool;

use crate::replay::Answer;
use crate::stage::{Stage, attention, counts, handle, person, run};

async fn refuse(pool: &PgPool, username: &str) {
    let sql = format!("alter table leads add constraint refused check (username <> '{username}')");
    let sql = sqlx::AssertSqlSafe(sql);
    sqlx::query(sql).execute(pool).await.unwrap();
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn failed_page_leaves_no_row_and_no_cursor(pool: PgPool) {
    let (stage, source) = Stage::with_list(pool).await;
    refuse(&stage.pool, "cy").await;
    let pages = || {
        [
            Answer::page(&[person("ana")], Some("two")),
            Answer::page(&[person("bo"), person("cy"), person("di")], Some("three")),
        ]
    };
    stage.stand_ins.then(pages());
    let report = stage.run_one().await;
    let why = attention(&report);
    assert!(why.contains("\"refused\"") && !why.contains("cy"), "{why}");
    assert_eq!((report.pages, counts(&report)), (1, [1, 0, 0, 0, 0, 0, 0]));
    assert_eq!(
        stage.leads().await.len(),
        1,
        "not even the good ones of the page"
    );
    assert_eq!(stage.cursor(source).await, json!({"after": "two"}));

    sqlx::query("alter table leads drop constraint refused")
        .execute(&stage.pool)
        .await
        .unwrap();
    stage.stand_ins.asked();
    stage.stand_ins.then([Answer::page(
        &[person("bo"), person("cy"), person("di")],
        None,
    )]);
    assert_eq!(counts(&stage.run_one().await), [3, 0, 0, 0, 0, 0, 0]);
    assert_eq!(stage.stand_ins.asked()[0].query["cursor"], "two");
    assert_eq!(stage.queue.published().await, stage.lead_ids().await);
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn failed_page_leaves_other_sources_running(pool: PgPool) {
    let (stage, first) = Stage::with_list(pool).await;
    let second = stage.source("other", "simulated", json!({})).await;
    refuse(&stage.pool, "cy").await;
    stage.stand_ins.then([
        Answer::page(&[person("cy")], None),
        Answer::page(&[person("ana")], None),
    ]);
    let reports = stage.run().await;
    let sources: Vec<_> = reports.iter().map(|r| r.source).collect();
    assert_eq!(sources, [first, second]);
    attention(&reports[0]);
    assert_eq!((reports[1].new, &reports[1].ended), (1, &Ended::Done));
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn database_down_fails_invocation_and_stores_nothing(pool: PgPool) {
    let (stage, source) = Stage::with_list(pool).await;
    let (held, reply) = Answer::page(&[person("ana")], None).held();
    stage.stand_ins.then([held]);
    let breaks = async {
        reply.asked.await.unwrap();
        sqlx::query("alter table leads rename to away")
            .execute(&stage.pool)
            .await
            .unwrap();
        reply.release.send(()).unwrap();
    };
    let (outcome, ()) = tokio::join!(run(&stage.deps), breaks);
    outcome.unwrap_err();
    sqlx::query("alter table away rename to leads")
        .execute(&stage.pool)
        .await
        .unwrap();
    assert_eq!(stage.cursor(source).await, json!({}));

    assert!(stage.run().await.is_empty(), "held until its lease ends");
    stage.let_leases_end().await;
    stage.stand_ins.then([Answer::page(&[person("ana")], None)]);
    assert_eq!(counts(&stage.run_one().await), [1, 0, 0, 0, 0, 0, 0]);
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn overlapping_runs_exclude_each_other(pool: PgPool) {
    let (stage, _) = Stage::with_list(pool).await;
    let another = stage.another();
    let (held, reply) = Answer::page(&[person("ana")], None).held();
    stage.stand_ins.then([held]);
    let meanwhile = async {
        reply.asked.await.unwrap();
        let reports = run(&another).await.unwrap();
        reply.release.send(()).unwrap();
        reports
    };
    let (reports, none) = tokio::join!(stage.run(), meanwhile);
    assert_eq!(none, Vec::<RunReport>::new());
    assert_eq!(counts(&reports[0]), [1, 0, 0, 0, 0, 0, 0]);
    assert_eq!(stage.stand_ins.asked().len(), 1);
    // Free again as soon as the first has ended.
    stage.stand_ins.then([Answer::page(&[], None)]);
    stage.run_one().await;
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn a_run_that_was_replaced_stores_nothing(pool: PgPool) {
    let (stage, source) = Stage::with_list(pool).await;
    let another = stage.another();
    let (held, reply) = Answer::page(&[person("late")], Some("late")).held();
    stage
        .stand_ins
        .then([held, Answer::page(&[person("ana")], None)]);
    let meanwhile = async {
        reply.asked.await.unwrap();
        stage.let_leases_end().await;
        let reports = run(&another).await.unwrap();
        reply.release.send(()).unwrap();
        reports
    };
    let (late, timely) = tokio::join!(stage.run(), meanwhile);
    assert_eq!((timely[0].new, &timely[0].ended), (1, &Ended::Done));
    assert_eq!((late[0].pages, late[0].new), (0, 0));
    assert_eq!(late[0].ended, Ended::Replaced);
    let names: Vec<Value> = stage
        .leads()
        .await
        .iter()
        .map(|l| l["username"].clone())
        .collect();
    assert_eq!(names, ["ana"]);
    assert_eq!(stage.cursor(source).await, json!({"after": null}));
    let report = "select last_report from sources";
    let report: Value = sqlx::query_scalar(report)
        .fetch_one(&stage.pool)
        .await
        .unwrap();
    assert_eq!(
        report["ended"]["how"], "done",
        "the late run does not overwrite it"
    );
    assert_eq!(stage.queue.published().await, stage.lead_ids().await);
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn lead_of_two_concurrent_sources_belongs_to_both(pool: PgPool) {
    let (stage, source) = Stage::with_list(pool).await;
    let other = stage.source("other", "csv", json!({"file": "none"})).await;
    // Another source's page, which is not committed yet.
    let mut tx = stage.pool.begin().await.unwrap();
    let theirs = "with lead as (
                      insert into leads (source, external_id, username)
                      values ('x', 'id-ana', 'ana') returning id)
                  insert into lead_sources (lead_id, source_id) select id, $1 from lead";
    sqlx::query(theirs)
        .bind(other.0)
        .execute(&mut *tx)
        .await
        .unwrap();
    stage
        .stand_ins
        .then([Answer::page(&[person("ana"), person("bo")], None)]);
    let event = json!({"source": "list"});
    let deadline = shared::deadline::Deadline::within(std::time::Duration::from_secs(300));
    let commit = async {
        let waits = "select exists (select 1 from pg_stat_activity
                     where datname = current_database() and wait_event_type = 'Lock')";
        while !sqlx::query_scalar::<_, bool>(waits)
            .fetch_one(&stage.pool)
            .await
            .unwrap()
        {}
        tx.commit().await.unwrap();
    };
    let (reports, ()) = tokio::join!(handle(&stage.deps, event, deadline), commit);
    assert_eq!(reports.unwrap()[0].ended, Ended::Done);
    let leads = stage.everything().await;
    assert_eq!(leads.len(), 2);
    let found: Vec<&Value> = leads[0]["found"]
        .as_array()
        .unwrap()
        .iter()
        .map(|f| &f["source_id"])
        .collect();
    assert_eq!(found, [source.0, other.0]);
    assert_eq!(stage.queue.published().await, stage.lead_ids().await);
}
