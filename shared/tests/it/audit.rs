//! Every decision leaves a trace, and the trace names nobody.

use serde_json::Value;
use shared::{db::PgPool, domain::send_state::SendState, testing};

use crate::ledger::{arm, claim, ended, planned, runners, settle, suppress, to_call};

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn every_step_of_a_send_is_on_record_in_order(pool: PgPool) {
    let campaign = testing::campaign(&pool, "c").await;
    let ids = planned(&pool, campaign, &runners(1)).await;
    let held = claim(&pool, &ids).await.remove(0);
    arm(&pool, &[to_call(&held)]).await;
    settle(&pool, &[ended(&held, SendState::Sent, None)]).await;
    let states: Vec<String> = sqlx::query_scalar(
        "select after ->> 'state' from audit_log where table_name = 'sends' and row_key = $1 order by id",
    )
    .bind(ids[0].to_string())
    .fetch_all(&pool)
    .await
    .unwrap();
    assert_eq!(states, ["queued", "claimed", "calling", "sent"]);
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn a_trace_names_nobody_and_only_a_change_leaves_one(pool: PgPool) {
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
