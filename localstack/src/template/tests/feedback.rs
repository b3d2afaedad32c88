//! Feedback: every event of SES reaches us, and only SES can publish one.

use serde_json::{Value, json};

use super::{Broken, detects, holds, many, properties, target};
use crate::template::Template;

/// Events that must always be published: they decide who is not written to again.
const REQUIRED_EVENTS: [&str; 4] = ["bounce", "complaint", "delivery", "reject"];

/// Each queue that a topic feeds takes messages from that topic only.
fn queue_policy_pins_the_topic(template: &Template) -> Broken {
    let mut broken = Broken::new();
    for (id, subscription) in properties(template, "AWS::SNS::Subscription") {
        let Some(fed) =
            target(&subscription["Endpoint"]).filter(|_| subscription["Protocol"] == "sqs")
        else {
            continue;
        };
        let dead = target(&subscription["RedrivePolicy"]["deadLetterTargetArn"]);
        for queue in [Some(fed), dead].into_iter().flatten() {
            let statements: Vec<_> = properties(template, "AWS::SQS::QueuePolicy")
                .filter(|(_, policy)| {
                    many(&policy["Queues"])
                        .iter()
                        .any(|q| target(q) == Some(queue))
                })
                .flat_map(|(_, policy)| many(&policy["PolicyDocument"]["Statement"]))
                .filter(|statement| statement["Effect"] != "Deny")
                .collect();
            let pinned = |statement: &&Value| {
                statement["Principal"] == json!({ "Service": "sns.amazonaws.com" })
                    && statement["Action"] == "sqs:SendMessage"
                    && statement["Condition"]
                        == json!({ "ArnEquals": { "aws:SourceArn": subscription["TopicArn"] } })
            };
            if statements.is_empty() || !statements.iter().all(pinned) {
                broken.push(format!("{id}: others than its topic may write to {queue}"));
            }
        }
    }
    broken
}

#[test]
fn only_our_topic_writes_to_the_feedback_queue() {
    let (rule, policy) = (queue_policy_pins_the_topic, "FeedbackQueuePolicy");
    holds(rule);
    detects(
        rule,
        policy,
        "aws:SourceArn: !Ref FeedbackTopic",
        "aws:SourceArn: !Ref AlarmTopic",
    );
    detects(rule, policy, "ArnEquals:", "ArnLike:");
    detects(rule, policy, "Service: sns.amazonaws.com", "AWS: '*'");
    detects(rule, policy, "sqs:SendMessage", "sqs:*");
    detects(
        rule,
        policy,
        "[!Ref FeedbackQueue, !Ref FeedbackDeadLetterQueue]",
        "[!Ref FeedbackQueue]",
    );
}

/// What may publish to our topic besides a configuration set, and the condition it stands under.
const INBOUND: &str = "HasUnsubscribeMailbox";

/// The statements about the topic; those that a condition adds come second.
fn publishers(template: &Template) -> (Vec<&Value>, Vec<&Value>) {
    let topic = template.mail_events("stack").unwrap().topic;
    let about = |policy: &&Value| {
        many(&policy["Topics"])
            .iter()
            .any(|t| target(t) == Some(&topic))
    };
    properties(template, "AWS::SNS::TopicPolicy")
        .map(|(_, policy)| policy)
        .filter(about)
        .flat_map(|policy| many(&policy["PolicyDocument"]["Statement"]))
        .partition(|statement| statement["Fn::If"].is_null())
}

fn is_bound_to(statement: &Value, source: &Value) -> bool {
    statement["Principal"] == json!({ "Service": "ses.amazonaws.com" })
        && statement["Action"] == "sns:Publish"
        && statement["Condition"]
            == json!({ "StringEquals": {
                "aws:SourceAccount": { "Ref": "AWS::AccountId" },
                "aws:SourceArn": source,
            } })
}

fn only_our_configuration_set_publishes(template: &Template) -> Broken {
    let source = json!({ "Fn::Sub": "arn:${AWS::Partition}:ses:${AWS::Region}:${AWS::AccountId}:configuration-set/${AWS::StackName}" });
    let (always, _) = publishers(template);
    if always.is_empty() || !always.iter().all(|s| is_bound_to(s, &source)) {
        return vec!["others than our configuration set may publish to the topic".to_owned()];
    }
    Broken::new()
}

