//! Lambda entry point: wiring only. The work is in `console::router`.

use lambda_http::Error;
use shared::{config, telemetry};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    telemetry::init(config::variable);
    let config = config::Console::from_lookup(&config::variable)?;
    let router = console::router(console::Deps::new(config)?);
    lambda_runtime::run(console::event::handler(router)).await
}
