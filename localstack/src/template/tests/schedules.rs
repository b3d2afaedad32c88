//! Schedules: one run a tick, and a tick that `EventBridge` understands.

use serde_json::json;

use super::{Broken, Function, answers_people, detects, events, functions, holds, target};
use crate::template::Template;

fn schedules_do_not_pile_up(template: &Template) -> Broken {
    let mut broken = Broken::new();
    for function in functions(template) {
        let Function { id, properties, .. } = &function;
        if properties["EventInvokeConfig"]["MaximumRetryAttempts"] != 0 {
            broken.push(format!(
                "{id}: Lambda repeats a failed tick behind our back"
            ));
        }
        // Who answers people has nothing that could be lost. What SES reports exists nowhere but in its
        // queue, so that there is nothing to be swept up.
        let is_told = answers_people(template, id) || id == "FeedbackFunction";
        if !is_told && events(&function, "Schedule").next().is_none() {
            broken.push(format!(
                "{id}: has no schedule, so nothing finds what was lost"
            ));
        }
        for (name, event) in events(&function, "Schedule") {
            let age_secs = event["RetryPolicy"]["MaximumEventAgeInSeconds"].as_u64();
            let attempts = event["RetryPolicy"]["MaximumRetryAttempts"].as_u64();
            if age_secs.is_none_or(|secs| secs > 900) || attempts.is_none_or(|count| count > 3) {
                broken.push(format!("{id}/{name}: EventBridge repeats a tick for a day"));
            }
            if event["State"] != json!({ "Ref": "ScheduleState" }) {
                broken.push(format!("{id}/{name}: cannot be switched off"));
            }
        }
    }
    broken
}

#[test]
fn failed_schedule_run_is_not_retried() {
    let rule = schedules_do_not_pile_up;
    holds(rule);
    let template = super::TEXT.replace("MaximumRetryAttempts: 0\n", "MaximumRetryAttempts: 1\n");
    let template = Template::parse(&template).unwrap();
    assert_eq!(rule(&template).len(), functions(&template).len());
    detects(rule, "SenderFunction", "RetryPolicy:", "Input: '{}' #");
    detects(
        rule,
        "EnricherFunction",
        "State: !Ref ScheduleState",
        "Enabled: true",
    );
    detects(
        rule,
        "CollectorFunction",
        "Type: Schedule",
        "Type: ScheduleV2",
    );
}

/// `rate(1 minute)`, `rate(5 minutes)`: EventBridge refuses `rate(1 minutes)` and `rate(5 minute)`.
fn is_schedule(expression: &str) -> bool {
    let inside = |name: &str| {
        expression
            .strip_prefix(name)?
            .strip_prefix('(')?
            .strip_suffix(')')
    };
    if let Some(fields) = inside("cron") {
        return fields.split(' ').count() == 6;
    }
    let Some((count, unit)) = inside("rate").and_then(|rate| rate.split_once(' ')) else {
        return false;
    };
    match count.parse::<u32>() {
        Ok(0) | Err(_) => false,
        Ok(1) => ["minute", "hour", "day"].contains(&unit),
        Ok(_) => ["minutes", "hours", "days"].contains(&unit),
    }
}

fn schedules_are_grammatical(template: &Template) -> Broken {
    let mut broken = Broken::new();
    for function in functions(template) {
        let id = &function.id;
        for (name, event) in events(&function, "Schedule") {
            let default = target(&event["Schedule"]).map_or(&event["Schedule"], |parameter| {
                &template.body["Parameters"][parameter]["Default"]
            });
            if !default.as_str().is_some_and(is_schedule) {
                broken.push(format!("{id}/{name}: EventBridge refuses {default}"));
            }
        }
    }
    broken
}

#[test]
fn every_schedule_is_one_eventbridge_accepts() {
    let rule = schedules_are_grammatical;
    holds(rule);
    detects(rule, "SenderFunction", "rate(1 minute)", "rate(1 minutes)");
    detects(
        rule,
        "EnricherFunction",
        "rate(5 minutes)",
        "rate(5 minute)",
    );
    detects(
        rule,
        "CollectSchedule",
        "Default: rate(1 hour)",
        "Default: rate(60)",
    );
    assert!(is_schedule("cron(0 8 ? * MON-FRI *)") && !is_schedule("cron(0 8 * * *)"));
}
