//! The queues and their dead letters.

use aws_sdk_sqs::Client;
use aws_sdk_sqs::types::QueueAttributeName as Name;
use serde_json::Value;
use shared::clients::{
    aws::failure,
    checks::{Finding, fail, ok, warn},
};

use crate::stack::Stack;

/// Each setting that names a queue, and what to do about its dead letters.
const QUEUES: [(&str, &str); 3] = [
    (
        "ENRICH_QUEUE_URL",
        "delete them once the cause is mended: the sweep publishes what is pending",
    ),
    (
        "OUTREACH_QUEUE_URL",
        "delete them once the cause is mended: the sweep publishes what is pending",
    ),
    ("FEEDBACK_QUEUE_URL", MOVE_BACK),
];
/// Without a destination, what SNS could not deliver would have nowhere to go.
const MOVE_BACK: &str =
    "mend the cause, then move them back within 14 days: aws sqs start-message-move-task";
/// More than the functions work off within minutes.
const BACKLOG: u64 = 10_000;

pub(super) async fn check(stack: &Stack) -> Vec<Finding> {
    let client = Client::new(&stack.aws);
    let mut findings = Vec::new();
    for (setting, advice) in QUEUES {
        // A missing setting is reported with the settings.
        if let Some(url) = stack.setting(setting) {
            findings.extend(queue(&client, &url, advice).await);
        }
    }
    findings
}

struct Queue {
    waiting: u64,
    arn: String,
    dead_letters_arn: Option<String>,
}

async fn queue(client: &Client, url: &str, advice: &str) -> Vec<Finding> {
    const CHECK: &str = "queue";
    let name = url.rsplit('/').next().unwrap_or(url);
    let queue = match read(client, url).await {
        Ok(queue) => queue,
        Err(why) => {
            let advice = "check AWS_REGION, the credentials, and that the stack is deployed";
            return vec![fail(CHECK, format!("{name} cannot be read: {why}"), advice)];
        }
    };
    let waiting = queue.waiting;
    let mut findings = vec![if waiting > BACKLOG {
        let advice = "look at the function's logs and its concurrency";
        warn(CHECK, format!("{waiting} messages wait in {name}"), advice)
    } else {
        ok(CHECK, format!("{waiting} messages wait in {name}"))
    }];
    findings.push(match queue.dead_letters_arn {
        None => fail(
            CHECK,
            format!("{name} has no dead-letter queue"),
            "deploy again: the template makes one",
        ),
        Some(arn) => dead_letters(client, (url, &queue.arn), &arn, advice).await,
    });
    findings
}

async fn dead_letters(
    client: &Client,
    (beside, home): (&str, &str),
    arn: &str,
    advice: &str,
) -> Finding {
    const CHECK: &str = "dead letters";
    let name = arn.rsplit(':').next().unwrap_or(arn);
    // In the same account and region, so its address differs in the name only.
    let url = beside
        .rsplit_once('/')
        .map(|(base, _)| format!("{base}/{name}"));
    match read(client, &url.unwrap_or_default()).await {
        Err(why) => {
            let advice = "check that the stack is deployed, and your permissions";
            fail(CHECK, format!("{name} cannot be read: {why}"), advice)
        }
        Ok(queue) if queue.waiting == 0 => ok(CHECK, format!("none in {name}")),
        Ok(queue) => {
            let advice = if advice == MOVE_BACK {
                format!(
                    "{advice} --source-arn {} --destination-arn {home}",
                    queue.arn
                )
            } else {
                advice.to_owned()
            };
            fail(CHECK, format!("{} in {name}", queue.waiting), advice)
        }
    }
}

async fn read(client: &Client, url: &str) -> Result<Queue, String> {
    let request = client.get_queue_attributes().queue_url(url);
    let names = [
        Name::ApproximateNumberOfMessages,
        Name::QueueArn,
        Name::RedrivePolicy,
    ];
    let reply = request.set_attribute_names(Some(names.into())).send().await;
    let reply = reply.map_err(|error| failure(&error))?;
    let attributes = reply.attributes.unwrap_or_default();
    let text = |name: &Name| attributes.get(name).map(String::as_str).unwrap_or_default();
    let policy: Value = serde_json::from_str(text(&Name::RedrivePolicy)).unwrap_or_default();
    let target = policy.get("deadLetterTargetArn").and_then(Value::as_str);
    Ok(Queue {
        waiting: text(&Name::ApproximateNumberOfMessages)
            .parse()
            .unwrap_or_default(),
        arn: text(&Name::QueueArn).to_owned(),
        dead_letters_arn: target.map(str::to_owned),
    })
}
