//! Alarms: every failure, backlog and dead letter raises one.

use serde_json::{Value, json};

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
        if !watched(template, &id, "Errors") {
            broken.push(format!("no alarm watches the errors of {id}"));
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
        "WebUnavailableAlarm",
        "MetricName: Url5xxCount",
        "MetricName: Url4xxCount",
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
            "Url5xxCount",
            "PersonNeeded",
        ];
        if counts.contains(&metric) && alarm["Threshold"] != 1 {
            broken.push(format!("{id}: a single event raises no alarm"));
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

/// The alarm's filter matches the sender's log text exactly.
#[test]
fn decision_for_a_person_raises_an_alarm() {
    let template = Template::parse(super::TEXT).unwrap();
    let filter = &template.body["Resources"]["PersonNeededFilter"]["Properties"];
    let pattern = filter["FilterPattern"].as_str().unwrap();
    let sender = include_str!("../../../../functions/sender/src/lib.rs");
    let words: Vec<&str> = pattern.split('"').skip(1).step_by(2).collect();
    assert_eq!(words.len(), 2);
    for words in words {
        assert!(sender.contains(words), "the sender does not say {words:?}");
    }
    assert_eq!(target(&filter["LogGroupName"]), Some("SenderLogGroup"));
}
