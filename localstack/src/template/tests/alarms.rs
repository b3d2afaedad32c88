//! Alarms: nothing dies, waits or fails without somebody hearing of it.

use serde_json::{Value, json};

use super::{Broken, Function, answers_people, bites, functions, holds, properties, target};
use crate::template::Template;

/// Whether an alarm watches `metric` of the resource `id` and tells somebody.
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
            broken.push(format!("nobody watches {metric} of {}", queue.logical_id));
        }
    }
    for Function { id, .. } in functions(template) {
        if !watched(template, &id, "Errors") {
            broken.push(format!("nobody watches the errors of {id}"));
        }
        // An answer of "try again" is no error to Lambda.
        if answers_people(template, &id) && !watched(template, &id, "Url5xxCount") {
            broken.push(format!(
                "nobody hears of the requests that {id} had to turn away"
            ));
        }
    }
    broken
}

#[test]
fn every_queue_dead_letter_queue_and_function_is_watched() {
    let rule = everything_is_watched;
    holds(rule);
    bites(
        rule,
        "FeedbackDeadLetterAlarm",
        "!GetAtt FeedbackDeadLetterQueue",
        "!GetAtt EnrichDeadLetterQueue",
    );
    bites(
        rule,
        "OutreachAgeAlarm",
        "ApproximateAgeOfOldestMessage",
        "NumberOfMessagesSent",
    );
    bites(
        rule,
        "SenderErrorsAlarm",
        "AlarmActions: [!Ref AlarmTopic]",
        "ActionsEnabled: false",
    );
    bites(
        rule,
        "CollectorErrorsAlarm",
        "MetricName: Errors",
        "MetricName: Throttles",
    );
    bites(
        rule,
        "WebUnavailableAlarm",
        "MetricName: Url5xxCount",
        "MetricName: Url4xxCount",
    );
}

/// What counts, its statistic, and the threshold at which one of it is already too much.
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
            broken.push(format!("{id}: silence counts as {silence}"));
        }
        let metric = alarm["MetricName"].as_str().unwrap_or_default();
        let counts = [
            "ApproximateNumberOfMessagesVisible",
            "Errors",
            "Url5xxCount",
            "PersonNeeded",
        ];
        if counts.contains(&metric) && alarm["Threshold"] != 1 {
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
fn an_alarm_hears_the_first_one_and_silence_means_the_right_thing() {
    let rule = alarms_can_fire;
    holds(rule);
    bites(
        rule,
        "EnrichDeadLetterAlarm",
        "Threshold: 1",
        "Threshold: 2",
    );
    bites(
        rule,
        "SenderStoppedAlarm",
        "TreatMissingData: breaching",
        "TreatMissingData: missing",
    );
    bites(
        rule,
        "EnrichAgeAlarm",
        "Statistic: Maximum",
        "Statistic: Average",
    );
}

/// The alarm hears what the sender says, word for word.
#[test]
fn what_only_a_person_decides_is_heard() {
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
