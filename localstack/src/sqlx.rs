//! `shared/.sqlx`, which the query macros are checked against: refreshed, or found stale.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::Path;
use std::time::SystemTime;

use anyhow::{Context as _, Result, bail};

use crate::session::Session;
use crate::settings::Settings;
use crate::{child, migrate, output, up};

/// Answers of a database, one file a query.
type Cache = BTreeMap<String, Vec<u8>>;

/// Prepares every query against a freshly migrated database; with `check` nothing is changed, and
/// a difference is an error.
pub(crate) async fn run(session: &Session, check: bool) -> Result<()> {
    let result = refresh(session, check).await;
    session.stop_started().await?;
    result
}

async fn refresh(session: &Session, check: bool) -> Result<()> {
    let settings = &session.settings;
    session.join().await?;
    let _alone = session.alone().await?;
    let python = up::prepare(settings).await?;
    up::start_postgres(session, &python).await?;
    let url = settings.database.url_beside(&settings.paths, "sqlx");
    migrate::anew(&url).await?;

    let fresh = settings.paths.root.join("sqlx");
    settings.paths.remove(&fresh)?;
    fs::create_dir_all(&fresh)?;
    ask(settings, &url, &fresh).await?;
    let kept = settings.paths.workspace.join("shared/.sqlx");
    let differing = differing(&read(&fresh)?, &read(&kept)?);
    if differing.is_empty() {
        output::step("Fresh", "shared/.sqlx is what the database says");
    } else if check {
        bail!(
            "shared/.sqlx is stale, `cargo local sqlx` refreshes it:\n{}",
            differing.join("\n")
        );
    } else {
        remove_if_there(&kept)?;
        fs::create_dir_all(&kept)?;
        for (name, content) in read(&fresh)? {
            fs::write(kept.join(name), content)?;
        }
        output::step(
            "Refreshed",
            format_args!("shared/.sqlx ({} queries)", differing.len()),
        );
    }
    Ok(())
}

/// Has the macros ask the database and keep its answers in `folder`.
async fn ask(settings: &Settings, url: &str, folder: &Path) -> Result<()> {
    // Cargo would not ask again for sources that it has compiled already.
    let sources = settings.paths.workspace.join("shared/src/lib.rs");
    touch(&sources).with_context(|| format!("could not touch {}", sources.display()))?;
    let mut cargo = settings.environment.downloader(settings.cargo());
    cargo
        .current_dir(&settings.paths.workspace)
        .args(["check", "--package", "shared", "--all-features"])
        .env("SQLX_OFFLINE", "false")
        .env("SQLX_OFFLINE_DIR", folder)
        .env("DATABASE_URL", url);
    child::run(cargo).await
}

#[expect(
    clippy::disallowed_methods,
    reason = "a file's time is the clock's, not the domain's"
)]
fn touch(path: &Path) -> std::io::Result<()> {
    File::options()
        .append(true)
        .open(path)?
        .set_modified(SystemTime::now())
}

fn read(folder: &Path) -> Result<Cache> {
    let mut cache = Cache::new();
    if folder.exists() {
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            let name = entry.file_name().to_string_lossy().into_owned();
            cache.insert(name, fs::read(entry.path())?);
        }
    }
    Ok(cache)
}

/// One line a query that is not the same on both sides.
fn differing(fresh: &Cache, kept: &Cache) -> Vec<String> {
    let missing = fresh
        .iter()
        .filter(|(name, content)| kept.get(*name) != Some(content));
    let missing = missing.map(|(name, _)| {
        let how = if kept.contains_key(name) {
            "differs"
        } else {
            "is missing"
        };
        format!("  {name} {how}")
    });
    let left_over = kept.keys().filter(|name| !fresh.contains_key(*name));
    missing
        .chain(left_over.map(|name| format!("  {name} belongs to no query")))
        .collect()
}

fn remove_if_there(path: &Path) -> Result<()> {
    match fs::remove_dir_all(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error.into()),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_stale_query_case_is_named() {
        let cache = |entries: &[(&str, &str)]| -> Cache {
            let entry =
                |(name, content): &(&str, &str)| ((*name).to_owned(), content.as_bytes().to_vec());
            entries.iter().map(entry).collect()
        };
        let fresh = cache(&[("a", "1"), ("b", "2"), ("c", "3")]);
        let kept = cache(&[("a", "1"), ("b", "old"), ("d", "4")]);
        let expected = ["  b differs", "  c is missing", "  d belongs to no query"];
        assert_eq!(differing(&fresh, &kept), expected);
        assert!(differing(&fresh, &fresh).is_empty());
    }
}
