//! One page over HTTP, asked for again when the service stumbles.

use std::time::Duration;

use backon::{ExponentialBuilder, Retryable};
use serde::Serialize;
use shared::{
    clients::http::{Http, Reply},
    config::Secret,
    telemetry,
};

use super::SourceError;

/// Gets a page; a service that is down or does not answer is asked three times.
pub(super) async fn get(
    http: &Http,
    url: &str,
    query: &(impl Serialize + Sync),
    token: Option<&Secret>,
) -> Result<Reply, SourceError> {
    let attempt = async || match http.get(url, query, token).await {
        Ok(reply) if reply.status.is_server_error() => Err(SourceError::Unavailable(format!(
            "status {}",
            reply.status.as_u16()
        ))),
        Ok(reply) => Ok(reply),
        Err(error) => Err(SourceError::Unavailable(telemetry::chain(&error))),
    };
    let pauses = ExponentialBuilder::default()
        .with_min_delay(Duration::from_millis(200))
        .with_max_times(2)
        .with_jitter();
    attempt.retry(pauses).await
}
