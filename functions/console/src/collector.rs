//! The collector, asked to try a source: what it needs to reach one, such as a service's token, stays with it.

use std::time::Duration;

use aws_sdk_lambda::{
    Client, config, config::retry::RetryConfig, config::timeout::TimeoutConfig,
    operation::invoke::InvokeError, primitives::Blob,
};
use serde_json::json;
use shared::{
    clients::aws,
    config::CONSOLE_TIMEOUT,
    telemetry,
    trial::{self, TrialRequest, Tried, Unread},
};
use tokio::sync::OnceCell;

/// More than the collector takes, and less than an answer of ours may: the page is still to be made.
const LONGEST: Duration = Duration::from_secs(trial::LONGEST.as_secs() + 2);
const _: () = assert!(LONGEST.as_secs() < CONSOLE_TIMEOUT.as_secs());

/// Asks the collector: made when somebody first tries a source, since a start must not wait for it.
#[derive(Debug, Default)]
pub(crate) struct Collector(OnceCell<Client>);

impl Collector {
    /// Has it try a source, once: each try of a search is paid for.
    pub(crate) async fn tries(&self, function: &str, wanted: &TrialRequest) -> Tried {
        let client = self.0.get_or_init(client).await;
        let event = Blob::new(json!({ "try": wanted }).to_string());
        let asked = client.invoke().function_name(function).payload(event);
        match asked.send().await {
            Ok(answer) => {
                let payload = answer.payload().map_or(&[][..], Blob::as_ref);
                match (answer.function_error(), serde_json::from_slice(payload)) {
                    (None, Ok(tried)) => tried,
                    (failed, _) => {
                        tracing::error!(failed, "the collector did not try a source");
                        not_asked("failed over it; its log says why")
                    }
                }
            }
            Err(error) => match error.as_service_error() {
                Some(InvokeError::TooManyRequestsException(_)) => {
                    not_asked("is busy; try again in a minute")
                }
                _ => {
                    let error = telemetry::chain(&error);
                    tracing::error!(error, "the collector could not be asked");
                    not_asked("could not be asked; try again in a minute")
                }
            },
        }
    }
}

fn not_asked(why: &str) -> Tried {
    Tried::Unread(Unread {
        of_params: false,
        why: format!("the collector {why}"),
    })
}

async fn client() -> Client {
    let limits = TimeoutConfig::builder()
        .connect_timeout(Duration::from_secs(2))
        .operation_timeout(LONGEST)
        .operation_attempt_timeout(LONGEST)
        .build();
    let config = config::Builder::from(&aws::load().await)
        .retry_config(RetryConfig::disabled())
        .timeout_config(limits);
    Client::from_conf(config.build())
}
