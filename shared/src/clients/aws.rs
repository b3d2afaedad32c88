//! The AWS clients, with limits below the functions' own.

use std::{error::Error, fmt, time::Duration};

use aws_config::{SdkConfig, timeout::TimeoutConfig};
use aws_sdk_sqs::error::{ProvideErrorMetadata, SdkError};

use crate::telemetry;

/// Longest wait for one attempt at an AWS API. SES answers in well under a second; with this limit
/// a sender's batch settles long before its function's timeout.
pub const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(5);

/// Reads region, credentials and endpoint the standard way. Nothing is contacted yet.
pub async fn load() -> SdkConfig {
    let timeouts = TimeoutConfig::builder()
        .connect_timeout(Duration::from_secs(2))
        .operation_attempt_timeout(ATTEMPT_TIMEOUT)
        .build();
    aws_config::from_env().timeout_config(timeouts).load().await
}

/// Why AWS did not do what it was asked: its code, or what kept the question from it.
pub fn failure<E, R>(error: &SdkError<E, R>) -> String
where
    E: ProvideErrorMetadata + Error + 'static,
    R: fmt::Debug,
{
    let code = error.code().map(str::to_owned);
    code.unwrap_or_else(|| {
        // Where credentials were looked for takes many lines.
        let chain = telemetry::chain(error);
        chain.lines().next().unwrap_or_default().to_owned()
    })
}
