//! Feedback: what SES reports reaches us whole, and only SES can report it.

use serde_json::{Value, json};

use super::{Broken, bites, holds, many, properties, target};
use crate::template::Template;

/// What must never go unheard: it decides who is not written to again.
const HEARD: [&str; 4] = ["bounce", "complaint", "delivery", "reject"];

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
    bites(
        rule,
        policy,
        "aws:SourceArn: !Ref FeedbackTopic",
        "aws:SourceArn: !Ref AlarmTopic",
    );
    bites(rule, policy, "ArnEquals:", "ArnLike:");
    bites(rule, policy, "Service: sns.amazonaws.com", "AWS: '*'");
    bites(rule, policy, "sqs:SendMessage", "sqs:*");
    bites(
        rule,
        policy,
        "[!Ref FeedbackQueue, !Ref FeedbackDeadLetterQueue]",
        "[!Ref FeedbackQueue]",
    );
}

fn only_our_configuration_set_publishes(template: &Template) -> Broken {
    let topic = template.mail_events("stack").unwrap().topic;
    let source = "arn:${AWS::Partition}:ses:${AWS::Region}:${AWS::AccountId}:configuration-set/${AWS::StackName}";
    let expected = json!({ "StringEquals": {
        "aws:SourceAccount": { "Ref": "AWS::AccountId" },
        "aws:SourceArn": { "Fn::Sub": source },
    } });
    let statements: Vec<_> = properties(template, "AWS::SNS::TopicPolicy")
        .filter(|(_, policy)| {
            many(&policy["Topics"])
                .iter()
                .any(|t| target(t) == Some(&topic))
        })
        .flat_map(|(_, policy)| many(&policy["PolicyDocument"]["Statement"]))
        .collect();
    let ours = |statement: &&Value| {
        statement["Principal"] == json!({ "Service": "ses.amazonaws.com" })
            && statement["Action"] == "sns:Publish"
            && statement["Condition"] == expected
    };
    if statements.is_empty() || !statements.iter().all(ours) {
        return vec![format!(
            "others than our configuration set may publish to {topic}"
        )];
    }
    Broken::new()
}

#[test]
fn only_our_configuration_set_publishes_to_the_feedback_topic() {
    let (rule, policy) = (only_our_configuration_set_publishes, "FeedbackTopicPolicy");
    holds(rule);
    bites(
        rule,
        policy,
        "aws:SourceAccount: !Ref AWS::AccountId",
        "aws:SourceAccount: '111122223333'",
    );
    bites(
        rule,
        policy,
        "configuration-set/${AWS::StackName}",
        "configuration-set/other",
    );
    bites(rule, policy, "Service: ses.amazonaws.com", "AWS: '*'");
    bites(rule, policy, "sns:Publish", "sns:*");
    bites(
        rule,
        policy,
        "Topics: [!Ref FeedbackTopic]",
        "Topics: [!Ref AlarmTopic]",
    );
}

fn events_of_mail_are_complete_and_track_nobody(template: &Template) -> Broken {
    let events = template.mail_events("stack").unwrap();
    let heard = |kind: &str| events.event_types.iter().any(|event| event == kind);
    let missing = HEARD
        .iter()
        .filter(|kind| !heard(kind))
        .map(|kind| format!("no {kind}"));
    let tracking = ["open", "click"].into_iter().filter(|kind| heard(kind));
    missing
        .chain(tracking.map(|kind| format!("{kind} needs consent")))
        .collect()
}

#[test]
fn bounces_and_complaints_are_heard_and_nobody_is_tracked() {
    let (rule, events) = (
        events_of_mail_are_complete_and_track_nobody,
        "ConfigurationSetEventDestination",
    );
    holds(rule);
    bites(rule, events, "bounce, ", "");
    bites(rule, events, "[send", "[open, send");
}
