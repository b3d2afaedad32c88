//! How long a function takes from its start until it asks for work.

use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use axum::Router;
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use axum::routing::{get, post};
use tokio::net::TcpListener;
use tokio::sync::Notify;

use super::figures::quantile;
use super::processes;
use super::stage::variables;

/// Starts of each function.
const STARTS: usize = 15;
const LIMIT: Duration = Duration::from_secs(20);

/// Starts of one function.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Starts {
    /// Half of them took no longer.
    pub(super) median_ms: f64,
    /// Nine in ten took no longer.
    pub(super) p90_ms: f64,
    /// Most memory held by then, in MB: the median.
    pub(super) memory_mb: f64,
}

/// Starts the function again and again, one process at a time, and stops it when it asks for work.
pub(super) async fn measure(name: &str, binary: &std::path::Path) -> Result<Starts> {
    let asked = Arc::new(Notify::new());
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?.to_string();
    let api = axum::serve(listener, runtime_api(Arc::clone(&asked))).into_future();
    let api = tokio::spawn(api);
    let (mut times, mut memory) = (Vec::new(), Vec::new());
    for _ in 0..STARTS {
        let mut command = Command::new(binary);
        command
            .env_clear()
            .envs(environment(name))
            .envs(variables("postgresql://nobody@127.0.0.1:9/none", |queue| {
                format!("http://127.0.0.1:9/000000000000/{queue}")
            }))
            .env("AWS_LAMBDA_RUNTIME_API", &address)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        let mut command = tokio::process::Command::from(command);
        command.kill_on_drop(true);
        let begun = Instant::now();
        let mut child = command.spawn()?;
        tokio::time::timeout(LIMIT, asked.notified())
            .await
            .with_context(|| format!("the {name} never asked for work"))?;
        times.push(begun.elapsed().as_secs_f64() * 1e3);
        memory.extend(child.id().and_then(processes::peak));
        child.kill().await?;
    }
    api.abort();
    Ok(Starts {
        median_ms: quantile(&mut times, 0.5),
        p90_ms: quantile(&mut times, 0.9),
        memory_mb: quantile(&mut memory, 0.5),
    })
}

/// Notes that it was asked for work, and never gives any.
fn runtime_api(asked: Arc<Notify>) -> Router {
    let next = async move || {
        asked.notify_one();
        std::future::pending::<()>().await;
    };
    let identifier = HeaderName::from_static("lambda-extension-identifier");
    let registered = HeaderMap::from_iter([(identifier, HeaderValue::from_static("bench"))]);
    Router::new()
        .route("/2018-06-01/runtime/invocation/next", get(next))
        .route(
            "/2020-01-01/extension/register",
            post(async move || (registered, "{}")),
        )
        .route(
            "/2020-01-01/extension/event/next",
            get(std::future::pending::<()>),
        )
}

fn environment(name: &str) -> [(&'static str, &str); 13] {
    [
        ("AWS_LAMBDA_FUNCTION_NAME", name),
        ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "256"),
        ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST"),
        ("AWS_LAMBDA_LOG_FORMAT", "JSON"),
        ("AWS_LAMBDA_LOG_GROUP_NAME", "bench"),
        ("AWS_LAMBDA_LOG_STREAM_NAME", "bench"),
        ("AWS_ENDPOINT_URL", "http://127.0.0.1:9"),
        ("AWS_REGION", "us-east-1"),
        ("AWS_ACCESS_KEY_ID", "test"),
        ("AWS_SECRET_ACCESS_KEY", "test"),
        ("AWS_CONFIG_FILE", "/dev/null"),
        ("AWS_SHARED_CREDENTIALS_FILE", "/dev/null"),
        ("AWS_EC2_METADATA_DISABLED", "true"),
    ]
}
