//! A transaction that PostgreSQL ends so that another can go on is run again.

use std::sync::atomic::{AtomicUsize, Ordering};

use shared::{
    db::{self, DbError, PgPool},
    testing,
};
use sqlx::PgConnection;

const ADD: &str = "update campaigns set daily_cap = daily_cap + 1 where id = $1";

async fn add(conn: &mut PgConnection, id: i64) -> Result<(), DbError> {
    let added = sqlx::query(ADD).bind(id).execute(conn).await;
    added.map(drop).map_err(|source| DbError::Statement {
        attempt: "add one",
        source,
    })
}

/// Two transactions, each holding the row that the other wants next.
#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn deadlocked_transaction_is_run_again(pool: PgPool) {
    let rows = [
        testing::campaign(&pool, "a").await.0,
        testing::campaign(&pool, "b").await.0,
    ];
    let (runs, met) = (AtomicUsize::new(0), tokio::sync::Barrier::new(2));
    let run = async |first: usize| {
        let mut conn = pool.acquire().await.unwrap();
        // Provoked, so it is not for the server's log, which no other test may leave a deadlock in.
        sqlx::raw_sql("set log_min_messages = panic; set deadlock_timeout = '20ms'")
            .execute(&mut *conn)
            .await
            .unwrap();
        let result = db::transaction(&mut conn, async |tx| {
            add(tx, rows[first]).await?;
            if runs.fetch_add(1, Ordering::SeqCst) < 2 {
                met.wait().await;
            }
            add(tx, rows[1 - first]).await
        });
        result.await.unwrap();
        conn.close().await.unwrap();
    };
    futures::join!(run(0), run(1));
    assert_eq!(runs.into_inner(), 3, "one of the two, once");
    let caps: Vec<i32> = sqlx::query_scalar("select daily_cap from campaigns")
        .fetch_all(&pool)
        .await
        .unwrap();
    assert_eq!(caps, [1_000_002; 2]);
}
