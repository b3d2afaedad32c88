//! Alarms: every failure, backlog and dead letter raises one.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use shared::db::waiting::Waiting;

use super::{Broken, Function, answers_people, detects, functions, holds, properties, target};
use crate::template::Template;

/// Whether an alarm watches `metric` of the resource `id` and notifies a person.
fn watched(template: &Template, id: &str, metric: &str) -> bool {
    let watches = |alarm: &Value| {
        alarm["MetricName"] == metric
            && target(&alarm["Dimensions"][0]["Value"]) == Some(id)
            && alarm["AlarmActions"] == json!([{ "Ref": "AlarmTopic" }])
    };
    properties(template, "AWS::CloudWatch::Alarm").any(|(_, alarm)| watches(alarm))
}

fn everything_is_watched(template: &Template) -> Broken {
    let mut broken = Broken::new();
    for queue in template.queues("stack").unwrap() {
        let metric = match queue.dead_letters {
            Some(_) => "ApproximateAgeOfOldestMessage",
            None => "ApproximateNumberOfMessagesVisible",
        };
        if !watched(template, &queue.logical_id, metric) {
            broken.push(format!("no alarm watches {metric} of {}", queue.logical_id));
        }
    }
    for Function { id, .. } in functions(template) {
        for metric in ["Errors", "Throttles"] {
            if !watched(template, &id, metric) {
                broken.push(format!("no alarm watches {metric} of {id}"));
            }
        }
        // An answer of "try again" is no error to Lambda.
        if answers_people(template, &id) && !watched(template, &id, "Url5xxCount") {
            broken.push(format!(
                "no alarm watches the requests that {id} had to refuse"
            ));
        }
    }
    broken
}

#[test]
fn every_queue_and_function_has_an_alarm() {
    let rule = everything_is_watched;
    holds(rule);
    detects(
        rule,
        "FeedbackDeadLetterAlarm",
        "!GetAtt FeedbackDeadLetterQueue",
        "!GetAtt EnrichDeadLetterQueue",
    );
    detects(
        rule,
        "OutreachAgeAlarm",
        "ApproximateAgeOfOldestMessage",
        "NumberOfMessagesSent",
    );
    detects(
        rule,
        "SenderErrorsAlarm",
        "AlarmActions: [!Ref AlarmTopic]",
        "ActionsEnabled: false",
    );
    detects(
        rule,
        "CollectorErrorsAlarm",
        "MetricName: Errors",
        "MetricName: Throttles",
    );
    detects(
        rule,
        "WebThrottlesAlarm",
        "!Ref WebFunction",
        "!Ref SenderFunction",
    );
    detects(
        rule,
        "WebUnavailableAlarm",
        "MetricName: Url5xxCount",
        "MetricName: Url4xxCount",
    );
    detects(
        rule,
        "ConsoleUnavailableAlarm",
        "!Ref ConsoleFunction",
        "!Ref WebFunction",
    );
}

/// Metrics with their statistic and the threshold at which a single event raises the alarm.
fn alarms_can_fire(template: &Template) -> Broken {
    let mut broken = Broken::new();
    for (id, alarm) in properties(template, "AWS::CloudWatch::Alarm") {
        let silence = &alarm["TreatMissingData"];
        let expected = if id.ends_with("StoppedAlarm") {
            "breaching"
        } else {
            "notBreaching"
        };
        if silence != expected {
            broken.push(format!("{id}: missing data counts as {silence}"));
        }
        let metric = alarm["MetricName"].as_str().unwrap_or_default();
        let counts = [
            "ApproximateNumberOfMessagesVisible",
            "Errors",
            "Throttles",
            "Url5xxCount",
        ];
        let is_count = counts.contains(&metric) || target(&alarm["Namespace"]).is_some();
        if is_count && alarm["Threshold"] != 1 {
            broken.push(format!("{id}: the first one goes unnoticed"));
        }
        // An average of one dead letter over a period with none is no dead letter.
        let statistic = if alarm["Namespace"] == "AWS/Lambda" {
            "Sum"
        } else {
            "Maximum"
        };
        if alarm["Statistic"] != statistic {
            broken.push(format!("{id}: is measured by {}", alarm["Statistic"]));
        }
    }
    broken
}

#[test]
fn alarms_fire_at_threshold_and_on_missing_data() {
    let rule = alarms_can_fire;
    holds(rule);
    detects(
        rule,
        "EnrichDeadLetterAlarm",
        "Threshold: 1",
        "Threshold: 2",
    );
    detects(
        rule,
        "SenderStoppedAlarm",
        "TreatMissingData: breaching",
        "TreatMissingData: missing",
    );
    detects(
        rule,
        "EnrichAgeAlarm",
        "Statistic: Maximum",
        "Statistic: Average",
    );
}

/// What waits for a person: each metric of the sender's sweep has an alarm that says what to do, and each
/// such alarm a metric.
fn what_waits_is_watched(template: &Template) -> Broken {
    let reported: BTreeSet<&str> = Waiting::default().metrics().map(|(name, _)| name).into();
    let own = json!({ "Ref": "AWS::StackName" });
    let alarms = || {
        properties(template, "AWS::CloudWatch::Alarm")
            .filter(|(_, alarm)| alarm["Namespace"] == own)
    };
    let heard: BTreeSet<&str> = alarms()
        .filter(|(_, alarm)| alarm["AlarmActions"] == json!([{ "Ref": "AlarmTopic" }]))
        .filter(|(_, alarm)| alarm["Dimensions"].is_null())
        .filter_map(|(_, alarm)| alarm["MetricName"].as_str())
        .collect();
    let mut broken: Broken = reported
        .symmetric_difference(&heard)
        .map(|metric| format!("{metric} is reported and not watched, or watched and not reported"))
        .collect();
    let senders = functions(template)
        .into_iter()
        .filter(|f| f.binary == "sender");
    for sender in senders {
        if sender.properties["Environment"]["Variables"]["METRIC_NAMESPACE"] != own {
            broken.push("the sender reports to another namespace".to_owned());
        }
    }
    for (id, alarm) in alarms() {
        let text = alarm["AlarmDescription"].as_str().unwrap_or_default();
        let says_what_to_do = ["`outreach ", "sources.", "the table "];
        if !says_what_to_do.iter().any(|how| text.contains(how)) {
            broken.push(format!("{id}: does not say what to do"));
        }
    }
    broken
}

#[test]
fn each_metric_of_what_waits_has_an_alarm() {
    let rule = what_waits_is_watched;
    holds(rule);
    detects(
        rule,
        "OpenBreakersAlarm",
        "MetricName: OpenBreakers",
        "MetricName: OpenBreaker",
    );
    detects(
        rule,
        "UnresolvedSendsAlarm",
        "Namespace: !Ref AWS::StackName",
        "Namespace: outreach",
    );
    detects(
        rule,
        "SenderFunction",
        "METRIC_NAMESPACE: !Ref AWS::StackName",
        "METRIC_NAMESPACE: outreach",
    );
    detects(
        rule,
        "StoppedSourcesAlarm",
        "sources.last_report says what",
        "look into it",
    );
}
