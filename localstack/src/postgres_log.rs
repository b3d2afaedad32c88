//! What the PostgreSQL server wrote to its log while a command ran. A deadlock there is a defect even
//! when the function that lost a transaction has run it again.

use std::fs::File;
use std::io::{ErrorKind, Read as _, Seek as _, SeekFrom};
use std::path::PathBuf;

use anyhow::{Context as _, Result, bail};

use crate::paths::Paths;

/// What PostgreSQL writes when it ends a transaction for another.
const DEADLOCK: &str = "deadlock detected";

/// The part of a server's log that is written from a moment on.
#[derive(Debug, Clone)]
pub(crate) struct LogMark {
    path: PathBuf,
    offset: u64,
}

impl LogMark {
    /// From now on, in the log of the server in this folder.
    pub(crate) fn now(paths: &Paths) -> Self {
        let path = paths.postgres().join("log");
        // No log yet: the server will begin one.
        let offset = std::fs::metadata(&path).map_or(0, |file| file.len());
        Self { path, offset }
    }

    /// Fails with the entries of every deadlock since the mark: who waited for whom, and with which
    /// statement.
    pub(crate) fn refuse_deadlocks(&self) -> Result<()> {
        let deadlocks = self.deadlocks()?;
        match deadlocks.len() {
            0 => Ok(()),
            count => bail!(
                "PostgreSQL's log ({}) holds `{DEADLOCK}` {count} times\n{}",
                self.path.display(),
                deadlocks.join("\n")
            ),
        }
    }

    /// The entry of each deadlock since the mark.
    pub(crate) fn deadlocks(&self) -> Result<Vec<String>> {
        let reading = || format!("could not read {}", self.path.display());
        let mut file = match File::open(&self.path) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
            file => file.with_context(reading)?,
        };
        // A log that is shorter than it was is another one.
        let length = file.metadata().with_context(reading)?.len();
        let offset = if length < self.offset { 0 } else { self.offset };
        file.seek(SeekFrom::Start(offset)).with_context(reading)?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).with_context(reading)?;
        Ok(deadlocks_in(&String::from_utf8_lossy(&bytes)))
    }
}

/// Each deadlock's own line with its detail, context and statement, which continue it.
fn deadlocks_in(log: &str) -> Vec<String> {
    let mut entries = Vec::<String>::new();
    let mut inside = false;
    for line in log.lines() {
        let begins = ["ERROR:", "LOG:", "FATAL:", "WARNING:", "PANIC:", "NOTICE:"];
        if begins.iter().any(|word| line.contains(word)) {
            inside = line.contains("ERROR:") && line.contains(DEADLOCK);
            if inside {
                entries.push(line.to_owned());
            }
        } else if let (true, Some(entry)) = (inside, entries.last_mut()) {
            entry.push('\n');
            entry.push_str(line);
        }
    }
    entries
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    const DEADLOCK_ENTRY: &str = "\
2026-01-05 10:00:00.000 UTC [7] ERROR:  deadlock detected
2026-01-05 10:00:00.000 UTC [7] DETAIL:  Process 7 waits for ShareLock on transaction 9; blocked by process 8.
	Process 8 waits for ShareLock on transaction 10; blocked by process 7.
2026-01-05 10:00:00.000 UTC [7] STATEMENT:  update sends set state = 'sent'
";
    const OTHERS: &str = "\
2026-01-05 10:00:00.000 UTC [8] LOG:  checkpoint starting: time
2026-01-05 10:00:01.000 UTC [8] ERROR:  canceling statement due to user request
2026-01-05 10:00:01.000 UTC [8] STATEMENT:  select 'deadlock detected'
";

    fn mark(folder: &Path) -> LogMark {
        let paths = Paths::from_lookup(folder, &|_| None).unwrap();
        std::fs::create_dir_all(paths.postgres()).unwrap();
        LogMark::now(&paths)
    }

    #[track_caller]
    fn write(mark: &LogMark, text: &str) {
        std::fs::write(&mark.path, text).unwrap();
    }

    #[test]
    fn deadlock_entry_keeps_detail_and_statement() {
        let found = deadlocks_in(&[OTHERS, DEADLOCK_ENTRY, OTHERS].concat());
        assert_eq!(found, [DEADLOCK_ENTRY.trim_end()]);
    }

    #[test]
    fn mark_ignores_what_was_logged_before() {
        let folder = tempfile::tempdir().unwrap();
        let before = mark(folder.path());
        before.refuse_deadlocks().unwrap();
        write(&before, DEADLOCK_ENTRY);
        let after = mark(folder.path());
        assert!(before.refuse_deadlocks().is_err());
        after.refuse_deadlocks().unwrap();
        write(&after, &[DEADLOCK_ENTRY, OTHERS, DEADLOCK_ENTRY].concat());
        assert_eq!(after.deadlocks().unwrap().len(), 1);
    }

    #[test]
    fn shorter_log_is_read_from_its_start() {
        let folder = tempfile::tempdir().unwrap();
        let first = mark(folder.path());
        write(&first, &OTHERS.repeat(10));
        let later = mark(folder.path());
        write(&later, DEADLOCK_ENTRY);
        assert_eq!(later.deadlocks().unwrap().len(), 1);
    }
}
