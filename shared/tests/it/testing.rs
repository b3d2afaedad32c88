//! What tests of several crates share.

use shared::testing;
use sqlx::PgPool;

/// PostgreSQL's clocks, standing still, in a schema that is asked before PostgreSQL's own.
const STANDING_CLOCKS: &str = "
    create schema standing;
    create function standing.clock_timestamp() returns timestamptz return timestamptz 'epoch';
    create function standing.statement_timestamp() returns timestamptz return timestamptz 'epoch';
    create function standing.transaction_timestamp() returns timestamptz return timestamptz 'epoch';
    create function standing.now() returns timestamptz return timestamptz 'epoch';";

/// Two tests may draw in the same moment.
#[sqlx::test(migrations = false)]
async fn unique_words_differ_while_clocks_stand(pool: PgPool) {
    sqlx::raw_sql(STANDING_CLOCKS).execute(&pool).await.unwrap();
    let options = (*pool.connect_options()).clone();
    let options = options.options([("search_path", "standing,pg_catalog")]);
    let standing = PgPool::connect_with(options).await.unwrap();
    let word = async || testing::unique(&standing).await;
    assert_ne!(word().await, word().await);
    standing.close().await;
}
