//! The database itself, made where a local cloud or a test run starts from nothing.

use sqlx::{AssertSqlSafe, PgConnection, Postgres, migrate::MigrateDatabase as _};

use super::DbError;
use crate::config::Secret;

/// Creates the database that `url` names, unless it exists. Its role must be allowed to.
///
/// # Errors
/// When the server cannot be reached or refuses.
pub async fn create_if_missing(url: &Secret) -> Result<(), DbError> {
    let url = url.expose();
    let exists = Postgres::database_exists(url).await;
    if !exists.map_err(DbError::on("look for the database"))? {
        Postgres::create_database(url)
            .await
            .map_err(DbError::on("create the database"))?;
    }
    Ok(())
}

/// Makes the database `name` as a copy of `template`, which nobody may be connected to.
///
/// # Errors
/// When there is one of that name, or the server refuses.
pub async fn copy(conn: &mut PgConnection, template: &str, name: &str) -> Result<(), DbError> {
    let quoted = |word: &str| format!("\"{}\"", word.replace('"', "\"\""));
    let statement = format!(
        "create database {} template {}",
        quoted(name),
        quoted(template)
    );
    sqlx::raw_sql(AssertSqlSafe(statement))
        .execute(conn)
        .await
        .map_err(DbError::on("copy a database"))?;
    Ok(())
}

/// Removes the database that `url` names, and whoever is connected to it.
///
/// # Errors
/// When the server cannot be reached or refuses.
pub async fn drop_if_there(url: &Secret) -> Result<(), DbError> {
    Postgres::force_drop_database(url.expose())
        .await
        .map_err(DbError::on("remove the database"))
}
