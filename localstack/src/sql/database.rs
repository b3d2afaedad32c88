//! The database itself, made where a local cloud or a test run starts from nothing.

use anyhow::{Context as _, Result};
use shared::config::Secret;
use sqlx::{AssertSqlSafe, Connection as _, PgConnection, Postgres, migrate::MigrateDatabase as _};

/// Whether the server has the database that `url` names.
pub(crate) async fn exists(url: &Secret) -> Result<bool> {
    Postgres::database_exists(url.expose())
        .await
        .context("could not look for the database")
}

/// Creates the database that `url` names, with a comment. Its role must be allowed to.
pub(crate) async fn create(url: &Secret, comment: &str) -> Result<()> {
    const COMMENTING: &str = "could not comment on the database";
    Postgres::create_database(url.expose())
        .await
        .context("could not create the database")?;
    let mut conn = PgConnection::connect(url.expose())
        .await
        .context(COMMENTING)?;
    // A command of this kind takes no parameters: the server quotes them.
    let statement = "select format('comment on database %I is %L', current_database(), $1::text)";
    let statement: String = sqlx::query_scalar(statement)
        .bind(comment)
        .fetch_one(&mut conn)
        .await
        .context(COMMENTING)?;
    sqlx::raw_sql(AssertSqlSafe(statement))
        .execute(&mut conn)
        .await
        .context(COMMENTING)?;
    conn.close().await.context(COMMENTING)
}

/// The comment of the database that this connection works on.
pub(crate) async fn comment(conn: &mut PgConnection) -> Result<Option<String>> {
    let statement = "select shobj_description(oid, 'pg_database') from pg_database \
                     where datname = current_database()";
    sqlx::query_scalar(statement)
        .fetch_one(conn)
        .await
        .context("could not read the comment of the database")
}

/// Makes the database `name` as a copy of `template`, to which there must be no connection.
pub(crate) async fn copy(conn: &mut PgConnection, template: &str, name: &str) -> Result<()> {
    let quoted = |word: &str| format!("\"{}\"", word.replace('"', "\"\""));
    let statement = format!(
        "create database {} template {}",
        quoted(name),
        quoted(template)
    );
    sqlx::raw_sql(AssertSqlSafe(statement))
        .execute(conn)
        .await
        .context("could not copy a database")?;
    Ok(())
}

/// Removes the database that `url` names, with every connection to it.
pub(crate) async fn drop_if_there(url: &Secret) -> Result<()> {
    Postgres::force_drop_database(url.expose())
        .await
        .context("could not remove the database")
}
