//! Queues: nothing is delivered again too early, nothing is lost.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{Broken, detects, events, functions, holds, many, properties, target};
use crate::template::Template;

const FOURTEEN_DAYS_SECS: u64 = 14 * 24 * 60 * 60;

fn queue<'a>(template: &'a Template, id: Option<&str>) -> &'a Value {
    id.map_or(
        &Value::Null,
        |id| &template.body["Resources"][id]["Properties"],
    )
}

fn dead_letter_queues(template: &Template) -> BTreeSet<&str> {
    properties(template, "AWS::SQS::Queue")
        .filter_map(|(_, queue)| target(&queue["RedrivePolicy"]["deadLetterTargetArn"]))
        .collect()
}

fn visibility_covers_six_timeouts(template: &Template) -> Broken {
    let mut broken = Broken::new();
    for function in functions(template) {
        let id = &function.id;
        for (name, event) in events(&function, "SQS") {
            let timeout_secs = function.timeout_secs();
            let window_secs = event["MaximumBatchingWindowInSeconds"]
                .as_u64()
                .unwrap_or(0);
            let visibility = &queue(template, target(&event["Queue"]))["VisibilityTimeout"];
            if visibility.as_u64() < Some(6 * timeout_secs + window_secs) {
                broken.push(format!(
                    "{id}/{name}: visibility {visibility}, timeout {timeout_secs}"
                ));
            }
        }
    }
    broken
}

#[test]
fn visibility_timeout_is_six_function_timeouts() {
    holds(visibility_covers_six_timeouts);
    detects(
        visibility_covers_six_timeouts,
        "EnrichQueue",
        "VisibilityTimeout: 360",
        "VisibilityTimeout: 359",
    );
    detects(
        visibility_covers_six_timeouts,
        "OutreachQueue",
        "VisibilityTimeout: 181",
        "DelaySeconds: 1",
    );
    detects(
        visibility_covers_six_timeouts,
        "EnricherFunction",
        "Timeout: 60",
        "Timeout: 61",
    );
    detects(
        visibility_covers_six_timeouts,
        "SenderFunction",
        "MaximumBatchingWindowInSeconds: 1",
        "MaximumBatchingWindowInSeconds: 2",
    );
}

/// What no row can publish again is tried for as long as a database may be away.
fn events_outlast_a_day(template: &Template) -> Broken {
    let source = queue(template, Some("FeedbackQueue"));
    let times = source["RedrivePolicy"]["maxReceiveCount"].as_u64();
    let pause = source["VisibilityTimeout"].as_u64();
    let seconds = times.zip(pause).map(|(times, pause)| times * pause);
    let kept = source["MessageRetentionPeriod"].as_u64();
    let mut broken = Broken::new();
    if seconds.min(kept) < Some(24 * 60 * 60) {
        broken.push(format!("events are given up after {seconds:?} s"));
    }
    broken
}

#[test]
fn ses_event_is_retried_for_a_day() {
    holds(events_outlast_a_day);
    detects(
        events_outlast_a_day,
        "FeedbackQueue",
        "maxReceiveCount: 1000",
        "maxReceiveCount: 10",
    );
}

fn failures_end_in_dead_letters(template: &Template) -> Broken {
    let dead_letters = dead_letter_queues(template);
    let mut broken = Broken::new();
    for (id, source) in properties(template, "AWS::SQS::Queue") {
        if dead_letters.contains(id) {
            continue;
        }
        let redrive = &source["RedrivePolicy"];
        if redrive["maxReceiveCount"].as_u64() < Some(5) {
            broken.push(format!(
                "{id}: maxReceiveCount {}",
                redrive["maxReceiveCount"]
            ));
        }
        let dead = queue(template, target(&redrive["deadLetterTargetArn"]));
        if dead["MessageRetentionPeriod"] != FOURTEEN_DAYS_SECS {
            broken.push(format!(
                "{id}: dead letters kept for {}",
                dead["MessageRetentionPeriod"]
            ));
        }
        // A dead letter keeps its age, so it needs time of its own to be looked at.
        if source["MessageRetentionPeriod"].as_u64() >= Some(FOURTEEN_DAYS_SECS) {
            broken.push(format!("{id}: kept as long as its dead letters"));
        }
        if dead["FifoQueue"] != source["FifoQueue"] {
            broken.push(format!("{id}: its dead-letter queue is of the other type"));
        }
    }
    broken
}

