//! The SDK's own clients, pointed at the stand-in.

use aws_config::{BehaviorVersion, Region, SdkConfig, retry::RetryConfig, timeout::TimeoutConfig};
use aws_sdk_ses::config::Credentials;
use simulated::Simulated;
use std::time::Duration;

/// Shorter than any hang, longer than any answer.
pub(crate) const TIMEOUT: Duration = Duration::from_millis(700);

/// A configuration that makes one attempt.
pub(crate) async fn config(stand_ins: &Simulated) -> SdkConfig {
    aws_config::defaults(BehaviorVersion::latest())
        .region(Region::new("us-east-1"))
        .credentials_provider(Credentials::new("test", "test", None, None, "test"))
        .endpoint_url(stand_ins.aws_base())
        .retry_config(RetryConfig::disabled())
        .timeout_config(
            TimeoutConfig::builder()
                .operation_attempt_timeout(TIMEOUT)
                .build(),
        )
        .load()
        .await
}
