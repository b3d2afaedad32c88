//! The binary `outreach`: wiring only. The work is in `operator::run`.

use std::process::ExitCode;

#[tokio::main]
async fn main() -> ExitCode {
    operator::main().await
}
