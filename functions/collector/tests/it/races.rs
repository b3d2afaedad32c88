//! Pages that meet other writers.

use std::time::Duration;

use collector::Ended;
use serde_json::{Value, json};
use shared::db::PgPool;
use shared::testing;

use crate::replay::Answer;
use crate::stage::{Stage, attention, but, counts, person};

/// Long enough for a statement to have found what it must wait for.
const WAITING: Duration = Duration::from_millis(20);

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn username_given_up_while_page_waits_is_taken(pool: PgPool) {
    let (stage, _) = Stage::with_list(pool).await;
    stage.stand_ins.then([Answer::page(&[person("ana")], None)]);
    stage.run_one().await;

    // The insert looks at `ana`, then waits for this lead; meanwhile `ana` is renamed.
    let mut blocker = stage.pool.begin().await.unwrap();
    sqlx::query("insert into leads (source, external_id, username) values ('x', 'id-zoe', 'zoe')")
        .execute(&mut *blocker)
        .await
        .unwrap();
    let heir = but(person("ana"), &json!({"id": "id-heir"}));
    stage
        .stand_ins
        .then([Answer::page(&[heir, person("zoe")], None)]);
    let meanwhile = async {
        testing::until_waiting(&stage.pool, WAITING).await;
        let mut renaming = stage.pool.begin().await.unwrap();
        sqlx::query("update leads set username = 'ana_fit' where username = 'ana'")
            .execute(&mut *renaming)
            .await
            .unwrap();
        blocker.rollback().await.unwrap();
        testing::until_waiting(&stage.pool, WAITING).await;
        renaming.commit().await.unwrap();
    };
    let (report, ()) = tokio::join!(stage.run_one(), meanwhile);
    assert_eq!(counts(&report), [2, 0, 0, 0, 0, 0, 0]);
    assert_eq!(stage.lead("ana").await["external_id"], "id-heir");
    assert_eq!(stage.lead("ana_fit").await["external_id"], "id-ana");
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn refused_page_without_constraint_stops_its_source_only(pool: PgPool) {
    let (stage, first) = Stage::with_list(pool).await;
    stage.source("other", "simulated", json!({})).await;
    // An error of data, which names no constraint.
    let refuse = "create function refuse() returns trigger language plpgsql as $$
                  begin perform 1 / (case when new.username = 'cy' then 0 else 1 end); return new; end $$;
                  create trigger refuse before insert on leads for each row execute function refuse()";
    sqlx::raw_sql(refuse).execute(&stage.pool).await.unwrap();
    stage.stand_ins.then([
        Answer::page(&[person("cy")], None),
        Answer::page(&[person("ana")], None),
    ]);
    let reports = stage.run().await;
    attention(&reports[0]);
    assert_eq!((reports[1].new, &reports[1].ended), (1, &Ended::Done));
    assert_eq!(stage.cursor(first).await, json!({}));
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn busy_page_stops_its_source_only(pool: PgPool) {
    let (stage, _) = Stage::with_list(pool).await;
    stage.source("other", "simulated", json!({})).await;
    let busy = "create function busy() returns trigger language plpgsql as $$
                begin if new.username = 'cy' then raise lock_not_available; end if; return new; end $$;
                create trigger busy before insert on leads for each row execute function busy()";
    sqlx::raw_sql(busy).execute(&stage.pool).await.unwrap();
    stage.stand_ins.then([
        Answer::page(&[person("cy")], None),
        Answer::page(&[person("ana")], None),
    ]);
    let reports = stage.run().await;
    assert!(matches!(reports[0].ended, Ended::Unavailable { .. }));
    assert_eq!((reports[1].new, &reports[1].ended), (1, &Ended::Done));
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn source_cut_short_comes_first_whatever_its_report(pool: PgPool) {
    let (stage, first) = Stage::with_list(pool).await;
    let second = stage.source("other", "simulated", json!({})).await;
    let reported = r#"update sources set last_report = '{"ended": {"how": "time_is_up"}}'
                      where name = 'list'"#;
    sqlx::query(reported).execute(&stage.pool).await.unwrap();
    let order = async || {
        let empty = [0, 1].map(|_| Answer::page(&[], None));
        stage.stand_ins.then(empty);
        let reports = stage.run().await;
        reports
            .iter()
            .map(|report| report.source)
            .collect::<Vec<_>>()
    };
    assert_eq!(order().await, [first, second], "a report decides nothing");
    sqlx::query("update sources set cut_short = true where name = 'other'")
        .execute(&stage.pool)
        .await
        .unwrap();
    assert_eq!(order().await, [second, first]);
    assert_eq!(order().await, [first, second], "it was not cut short again");
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn source_of_another_kind_starts_anew(pool: PgPool) {
    let (stage, source) = Stage::with_list(pool).await;
    stage.stand_ins.then([Answer::page(&[], None)]);
    stage.run_one().await;
    assert_eq!(stage.cursor(source).await, json!({"after": null}));
    stage.source("list", "simulated", json!({"limit": 7})).await;
    assert_eq!(stage.cursor(source).await, json!({"after": null}));
    stage.source("list", "csv", json!({"file": "none"})).await;
    assert_eq!(stage.cursor(source).await, json!({}));
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn raw_row_is_measured_as_postgresql_prints_it(pool: PgPool) {
    let (stage, _) = Stage::with_list(pool).await;
    // Around the limit, where blanks, escapes, exponents and digits count.
    let fillers: [Value; 6] = [
        json!("\n\"\\\u{1f}é".repeat(1_100)),
        json!(vec![1; 5_300]),
        json!(vec![1.5e-7; 1_200]),
        json!(vec![1e22; 580]),
        json!({"deep": [[{}, [], null, true]], "text": "x".repeat(16_050)}),
        json!("x".repeat(17_000)),
    ];
    let rows: Vec<Value> = fillers
        .into_iter()
        .enumerate()
        .map(|(n, filler)| but(person(&format!("user{n}")), &json!({"filler": filler})))
        .collect();
    stage.stand_ins.then([Answer::page(&rows, None)]);
    assert_eq!(counts(&stage.run_one().await)[0], rows.len());
    let lengths = "select coalesce(octet_length(raw::text), 0) from leads order by username";
    let lengths: Vec<i32> = sqlx::query_scalar(lengths)
        .fetch_all(&stage.pool)
        .await
        .unwrap();
    assert!(
        lengths[..5].iter().all(|n| (14_000..=16_384).contains(n)),
        "{lengths:?}"
    );
    assert_eq!(
        lengths[5], 0,
        "too long, and its page is stored all the same"
    );
}
