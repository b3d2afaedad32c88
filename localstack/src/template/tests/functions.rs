//! Functions: they end before Lambda ends them, run once a tick, and know everything they read.

use std::cell::RefCell;
use std::collections::BTreeSet;

use serde_json::{Value, json};
use shared::config;

use super::{Broken, bites, events, functions, holds, target};
use crate::template::Template;

/// Longest wait of the mail client for one answer of SES.
const SES_TIMEOUT_SECS: u64 = 5;
/// Time to store the outcome of the last call before Lambda ends the invocation.
const MARGIN_SECS: u64 = 15;

/// Read by the log of every function; Lambda adds its level and format from `LoggingConfig`.
const LOG_VARIABLE: &str = "RUST_LOG";

/// The variables a function asks for when it starts, by asking it.
fn read_by(binary: &str) -> BTreeSet<String> {
    let names = RefCell::new(BTreeSet::from([LOG_VARIABLE.to_owned()]));
    let nothing_is_set = |name: &str| {
        names.borrow_mut().insert(name.to_owned());
        None
    };
    match binary {
        "collector" => drop(config::Collector::from_lookup(&nothing_is_set)),
        "enricher" => drop(config::Enricher::from_lookup(&nothing_is_set)),
        "sender" => drop(config::Sender::from_lookup(&nothing_is_set)),
        unknown => panic!("{unknown} is not known here"),
    }
    names.into_inner()
}

fn functions_know_what_they_read(template: &Template) -> Broken {
    let mut broken = Broken::new();
    for function in template.functions().unwrap() {
        let given: BTreeSet<_> = function.variables.into_keys().collect();
        for name in read_by(&function.binary).symmetric_difference(&given) {
            broken.push(format!(
                "{}: {name} is read and not set, or set and not read",
                function.binary
            ));
        }
    }
    broken
}

#[test]
fn every_variable_a_function_reads_is_set_and_no_other() {
    let rule = functions_know_what_they_read;
    holds(rule);
    bites(rule, "CollectorFunction", "X_API_BASE:", "X_BASE:");
    bites(
        rule,
        "SenderFunction",
        "SES_CONFIGURATION_SET:",
        "CONFIGURATION_SET:",
    );
    bites(
        rule,
        "SenderFunction",
        "SENDER_NAME:",
        "RECIPIENT_HASH_KEY: x\n          SENDER_NAME:",
    );
    let template = Template::parse(&super::TEXT.replace("DATABASE_URL:", "DATABASE:")).unwrap();
    assert_eq!(rule(&template).len(), 6, "the globals count for all three");
}

fn calls_end_before_the_invocation(template: &Template) -> Broken {
    let mut broken = Broken::new();
    for function in template.functions().unwrap() {
        let longest_secs = match function.binary.as_str() {
            "enricher" => {
                let reference = target(&function.variables["OPENAI_TIMEOUT_SECONDS"]);
                let parameter = &template.body["Parameters"][reference.unwrap()];
                parameter["Default"]
                    .as_u64()
                    .max(parameter["MaxValue"].as_u64())
            }
            "sender" => Some(SES_TIMEOUT_SECS),
            _ => Some(0),
        };
        // Without an upper bound of the parameter there is no bound at all.
        let bounded = longest_secs.is_some_and(|secs| secs + MARGIN_SECS <= function.timeout_secs);
        if !bounded || function.timeout_secs > 900 {
            broken.push(format!(
                "{}: a call may outlive its invocation",
                function.binary
            ));
        }
    }
    broken
}

#[test]
fn the_longest_call_leaves_time_to_store_its_outcome() {
    let rule = calls_end_before_the_invocation;
    holds(rule);
    bites(rule, "OpenAiTimeoutSeconds", "MaxValue: 45", "MaxValue: 46");
    bites(rule, "OpenAiTimeoutSeconds", "Default: 20", "Default: 50");
    bites(rule, "EnricherFunction", "Timeout: 60", "Timeout: 59");
    bites(rule, "SenderFunction", "Timeout: 30", "Timeout: 19");
}

