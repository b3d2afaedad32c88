//! Lambda entry point: wiring only. The work is in `web::router`.

use lambda_http::{Error, run};
use shared::{config, telemetry};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    telemetry::init(config::variable);
    let config = config::Web::from_lookup(&config::variable)?;
    run(web::router(web::Deps::new(config)?)).await
}
