//! `outreach migrate`: the schema of this version.

use anyhow::{Context as _, Result, bail};
use serde_json::json;
use shared::db::{self, schema::SchemaState};

use crate::cli::Options;
use crate::stack::Stack;
use crate::{connection, output};

/// Creates or updates the tables, or says why it must not.
pub(crate) async fn migrate(stack: &Stack, options: &Options) -> Result<()> {
    let mut conn = connection::reach(stack, options).await?;
    let before = db::schema::state(&mut conn).await?;
    drop(conn);
    if let Some(refusal) = refusal(&before) {
        bail!("{refusal} Nothing was changed.");
    }
    let pool = connection::pool(stack, options)?;
    db::migrate(&pool)
        .await
        .context("a migration failed; those before it were applied, and it left nothing behind")?;
    match before {
        SchemaState::Behind { pending } => {
            let pending = migrations(pending);
            output::step("Migrated", format_args!("{pending} pending, now applied"));
        }
        _ => output::fresh("Migrated", "the schema is the one of this version"),
    }
    if options.json {
        let pending = match before {
            SchemaState::Behind { pending } => pending,
            _ => 0,
        };
        output::json(&json!({ "pending": pending }))?;
    }
    Ok(())
}

pub(crate) fn migrations(count: usize) -> String {
    match count {
        1 => "1 migration".to_owned(),
        _ => format!("{count} migrations"),
    }
}

/// Why this version must not touch the database, and what to do instead.
pub(crate) fn refusal(state: &SchemaState) -> Option<&'static str> {
    match state {
        SchemaState::Current | SchemaState::Behind { .. } => None,
        SchemaState::Newer { .. } => Some(
            "the database was migrated by a newer version: use the `outreach` of that version, or go on \
             deploying it.",
        ),
        SchemaState::Foreign { .. } => Some(
            "the database was made by migrations from before the first release, which cannot be continued. \
             Create an empty database and run `outreach migrate` there; keep this one until you \
             have taken from it what you need.",
        ),
        SchemaState::Unrecorded => Some(
            "the database has tables, but no record of which migrations made them (`_sqlx_migrations`), so \
             they cannot be continued. Create an empty database and run `outreach migrate` there.",
        ),
        SchemaState::Interrupted { .. } => Some(
            "a migration was interrupted halfway and is marked as failed in `_sqlx_migrations`. Restore the \
             backup from before it, and migrate again.",
        ),
    }
}
