//! One run of the command: its settings, what it started, and which other runs work in the same folder.
//!
//! Three locks lie in the folder, each held by a process and let go by the system when that ends:
//! `lock` by a run that prepares or deploys, `testing` by a test run, and `users`, shared, by every run that
//! uses the cloud. What a run started for itself is stopped by the last of its users.

use std::collections::BTreeSet;
use std::fs::{self, File, TryLockError};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use serde::{Deserialize, Serialize};

use crate::settings::Settings;
use crate::{localstack, output, postgres, process, stand_ins, wait};

const POLL: Duration = Duration::from_millis(100);

/// The processes of the local cloud, in the order in which they are stopped: first those that use the
/// others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) enum Part {
    LocalStack,
    StandIns,
    Postgres,
}

impl Part {
    pub(crate) const ALL: [Self; 3] = [Self::LocalStack, Self::StandIns, Self::Postgres];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Postgres => "PostgreSQL",
            Self::LocalStack => "LocalStack",
            Self::StandIns => "the stand-ins",
        }
    }
}

/// One run of the command.
#[derive(Debug)]
pub(crate) struct Session {
    pub(crate) settings: Settings,
    /// Locked, shared, while this run uses the cloud.
    users: Mutex<Option<File>>,
}

impl Session {
    pub(crate) fn new(settings: Settings) -> Self {
        Self {
            settings,
            users: Mutex::default(),
        }
    }

    /// Counts this run among the users of the cloud: what they use is not stopped when another run ends.
    pub(crate) async fn join(&self) -> Result<()> {
        if self.lock_users().is_none() {
            let file = self.lock_file("users")?;
            locked(&file, File::try_lock_shared, "for the local cloud to stop").await?;
            *self.lock_users() = Some(file);
        }
        Ok(())
    }

    /// Notes that `part` is about to be started, unless it runs: it is stopped after its last user, or
    /// stays when [`Self::keep`] says so.
    pub(crate) fn about_to_start(&self, part: Part) -> Result<()> {
        let paths = &self.settings.paths;
        let runs = match part {
            Part::Postgres => postgres::find(paths).is_some(),
            Part::LocalStack => process::find(paths, localstack::NAME).is_some(),
            Part::StandIns => process::find(paths, stand_ins::NAME).is_some(),
        };
        if !runs {
            let mut parts = self.temporary()?;
            parts.insert(part);
            fs::create_dir_all(paths.running())?;
            fs::write(self.temporary_path(), serde_json::to_string(&parts)?)?;
        }
        Ok(())
    }

    /// Lets everything run on after its last user.
    pub(crate) fn keep(&self) -> Result<()> {
        remove_if_there(&self.temporary_path())
    }

    /// Ends this run's use of the cloud. The last user stops what was started to be used only.
    pub(crate) async fn stop_started(&self) -> Result<()> {
        // Taken and let go: two that end at once must not each leave it to the other.
        let Some(file) = self.lock_users().take() else {
            return Ok(());
        };
        drop(file);
        let file = self.lock_file("users")?;
        let parts = self.temporary()?;
        if parts.is_empty() {
            return Ok(());
        }
        if !is_free(file.try_lock())? {
            output::fresh("Running", "on for another cargo local");
            return Ok(());
        }
        for part in parts {
            self.stop(part).await?;
        }
        self.keep()
    }

    /// Stops everything, also what other runs started; false when nothing ran. Fails while another run uses it.
    pub(crate) async fn stop_everything(&self) -> Result<bool> {
        let file = self.lock_file("users")?;
        if !is_free(file.try_lock())? {
            bail!("another cargo local uses this cloud; end that first");
        }
        let mut stopped = false;
        for part in Part::ALL {
            stopped |= self.stop(part).await?;
        }
        self.keep()?;
        Ok(stopped)
    }

    async fn stop(&self, part: Part) -> Result<bool> {
        let paths = &self.settings.paths;
        let stopped = match part {
            Part::Postgres => postgres::stop(paths).await?,
            Part::LocalStack => process::stop(paths, localstack::NAME).await?,
            Part::StandIns => process::stop(paths, stand_ins::NAME).await?,
        };
        if stopped {
            output::step("Stopped", part.name());
        }
        Ok(stopped)
    }

    /// Waits for another command on the same folder: two that prepare or deploy at once would
    /// undo each other's work. Held until the value is dropped, or the process ends.
    pub(crate) async fn alone(&self) -> Result<File> {
        let file = self.lock_file("lock")?;
        locked(
            &file,
            File::try_lock,
            "for another cargo local on this folder",
        )
        .await?;
        Ok(file)
    }

    /// Waits for another test run on the same folder: a test's database is named after the test, so two
    /// runs would drop each other's.
    pub(crate) async fn alone_testing(&self) -> Result<File> {
        let file = self.lock_file("testing")?;
        locked(&file, File::try_lock, "for another test run on this folder").await?;
        Ok(file)
    }

    fn lock_users(&self) -> std::sync::MutexGuard<'_, Option<File>> {
        self.users.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn lock_file(&self, name: &str) -> Result<File> {
        let paths = &self.settings.paths;
        paths.make()?;
        let path = paths.root.join(name);
        File::create(&path).with_context(|| format!("could not write {}", path.display()))
    }

    /// The parts that are stopped after their last user.
    fn temporary(&self) -> Result<BTreeSet<Part>> {
        match fs::read_to_string(self.temporary_path()) {
            Ok(text) => serde_json::from_str(&text)
                .with_context(|| format!("could not read {}", self.temporary_path().display())),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(BTreeSet::new()),
            Err(error) => Err(error.into()),
        }
    }

    fn temporary_path(&self) -> std::path::PathBuf {
        self.settings.paths.running().join("temporary.json")
    }
}

/// Locks `file`, and says once what it waits for.
async fn locked(
    file: &File,
    lock: fn(&File) -> Result<(), TryLockError>,
    what: &str,
) -> Result<()> {
    if is_free(lock(file))? {
        return Ok(());
    }
    output::fresh("Waiting", what);
    wait::until(what, Duration::MAX, POLL, async || {
        Ok(is_free(lock(file))?.then_some(()))
    })
    .await
}

fn is_free(tried: Result<(), TryLockError>) -> std::io::Result<bool> {
    match tried {
        Ok(()) => Ok(true),
        Err(TryLockError::WouldBlock) => Ok(false),
        Err(TryLockError::Error(error)) => Err(error),
    }
}

fn remove_if_there(path: &std::path::Path) -> Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error.into()),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests;
