//! Processor time and memory of processes, as the kernel counts them. Linux only.

use std::collections::BTreeMap;
use std::fs;

use anyhow::{Result, bail};

use crate::postgres;
use crate::settings::Settings;

/// Ticks a second in `/proc`, on every Linux.
const TICKS: f64 = 100.0;
/// The thread of the stand-ins, by the name that they give it.
const STAND_INS: &str = "simulated";

/// A process or thread, from `/proc/…/stat`.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Task {
    name: String,
    parent: u32,
    ticks: u64,
    /// Of children that ended and were waited for.
    reaped: u64,
}

/// Processor seconds used so far.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Cpu {
    /// By function, over its processes that are alive.
    pub(super) functions: BTreeMap<String, f64>,
    /// The server with all its processes.
    pub(super) postgres: f64,
    /// The thread that answers as SES, SQS and the model.
    pub(super) stand_ins: f64,
    /// The rest of this process, which is the Lambda service.
    pub(super) service: f64,
}

impl Cpu {
    /// Used until now.
    ///
    /// # Errors
    /// Where there is no `/proc`, or no PostgreSQL.
    pub(super) fn now(settings: &Settings) -> Result<Self> {
        let me = std::process::id();
        let Some(postmaster) = postgres::find(&settings.paths) else {
            bail!("PostgreSQL does not run");
        };
        let postmaster = postmaster.pid;
        let mut cpu = Self::default();
        for (pid, task) in tasks("/proc") {
            if pid == postmaster || task.parent == postmaster {
                cpu.postgres += seconds(task.ticks);
            }
            if pid == postmaster {
                cpu.postgres += seconds(task.reaped);
            }
            if pid == me {
                cpu.service = seconds(task.ticks);
            }
            if task.parent == me
                && let Some(function) = function(pid)
            {
                *cpu.functions.entry(function).or_default() += seconds(task.ticks);
            }
        }
        for (_, thread) in tasks("/proc/self/task") {
            if thread.name == STAND_INS {
                cpu.stand_ins += seconds(thread.ticks);
            }
        }
        if cpu.service == 0.0 {
            bail!("processor time is read from /proc, which only Linux has");
        }
        cpu.service -= cpu.stand_ins;
        Ok(cpu)
    }

    /// Used since `earlier`.
    pub(super) fn since(&self, earlier: &Self) -> Self {
        let before = |name: &str| earlier.functions.get(name).copied().unwrap_or_default();
        let functions = self.functions.iter();
        Self {
            functions: functions
                .map(|(name, used)| (name.clone(), used - before(name)))
                .collect(),
            postgres: self.postgres - earlier.postgres,
            stand_ins: self.stand_ins - earlier.stand_ins,
            service: self.service - earlier.service,
        }
    }

    /// Of all functions together.
    pub(super) fn of_functions(&self) -> f64 {
        self.functions.values().sum()
    }
}

/// Most memory that a process of each function ever held, in MB.
pub(super) fn peaks() -> BTreeMap<String, f64> {
    let me = std::process::id();
    let mut peaks = BTreeMap::new();
    for (pid, task) in tasks("/proc") {
        if task.parent == me
            && let (Some(function), Some(peak)) = (function(pid), peak(pid))
        {
            let most: &mut f64 = peaks.entry(function).or_default();
            *most = most.max(peak);
        }
    }
    peaks
}

/// Most memory that this process ever held, in MB.
pub(super) fn peak(pid: u32) -> Option<f64> {
    high_water(&fs::read_to_string(format!("/proc/{pid}/status")).ok()?)
}

/// The function whose `NAME/bootstrap` this process runs.
fn function(pid: u32) -> Option<String> {
    let binary = fs::read_link(format!("/proc/{pid}/exe")).ok()?;
    let folder = binary.parent()?.file_name()?;
    (binary.file_name()? == "bootstrap").then(|| folder.to_string_lossy().into_owned())
}

fn tasks(folder: &str) -> Vec<(u32, Task)> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries
        .filter_map(|entry| {
            let pid = entry.file_name().to_str()?.parse().ok()?;
            // It may be gone by now.
            let stat = fs::read_to_string(entry.path().join("stat")).ok()?;
            Some((pid, task(&stat)?))
        })
        .collect()
}

/// The name stands in parentheses and may hold any character.
fn task(stat: &str) -> Option<Task> {
    let (head, tail) = stat.rsplit_once(')')?;
    let fields: Vec<&str> = tail.split_whitespace().collect();
    // Counted from the state, which is field 3.
    let field = |number: usize| fields.get(number - 3)?.parse::<u64>().ok();
    Some(Task {
        name: head.split_once('(')?.1.to_owned(),
        parent: u32::try_from(field(4)?).ok()?,
        ticks: field(14)? + field(15)?,
        reaped: field(16)? + field(17)?,
    })
}

fn high_water(status: &str) -> Option<f64> {
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kib: u32 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(f64::from(kib) * 1024.0 / 1e6)
}

fn seconds(ticks: u64) -> f64 {
    f64::from(u32::try_from(ticks).unwrap_or(u32::MAX)) / TICKS
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn proc_stat_lines_are_parsed() {
        let stat = "812 (a (odd) name) S 7 812 812 0 -1 4194560 100 200 0 0 31 12 5 6 20 0 1 0 99";
        let expected = Task {
            name: "a (odd) name".to_owned(),
            parent: 7,
            ticks: 43,
            reaped: 11,
        };
        assert_eq!(task(stat), Some(expected));
        assert_eq!(task("812 (short) S 7"), None);
        let status = "Name:\tbootstrap\nVmPeak:\t  999 kB\nVmHWM:\t   12500 kB\n";
        assert_eq!(high_water(status), Some(12.8));
        assert_eq!(high_water("Name:\tkthread\n"), None);
    }

    #[test]
    fn only_usage_between_readings_counts() {
        let cpu = |sender: f64, postgres: f64| Cpu {
            functions: [("sender".to_owned(), sender)].into(),
            postgres,
            ..Cpu::default()
        };
        let used = cpu(3.0, 2.5).since(&cpu(1.0, 0.5));
        assert_eq!(used, cpu(2.0, 2.0));
        assert_eq!(cpu(3.0, 2.5).since(&Cpu::default()).of_functions(), 3.0);
    }
}
