//! The database itself, made where a local cloud or a test run starts from nothing.

use anyhow::{Context as _, Result};
use shared::config::Secret;
use sqlx::{AssertSqlSafe, PgConnection, Postgres, migrate::MigrateDatabase as _};

/// Creates the database that `url` names, unless it exists. Its role must be allowed to.
pub(crate) async fn create_if_missing(url: &Secret) -> Result<()> {
    let url = url.expose();
    let exists = Postgres::database_exists(url).await;
    if !exists.context("could not look for the database")? {
        Postgres::create_database(url)
            .await
            .context("could not create the database")?;
    }
    Ok(())
}

/// Makes the database `name` as a copy of `template`, which nobody may be connected to.
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

/// Removes the database that `url` names, and whoever is connected to it.
pub(crate) async fn drop_if_there(url: &Secret) -> Result<()> {
    Postgres::force_drop_database(url.expose())
        .await
        .context("could not remove the database")
}
