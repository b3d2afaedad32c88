//! The way to a stack's database, and the key of its addresses.

use anyhow::{Context as _, Result, bail};
use data_encoding::HEXLOWER_PERMISSIVE;
use shared::db::schema::{self, SchemaState};
use shared::db::{self, DbError, PgConnection, PoolConnection, Postgres, operator};
use shared::domain::email::{EmailAddress, EmailHash, HashKey};
use url::Url;

use crate::cli::Options;
use crate::stack::Stack;
use crate::{migrate, output};

pub(crate) const KEY: &str = "RECIPIENT_HASH_KEY";

/// Connects as the operator to a database that has this version's tables, and says to where.
pub(crate) async fn connect(stack: &Stack, options: &Options) -> Result<PoolConnection<Postgres>> {
    let mut conn = reach(stack, options).await?;
    match schema::state(&mut conn).await? {
        // The newer schema serves the older version.
        SchemaState::Current | SchemaState::Newer { .. } => Ok(conn),
        SchemaState::Behind { pending } => bail!(
            "{} not applied to this database: run `outreach migrate` first, or name another database",
            migrate::migrations(pending),
        ),
        state @ (SchemaState::Foreign { .. }
        | SchemaState::Unrecorded
        | SchemaState::Interrupted { .. }) => {
            bail!(migrate::refusal(&state).unwrap_or_default())
        }
    }
}

/// Connects as the operator, whatever the database holds, and says to where.
pub(crate) async fn reach(stack: &Stack, options: &Options) -> Result<PoolConnection<Postgres>> {
    output::fresh("Database", whereabouts(stack.database_url.expose()));
    let conn = acquire(stack, options).await;
    conn.map_err(|error| {
        let advice = advice(&error, stack);
        error.context(format!("the database cannot be used: {advice}"))
    })
}

/// What to do about a database that cannot be used.
pub(crate) fn advice(error: &anyhow::Error, stack: &Stack) -> &'static str {
    let error = error.downcast_ref::<DbError>();
    if error.is_some_and(DbError::is_of_the_address) {
        return "its address is postgresql://USER:PASSWORD@HOST/NAME?sslmode=verify-full";
    }
    let code = error.and_then(|error| Some(error.code()?.into_owned()));
    match code.as_deref() {
        // Wrong password, unknown role.
        Some("28P01" | "28000") => "correct user and password in its address",
        Some("3D000") => "correct the name at the end of its address, or create the database",
        Some("53300") => "it has no connection left: raise max_connections, or end what holds them",
        _ => stack.if_away,
    }
}

/// Connects as the operator.
pub(crate) async fn acquire(stack: &Stack, options: &Options) -> Result<PoolConnection<Postgres>> {
    Ok(db::acquire(&pool(stack, options)?).await?)
}

/// A pool that is not connected yet.
pub(crate) fn pool(stack: &Stack, options: &Options) -> Result<db::PgPool> {
    let actor = format!("operator:{}", options.by);
    Ok(db::connect_lazily(&stack.database_url, &actor)?)
}

/// Server and database of a URL, without user, password and options.
pub(crate) fn whereabouts(url: &str) -> String {
    Url::parse(url).map_or_else(
        |_| "as given".to_owned(),
        |url| {
            let server = url.host_str().filter(|host| !host.is_empty());
            let server = server.unwrap_or("this machine");
            format!("{} on {server}", url.path().trim_start_matches('/'))
        },
    )
}

/// The stack's key of the address hash.
pub(crate) fn hash_key(stack: &Stack) -> Result<HashKey> {
    let text = stack.setting(KEY);
    let text = text.with_context(|| {
        format!("{KEY} is not set: the addresses of this database are hashed under its key")
    })?;
    let key = HEXLOWER_PERMISSIVE.decode(text.as_bytes()).ok();
    key.and_then(HashKey::new)
        .with_context(|| format!("{KEY} takes at least 64 hexadecimal digits"))
}

/// The hash of an address under the key of this database. The address is printed nowhere.
///
/// An opt-out under another key would never be found again, so the key is tried on an address that
/// the database holds with its hash.
pub(crate) async fn hash(
    stack: &Stack,
    conn: &mut PgConnection,
    address: &str,
) -> Result<EmailHash> {
    let address = EmailAddress::parse(address).context("this is not a mail address")?;
    Ok(proven_key(stack, conn).await?.hash(&address))
}

/// The stack's key of the address hash, tried on an address that the database holds with its hash.
pub(crate) async fn proven_key(stack: &Stack, conn: &mut PgConnection) -> Result<HashKey> {
    let key = hash_key(stack)?;
    let known = operator::known_address(conn).await?;
    let proof = known.and_then(|(text, hash)| Some((EmailAddress::parse(&text).ok()?, hash)));
    if proof.is_some_and(|(known, hash)| key.hash(&known) != hash) {
        bail!("{KEY} is not the key of this database: set it to the stack's");
    }
    Ok(key)
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
