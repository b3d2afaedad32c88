//! The pipeline's database: made where it is missing, brought up to date.

use anyhow::{Context as _, Result};
use shared::config::Secret;
use shared::db::{self, PgPool};

use crate::sql::database;

/// Who the audit log names for what is done here.
const ACTOR: &str = "cargo local";

/// A pool on the database that `url` names, which exists and has the newest schema.
pub(crate) async fn migrated(url: &str) -> Result<PgPool> {
    let url = Secret::new(url.to_owned());
    database::create_if_missing(&url).await?;
    let pool = db::connect_lazily(&url, ACTOR)?;
    db::migrate(&pool).await.context(
        "could not migrate the database; where it was made by other migrations, \
         `cargo local down --wipe` starts anew",
    )?;
    Ok(pool)
}

/// A pool on a database that may be away.
pub(crate) fn pool(url: &str) -> Result<PgPool> {
    Ok(db::connect_lazily(&Secret::new(url.to_owned()), ACTOR)?)
}

/// Makes the database that `url` names, where it is missing.
pub(crate) async fn create(url: &str) -> Result<()> {
    let url = Secret::new(url.to_owned());
    database::create_if_missing(&url).await
}

/// Makes the database that `url` names anew, with the newest schema and nothing in it.
pub(crate) async fn anew(url: &str) -> Result<()> {
    let secret = Secret::new(url.to_owned());
    database::drop_if_there(&secret).await?;
    migrated(url).await.map(drop)
}
