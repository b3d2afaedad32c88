//! The AWS clients, with limits below the functions' own.

use std::time::Duration;

use aws_config::{SdkConfig, timeout::TimeoutConfig};

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
