//! Functions: they finish before Lambda's timeout, and every variable they read is set.

use std::cell::RefCell;
use std::collections::BTreeSet;

use serde_json::{Value, json};
use shared::clients::aws::ATTEMPT_TIMEOUT;
use shared::config;

use super::{Broken, Function, answers_people, detects, functions, holds, target};
use crate::template::Template;

/// Longest wait for one answer of the model, in seconds.
const MODEL_TIMEOUT: &str = "OPENAI_TIMEOUT_SECONDS";
/// Time to store the outcome of the last call before Lambda ends the invocation.
const MARGIN_SECS: u64 = 15;
/// Time to report that the database did not answer, and to start before.
const ANSWER_SECS: u64 = 2;

/// Read by the log of every function; Lambda adds its level and format from `LoggingConfig`.
const LOG_VARIABLE: &str = "RUST_LOG";

/// The variables a function reads when it starts, found by starting it.
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
        "feedback" => drop(config::Feedback::from_lookup(&nothing_is_set)),
        "web" => drop(config::Web::from_lookup(&nothing_is_set)),
        "console" => drop(config::Console::from_lookup(&nothing_is_set)),
        unknown => panic!("{unknown} is not known here"),
    }
    names.into_inner()
}

fn functions_know_what_they_read(template: &Template) -> Broken {
    let mut broken = Broken::new();
    for function in functions(template) {
        let given: BTreeSet<_> = function
            .variables()
            .map(|(name, _)| name.to_owned())
            .collect();
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
fn functions_get_exactly_the_variables_they_read() {
    let rule = functions_know_what_they_read;
    holds(rule);
    detects(rule, "CollectorFunction", "X_API_BASE:", "X_BASE:");
    detects(
        rule,
        "SenderFunction",
        "SES_CONFIGURATION_SET:",
        "CONFIGURATION_SET:",
    );
    detects(
        rule,
        "SenderFunction",
        "SENDER_NAME:",
        "X_BEARER_TOKEN: x\n          SENDER_NAME:",
    );
    let template = Template::parse(&super::TEXT.replace("RUST_LOG:", "LOG:")).unwrap();
    let twice = 2 * functions(&template).len();
    assert_eq!(rule(&template).len(), twice, "the globals count for all");
}

fn calls_end_before_the_invocation(template: &Template) -> Broken {
    let mut broken = Broken::new();
    for function in functions(template) {
        let longest_secs = match function.binary.as_str() {
            "enricher" => {
                let timeout = &function.properties["Environment"]["Variables"][MODEL_TIMEOUT];
                let parameter = &template.body["Parameters"][target(timeout).unwrap()];
                // Without an upper bound of the parameter there is no bound at all.
                let bound = parameter["MaxValue"].as_u64();
                bound.filter(|_| parameter["Default"].as_u64() <= bound)
            }
            "sender" => Some(ATTEMPT_TIMEOUT.as_secs()),
            // What cannot be done in time is answered, not done later.
            "web" => Some(config::WEB_TIMEOUT.as_secs()),
            "console" => Some(config::CONSOLE_TIMEOUT.as_secs()),
            _ => Some(0),
        };
        let margin_secs = if answers_people(template, &function.id) {
            ANSWER_SECS
        } else {
            MARGIN_SECS
        };
        let bounded =
            longest_secs.is_some_and(|secs| secs + margin_secs <= function.timeout_secs());
        if !bounded || function.timeout_secs() > 900 {
            broken.push(format!(
                "{}: a call may outlive its invocation",
                function.binary
            ));
        }
    }
    broken
}

#[test]
fn longest_call_leaves_time_to_store_result() {
    let rule = calls_end_before_the_invocation;
    holds(rule);
    detects(rule, "OpenAiTimeoutSeconds", "MaxValue: 45", "MaxValue: 46");
    detects(rule, "OpenAiTimeoutSeconds", "MaxValue: 45", "MinLength: 1");
    detects(rule, "OpenAiTimeoutSeconds", "Default: 20", "Default: 50");
    detects(rule, "EnricherFunction", "Timeout: 60", "Timeout: 59");
    detects(rule, "SenderFunction", "Timeout: 30", "Timeout: 19");
    detects(rule, "WebFunction", "Timeout: 10", "Timeout: 9");
    detects(rule, "ConsoleFunction", "Timeout: 12", "Timeout: 11");
}

fn functions_are_built_and_logged_alike(template: &Template) -> Broken {
    let mut broken = Broken::new();
    for function in functions(template) {
        let Function {
            id,
            binary,
            properties,
        } = &function;
        let metadata = &template.body["Resources"][id]["Metadata"];
        let built = metadata["BuildMethod"] == "rust-cargolambda"
            && properties["Runtime"] == "provided.al2023"
            && properties["Handler"] == "bootstrap"
            && properties["Architectures"] == json!([{ "Ref": "Architecture" }]);
        if !built {
            broken.push(format!(
                "{id}: is not built by cargo-lambda for the chosen processor"
            ));
        }
        let name = format!("${{AWS::StackName}}-{binary}");
        if properties["FunctionName"] != json!({ "Fn::Sub": name }) {
            broken.push(format!("{id}: is not named after its binary"));
        }
        let group = target(&properties["LoggingConfig"]["LogGroup"]).unwrap_or_default();
        let group = &template.body["Resources"][group]["Properties"];
        let kept = target(&group["RetentionInDays"]).is_some() || group["RetentionInDays"].is_u64();
        if !kept || group["LogGroupName"] != json!({ "Fn::Sub": format!("/aws/lambda/{name}") }) {
            broken.push(format!("{id}: its log is kept for ever, or is not its own"));
        }
    }
    broken
}

#[test]
fn functions_use_cargo_lambda_and_logs_expire() {
    let rule = functions_are_built_and_logged_alike;
    holds(rule);
    detects(
        rule,
        "CollectorLogGroup",
        "RetentionInDays: !Ref LogRetentionDays",
        "KmsKeyId: none",
    );
    detects(
        rule,
        "SenderFunction",
        "LogGroup: !Ref SenderLogGroup",
        "LogFormat: Text",
    );
    detects(
        rule,
        "SenderFunction",
        "LogGroup: !Ref SenderLogGroup",
        "LogGroup: !Ref EnricherLogGroup",
    );
    detects(
        rule,
        "EnricherFunction",
        "BuildMethod: rust-cargolambda",
        "BuildMethod: makefile",
    );
    detects(
        rule,
        "EnricherFunction",
        "Binary: enricher",
        "Binary: sender",
    );
    detects(rule, "Function", "Handler: bootstrap", "Handler: main");
    detects(rule, "Function", "[!Ref Architecture]", "[arm64]");
}

#[test]
fn timeouts_and_memory_are_as_designed() {
    let template = Template::parse(super::TEXT).unwrap();
    let sizes: Vec<Value> = functions(&template)
        .iter()
        .map(|f| json!([f.binary, f.timeout_secs(), f.properties["MemorySize"]]))
        .collect();
    let designed = json!([
        ["collector", 300, 256],
        ["console", 12, 256],
        ["enricher", 60, 256],
        ["feedback", 30, 128],
        ["sender", 30, 128],
        ["web", 10, 128]
    ]);
    assert_eq!(json!(sizes), designed);
}