#[test]
fn dead_letters_after_five_receives_kept_fourteen_days() {
    let rule = failures_end_in_dead_letters;
    holds(rule);
    detects(
        rule,
        "EnrichQueue",
        "maxReceiveCount: 10",
        "maxReceiveCount: 4",
    );
    detects(
        rule,
        "OutreachDeadLetterQueue",
        "MessageRetentionPeriod: 1209600",
        "DelaySeconds: 1",
    );
    detects(
        rule,
        "FeedbackQueue",
        "MessageRetentionPeriod: 864000",
        "MessageRetentionPeriod: 1209600",
    );
    detects(
        rule,
        "OutreachQueue",
        "deadLetterTargetArn: !GetAtt Outreach",
        "deadLetterTargetArn: !GetAtt Other",
    );
    detects(
        rule,
        "EnrichQueue",
        "VisibilityTimeout: 360",
        "FifoQueue: true",
    );
}

fn queue_events_report_failures_one_by_one(template: &Template) -> Broken {
    let mut broken = Broken::new();
    for function in functions(template) {
        let id = &function.id;
        for (name, event) in events(&function, "SQS") {
            if event["FunctionResponseTypes"] != json!(["ReportBatchItemFailures"]) {
                broken.push(format!(
                    "{id}/{name}: one failure brings the whole batch back"
                ));
            }
            // A literal, or a parameter that cannot go below what Lambda accepts.
            let concurrency = &event["ScalingConfig"]["MaximumConcurrency"];
            let parameter = &template.body["Parameters"][target(concurrency).unwrap_or_default()];
            if concurrency.as_u64().or(parameter["MinValue"].as_u64()) < Some(2) {
                broken.push(format!("{id}/{name}: concurrency without a bound"));
            }
        }
    }
    broken
}

#[test]
fn queue_mappings_report_item_failures_and_are_bounded() {
    let rule = queue_events_report_failures_one_by_one;
    holds(rule);
    detects(rule, "EnricherFunction", "[ReportBatchItemFailures]", "[]");
    detects(
        rule,
        "SenderFunction",
        "FunctionResponseTypes: [ReportBatchItemFailures]",
        "Enabled: true",
    );
    detects(
        rule,
        "SenderFunction",
        "MaximumConcurrency: !Ref SendConcurrency",
        "OnDemand: 1",
    );
    detects(rule, "EnrichConcurrency", "MinValue: 2", "MinValue: 1");
}

fn queues_are_encrypted(template: &Template) -> Broken {
    properties(template, "AWS::SQS::Queue")
        .filter(|(_, queue)| queue["SqsManagedSseEnabled"] != true)
        .map(|(id, _)| format!("{id} is not encrypted at rest"))
        .collect()
}

#[test]
fn every_queue_is_encrypted_at_rest() {
    holds(queues_are_encrypted);
    detects(
        queues_are_encrypted,
        "FeedbackQueue",
        "SqsManagedSseEnabled: true",
        "DelaySeconds: 0",
    );
}

/// A queue has one policy, which refuses requests without TLS.
fn queues_speak_tls(template: &Template) -> Broken {
    let refuses = |statement: &&Value| {
        statement["Effect"] == "Deny"
            && statement["Principal"] == "*"
            && statement["Action"] == "sqs:*"
            && statement["Condition"] == json!({ "Bool": { "aws:SecureTransport": "false" } })
    };
    let mut broken = Broken::new();
    for (id, _) in properties(template, "AWS::SQS::Queue") {
        let names = |list: &Value| many(list).iter().any(|queue| target(queue) == Some(id));
        let policies: Vec<_> = properties(template, "AWS::SQS::QueuePolicy")
            .filter(|(_, policy)| names(&policy["Queues"]))
            .map(|(_, policy)| many(&policy["PolicyDocument"]["Statement"]))
            .collect();
        let [statements] = policies.as_slice() else {
            broken.push(format!("{id} has {} policies", policies.len()));
            continue;
        };
        let refusal = statements.iter().copied().find(refuses);
        if !refusal.is_some_and(|statement| names(&statement["Resource"])) {
            broken.push(format!("{id} can be reached without TLS"));
        }
    }
    broken
}

#[test]
fn every_queue_refuses_whoever_comes_without_tls() {
    let rule = queues_speak_tls;
    holds(rule);
    detects(rule, "QueuesPolicy", "!GetAtt EnrichQueue.Arn, ", "");
    detects(rule, "FeedbackQueuePolicy", "'false'", "'true'");
    detects(
        rule,
        "QueuesPolicy",
        "Queues: [!Ref EnrichQueue",
        "Queues: [!Ref FeedbackQueue, !Ref EnrichQueue",
    );
}
