//! Lambda entry point: wiring only. The work is in `feedback::handle`.

use lambda_runtime::{Error, LambdaEvent, run, service_fn};
use shared::{config, telemetry};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    telemetry::init(config::variable);
    let config = config::Feedback::from_lookup(&config::variable)?;
    let deps = feedback::Deps::connect(config).await?;
    let deps = &deps;
    run(service_fn(async |event: LambdaEvent<serde_json::Value>| {
        feedback::handle(deps, event.payload).await
    }))
    .await
}
