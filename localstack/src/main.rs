//! The binary behind `cargo local`: wiring only. The work is in `local::run`.

use std::process::ExitCode;

#[tokio::main]
async fn main() -> ExitCode {
    local::run().await
}
