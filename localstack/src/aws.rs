//! Clients of the local cloud, and of nothing else.
//!
//! Endpoint, region and keys are written here rather than read from the environment chain, and the
//! connector speaks plain HTTP only: no endpoint of AWS itself could be reached through it.

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_sqs::config::{Credentials, SharedCredentialsProvider};

use crate::environment::{DUMMY_KEY, REGION};
use crate::paths::Paths;

/// What every client of LocalStack is built from.
pub(crate) fn config(paths: &Paths) -> SdkConfig {
    let keys = Credentials::new(DUMMY_KEY, DUMMY_KEY, None, None, "local cloud");
    SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .endpoint_url(paths.localstack_url())
        .region(Region::from_static(REGION))
        .credentials_provider(SharedCredentialsProvider::new(keys))
        .http_client(aws_smithy_http_client::Builder::new().build_http())
        .build()
}

/// The HTTP client for what has no SDK; it knows no proxy.
pub(crate) fn http() -> reqwest::Result<reqwest::Client> {
    reqwest::Client::builder().no_proxy().build()
}
