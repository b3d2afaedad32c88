//! The embedded PostgreSQL server: on a Unix socket in our folder, hence without a port.

use std::path::PathBuf;

use anyhow::{Context as _, Result, bail};
use rustix::process::Signal;
use serde::Deserialize;

use crate::child;
use crate::environment::Environment;
use crate::paths::Paths;
use crate::process::{self, Record};
use crate::python::Python;

/// What `python -m local_cloud.postgres start` reports.
#[derive(Debug, Deserialize)]
pub(crate) struct Server {
    /// Where psql and its like lie.
    pub(crate) bin_dir: PathBuf,
    pub(crate) pid: u32,
}

/// Starts the server, or finds it running.
pub(crate) async fn start(
    paths: &Paths,
    environment: &Environment,
    python: &Python,
) -> Result<Server> {
    let mut start = environment.daemon(python.program("python"));
    start
        .args(["-m", "local_cloud.postgres", "start"])
        .arg(paths.postgres());
    let output = child::output(start).await?;
    if !output.status.success() {
        let words = String::from_utf8_lossy(&output.stderr);
        bail!("PostgreSQL did not start\n{}", words.trim_end());
    }
    serde_json::from_slice(&output.stdout).context("could not read what PostgreSQL reported")
}

/// The living server, if there is one, by the record it keeps itself.
pub(crate) fn find(paths: &Paths) -> Option<Record> {
    let text = std::fs::read_to_string(paths.postgres().join("postmaster.pid")).ok()?;
    let mut lines = text.lines();
    let pid = lines.next()?.trim().parse().ok()?;
    let recorded: u64 = lines.nth(1)?.trim().parse().ok()?;
    // The server notes its own clock a moment after the system noted the process.
    let started_at = process::started_at(pid).filter(|started| started.abs_diff(recorded) <= 5)?;
    Some(Record {
        pid,
        started_at,
        fingerprint: String::new(),
    })
}

/// Stops the server; false when none runs.
pub(crate) async fn stop(paths: &Paths) -> Result<bool> {
    let Some(record) = find(paths) else {
        return Ok(false);
    };
    // To PostgreSQL this means: end the sessions, write everything, exit.
    process::end("postgres", &record, Signal::INT).await?;
    Ok(true)
}
