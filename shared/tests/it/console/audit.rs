//! The audit log as a page shows it.

use std::{collections::HashSet, time::Duration};

use chrono::{DateTime, TimeDelta, Utc};
use futures::TryStreamExt;
use shared::{
    db::{
        self, PgPool,
        console::audit::{self, AuditFilter, AuditPage, By},
        operator,
    },
    domain::audit::{Record, Table},
    testing,
};

use super::random::Random;
use crate::ledger::{LIMITS, arm, armed, execute, granted, outcome, planned, runners, settle};

const ACTORS: [&str; 4] = ["sender", "enricher", "operator:mara", "person:s-1"];
const TABLES: [&str; 3] = ["sends", "campaigns", "payouts"];

/// Rows of a few days, numbered nearly in the order of time, with gaps between the numbers.
async fn seed(pool: &PgPool, random: &mut Random, count: i32) -> Vec<Record> {
    let begun = DateTime::<Utc>::UNIX_EPOCH + TimeDelta::days(20_000);
    for n in 0..count {
        let late = TimeDelta::seconds(i64::try_from(random.below(600)).unwrap());
        sqlx::query(
            "insert into audit_log (id, at, actor, table_name, row_key, action, after) overriding system value
             values ($1, $2, $3, $4, $5, $6, '{}')",
        )
        .bind(i64::from(n) * 5 + i64::try_from(random.below(5)).unwrap())
        .bind(begun + TimeDelta::minutes(40 * i64::from(n)) - late)
        .bind(random.pick(&ACTORS))
        .bind(random.pick(&TABLES))
        .bind(random.pick(&["1", "2"]))
        .bind(random.pick(&["insert", "update"]))
        .execute(pool)
        .await
        .unwrap();
    }
    let mut conn = db::acquire(pool).await.unwrap();
    let anybody = AuditFilter {
        by: By::Anybody,
        ..AuditFilter::default()
    };
    let rows = audit::export(&mut conn, &anybody).await.unwrap();
    rows.try_collect().await.unwrap()
}

fn meets(row: &Record, filter: &AuditFilter) -> bool {
    let is = |wanted: &Option<String>, given: &str| wanted.as_ref().is_none_or(|w| w == given);
    let by = match &filter.by {
        By::People => row.is_by_person(),
        By::Anybody => true,
        By::Actor(actor) => *actor == row.actor,
    };
    by && is(&filter.table, &row.table)
        && is(&filter.row, &row.row)
        && is(&filter.action, &row.action)
        && filter.from.is_none_or(|from| row.at >= from)
        && filter.until.is_none_or(|until| row.at < until)
}

fn some_filter(random: &mut Random, rows: &[Record]) -> AuditFilter {
    let text = |text: Option<&str>| text.map(str::to_owned);
    let times: Vec<DateTime<Utc>> = rows.iter().map(|row| row.at).collect();
    AuditFilter {
        by: match random.below(3) {
            0 => By::People,
            1 => By::Anybody,
            _ => By::Actor(random.pick(&ACTORS).to_owned()),
        },
        table: text(random.maybe(&TABLES)),
        row: text(random.maybe(&["1", "2"])),
        action: text(random.maybe(&["insert", "update"])),
        from: random.maybe(&times),
        until: random.maybe(&times),
    }
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn audit_pages_hold_what_meets_conditions(pool: PgPool) {
    let mut random = Random(3);
    let rows = seed(&pool, &mut random, 150).await;
    assert_eq!(rows.len(), 150);
    let mut conn = db::acquire(&pool).await.unwrap();
    for _ in 0..200 {
        let filter = some_filter(&mut random, &rows);
        let looked_at = random.pick(&[4, 30, audit::LOOKED_AT]);
        let limit = random.pick(&[1, 7, 1_000]);
        let mut expected: Vec<&Record> = rows.iter().filter(|row| meets(row, &filter)).collect();
        let exported = audit::export(&mut conn, &filter).await.unwrap();
        let exported: Vec<Record> = exported.try_collect().await.unwrap();
        assert_eq!(exported.iter().collect::<Vec<_>>(), expected, "{filter:?}");

        expected.reverse();
        let mut found = Vec::new();
        let mut older = None;
        loop {
            let page = audit::page(&mut conn, &filter, older, limit, looked_at).await;
            let page: AuditPage = page.unwrap();
            let full = i64::try_from(page.rows.len()).unwrap() == limit;
            assert!(full || page.older.is_none() || page.looked_back_to.is_some());
            found.extend(page.rows);
            older = page.older;
            if older.is_none() {
                break;
            }
        }
        assert_eq!(found.iter().collect::<Vec<_>>(), expected, "{filter:?}");
    }
}

/// Each table with a trigger that records changes has its sentences.
#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn every_recorded_table_is_known(pool: PgPool) {
    let tables: Vec<String> = sqlx::query_scalar(
        "select distinct event_object_table::text from information_schema.triggers
         where trigger_name like '%audit%'",
    )
    .fetch_all(&pool)
    .await
    .unwrap();
    assert!(tables.len() >= 7, "{tables:?}");
    for table in tables {
        assert!(table.parse::<Table>().is_ok(), "{table} has no sentences");
    }
}

/// Everything that leaves a row, by functions and by people who type addresses.
#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn audit_holds_no_address(pool: PgPool) {
    let campaign = testing::campaign(&pool, "c").await;
    let new = runners(3);
    let ids = planned(&pool, campaign, &new).await;
    let held = armed(&pool, &ids[..1]).await.remove(0);
    settle(
        &pool,
        &[outcome(
            &held,
            shared::domain::send_state::SendState::Sent,
            None,
        )],
    )
    .await;
    execute(&pool, "update campaigns set daily_cap = 0").await;
    arm(&pool, &granted(&pool, &ids[1..], &LIMITS).await).await;
    let operated = db::connect_lazily(&testing::database_url(&pool), "operator:mara").unwrap();
    let mut conn = db::acquire(&operated).await.unwrap();
    let typed = "as ana.fit@example.org wrote";
    let mailbox = new[1].email.as_ref().unwrap().1;
    operator::stop_sending(&mut conn, "mara", typed, None)
        .await
        .unwrap();
    operator::start_sending(&mut conn, Some(typed))
        .await
        .unwrap();
    operator::suppress(&mut conn, mailbox, typed, None)
        .await
        .unwrap();
    operator::record_consent(&mut conn, mailbox, typed, None)
        .await
        .unwrap();
    let lease = Duration::from_secs(60);
    db::sources::begin_runs(&mut conn, None, None, lease)
        .await
        .unwrap();

    let rows: Vec<String> = sqlx::query_scalar("select to_jsonb(a)::text from audit_log a")
        .fetch_all(&pool)
        .await
        .unwrap();
    let tables: HashSet<&str> = [
        "sends",
        "recipients",
        "campaigns",
        "sources",
        "installation",
    ]
    .into();
    for table in tables {
        assert!(
            rows.iter().any(|row| row.contains(table)),
            "nothing of {table}"
        );
    }
    for row in rows {
        let addresses = row.replace("•••@example.org", "");
        assert!(!addresses.contains('@'), "{row}");
    }
}
