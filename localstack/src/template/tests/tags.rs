//! Tags: every resource says whose it is and what it is for.

use serde_json::json;

use super::{Broken, detects, holds, many};
use crate::template::{Template, entries};

/// Types that take no tags of their own.
const UNTAGGABLE: &[&str] = &[
    "AWS::Lambda::Permission",
    "AWS::Lambda::Url",
    "AWS::SES::ConfigurationSetEventDestination",
    "AWS::SES::ReceiptRule",
    "AWS::SES::ReceiptRuleSet",
    "AWS::SNS::Subscription",
    "AWS::SNS::TopicPolicy",
    "AWS::SQS::QueuePolicy",
    // Tagged by the globals, together.
    "AWS::Serverless::Function",
];

fn resources_are_tagged(template: &Template) -> Broken {
    let stack = json!({ "Ref": "AWS::StackName" });
    let functions = template.body["Globals"]["Function"]["Tags"]["Application"] == stack;
    let mut broken = if functions {
        Broken::new()
    } else {
        vec!["the functions".to_owned()]
    };
    for (id, resource) in entries(&template.body["Resources"]) {
        if UNTAGGABLE.iter().any(|kind| resource["Type"] == *kind) {
            continue;
        }
        let tags = many(&resource["Properties"]["Tags"]);
        let tagged = |key: &str| tags.iter().any(|tag| tag["Key"] == key);
        if !tagged("Application") || !tagged("Component") {
            broken.push(format!("{id} says neither whose it is nor what it is for"));
        }
    }
    broken
}

#[test]
fn every_resource_has_its_tags() {
    let rule = resources_are_tagged;
    holds(rule);
    detects(rule, "EnrichQueue", "Key: Application", "Key: App");
    detects(rule, "AlarmTopic", "Key: Component", "Key: Part");
    detects(
        rule,
        "Function",
        "Application: !Ref AWS::StackName",
        "Application: other",
    );
}
