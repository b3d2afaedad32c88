//! `outreach` from outside, as an operator runs it.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test may panic; helpers are not covered by the setting"
)]

mod campaign;
mod commands;
mod doctor;
mod help;
mod migrate;
mod server;
mod smoke;
mod source;

use std::process::Command;

/// The binary, without the shell's own stack.
fn outreach() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_outreach"));
    command.env_remove("OPERATOR_DATABASE_URL");
    command.env_remove("OPERATOR_STACK");
    command
}
