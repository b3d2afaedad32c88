//! One invocation of a function, through Lambda's own API.

use std::process::ExitCode;

use anyhow::{Context as _, Result};
use aws_config::SdkConfig;
use aws_config::retry::RetryConfig;
use aws_sdk_lambda::Client;
use aws_sdk_lambda::primitives::Blob;
use aws_sdk_lambda::types::LogType;
use data_encoding::BASE64;

use crate::cli::InvokeArgs;
use crate::settings::Settings;
use crate::{aws, logs, output};

/// What an invocation came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) payload: String,
    /// `Handled` or `Unhandled` when the function failed.
    pub(crate) error: Option<String>,
    /// The end of its log.
    pub(crate) log: String,
}

/// Invokes as asked; the answer goes to stdout, the log to stderr.
pub(crate) async fn run(settings: &Settings, args: &InvokeArgs) -> Result<ExitCode> {
    let event = match (&args.data_file, &args.data_ascii) {
        (Some(path), _) => std::fs::read_to_string(path)
            .with_context(|| format!("could not read {}", path.display()))?,
        (None, Some(text)) => text.clone(),
        (None, None) => "{}".to_owned(),
    };
    let function = logs::function_name(settings, &args.name)?;
    let answer = call(&aws::config(&settings.paths), &function, event).await?;
    for line in answer.log.lines() {
        output::log(line);
    }
    output::line(&answer.payload);
    Ok(if answer.error.is_some() {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    })
}

/// Invokes the deployed `function` once: an invocation that got no answer is not repeated.
pub(crate) async fn call(aws: &SdkConfig, function: &str, event: String) -> Result<Answer> {
    let config = aws_sdk_lambda::config::Builder::from(aws)
        .retry_config(RetryConfig::disabled())
        .build();
    let called = Client::from_conf(config)
        .invoke()
        .function_name(function)
        .log_type(LogType::Tail)
        .payload(Blob::new(event))
        .send()
        .await
        .with_context(|| format!("could not invoke {function}; is the local cloud up?"))?;
    let payload = called.payload().map_or(&[][..], |payload| payload.as_ref());
    let log = called
        .log_result()
        .and_then(|log| BASE64.decode(log.as_bytes()).ok());
    Ok(Answer {
        payload: String::from_utf8_lossy(payload).into_owned(),
        error: called.function_error().map(str::to_owned),
        log: String::from_utf8_lossy(&log.unwrap_or_default()).into_owned(),
    })
}
