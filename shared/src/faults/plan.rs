//! What happens where, read once from the environment.

use std::{
    collections::HashMap,
    path::PathBuf,
    sync::{Mutex, OnceLock, PoisonError},
    time::Duration,
};

use crate::config::variable;

/// What happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Action {
    Error,
    Delay(Duration),
    Panic,
    Abort,
    DropConnection,
}

/// One entry of `FAULTS`.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Entry {
    point: String,
    action: Action,
    /// At which passing, from 1.
    passing: u64,
    /// As it was written, for the file in `FAULTS_ONCE`.
    text: String,
}

/// Everything that is to happen, and what was passed already.
#[derive(Debug)]
pub(super) struct Plan {
    entries: Vec<Entry>,
    once: Option<PathBuf>,
    passed: Mutex<HashMap<&'static str, u64>>,
}

impl Plan {
    /// This process's.
    pub(super) fn of_this_process() -> &'static Self {
        static PLAN: OnceLock<Plan> = OnceLock::new();
        PLAN.get_or_init(|| Self {
            entries: read(&variable("FAULTS").unwrap_or_default()),
            once: variable("FAULTS_ONCE").map(PathBuf::from),
            passed: Mutex::default(),
        })
    }

    /// Counts a passing and says what happens at it.
    pub(super) fn pass(&self, point: &'static str) -> Option<Action> {
        let mut passed = self.passed.lock().unwrap_or_else(PoisonError::into_inner);
        let passing = passed.entry(point).or_default();
        *passing += 1;
        // Of several entries for one passing, each process takes one.
        let mut due = self
            .entries
            .iter()
            .filter(|entry| entry.point == point && entry.passing == *passing);
        due.find(|entry| self.is_first(&entry.text))
            .map(|entry| entry.action)
    }

    /// Whether no other process was here before us: only one can make the file.
    fn is_first(&self, text: &str) -> bool {
        let Some(folder) = &self.once else {
            return true;
        };
        let file = folder.join(text.replace('/', "-"));
        std::fs::File::create_new(file).is_ok()
    }
}

/// Entries that cannot be read are left out: the harness finds that nothing happened.
fn read(text: &str) -> Vec<Entry> {
    text.split(',')
        .filter_map(|entry| parse(entry.trim()))
        .collect()
}

fn parse(text: &str) -> Option<Entry> {
    let (point, rest) = text.split_once('=')?;
    let (action, passing) = match rest.split_once('@') {
        Some((action, passing)) => (action, passing.parse().ok()?),
        None => (rest, 1),
    };
    let action = match action.split_once(':') {
        Some(("delay", millis)) => Action::Delay(Duration::from_millis(millis.parse().ok()?)),
        Some(_) => return None,
        None => match action {
            "error" => Action::Error,
            "panic" => Action::Panic,
            "abort" => Action::Abort,
            "drop-connection" => Action::DropConnection,
            _ => return None,
        },
    };
    Some(Entry {
        point: point.to_owned(),
        action,
        passing,
        text: text.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(text: &str, once: Option<PathBuf>) -> Plan {
        Plan {
            entries: read(text),
            once,
            passed: Mutex::default(),
        }
    }

    #[test]
    fn an_entry_happens_at_its_passing_and_at_no_other() {
        let plan = plan("a=abort@2, b=delay:300, a=error@4", None);
        let passed: Vec<_> = (0..5).map(|_| plan.pass("a")).collect();
        let expected = [None, Some(Action::Abort), None, Some(Action::Error), None];
        assert_eq!(passed, expected);
        let wait = Duration::from_millis(300);
        assert_eq!(plan.pass("b"), Some(Action::Delay(wait)));
        assert_eq!((plan.pass("b"), plan.pass("c")), (None, None));
    }

    #[test]
    fn what_cannot_be_read_never_happens() {
        for text in [
            "",
            "a",
            "a=",
            "a=explode",
            "a=delay:soon",
            "a=abort@x",
            "a=wait:3",
        ] {
            assert_eq!(plan(text, None).pass("a"), None, "{text}");
        }
    }

    #[test]
    fn with_a_folder_it_happens_to_one_process_only() {
        let folder = std::env::temp_dir().join(format!("faults-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let process = || plan("a=panic@1,a=abort@1", Some(folder.clone()));
        let passed: Vec<_> = (0..3).map(|_| process().pass("a")).collect();
        assert_eq!(passed, [Some(Action::Panic), Some(Action::Abort), None]);
        assert!(folder.join("a=panic@1").exists());
        std::fs::remove_dir_all(folder).unwrap();
    }
}
