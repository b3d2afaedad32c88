//! Where the database's time goes. The server of the tests may count statements or not.

use shared::{
    db::{self, PgPool, console::statements},
    testing,
};

use crate::ledger::execute;

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn statements_are_left_out_where_none_are_counted(pool: PgPool) {
    let console = testing::database_url_of(&pool, "console");
    let console = db::connect_lazily(&console, "console").unwrap();
    let mut conn = db::acquire(&console).await.unwrap();
    assert_eq!(statements::longest(&mut conn, 5).await.unwrap(), None);
    // Installed, but for a server that was started without it.
    execute(&pool, "create extension pg_stat_statements").await;
    let Some(counted) = statements::longest(&mut conn, 5).await.unwrap() else {
        return;
    };
    assert!(counted.len() <= 5);
    let shares: f64 = counted.iter().map(|statement| statement.share).sum();
    assert!(shares <= 1.001, "{counted:?}");
}
