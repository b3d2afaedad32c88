//! Processes that outlive the command: each in a group of its own, with a record of its identity.
//!
//! A number alone is no identity: after a crash or a reboot it may belong to another process. The
//! record keeps the start time too, and only a process that matches both is ours to stop.

use std::fs::{self, File};
use std::io::{Read as _, Seek as _, SeekFrom};
use std::net::{Ipv4Addr, TcpListener};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context as _, Result, anyhow, bail};
use rustix::process::{Pid, Signal, kill_process_group};
use serde::{Deserialize, Serialize};
use sysinfo::{ProcessRefreshKind, ProcessStatus, ProcessesToUpdate, System};

use crate::paths::Paths;
use crate::{output, wait};

/// How long a process may take to end itself before it is ended.
const TIMEOUT: Duration = Duration::from_secs(10);
const MOMENT: Duration = Duration::from_secs(1);
const POLL: Duration = Duration::from_millis(50);
const TAIL_BYTES: i64 = 2_000;

/// The identity of a process of the local cloud.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Record {
    pub(crate) pid: u32,
    /// Seconds since the epoch, as the system reports it.
    pub(crate) started_at: u64,
    /// What it was started with: a process started with something else is replaced.
    pub(crate) fingerprint: String,
}

impl Record {
    /// Whether the process lives and is the one that was started, not a later one of its number.
    pub(crate) fn is_alive(&self) -> bool {
        started_at(self.pid) == Some(self.started_at)
    }
}

/// The living process called `name`, if there is one.
pub(crate) fn find(paths: &Paths, name: &str) -> Option<Record> {
    let text = fs::read_to_string(record_path(paths, name)).ok()?;
    serde_json::from_str(&text).ok().filter(Record::is_alive)
}

/// Starts `command` as the process called `name`; what it prints goes to its log.
pub(crate) fn start(
    paths: &Paths,
    name: &str,
    mut command: Command,
    fingerprint: &str,
) -> Result<Record> {
    use std::os::unix::process::CommandExt as _;

    let log_path = paths.log(name);
    fs::create_dir_all(log_path.parent().unwrap_or(&paths.root))?;
    fs::create_dir_all(paths.running())?;
    let log = File::create(&log_path)
        .with_context(|| format!("could not write {}", log_path.display()))?;
    let program = command.get_program().to_owned();
    let child = command
        .stdin(Stdio::null())
        .stdout(log.try_clone()?)
        .stderr(log)
        .process_group(0)
        .spawn()
        .with_context(|| format!("could not start {}", program.display()))?;
    let pid = child.id();
    let record = started_at(pid).map(|started_at| Record {
        pid,
        started_at,
        fingerprint: fingerprint.to_owned(),
    });
    let record = record.ok_or_else(|| died(paths, name))?;
    let text = serde_json::to_string(&record)?;
    fs::write(record_path(paths, name), text).inspect_err(|_| signal(&record, Signal::KILL))?;
    Ok(record)
}

/// Stops the process called `name` and what it started; false when none runs.
pub(crate) async fn stop(paths: &Paths, name: &str) -> Result<bool> {
    let found = find(paths, name);
    if let Some(record) = &found {
        end(name, record, Signal::TERM).await?;
    }
    match fs::remove_file(record_path(paths, name)) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error.into()),
        _ => Ok(found.is_some()),
    }
}

/// Asks a living process to end, and ends its group by force when it does not.
pub(crate) async fn end(name: &str, record: &Record, ask: Signal) -> Result<()> {
    signal(record, ask);
    let gone = async || Ok((!record.is_alive()).then_some(()));
    if wait::until("it to end", TIMEOUT, POLL, gone).await.is_err() {
        output::warning(format_args!(
            "{name} (pid {}) did not end when asked",
            record.pid
        ));
        signal(record, Signal::KILL);
        wait::until("it to be ended", TIMEOUT, POLL, gone)
            .await
            .with_context(|| format!("could not stop {name} (pid {})", record.pid))?;
    }
    // What it started may ignore the request that it obeyed itself.
    if let Some(group) = group(record) {
        let _ = kill_process_group(group, Signal::KILL);
    }
    Ok(())
}

/// The error of a process that ended by itself, with the end of its log.
pub(crate) fn died(paths: &Paths, name: &str) -> anyhow::Error {
    let log = paths.log(name);
    let words = tail(&log).unwrap_or_default();
    anyhow!(
        "{name} ended by itself; the end of {}:\n{}",
        paths.shown(&log),
        words.trim_end()
    )
}

/// Fails, naming `variable`, when another process listens on `port`.
///
/// A process that was just stopped may hold it for a moment longer: its first thread is seen to end
/// before the last one has.
pub(crate) async fn check_free(port: u16, variable: &str) -> Result<()> {
    let free = async || match TcpListener::bind((Ipv4Addr::LOCALHOST, port)) {
        Ok(_) => Ok(Some(())),
        Err(error) if error.kind() == std::io::ErrorKind::AddrInUse => Ok(None),
        Err(error) => Err(error).with_context(|| format!("could not listen on port {port}")),
    };
    match wait::until("the port", MOMENT, POLL, free).await {
        Err(error) if !error.root_cause().is::<std::io::Error>() => bail!(
            "port {port} is busy: another program listens on 127.0.0.1:{port}.\n\
             Stop it (a local cloud of another checkout: `cargo local down` there), or choose \
             another port with {variable}=…"
        ),
        free => free,
    }
}

/// The end of a text file, from the start of a line.
pub(crate) fn tail(path: &Path) -> Result<String> {
    let mut file = File::open(path)?;
    let from_start = file.seek(SeekFrom::End(-TAIL_BYTES)).is_err();
    if from_start {
        file.rewind()?;
    }
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes)?;
    let text = String::from_utf8_lossy(&bytes);
    let whole = if from_start {
        &*text
    } else {
        text.split_once('\n').map_or("", |(_, rest)| rest)
    };
    Ok(whole.to_owned())
}

/// When the living process with this number was started; a zombie does not live.
pub(crate) fn started_at(pid: u32) -> Option<u64> {
    let pid = sysinfo::Pid::from_u32(pid);
    let mut system = System::new().ok()?;
    let wanted = ProcessesToUpdate::Some(&[pid]);
    system.refresh_processes_specifics(wanted, true, ProcessRefreshKind::nothing());
    system
        .process(pid)
        .filter(|process| process.status() != ProcessStatus::Zombie)
        .map(sysinfo::Process::start_time)
}

fn signal(record: &Record, signal: Signal) {
    if let Some(group) = group(record).filter(|_| record.is_alive()) {
        // It may have ended since: whether it is gone is asked afterwards, not concluded from this.
        let _ = kill_process_group(group, signal);
    }
}

fn group(record: &Record) -> Option<Pid> {
    i32::try_from(record.pid).ok().and_then(Pid::from_raw)
}

fn record_path(paths: &Paths, name: &str) -> std::path::PathBuf {
    paths.running().join(format!("{name}.json"))
}

#[cfg(test)]
mod tests;
