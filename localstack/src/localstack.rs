//! LocalStack: the AWS services of the template, as one process.

use std::process::Command;
use std::time::Duration;

use anyhow::Result;
use data_encoding::HEXLOWER;
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use crate::environment::Environment;
use crate::paths::Paths;
use crate::python::Python;
use crate::{aws, process, wait};

/// The name of its record and log.
pub(crate) const NAME: &str = "localstack";

const SERVICES: &str =
    "sqs,ses,sns,events,cloudformation,lambda,iam,sts,s3,logs,cloudwatch,secretsmanager,ssm";
/// As `python -m localstack.runtime.main`, but its server reads the port of `GATEWAY_LISTEN` only and
/// would listen on every interface.
const START: &str = "
from functools import partial
from twisted.internet import endpoints
endpoints.TCP4ServerEndpoint = partial(endpoints.TCP4ServerEndpoint, interface='127.0.0.1')
from localstack.runtime.main import main
main()
";

const START_LIMIT: Duration = Duration::from_secs(90);
const POLL: Duration = Duration::from_millis(200);

/// Starts LocalStack without waiting for it; false when it runs already.
///
/// One that runs with other tools than those prepared is replaced.
pub(crate) async fn start(
    paths: &Paths,
    environment: &Environment,
    python: &Python,
) -> Result<bool> {
    let fingerprint = fingerprint(paths, python);
    match process::find(paths, NAME) {
        Some(record) if record.fingerprint == fingerprint => return Ok(false),
        Some(_) => process::stop(paths, NAME).await?,
        None => false,
    };
    process::check_free(paths.localstack_port, "LOCAL_CLOUD_PORT").await?;
    std::fs::create_dir_all(paths.localstack())?;
    process::start(
        paths,
        NAME,
        command(paths, environment, python),
        &fingerprint,
    )?;
    Ok(true)
}

/// Waits until it answers.
pub(crate) async fn until_ready(paths: &Paths) -> Result<()> {
    wait::until("LocalStack to answer", START_LIMIT, POLL, async || {
        if process::find(paths, NAME).is_none() {
            return Err(process::died(paths, NAME));
        }
        Ok(is_ready(paths).await.then_some(()))
    })
    .await
}

/// Whether LocalStack answers there.
pub(crate) async fn is_ready(paths: &Paths) -> bool {
    health(paths)
        .await
        .is_ok_and(|health| health.get("version").is_some())
}

async fn health(paths: &Paths) -> reqwest::Result<Value> {
    let url = format!("{}/_localstack/health", paths.localstack_url());
    aws::http()?
        .get(url)
        .timeout(Duration::from_secs(2))
        .send()
        .await?
        .json()
        .await
}

fn command(paths: &Paths, environment: &Environment, python: &Python) -> Command {
    let mut command = environment.daemon(python.program("python"));
    command
        .args(["-c", START])
        .current_dir(paths.localstack())
        .envs(variables(paths));
    command
}

/// Whatever changes one of these changes LocalStack: it is then started anew.
fn fingerprint(paths: &Paths, python: &Python) -> String {
    let mut hash = Sha256::new_with_prefix(format!("{}{START}", python.stamp));
    for (name, value) in variables(paths) {
        hash.update(format!("{name}={value}\n"));
    }
    HEXLOWER.encode(&hash.finalize())
}

fn variables(paths: &Paths) -> [(&'static str, String); 18] {
    let here = format!("127.0.0.1:{}", paths.localstack_port);
    let files = paths.localstack().to_string_lossy().into_owned();
    let on = || "1".to_owned();
    [
        ("GATEWAY_LISTEN", here),
        // Names that it returns mean this machine without being looked up. A function's URL puts
        // its id before the name, which an address would not bear.
        (
            "LOCALSTACK_HOST",
            format!("localhost:{}", paths.localstack_port),
        ),
        ("SQS_ENDPOINT_STRATEGY", "path".to_owned()),
        // One check of origins for every service; `origins.py` says what a function's URL is spared.
        ("DISABLE_CUSTOM_CORS_S3", on()),
        ("DISABLE_CUSTOM_CORS_APIGATEWAY", on()),
        ("FILESYSTEM_ROOT", files),
        ("SERVICES", SERVICES.to_owned()),
        ("EAGER_SERVICE_LOADING", "0".to_owned()),
        // Inside a container it would otherwise take itself for its own image.
        ("OVERRIDE_IN_DOCKER", "0".to_owned()),
        // Sent mails then lie where neither a stop nor a start deletes them.
        ("PERSISTENCE", on()),
        // No usage reports, no certificate, no name server: nothing leaves the machine.
        ("DISABLE_EVENTS", on()),
        ("SKIP_SSL_CERT_DOWNLOAD", on()),
        ("DNS_ADDRESS", "0".to_owned()),
        ("LAMBDA_RUNTIME_EXECUTOR", "process".to_owned()),
        // The defaults drain a queue at 9 messages a second.
        (
            "LAMBDA_EVENT_SOURCE_MAPPING_POLL_INTERVAL_SEC",
            "0.01".to_owned(),
        ),
        (
            "LAMBDA_EVENT_SOURCE_MAPPING_MAX_BACKOFF_ON_EMPTY_POLL_SEC",
            "0.5".to_owned(),
        ),
        (
            "LAMBDA_EVENT_SOURCE_MAPPING_MAX_BACKOFF_ON_ERROR_SEC",
            "2".to_owned(),
        ),
        // Whether it knows a type it would look up on the network. What it does not know it takes
        // for created; the deploy looks for that itself.
        ("CFN_IGNORE_UNSUPPORTED_RESOURCE_TYPES", on()),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The origin is all that keeps web pages away from its API, and any page can have the origin `null`.
    #[test]
    fn localstack_is_told_no_further_origins() {
        let paths = Paths::from_lookup(std::path::Path::new("/checkout"), &|_| None).unwrap();
        for (name, value) in variables(&paths) {
            let widens = name.contains("CORS") && !name.starts_with("DISABLE_CUSTOM_CORS_");
            assert!(!widens, "{name}={value}");
        }
    }
}
