//! Permissions: each role may do what its function does, on the resources it does it to.

use serde_json::{Value, json};

use super::{Broken, Function, detects, functions, holds, many, properties, target};
use crate::template::Template;

/// Wildcards that are meant: statement, what it says, why.
const WILDCARDS: [(&str, &str, &str); 5] = [
    (
        "CheckSes",
        "*",
        "what SES says of the account and its identities takes no resource",
    ),
    (
        "ReadRuns",
        "*",
        "CloudWatch checks no narrower resource for reading figures",
    ),
    (
        "ReadImports",
        "arn:${AWS::Partition}:s3:::${ImportBucket}/*",
        "the objects of one bucket, whose names are not known beforehand",
    ),
    (
        "UploadLists",
        "arn:${AWS::Partition}:s3:::${ImportBucket}/uploads/*",
        "each list is put under a name of its own",
    ),
    (
        "ReadQuota",
        "*",
        "the quota is the account's; the action takes no resource",
    ),
];

/// Managed policies that are meant: who grants more than its name says cannot slip in.
const MANAGED: [(&str, &str); 1] = [(
    "arn:${AWS::Partition}:iam::aws:policy/service-role/AWSLambdaENIManagementAccess",
    "network interfaces in a VPC have no name before they exist; attached only inside a VPC",
)];

/// What each function may do, apart from writing its log: action and resource.
const GRANTS: &[(&str, &[(&str, &str)])] = &[
    (
        "CollectorFunction",
        &[
            ("sqs:SendMessage", "EnrichQueue"),
            ("s3:GetObject", "ImportBucket"),
            ("kms:Decrypt", "ImportBucketKeyArn"),
        ],
    ),
    (
        "EnricherFunction",
        &[
            ("sqs:ReceiveMessage", "EnrichQueue"),
            ("sqs:DeleteMessage", "EnrichQueue"),
            ("sqs:GetQueueAttributes", "EnrichQueue"),
            ("sqs:ChangeMessageVisibility", "EnrichQueue"),
            ("sqs:SendMessage", "OutreachQueue"),
            ("sqs:SendMessage", "EnrichQueue"),
        ],
    ),
    (
        "SenderFunction",
        &[
            ("sqs:ReceiveMessage", "OutreachQueue"),
            ("sqs:DeleteMessage", "OutreachQueue"),
            ("sqs:GetQueueAttributes", "OutreachQueue"),
            ("sqs:ChangeMessageVisibility", "OutreachQueue"),
            ("sqs:SendMessage", "OutreachQueue"),
            ("ses:SendRawEmail", "identity"),
            ("ses:SendRawEmail", "configuration-set"),
            ("ses:GetSendQuota", "*"),
        ],
    ),
    // Nothing is ever put off: what cannot be stored comes back as a whole.
    (
        "FeedbackFunction",
        &[
            ("sqs:ReceiveMessage", "FeedbackQueue"),
            ("sqs:DeleteMessage", "FeedbackQueue"),
            ("sqs:GetQueueAttributes", "FeedbackQueue"),
            ("sqs:SendMessage", "FeedbackDeadLetterQueue"),
        ],
    ),
    // Its pages need nothing of AWS: the database is reached by its password.
    ("WebFunction", &[]),
    // It reads what SES says of the account, and sends nothing: no page sends a mail past the sender.
    (
        "ConsoleFunction",
        &[
            ("ses:GetSendQuota", "*"),
            ("ses:GetAccountSendingEnabled", "*"),
            ("ses:DescribeConfigurationSet", "*"),
            ("ses:GetIdentityVerificationAttributes", "*"),
            ("ses:GetIdentityDkimAttributes", "*"),
            ("s3:PutObject", "ImportBucket"),
            ("kms:GenerateDataKey", "ImportBucketKeyArn"),
            ("lambda:InvokeFunction", "CollectorFunction"),
            ("cloudwatch:GetMetricData", "*"),
            ("sqs:GetQueueAttributes", "EnrichQueue"),
            ("sqs:GetQueueAttributes", "EnrichDeadLetterQueue"),
            ("sqs:GetQueueAttributes", "OutreachQueue"),
            ("sqs:GetQueueAttributes", "OutreachDeadLetterQueue"),
            ("sqs:GetQueueAttributes", "FeedbackQueue"),
            ("sqs:GetQueueAttributes", "FeedbackDeadLetterQueue"),
            ("sqs:StartMessageMoveTask", "EnrichDeadLetterQueue"),
            ("sqs:ListMessageMoveTasks", "EnrichDeadLetterQueue"),
            ("sqs:ReceiveMessage", "EnrichDeadLetterQueue"),
            ("sqs:DeleteMessage", "EnrichDeadLetterQueue"),
            ("sqs:StartMessageMoveTask", "OutreachDeadLetterQueue"),
            ("sqs:ListMessageMoveTasks", "OutreachDeadLetterQueue"),
            ("sqs:ReceiveMessage", "OutreachDeadLetterQueue"),
            ("sqs:DeleteMessage", "OutreachDeadLetterQueue"),
            ("sqs:StartMessageMoveTask", "FeedbackDeadLetterQueue"),
            ("sqs:ListMessageMoveTasks", "FeedbackDeadLetterQueue"),
            ("sqs:ReceiveMessage", "FeedbackDeadLetterQueue"),
            ("sqs:DeleteMessage", "FeedbackDeadLetterQueue"),
            ("sqs:SendMessage", "EnrichQueue"),
            ("sqs:SendMessage", "OutreachQueue"),
            ("sqs:SendMessage", "FeedbackQueue"),
        ],
    ),
];

