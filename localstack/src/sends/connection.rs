//! The way to the database that an operator means, and the key of its addresses.

use anyhow::{Context as _, Result, bail};
use data_encoding::HEXLOWER_PERMISSIVE;
use shared::config::{self, Secret};
use shared::db::{self, PgConnection, PoolConnection, Postgres, operator};
use shared::domain::email::{EmailAddress, EmailHash, HashKey};
use url::Url;

use super::arguments::OperatorArgs;
use crate::database::Database;
use crate::settings::Settings;
use crate::{deploy, output};

const KEY: &str = "RECIPIENT_HASH_KEY";

/// Connects as the operator, and says to where if it is not the local cloud.
pub(super) async fn connect(
    settings: &Settings,
    args: &OperatorArgs,
) -> Result<PoolConnection<Postgres>> {
    let url = match &args.database_url {
        Some(url) => url.clone(),
        None => {
            let ignored = settings.notices.iter();
            for notice in ignored.filter(|notice| notice.starts_with("DATABASE_URL")) {
                output::warning(format_args!("{notice}, or --database-url"));
            }
            settings.database_url()
        }
    };
    if is_chosen(settings, args) {
        output::fresh("Database", whereabouts(&url));
    }
    let actor = format!("operator:{}", args.by);
    let pool = db::connect_lazily(&Secret::new(url), &actor)?;
    db::acquire(&pool).await.with_context(|| {
        if is_chosen(settings, args) {
            "the database is away".to_owned()
        } else {
            "the local database is away: `cargo local up` starts it".to_owned()
        }
    })
}

/// Whether it is another database than the local cloud's own.
fn is_chosen(settings: &Settings, args: &OperatorArgs) -> bool {
    args.database_url.is_some() || matches!(settings.database, Database::Given { .. })
}

/// Server and database of a URL, without user, password and options.
fn whereabouts(url: &str) -> String {
    Url::parse(url).map_or_else(
        |_| "as given".to_owned(),
        |url| {
            let server = url.host_str().filter(|host| !host.is_empty());
            let server = server.unwrap_or("this machine");
            format!("{} on {server}", url.path().trim_start_matches('/'))
        },
    )
}

/// The hash of an address under the key of this database. The address is printed nowhere.
///
/// A "no" under a wrong key would be forgotten at once, so the key is tried on an address that the
/// database holds with its hash.
pub(super) async fn hash(
    settings: &Settings,
    args: &OperatorArgs,
    conn: &mut PgConnection,
    address: &str,
) -> Result<EmailHash> {
    let address = EmailAddress::parse(address).context("this is no mail address")?;
    let given = config::variable(KEY).filter(|key| !key.trim().is_empty());
    let text = given.as_deref().unwrap_or(deploy::HASH_KEY);
    let key = HEXLOWER_PERMISSIVE.decode(text.trim().as_bytes()).ok();
    let key = key.and_then(HashKey::new);
    let key = key.with_context(|| format!("{KEY} takes at least 64 hexadecimal digits"))?;
    let known = operator::known_address(conn).await?;
    let proof = known.and_then(|(text, hash)| Some((EmailAddress::parse(&text).ok()?, hash)));
    match proof {
        Some((known, hash)) if key.hash(&known) != hash => {
            let which = given.map_or("the local cloud's key", |_| KEY);
            bail!("{which} is not the key of this database: set {KEY} to the stack's");
        }
        None if given.is_none() && is_chosen(settings, args) => {
            bail!("{KEY} is not set: addresses of this database are hashed under its key");
        }
        Some(_) | None => Ok(key.hash(&address)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_database_is_named_without_its_password() {
        let rows = [
            (
                "postgresql://app:secret@db.example.com:5432/outreach?sslmode=verify-full",
                "outreach on db.example.com",
            ),
            (
                "postgres:///outreach?host=/run/postgresql",
                "outreach on this machine",
            ),
            ("not a url with secret", "as given"),
        ];
        for (url, expected) in rows {
            assert_eq!(whereabouts(url), expected);
        }
    }
}
