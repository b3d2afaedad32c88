//! Ctrl-C leaves no process behind.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use rustix::process::{Pid, Signal, kill_process, test_kill_process};

use crate::{local, wait_for};

fn pid(number: u32) -> Pid {
    Pid::from_raw(i32::try_from(number).unwrap()).unwrap()
}

/// Whether the process is gone; one that is not reaped yet counts as gone.
fn is_gone(number: u32) -> bool {
    let stat = fs::read_to_string(format!("/proc/{number}/stat")).unwrap_or_default();
    let is_zombie = stat
        .rsplit(')')
        .next()
        .is_some_and(|rest| rest.trim_start().starts_with('Z'));
    is_zombie || test_kill_process(pid(number)).is_err()
}

/// A "Python" that notes its own number and its child's, and never ends by itself.
fn hanging_python(path: &Path, numbers: &Path) {
    let script = format!(
        "#!/bin/sh\nsleep 600 &\necho $$ $! > {}\nwait\n",
        numbers.display()
    );
    fs::write(path, script).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
}

#[test]
fn an_interrupted_start_ends_what_it_started() {
    let root = tempfile::tempdir().unwrap();
    let (python, numbers) = (root.path().join("python3"), root.path().join("numbers"));
    hanging_python(&python, &numbers);
    let mut up = local()
        .arg("up")
        .env("LOCAL_DIR", root.path().join("local"))
        .env("LOCAL_PYTHON", &python)
        .spawn()
        .unwrap();
    let started: Vec<u32> = wait_for("the child to start", || {
        let text = fs::read_to_string(&numbers)
            .ok()
            .filter(|text| text.ends_with('\n'))?;
        Some(
            text.split_whitespace()
                .map(|number| number.parse().unwrap())
                .collect(),
        )
    });
    assert!(started.iter().all(|number| !is_gone(*number)));

    kill_process(pid(up.id()), Signal::INT).unwrap();

    assert_eq!(up.wait().unwrap().code(), Some(130));
    wait_for("the children to be gone", || {
        started.iter().all(|n| is_gone(*n)).then_some(())
    });
}
