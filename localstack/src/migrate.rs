//! The pipeline's database: made and marked where it is missing, brought up to date.
//!
//! The variable that names it may lead anywhere, to a deployed stack's database too. So nothing here
//! works on a database that carries no mark: it is neither migrated, nor filled, nor removed.

use anyhow::{Context as _, Result, bail};
use shared::config::Secret;
use shared::db::{self, PgPool};

use crate::sql::database;

/// The actor that the audit log names for work done here.
const ACTOR: &str = "cargo local";
/// The comment of a database that was made here.
const MARK: &str = "made by cargo local, which fills and removes it";

/// A pool on the database that `url` names, which exists, is ours and has the newest schema.
pub(crate) async fn migrated(url: &str) -> Result<PgPool> {
    create(url).await?;
    let pool = pool(url)?;
    db::migrate(&pool).await.context(
        "could not migrate the database; where it was made by other migrations, \
         `cargo local down --wipe` starts anew",
    )?;
    Ok(pool)
}

/// A pool on a database that may be away, and whose mark was looked for already.
pub(crate) fn pool(url: &str) -> Result<PgPool> {
    Ok(db::connect_lazily(&Secret::new(url.to_owned()), ACTOR)?)
}

/// A pool on a database that runs and is ours.
pub(crate) async fn marked(url: &str) -> Result<PgPool> {
    check_marked(url).await?;
    pool(url)
}

/// Makes the database that `url` names, where it is missing. One that is there must be ours.
pub(crate) async fn create(url: &str) -> Result<()> {
    let secret = Secret::new(url.to_owned());
    if database::exists(&secret).await.with_context(|| away(url))? {
        return check_marked(url).await;
    }
    database::create(&secret, MARK).await
}

/// Makes the database that `url` names anew, with the newest schema and nothing in it.
pub(crate) async fn anew(url: &str) -> Result<()> {
    let secret = Secret::new(url.to_owned());
    if database::exists(&secret).await.with_context(|| away(url))? {
        check_marked(url).await?;
        database::drop_if_there(&secret).await?;
    }
    migrated(url).await.map(drop)
}

/// Fails when there is such a database and it was not made here.
pub(crate) async fn refuse_foreign(url: &str) -> Result<()> {
    let secret = Secret::new(url.to_owned());
    if database::exists(&secret).await.with_context(|| away(url))? {
        check_marked(url).await?;
    }
    Ok(())
}

async fn check_marked(url: &str) -> Result<()> {
    let pool = pool(url)?;
    let comment = async {
        let mut conn = db::acquire(&pool).await?;
        database::comment(&mut conn).await
    };
    let comment = comment.await.with_context(|| away(url))?;
    pool.close().await;
    if comment.as_deref() != Some(MARK) {
        bail!(
            "{} was not made by cargo local, so it is left alone: nothing was changed in it. \
             The local cloud fills, migrates and removes its database. Let LOCAL_DATABASE_URL name \
             one that does not exist yet (it is made), or unset it for the embedded PostgreSQL",
            whereabouts(url)
        );
    }
    Ok(())
}

fn away(url: &str) -> String {
    format!("could not reach {}", whereabouts(url))
}

/// Database and server of a URL, without user, password and options.
fn whereabouts(url: &str) -> String {
    let Ok(url) = url::Url::parse(url) else {
        return "the database".to_owned();
    };
    let name = url.path().trim_start_matches('/');
    // The folder of a socket is written as a host too.
    let server = url
        .host_str()
        .filter(|host| !host.is_empty() && !host.starts_with("%2F"));
    format!(
        "the database `{name}` on {}",
        server.unwrap_or("this machine")
    )
}

#[cfg(test)]
mod tests;