fn schedules_do_not_pile_up(template: &Template) -> Broken {
    let mut broken = Broken::new();
    for (id, function) in functions(template) {
        if function["EventInvokeConfig"]["MaximumRetryAttempts"] != 0 {
            broken.push(format!(
                "{id}: Lambda repeats a failed tick behind our back"
            ));
        }
        if events(&function, "Schedule").next().is_none() {
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
fn a_failed_tick_is_left_to_the_next_one() {
    let rule = schedules_do_not_pile_up;
    holds(rule);
    let template = super::TEXT.replace("MaximumRetryAttempts: 0\n", "MaximumRetryAttempts: 1\n");
    assert_eq!(rule(&Template::parse(&template).unwrap()).len(), 3);
    bites(rule, "SenderFunction", "RetryPolicy:", "Input: '{}' #");
    bites(
        rule,
        "EnricherFunction",
        "State: !Ref ScheduleState",
        "Enabled: true",
    );
    bites(
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
    for (id, function) in functions(template) {
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
    bites(rule, "SenderFunction", "rate(1 minute)", "rate(1 minutes)");
    bites(
        rule,
        "EnricherFunction",
        "rate(5 minutes)",
        "rate(5 minute)",
    );
    bites(
        rule,
        "CollectSchedule",
        "Default: rate(1 hour)",
        "Default: rate(60)",
    );
    assert!(is_schedule("cron(0 8 ? * MON-FRI *)") && !is_schedule("cron(0 8 * * *)"));
}

fn functions_are_built_and_logged_alike(template: &Template) -> Broken {
    let mut broken = Broken::new();
    for ((id, function), declared) in functions(template)
        .into_iter()
        .zip(template.functions().unwrap())
    {
        let metadata = &template.body["Resources"][&id]["Metadata"];
        let built = metadata["BuildMethod"] == "rust-cargolambda"
            && function["Runtime"] == "provided.al2023"
            && function["Handler"] == "bootstrap"
            && function["Architectures"] == json!([{ "Ref": "Architecture" }]);
        if !built {
            broken.push(format!(
                "{id}: is not built by cargo-lambda for the chosen processor"
            ));
        }
        let name = format!("${{AWS::StackName}}-{}", declared.binary);
        if function["FunctionName"] != json!({ "Fn::Sub": name }) {
            broken.push(format!("{id}: is not named after its binary"));
        }
        let group = target(&function["LoggingConfig"]["LogGroup"]).unwrap_or_default();
        let group = &template.body["Resources"][group]["Properties"];
        let kept = target(&group["RetentionInDays"]).is_some() || group["RetentionInDays"].is_u64();
        if !kept || group["LogGroupName"] != json!({ "Fn::Sub": format!("/aws/lambda/{name}") }) {
            broken.push(format!("{id}: its log is kept for ever, or is not its own"));
        }
    }
    broken
}

#[test]
fn every_function_is_built_by_cargo_lambda_and_its_log_expires() {
    let rule = functions_are_built_and_logged_alike;
    holds(rule);
    bites(
        rule,
        "CollectorLogGroup",
        "RetentionInDays: !Ref LogRetentionDays",
        "KmsKeyId: none",
    );
    bites(
        rule,
        "SenderFunction",
        "LogGroup: !Ref SenderLogGroup",
        "LogFormat: Text",
    );
    bites(
        rule,
        "SenderFunction",
        "LogGroup: !Ref SenderLogGroup",
        "LogGroup: !Ref EnricherLogGroup",
    );
    bites(
        rule,
        "EnricherFunction",
        "BuildMethod: rust-cargolambda",
        "BuildMethod: makefile",
    );
    bites(
        rule,
        "EnricherFunction",
        "Binary: enricher",
        "Binary: sender",
    );
    bites(rule, "Function", "Handler: bootstrap", "Handler: main");
    bites(rule, "Function", "[!Ref Architecture]", "[arm64]");
}

#[test]
fn timeouts_and_memory_are_as_designed() {
    let functions = Template::parse(super::TEXT).unwrap().functions().unwrap();
    let sizes: Vec<Value> = functions
        .iter()
        .map(|f| json!([f.binary, f.timeout_secs, f.memory_mb]))
        .collect();
    assert_eq!(
        json!(sizes),
        json!([
            ["collector", 300, 256],
            ["enricher", 60, 256],
            ["sender", 30, 128]
        ])
    );
}