/// The statements of a role; one that stands under a condition counts as if the condition held.
fn statements<'a>(template: &'a Template, role: &str) -> Vec<&'a Value> {
    many(&template.body["Resources"][role]["Properties"]["Policies"])
        .into_iter()
        .flat_map(|policy| many(&policy["PolicyDocument"]["Statement"]))
        .map(|statement| {
            statement
                .get("Fn::If")
                .map_or(statement, |branches| &branches[1])
        })
        .collect()
}

/// Every text inside a value, whatever intrinsic functions are around it.
fn texts(value: &Value) -> Vec<&str> {
    match value {
        Value::String(text) => vec![text],
        Value::Array(items) => items.iter().flat_map(texts).collect(),
        Value::Object(fields) => fields.values().flat_map(texts).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) => Vec::new(),
    }
}

fn nothing_is_granted_by_wildcard(template: &Template) -> Broken {
    let mut broken = Broken::new();
    for (id, role) in properties(template, "AWS::IAM::Role") {
        for managed in texts(&role["ManagedPolicyArns"]) {
            let meant = ["InVpc", "AWS::NoValue"]
                .into_iter()
                .chain(MANAGED.map(|(arn, _)| arn));
            if !meant.into_iter().any(|arn| arn == managed) {
                broken.push(format!("{id}: {managed} is not on the list"));
            }
        }
        for statement in statements(template, id) {
            let sid = statement["Sid"].as_str().unwrap_or_default();
            if statement["Effect"] == "Allow" && statement["Resource"].is_null() {
                broken.push(format!("{id}/{sid}: grants without naming a resource"));
            }
            let granted = texts(&statement["Action"])
                .into_iter()
                .chain(texts(&statement["Resource"]));
            for text in granted.filter(|text| text.contains('*')) {
                if !WILDCARDS
                    .iter()
                    .any(|(meant, what, _)| *meant == sid && *what == text)
                {
                    broken.push(format!("{id}/{sid}: {text} is not on the list"));
                }
            }
        }
    }
    broken
}

