//! A PostgreSQL of the harness's own, as durable as a real one, that it may stop at any moment.

use std::fs::{self, OpenOptions};
use std::io::Write as _;

use anyhow::{Context as _, Result, bail};
use rustix::process::{Pid, Signal, kill_process};
use shared::config::Secret;
use shared::db::{self, PgPool};

use crate::postgres_log::LogMark;
use crate::python::Python;
use crate::settings::Settings;
use crate::sql::database;
use crate::{child, migrate, postgres};

/// The database that each run gets a copy of.
const TEMPLATE: &str = "chaos_template";
/// The oracle compares the times of commits; a run opens many connections.
const SETTINGS: &str = "track_commit_timestamp = on\nmax_connections = 300\n";

/// The server; it stops when this is dropped.
#[derive(Debug)]
pub(crate) struct Cluster {
    /// With the harness's folder.
    settings: Settings,
    python: Python,
    admin: PgPool,
}

impl Cluster {
    /// Starts the server in the harness's folder, with a freshly migrated template.
    pub(crate) async fn start(settings: Settings, python: Python) -> Result<Self> {
        let cluster = Self {
            admin: migrate::pool(&url(&settings, "postgres"))?,
            settings,
            python,
        };
        // The server of an earlier run may still be stopping.
        if postgres::find(&cluster.settings.paths).is_some() {
            cluster.stop("fast").await.ok();
        }
        cluster.up().await?;
        if cluster.set_up()? {
            cluster.stop("fast").await?;
            cluster.up().await?;
        }
        migrate::anew(&cluster.url(TEMPLATE)).await?;
        Ok(cluster)
    }

    /// The server, running.
    pub(crate) async fn up(&self) -> Result<()> {
        let Settings {
            paths, environment, ..
        } = &self.settings;
        postgres::start(paths, environment, &self.python).await?;
        Ok(())
    }

    /// Stops as a power cut does, and starts again.
    pub(crate) async fn crash(&self) -> Result<()> {
        self.stop("immediate").await?;
        self.up().await
    }

    async fn stop(&self, mode: &str) -> Result<()> {
        let mut stop = self
            .settings
            .environment
            .daemon(self.python.program("python"));
        stop.args(["-m", "local_cloud.postgres", "stop"])
            .arg(self.settings.paths.postgres())
            .args(["--mode", mode]);
        let output = child::output(stop).await?;
        if !output.status.success() {
            let words = String::from_utf8_lossy(&output.stderr);
            bail!("PostgreSQL did not stop\n{}", words.trim_end());
        }
        Ok(())
    }

    /// Adds what the harness needs to the server's settings; true when it was not there.
    fn set_up(&self) -> Result<bool> {
        let path = self.settings.paths.postgres().join("postgresql.conf");
        let text = fs::read_to_string(&path)
            .with_context(|| format!("could not read {}", path.display()))?;
        if text.ends_with(SETTINGS) {
            return Ok(false);
        }
        OpenOptions::new()
            .append(true)
            .open(&path)?
            .write_all(format!("\n{SETTINGS}").as_bytes())?;
        Ok(true)
    }

    /// Makes the database of a run: a copy of the template. One that an earlier run left to be looked
    /// at is gone then.
    pub(crate) async fn create(&self, name: &str) -> Result<PgPool> {
        self.remove(name).await?;
        let mut conn = db::acquire(&self.admin).await?;
        database::copy(&mut conn, TEMPLATE, name).await?;
        migrate::pool(&self.url(name))
    }

    /// Removes it again.
    pub(crate) async fn remove(&self, name: &str) -> Result<()> {
        let url = Secret::new(self.url(name));
        database::drop_if_there(&url).await
    }

    /// The address of a database, past every proxy.
    pub(crate) fn url(&self, name: &str) -> String {
        url(&self.settings, name)
    }

    /// The address of the template, for reading its statement statistics.
    pub(crate) fn template_url(&self) -> String {
        self.url(TEMPLATE)
    }

    /// The server's log from now on.
    pub(crate) fn log_mark(&self) -> LogMark {
        LogMark::now(&self.settings.paths)
    }

    /// Where the server's socket lies.
    pub(crate) fn socket(&self) -> std::path::PathBuf {
        self.settings.paths.postgres()
    }
}

impl Drop for Cluster {
    /// Also when the command is interrupted, without waiting for the end.
    fn drop(&mut self) {
        let server = postgres::find(&self.settings.paths);
        let pid = server
            .and_then(|record| i32::try_from(record.pid).ok())
            .and_then(Pid::from_raw);
        if let Some(pid) = pid {
            // It may have ended at this moment.
            let _ = kill_process(pid, Signal::INT);
        }
    }
}

fn url(settings: &Settings, name: &str) -> String {
    let socket = settings.paths.postgres();
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    query.append_pair("host", &socket.to_string_lossy());
    format!("postgresql://postgres@localhost/{name}?{}", query.finish())
}
