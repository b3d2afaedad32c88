//! Lambda entry point: wiring only. The work is in `sender::handle`.

use lambda_runtime::{Error, LambdaEvent, run, service_fn};
use shared::{config, deadline::Deadline, telemetry};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    telemetry::init(config::variable);
    let config = config::Sender::from_lookup(&config::variable)?;
    let deps = sender::Deps::connect(config).await?;
    let deps = &deps;
    run(service_fn(async |event: LambdaEvent<serde_json::Value>| {
        sender::handle(deps, event.payload, Deadline::of(event.context.deadline())).await
    }))
    .await
}
