//! The log: one line per event, filtered by field, without personal data.

use std::{
    error::Error,
    io::{self, Write as _},
};

use chrono::{DateTime, Utc};
use lambda_runtime::Diagnostic;
use serde_json::{Map, Value, json};
use tracing_subscriber::{EnvFilter, fmt};

/// Starts logging to standard output, as Lambda expects it.
///
/// `AWS_LAMBDA_LOG_LEVEL`, else `RUST_LOG`, sets the level (info without either);
/// `AWS_LAMBDA_LOG_FORMAT=JSON` the format. Lambda adds the time itself.
pub fn init(variable: impl Fn(&str) -> Option<String>) {
    let level = variable("AWS_LAMBDA_LOG_LEVEL").or_else(|| variable("RUST_LOG"));
    let filter = EnvFilter::try_new(level.as_deref().unwrap_or("info"))
        .unwrap_or_else(|_| EnvFilter::new("info"));
    // Below these levels the crates log what they send and receive: texts and addresses.
    let filter = [
        "async_openai=off",
        "aws_smithy_runtime=info",
        "hyper_util=info",
        "lambda_runtime=debug",
        "sqlx=warn",
    ]
    .into_iter()
    .filter_map(|directive| directive.parse().ok())
    .fold(filter, EnvFilter::add_directive);
    let log = fmt()
        .with_env_filter(filter)
        .with_target(false)
        .without_time();
    // A second call, as in tests, leaves the first subscriber in place.
    let _ = if variable("AWS_LAMBDA_LOG_FORMAT").is_some_and(|f| f.eq_ignore_ascii_case("json")) {
        log.json().with_current_span(false).try_init()
    } else {
        log.with_ansi(false).try_init()
    };
}

/// What Lambda reports of an error: its type and variant (`SendError::Database`), so that one can tell
/// failures apart, and its whole chain.
pub fn diagnostic<E: Error>(error: &E) -> Diagnostic {
    let path = std::any::type_name::<E>();
    let name = path.rsplit("::").next().unwrap_or(path);
    let debug = format!("{error:?}");
    let variant = debug
        .split(|c: char| !c.is_alphanumeric())
        .next()
        .unwrap_or_default();
    Diagnostic {
        error_type: format!("{name}::{variant}"),
        error_message: chain(error),
    }
}

/// Writes counts to the log, where CloudWatch makes them metrics of this namespace. A log that cannot be
/// written loses them, as it would any line.
pub fn report_metrics(namespace: &str, counts: &[(&str, i64)], now: DateTime<Utc>) {
    let line = metrics_line(namespace, counts, now);
    let _ = writeln!(io::stdout().lock(), "{line}");
}

/// One line in CloudWatch's embedded metric format, without dimensions:
/// <https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html>.
///
/// Lambda passes a line that is JSON already on as it is, and drops what is below the log level that is
/// set; a line without a level would be of level info. So a count above zero is an error.
fn metrics_line(namespace: &str, counts: &[(&str, i64)], now: DateTime<Utc>) -> Value {
    let is_error = counts.iter().any(|(_, count)| *count > 0);
    let metrics: Vec<Value> = counts
        .iter()
        .map(|(name, _)| json!({"Name": name, "Unit": "Count"}))
        .collect();
    let mut line: Map<String, Value> = counts
        .iter()
        .map(|(name, count)| ((*name).to_owned(), json!(count)))
        .collect();
    line.insert(
        "level".to_owned(),
        json!(if is_error { "ERROR" } else { "INFO" }),
    );
    let about = json!({"Namespace": namespace, "Dimensions": [[]], "Metrics": metrics});
    line.insert(
        "_aws".to_owned(),
        json!({"Timestamp": now.timestamp_millis(), "CloudWatchMetrics": [about]}),
    );
    Value::Object(line)
}

/// An error and its sources on one line.
pub fn chain(error: &dyn Error) -> String {
    let mut line = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let text = cause.to_string();
        // Some libraries repeat their source in their own text.
        if !line.ends_with(&text) {
            line.push_str(": ");
            line.push_str(&text);
        }
        source = cause.source();
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    enum SomeError {
        #[error("could not read {0}")]
        Read(&'static str),
    }

    #[test]
    fn metrics_line_holds_each_count_and_its_name() {
        let now = DateTime::from_timestamp_millis(1_767_608_100_123).unwrap();
        let line = |breakers| {
            metrics_line(
                "outreach",
                &[("UnresolvedSends", 0), ("OpenBreakers", breakers)],
                now,
            )
        };
        let expected = json!({
            "_aws": {
                "Timestamp": 1_767_608_100_123_i64,
                "CloudWatchMetrics": [{
                    "Namespace": "outreach",
                    "Dimensions": [[]],
                    "Metrics": [
                        {"Name": "UnresolvedSends", "Unit": "Count"},
                        {"Name": "OpenBreakers", "Unit": "Count"},
                    ],
                }],
            },
            "level": "ERROR",
            "UnresolvedSends": 0,
            "OpenBreakers": 2,
        });
        assert_eq!(line(2), expected);
        assert_eq!(line(0)["level"], "INFO", "so that the alarm goes back");
    }

    #[test]
    fn diagnostic_names_type_and_variant() {
        let diagnostic = diagnostic(&SomeError::Read("it"));
        assert_eq!(diagnostic.error_type, "SomeError::Read");
        assert_eq!(diagnostic.error_message, "could not read it");
    }
}
