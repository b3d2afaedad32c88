//! When each function ran last, and how often it failed: as CloudWatch counts it.

use std::time::Duration;

use aws_sdk_cloudwatch::{
    Client,
    error::DisplayErrorContext,
    primitives::DateTime as AwsTime,
    types::{Dimension, Metric, MetricDataQuery, MetricDataResult, MetricStat, ScanBy},
};
use chrono::{DateTime, TimeDelta, Utc};
use shared::clients::aws;
use tokio::{
    sync::{Mutex, OnceCell},
    time::{Instant, timeout},
};

/// Each function, and what wakes it.
const FUNCTIONS: [(&str, &str); 6] = [
    ("collector", "on its schedule"),
    ("enricher", "on demand, and every 5 minutes"),
    ("sender", "on demand, and every minute"),
    ("feedback", "on demand"),
    ("web", "its address"),
    ("console", "its address"),
];
const METRICS: [&str; 2] = ["Invocations", "Errors"];
/// What is counted together, in seconds.
const PERIOD: i32 = 300;
/// CloudWatch is paid by the question: within this time it is not asked again.
const KEPT: Duration = Duration::from_mins(1);
/// Whoever looks at the page waits for it, perhaps to stop sending.
const LIMIT: Duration = Duration::from_secs(3);

/// A function in the last 24 hours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct FunctionRuns {
    pub(crate) name: &'static str,
    /// What wakes it.
    pub(crate) woken: &'static str,
    /// Begin of the five minutes in which it ran last.
    pub(crate) last: Option<DateTime<Utc>>,
    pub(crate) runs: i64,
    /// Runs that failed.
    pub(crate) errors: i64,
}

/// Asks CloudWatch: made when somebody first looks, since a start must not wait for it.
#[derive(Debug, Default)]
pub(crate) struct RunCounts {
    client: OnceCell<Client>,
    /// What it said last; no runs where it did not say.
    kept: Mutex<Option<(Instant, Option<Vec<FunctionRuns>>)>>,
}

impl RunCounts {
    /// The functions of a stack; none where CloudWatch does not say.
    pub(crate) async fn of_stack(
        &self,
        stack: &str,
        now: DateTime<Utc>,
    ) -> Option<Vec<FunctionRuns>> {
        let mut kept = self.kept.lock().await;
        if let Some((at, runs)) = kept.as_ref()
            && at.elapsed() < KEPT
        {
            return runs.clone();
        }
        let client = self
            .client
            .get_or_init(async || Client::new(&aws::load().await));
        let asked = client
            .await
            .get_metric_data()
            .set_metric_data_queries(Some(queries(stack)))
            .start_time(AwsTime::from_secs((now - TimeDelta::hours(24)).timestamp()))
            .end_time(AwsTime::from_secs(
                (now + TimeDelta::minutes(1)).timestamp(),
            ))
            .scan_by(ScanBy::TimestampDescending);
        let runs = match timeout(LIMIT, asked.send()).await {
            Ok(Ok(answer)) => Some(counted(answer.metric_data_results())),
            Ok(Err(error)) => {
                let error = DisplayErrorContext(&error).to_string();
                tracing::warn!(error, "CloudWatch did not say how the functions ran");
                None
            }
            Err(_) => {
                tracing::warn!("CloudWatch did not say in time how the functions ran");
                None
            }
        };
        *kept = Some((Instant::now(), runs.clone()));
        runs
    }
}

fn queries(stack: &str) -> Vec<MetricDataQuery> {
    let pairs = FUNCTIONS
        .iter()
        .flat_map(|(name, _)| METRICS.map(|metric| (*name, metric)));
    let query = |(name, metric): (&str, &str)| {
        let function = Dimension::builder()
            .name("FunctionName")
            .value(format!("{stack}-{name}"));
        let metric_of = Metric::builder()
            .namespace("AWS/Lambda")
            .metric_name(metric)
            .dimensions(function.build());
        let counted = MetricStat::builder()
            .metric(metric_of.build())
            .period(PERIOD)
            .stat("Sum");
        MetricDataQuery::builder()
            .id(id(name, metric))
            .metric_stat(counted.build())
            .build()
    };
    pairs.map(query).collect()
}

/// A query's own name, which begins with a small letter.
fn id(name: &str, metric: &str) -> String {
    format!("{name}_{}", metric.to_lowercase())
}

fn counted(results: &[MetricDataResult]) -> Vec<FunctionRuns> {
    let of = |name: &str, metric: &str| {
        let id = id(name, metric);
        results
            .iter()
            .find(|result| result.id() == Some(id.as_str()))
    };
    let functions = FUNCTIONS.iter().map(|(name, woken)| {
        let [runs, errors] = METRICS.map(|metric| of(name, metric));
        FunctionRuns {
            name,
            woken,
            last: runs.and_then(last),
            runs: runs.map_or(0, sum),
            errors: errors.map_or(0, sum),
        }
    });
    functions.collect()
}

fn last(runs: &MetricDataResult) -> Option<DateTime<Utc>> {
    let ran = runs
        .timestamps()
        .iter()
        .zip(runs.values())
        .filter(|(_, count)| **count > 0.0);
    let latest = ran.map(|(at, _)| at.secs()).max()?;
    DateTime::from_timestamp(latest, 0)
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "a count of a day is far below 2^53"
)]
fn sum(counts: &MetricDataResult) -> i64 {
    counts.values().iter().sum::<f64>() as i64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_are_counted_by_function() {
        let result = |id: &str, points: &[(i64, f64)]| {
            MetricDataResult::builder()
                .id(id)
                .set_timestamps(Some(
                    points
                        .iter()
                        .map(|(at, _)| AwsTime::from_secs(*at))
                        .collect(),
                ))
                .set_values(Some(points.iter().map(|(_, count)| *count).collect()))
                .build()
        };
        let runs = counted(&[
            result("sender_invocations", &[(900, 0.0), (600, 2.0), (300, 3.0)]),
            result("sender_errors", &[(300, 1.0)]),
        ]);
        assert_eq!(runs.len(), FUNCTIONS.len());
        let sender = runs.iter().find(|runs| runs.name == "sender").unwrap();
        assert_eq!((sender.runs, sender.errors), (5, 1));
        assert_eq!(sender.last, DateTime::from_timestamp(600, 0));
        let web = runs.iter().find(|runs| runs.name == "web").unwrap();
        assert_eq!((web.runs, web.errors, web.last), (0, 0, None));
    }

    #[test]
    fn each_metric_of_each_function_is_asked_once() {
        let queries = queries("outreach");
        let ids: std::collections::BTreeSet<_> = queries.iter().map(MetricDataQuery::id).collect();
        assert_eq!(ids.len(), FUNCTIONS.len() * METRICS.len());
        let named = queries
            .iter()
            .filter_map(|query| query.metric_stat()?.metric()?.dimensions().first()?.value());
        assert!(named.into_iter().all(|name| name.starts_with("outreach-")));
    }
}