#[test]
fn wildcard_grants_are_listed_with_a_reason() {
    let rule = nothing_is_granted_by_wildcard;
    holds(rule);
    detects(
        rule,
        "SenderRole",
        "Action: ses:SendRawEmail",
        "Action: ses:*",
    );
    detects(
        rule,
        "SenderRole",
        "Resource: !GetAtt OutreachQueue.Arn",
        "Resource: '*'",
    );
    detects(rule, "CollectorRole", "s3:::${ImportBucket}/*", "s3:::*");
    detects(
        rule,
        "EnricherRole",
        "AWSLambdaENIManagementAccess",
        "AWSLambdaSQSQueueExecutionRole",
    );
}

/// What a statement's resource is, in one word.
fn resource_name(resource: &Value) -> String {
    let named = target(resource).map(str::to_owned);
    named.unwrap_or_else(|| {
        let all = texts(resource).join(" ");
        let known = ["ImportBucket", "configuration-set", "identity"];
        known
            .into_iter()
            .find(|word| all.contains(word))
            .unwrap_or(&all)
            .to_owned()
    })
}

fn roles_grant_what_functions_do(template: &Template) -> Broken {
    let mut broken = Broken::new();
    for Function {
        id,
        properties: function,
        ..
    } in functions(template)
    {
        let role = target(&function["Role"]).unwrap_or_default();
        let mut granted: Vec<(String, String)> = Vec::new();
        for statement in statements(template, role) {
            for action in texts(&statement["Action"]) {
                for resource in many(&statement["Resource"]) {
                    granted.push((action.to_owned(), resource_name(resource)));
                }
            }
        }
        let own_log = target(&function["LoggingConfig"]["LogGroup"]).unwrap_or_default();
        let grants = GRANTS.iter().find(|(name, _)| *name == id).unwrap().1;
        let mut expected: Vec<(String, String)> = grants
            .iter()
            .map(|(action, on)| ((*action).to_owned(), (*on).to_owned()))
            .collect();
        for action in ["logs:CreateLogStream", "logs:PutLogEvents"] {
            expected.push((action.to_owned(), own_log.to_owned()));
        }
        granted.sort();
        expected.sort();
        if granted != expected {
            broken.push(format!("{id}: may {granted:?}, should {expected:?}"));
        }
    }
    broken
}

#[test]
fn a_role_grants_exactly_what_its_function_does() {
    let rule = roles_grant_what_functions_do;
    holds(rule);
    detects(
        rule,
        "CollectorRole",
        "Resource: !GetAtt EnrichQueue.Arn",
        "Resource: !GetAtt OutreachQueue.Arn",
    );
    detects(rule, "EnricherRole", ", sqs:ChangeMessageVisibility]", "]");
    detects(
        rule,
        "SenderRole",
        "Action: sqs:SendMessage",
        "Action: [sqs:SendMessage, sqs:PurgeQueue]",
    );
    detects(
        rule,
        "SenderRole",
        "Resource: !GetAtt SenderLogGroup.Arn",
        "Resource: !GetAtt EnricherLogGroup.Arn",
    );
    detects(rule, "ConsoleRole", ", sqs:DeleteMessage]", "]");
    detects(
        rule,
        "SenderFunction",
        "Role: !GetAtt SenderRole.Arn",
        "Role: !GetAtt EnricherRole.Arn",
    );
}

fn mail_is_bound_to_our_address(template: &Template) -> Broken {
    let ours =
        json!({ "StringEqualsIgnoreCase": { "ses:FromAddress": { "Ref": "SenderAddress" } } });
    let mut broken = Broken::new();
    for (id, _) in properties(template, "AWS::IAM::Role") {
        for statement in statements(template, id) {
            let mails = texts(&statement["Action"])
                .iter()
                .any(|action| action.starts_with("ses:Send"));
            if mails && statement["Condition"] != ours {
                broken.push(format!("{id}: may send from any address of the identity"));
            }
        }
    }
    broken
}

#[test]
fn mail_leaves_from_our_address_only() {
    let rule = mail_is_bound_to_our_address;
    holds(rule);
    detects(
        rule,
        "SenderRole",
        "ses:FromAddress: !Ref SenderAddress",
        "ses:FromAddress: a@example.com",
    );
    detects(rule, "SenderRole", "Condition:", "Comment:");
}
