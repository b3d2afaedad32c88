//! `cargo local` from outside, as a person runs it.
#![expect(
    clippy::unwrap_used,
    reason = "a test may panic; helpers are not covered by the setting"
)]

mod cargo_lambda;
mod cases;
mod feedback;
mod help;
mod interrupt;
mod lambda;
mod sender;
mod web;

use std::process::Command;
use std::time::{Duration, Instant};

const LIMIT: Duration = Duration::from_secs(120);

/// Our binary, with nothing of the shell but the way to the tools.
fn local() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_local"));
    command.env_remove("DATABASE_URL");
    command
}

/// Asks `condition` until it gives a value; fails, saying what for, when it never does.
#[track_caller]
fn wait_for<T>(what: &str, condition: impl FnMut() -> Option<T>) -> T {
    wait_within(LIMIT, what, condition)
}

#[track_caller]
fn wait_within<T>(limit: Duration, what: &str, mut condition: impl FnMut() -> Option<T>) -> T {
    let begun = Instant::now();
    loop {
        if let Some(value) = condition() {
            return value;
        }
        assert!(begun.elapsed() < limit, "waited for {what}");
        // Only so that the asking does not take the processor from what is waited for.
        std::thread::park_timeout(Duration::from_millis(20));
    }
}
