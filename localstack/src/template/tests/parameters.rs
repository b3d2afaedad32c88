//! Parameters: each is explained, grouped and used, and no secret can be read back.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{Broken, detects, functions, holds, many, target};
use crate::template::{Template, entries};

/// Endings of variables whose value is a secret. The database URL carries a password.
const SECRET: [&str; 6] = [
    "DATABASE_URL",
    "_KEY",
    "_KEYS",
    "_TOKEN",
    "_SECRET",
    "_PASSWORD",
];

fn parameters_are_explained(template: &Template) -> Broken {
    let interface = &template.body["Metadata"]["AWS::CloudFormation::Interface"];
    let grouped: BTreeSet<_> = many(&interface["ParameterGroups"])
        .into_iter()
        .flat_map(|group| many(&group["Parameters"]))
        .filter_map(Value::as_str)
        .collect();
    let mut broken = Broken::new();
    for (name, parameter) in entries(&template.body["Parameters"]) {
        if parameter["Description"]
            .as_str()
            .is_none_or(|text| text.len() <= 10)
        {
            broken.push(format!("{name} has no description"));
        }
        if parameter["AllowedPattern"].is_string()
            && !parameter["ConstraintDescription"].is_string()
        {
            broken.push(format!(
                "{name} would be refused with a regular expression for an answer"
            ));
        }
        if !grouped.contains(name) {
            broken.push(format!("{name} is in no group"));
        }
    }
    let known = |name: &&&str| template.body["Parameters"].get(**name).is_none();
    broken.extend(
        grouped
            .iter()
            .filter(known)
            .map(|name| format!("{name} is no parameter")),
    );
    broken
}

#[test]
fn every_parameter_is_explained_and_grouped() {
    let rule = parameters_are_explained;
    holds(rule);
    detects(
        rule,
        "LogLevel",
        "Description: Least",
        "ConstraintDescription: Least",
    );
    detects(
        rule,
        "SenderAddress",
        "ConstraintDescription: one bare mail address\n",
        "\n",
    );
    let renamed = super::TEXT.replacen("  SendConcurrency:", "  SenderConcurrency:", 1);
    assert_eq!(rule(&Template::parse(&renamed).unwrap()).len(), 2);
}

fn secrets_are_not_echoed(template: &Template) -> Broken {
    let mut broken = Broken::new();
    for function in functions(template) {
        let id = &function.id;
        for (name, value) in function.variables() {
            if !SECRET.iter().any(|ending| name.ends_with(ending)) {
                continue;
            }
            // One parameter, or one of two.
            let choice = many(&value["Fn::If"]);
            let values = choice.get(1..).unwrap_or(&[value][..]).to_vec();
            for value in values {
                let parameter = &template.body["Parameters"][target(value).unwrap_or_default()];
                if parameter["NoEcho"] != true {
                    broken.push(format!("{id}: {name} can be read back from the stack"));
                }
                // A secret with a default would be in this file for all to read.
                if parameter["Default"]
                    .as_str()
                    .is_some_and(|default| !default.is_empty())
                {
                    broken.push(format!("{id}: {name} has a secret for a default"));
                }
            }
        }
    }
    for (name, output) in entries(&template.body["Outputs"]) {
        let parameter = &template.body["Parameters"][target(&output["Value"]).unwrap_or_default()];
        if parameter["NoEcho"] == true {
            broken.push(format!("the output {name} shows a secret"));
        }
    }
    broken
}

#[test]
fn no_secret_can_be_read_back() {
    let rule = secrets_are_not_echoed;
    holds(rule);
    for secret in [
        "DatabaseUrl",
        "WebDatabaseUrl",
        "ConsoleDatabaseUrl",
        "ConsoleSessionKeys",
        "OidcClientSecret",
        "RecipientHashKey",
        "UnsubscribeKeys",
        "XBearerToken",
        "OpenAiApiKey",
    ] {
        detects(rule, secret, "NoEcho: true", "NoEcho: false");
    }
    detects(rule, "XBearerToken", "Default: ''", "Default: AAAA");
    detects(
        rule,
        "SenderFunction",
        "UNSUBSCRIBE_KEYS: !Ref UnsubscribeKeys",
        "UNSUBSCRIBE_KEYS: k:00",
    );
    detects(
        rule,
        "AlarmTopicArn",
        "Value: !Ref AlarmTopic",
        "Value: !Ref DatabaseUrl",
    );
}

/// Each function connects with its own login, where there is one.
fn each_function_has_its_own_login(template: &Template) -> Broken {
    let mut broken = Broken::new();
    for function in functions(template) {
        let prefix = function.id.trim_end_matches("Function");
        let (condition, parameter) = (format!("{prefix}HasLogin"), format!("{prefix}DatabaseUrl"));
        let expected =
            json!({ "Fn::If": [condition, { "Ref": parameter }, { "Ref": "DatabaseUrl" }] });
        let url = function
            .variables()
            .find(|(name, _)| *name == "DATABASE_URL");
        if url.is_none_or(|(_, url)| *url != expected) {
            broken.push(format!("{}: works under another's login", function.id));
        }
        let given = json!({ "Fn::Not": [{ "Fn::Equals": [{ "Ref": parameter }, ""] }] });
        if template.body["Conditions"][condition] != given {
            broken.push(format!("{prefix}: its login is taken at the wrong time"));
        }
    }
    broken
}

#[test]
fn each_function_connects_with_its_own_login() {
    let rule = each_function_has_its_own_login;
    holds(rule);
    detects(
        rule,
        "WebFunction",
        "!If [WebHasLogin, !Ref WebDatabaseUrl",
        "!If [WebHasLogin, !Ref SenderDatabaseUrl",
    );
    let wrong = super::TEXT.replace(
        "WebHasLogin: !Not [!Equals [!Ref WebDatabaseUrl",
        "WebHasLogin: !Not [!Equals [!Ref SenderDatabaseUrl",
    );
    assert_eq!(rule(&Template::parse(&wrong).unwrap()).len(), 1);
}

/// What the demo, the tests and the readers of the README take from the stack.
const OUTPUTS: &[&str] = &[
    "CollectorFunctionName",
    "EnricherFunctionName",
    "SenderFunctionName",
    "WebFunctionName",
    "WebUrl",
    "ConsoleFunctionName",
    "ConsoleUrl",
    "EnrichQueueUrl",
    "EnrichDeadLetterQueueUrl",
    "OutreachQueueUrl",
    "OutreachDeadLetterQueueUrl",
    "FeedbackFunctionName",
    "FeedbackQueueUrl",
    "FeedbackDeadLetterQueueUrl",
    "FeedbackTopicArn",
    "ConfigurationSetName",
    "AlarmTopicArn",
];

#[test]
fn outputs_are_the_documented_ones() {
    let template = Template::parse(super::TEXT).unwrap();
    let outputs: Vec<_> = entries(&template.body["Outputs"])
        .map(|(name, _)| name.to_owned())
        .collect();
    let mut expected: Vec<_> = OUTPUTS.iter().map(|name| (*name).to_owned()).collect();
    expected.sort();
    let mut found = outputs;
    found.sort();
    assert_eq!(found, expected);
}