/// Mails to us: one rule, for one mailbox, and nothing of it where there is no mailbox.
fn only_our_receipt_rule_publishes(template: &Template) -> Broken {
    let own = json!({ "Fn::Sub": "${AWS::StackName}-inbound" });
    let set = json!({ "Fn::If": ["HasInboundRuleSet", { "Ref": "InboundRuleSet" }, own] });
    let arn = "arn:${AWS::Partition}:ses:${AWS::Region}:${AWS::AccountId}:receipt-rule-set/${RuleSet}:receipt-rule/${AWS::StackName}-unsubscribe";
    let source = json!({ "Fn::Sub": [arn, { "RuleSet": set }] });
    let mut broken = Broken::new();
    for statement in publishers(template).1 {
        let [condition, then, otherwise] = &many(&statement["Fn::If"])[..] else {
            continue;
        };
        let absent = **otherwise == json!({ "Ref": "AWS::NoValue" });
        if **condition != INBOUND || !is_bound_to(then, &source) || !absent {
            broken.push("others than our receipt rule may publish to the topic".to_owned());
        }
    }
    let topic = template.mail_events("stack").unwrap().topic;
    let action = json!([{ "SNSAction": { "TopicArn": { "Ref": topic }, "Encoding": "Base64" } }]);
    for (id, resource) in template.resources_of("AWS::SES::ReceiptRule") {
        let rule = &resource["Properties"]["Rule"];
        let ours = resource["Condition"] == INBOUND
            && rule["Name"] == json!({ "Fn::Sub": "${AWS::StackName}-unsubscribe" })
            && rule["Recipients"] == json!([{ "Ref": "UnsubscribeMailbox" }])
            && rule["Actions"] == action;
        if !ours {
            broken.push(format!("{id}: takes other mail, or passes it elsewhere"));
        }
    }
    broken
}

#[test]
fn inbound_mail_has_one_rule_and_mailbox() {
    let rule = only_our_receipt_rule_publishes;
    holds(rule);
    let policy = "FeedbackTopicPolicy";
    detects(rule, policy, "- HasUnsubscribeMailbox", "- InVpc");
    detects(rule, policy, "${RuleSet}:receipt-rule", "*:receipt-rule");
    detects(rule, policy, "!Ref InboundRuleSet", "other");
    let receipt = "UnsubscribeRule";
    detects(rule, receipt, "[!Ref UnsubscribeMailbox]", "[example.com]");
    detects(rule, receipt, "Encoding: Base64", "Encoding: UTF-8");
    detects(rule, receipt, "-unsubscribe", "-other");
    detects(
        rule,
        receipt,
        "Condition: HasUnsubscribeMailbox",
        "Condition: InVpc",
    );
}

/// A mailbox, a `+` and a token are one local part (RFC 5321, 4.5.3.1.1).
#[test]
fn the_mailbox_leaves_room_for_its_token() {
    use shared::domain::unsubscribe::MAILBOX_TOKEN_LENGTH;
    let template = Template::parse(super::TEXT).unwrap();
    let pattern = template.body["Parameters"]["UnsubscribeMailbox"]["AllowedPattern"].as_str();
    let longest = 64 - 1 - MAILBOX_TOKEN_LENGTH;
    assert!(pattern.unwrap().contains(&format!("]{{1,{longest}}}@")));
}

#[test]
fn only_our_configuration_set_publishes_feedback() {
    let (rule, policy) = (only_our_configuration_set_publishes, "FeedbackTopicPolicy");
    holds(rule);
    detects(
        rule,
        policy,
        "aws:SourceAccount: !Ref AWS::AccountId",
        "aws:SourceAccount: '111122223333'",
    );
    detects(
        rule,
        policy,
        "configuration-set/${AWS::StackName}",
        "configuration-set/other",
    );
    detects(rule, policy, "Service: ses.amazonaws.com", "AWS: '*'");
    detects(rule, policy, "sns:Publish", "sns:*");
    detects(
        rule,
        policy,
        "Topics: [!Ref FeedbackTopic]",
        "Topics: [!Ref AlarmTopic]",
    );
}

fn events_of_mail_are_complete_and_track_nobody(template: &Template) -> Broken {
    let events = template.mail_events("stack").unwrap();
    let published = |kind: &str| events.event_types.iter().any(|event| event == kind);
    let missing = REQUIRED_EVENTS
        .iter()
        .filter(|kind| !published(kind))
        .map(|kind| format!("no {kind}"));
    let tracking = ["open", "click"].into_iter().filter(|kind| published(kind));
    missing
        .chain(tracking.map(|kind| format!("{kind} needs consent")))
        .collect()
}

#[test]
fn bounces_and_complaints_are_published_without_tracking() {
    let (rule, events) = (
        events_of_mail_are_complete_and_track_nobody,
        "ConfigurationSetEventDestination",
    );
    holds(rule);
    detects(rule, events, "bounce, ", "");
    detects(rule, events, "[send", "[open, send");
}
