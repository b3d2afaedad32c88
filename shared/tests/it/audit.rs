//! Every decision leaves an audit row without personal data.

use serde_json::Value;
use shared::{db::PgPool, domain::send_state::SendState, testing};

use crate::ledger::{
    LIMITS, arm, armed, execute, granted, outcome, planned, runners, settle, suppress,
};

async fn states(pool: &PgPool, id: i64) -> Vec<String> {
    sqlx::query_scalar(
        "select concat_ws(' ', after ->> 'state', after ->> 'reason')
         from audit_log where table_name = 'sends' and row_key = $1 order by id",
    )
    .bind(id.to_string())
    .fetch_all(pool)
    .await
    .unwrap()
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn audit_keeps_decisions_and_no_claims(pool: PgPool) {
    let campaign = testing::campaign(&pool, "c").await;
    let ids = planned(&pool, campaign, &runners(1)).await;
    let held = armed(&pool, &ids).await.remove(0);
    settle(&pool, &[outcome(&held, SendState::Sent, None)]).await;
    assert_eq!(states(&pool, ids[0]).await, ["queued", "calling", "sent"]);
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn audit_same_wait_again_writes_nothing(pool: PgPool) {
    let campaign = testing::campaign(&pool, "c").await;
    let ids = planned(&pool, campaign, &runners(1)).await;
    execute(&pool, "update campaigns set daily_cap = 0").await;
    for _ in 0..3 {
        let granted = granted(&pool, &ids, &LIMITS).await;
        arm(&pool, &granted).await;
        execute(&pool, "update sends set not_before = now()").await;
    }
    assert_eq!(states(&pool, ids[0]).await, ["queued", "queued daily_cap"]);
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn audit_names_no_person(pool: PgPool) {
    let campaign = testing::campaign(&pool, "c").await;
    let new = runners(1);
    planned(&pool, campaign, &new).await;
    suppress(&pool, new[0].email.as_ref().unwrap().1).await;
    let rows: Vec<Value> = sqlx::query_scalar("select to_jsonb(a) from audit_log a")
        .fetch_all(&pool)
        .await
        .unwrap();
    for row in &rows {
        let text = row.to_string();
        assert!(
            !text.contains("runner0") && !text.contains("example.org"),
            "{text}"
        );
    }
    let count = async || -> i64 {
        sqlx::query_scalar("select count(*) from audit_log")
            .fetch_one(&pool)
            .await
            .unwrap()
    };
    let before = count().await;
    sqlx::query("update campaigns set name = name")
        .execute(&pool)
        .await
        .unwrap();
    sqlx::query("update sends set updated_at = now()")
        .execute(&pool)
        .await
        .unwrap();
    assert_eq!(count().await, before);
    sqlx::query("update campaigns set status = 'paused'")
        .execute(&pool)
        .await
        .unwrap();
    assert_eq!(count().await, before + 1);
}
