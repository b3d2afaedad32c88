//! Conditions that tests wait for.

use std::time::Duration;

use sqlx::PgPool;

/// Until a statement of this database has waited for a lock for so long.
pub async fn until_waiting(pool: &PgPool, since: Duration) {
    loop {
        let waiting: bool = sqlx::query_scalar(
            "select exists (select 1 from pg_locks l join pg_stat_activity a using (pid)
                            where not l.granted and a.datname = current_database()
                              and clock_timestamp() - a.query_start >= make_interval(secs => $1))",
        )
        .bind(since.as_secs_f64())
        .fetch_one(pool)
        .await
        .expect("PostgreSQL says who waits");
        if waiting {
            return;
        }
        tokio::task::yield_now().await;
    }
}
