//! One run of the command: its settings, and what it started and must not leave behind.

use std::fs::File;
use std::sync::{Mutex, PoisonError};

use anyhow::{Context as _, Result};

use crate::settings::Settings;
use crate::{cloud, internet, output, postgres, process};

/// The processes of the local cloud.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    Postgres,
    Cloud,
    Internet,
}

impl Part {
    /// In the order in which they are stopped: first whoever uses the others.
    pub(crate) const ALL: [Self; 3] = [Self::Cloud, Self::Internet, Self::Postgres];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Postgres => "PostgreSQL",
            Self::Cloud => "LocalStack",
            Self::Internet => "the stand-in internet",
        }
    }
}

/// One run of the command.
#[derive(Debug)]
pub(crate) struct Session {
    pub(crate) settings: Settings,
    started: Mutex<Vec<Part>>,
}

impl Session {
    pub(crate) fn new(settings: Settings) -> Self {
        Self {
            settings,
            started: Mutex::default(),
        }
    }

    /// Notes that `part` is about to be started, unless it runs: an interrupted run stops it again.
    pub(crate) fn about_to_start(&self, part: Part) {
        let folder = &self.settings.folder;
        let runs = match part {
            Part::Postgres => postgres::find(folder).is_some(),
            Part::Cloud => process::find(folder, cloud::NAME).is_some(),
            Part::Internet => process::find(folder, internet::NAME).is_some(),
        };
        if !runs {
            self.started
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .push(part);
        }
    }

    /// Stops what this run started.
    pub(crate) async fn stop_started(&self) -> Result<()> {
        let started =
            std::mem::take(&mut *self.started.lock().unwrap_or_else(PoisonError::into_inner));
        for part in Part::ALL.into_iter().filter(|part| started.contains(part)) {
            self.stop(part).await?;
        }
        Ok(())
    }

    /// Stops `part`, whoever started it.
    pub(crate) async fn stop(&self, part: Part) -> Result<bool> {
        let folder = &self.settings.folder;
        let stopped = match part {
            Part::Postgres => postgres::stop(folder).await?,
            Part::Cloud => process::stop(folder, cloud::NAME).await?,
            Part::Internet => process::stop(folder, internet::NAME).await?,
        };
        if stopped {
            output::step("Stopped", part.name());
        }
        Ok(stopped)
    }

    /// Waits for another command on the same folder: two that prepare or deploy at once would
    /// undo each other's work. Held until the value is dropped, or the process ends.
    pub(crate) async fn alone(&self) -> Result<File> {
        let folder = &self.settings.folder.root;
        std::fs::create_dir_all(folder)
            .with_context(|| format!("could not make {}", folder.display()))?;
        let lock = File::create(folder.join("lock"))?;
        if lock.try_lock().is_err() {
            output::fresh("Waiting", "for another cargo local on this folder");
            let waiting = tokio::task::spawn_blocking(move || lock.lock().map(|()| lock));
            return Ok(waiting.await??);
        }
        Ok(lock)
    }
}
