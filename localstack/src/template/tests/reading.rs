//! Reading YAML, deploying to this machine, and what `LocalStack` leaves out.

use std::path::PathBuf;

use serde_json::{Value, json};

use super::TEXT;
use crate::template::{MailEvents, Queue, Template, yaml};

#[track_caller]
fn check(text: &str, expected: &Value) {
    assert_eq!(&yaml::parse(text).unwrap(), expected);
}

#[test]
fn short_tags_become_long_forms() {
    check("!Ref AWS::Region", &json!({ "Ref": "AWS::Region" }));
    check("!Condition InVpc", &json!({ "Condition": "InVpc" }));
    check(
        "!GetAtt Queue.Arn",
        &json!({ "Fn::GetAtt": ["Queue", "Arn"] }),
    );
    check(
        "!GetAtt [Stack, Outputs.Url]",
        &json!({ "Fn::GetAtt": ["Stack", "Outputs.Url"] }),
    );
    check("!Sub '${A}-x'", &json!({ "Fn::Sub": "${A}-x" }));
    check(
        "!Sub [a, { b: !Ref C }]",
        &json!({ "Fn::Sub": ["a", { "b": { "Ref": "C" } }] }),
    );
    check(
        "!If\n  - A\n  - [1]\n  - !Ref B",
        &json!({ "Fn::If": ["A", [1], { "Ref": "B" }] }),
    );
    check(
        "!Not [!Equals [!Join ['', a], '']]",
        &json!({ "Fn::Not": [{ "Fn::Equals": [{ "Fn::Join": ["", "a"] }, ""] }] }),
    );
    check(
        "!Select [1, !Split ['@', b]]",
        &json!({ "Fn::Select": [1, { "Fn::Split": ["@", "b"] }] }),
    );
}

#[test]
fn plain_values_keep_their_type() {
    check(
        "[true, 'true', 10, '10', 0.4, ~, '2012-10-17']",
        &json!([true, "true", 10, "10", 0.4, null, "2012-10-17"]),
    );
}

#[test]
fn invalid_template_is_refused_with_its_position() {
    for (text, says) in [
        ("a: !Cidr x", "!Cidr"),
        ("a: !GetAtt Queue", "names no attribute"),
        ("1: a", "is no text"),
        ("a: 1\na: 2", "could not read the YAML"),
        ("a: 1\n---\nb: 2", "one YAML document"),
        ("a: [", "could not read the YAML"),
    ] {
        let error = format!("{:#}", yaml::parse(text).unwrap_err());
        assert!(error.contains(says), "{text:?} says {error:?}");
    }
}

#[test]
fn function_runs_from_the_folder_of_binary() {
    let template = Template::parse(TEXT).unwrap();
    let body = template
        .package_for_local(|binary| PathBuf::from("/code").join(binary))
        .unwrap();
    for function in template.functions().unwrap() {
        let code = &body["Resources"][&function.logical_id]["Properties"]["CodeUri"];
        let folder = format!("/code/{}", function.binary);
        assert_eq!(code, &json!({ "Bucket": "hot-reload", "Key": folder }));
    }
    assert_eq!(
        body["Globals"]["Function"].get("CodeUri"),
        None,
        "SAM would merge it in"
    );
}

#[test]
fn local_template_differs_in_code_and_url_names_only() {
    let template = Template::parse(TEXT).unwrap();
    let mut body = template.package_for_local(|binary| binary.into()).unwrap();
    let mut original = template.body.clone();
    for function in template.functions().unwrap() {
        let properties = &mut body["Resources"][&function.logical_id]["Properties"];
        let properties = properties.as_object_mut().unwrap();
        properties.remove("CodeUri");
        let tags = properties.remove("Tags");
        assert_eq!(tags, Some(json!({ "_custom_id_": function.binary })));
    }
    original["Globals"]["Function"]
        .as_object_mut()
        .unwrap()
        .remove("CodeUri");
    assert_eq!(body, original);
}

#[test]
fn template_fits_into_an_object_of_s3() {
    let body = Template::parse(TEXT)
        .unwrap()
        .package_for_local(|binary| binary.into())
        .unwrap();
    assert!(
        body.to_string().len() < 1_000_000,
        "CloudFormation takes no longer template from S3"
    );
}

#[test]
fn queues_are_named_after_the_stack() {
    let queues = Template::parse(TEXT).unwrap().queues("outreach").unwrap();
    let named = |logical_id: &str, name: &str, dead_letters: Option<&str>| Queue {
        logical_id: logical_id.to_owned(),
        name: name.to_owned(),
        dead_letters: dead_letters.map(str::to_owned),
    };
    assert_eq!(queues.len(), 6);
    assert!(queues.contains(&named(
        "EnrichQueue",
        "outreach-enrich",
        Some("EnrichDeadLetterQueue")
    )));
    assert!(queues.contains(&named(
        "FeedbackDeadLetterQueue",
        "outreach-feedback-dlq",
        None
    )));
}

#[test]
fn list_of_ignored_properties_is_complete() {
    let events = Template::parse(TEXT).unwrap().mail_events("trial").unwrap();
    let expected = MailEvents {
        configuration_set: "trial".to_owned(),
        destination: "feedback".to_owned(),
        event_types: [
            "send",
            "reject",
            "bounce",
            "complaint",
            "delivery",
            "deliveryDelay",
        ]
        .map(str::to_owned)
        .to_vec(),
        topic: "FeedbackTopic".to_owned(),
    };
    assert_eq!(events, expected);
}

#[test]
fn uncreatable_ses_resource_is_an_error() {
    let added = "Resources:\n  Inbound:\n    Type: AWS::SES::ReceiptRuleSet\n";
    let template = Template::parse(&TEXT.replacen("Resources:\n", added, 1)).unwrap();
    let error = template.mail_events("trial").unwrap_err().to_string();
    assert!(
        error.contains("Inbound") && error.contains("ReceiptRuleSet"),
        "{error}"
    );
}

#[test]
fn a_name_that_needs_the_deploy_is_refused() {
    let text = TEXT.replacen("Name: feedback", "Name: !Sub '${AWS::Region}-feedback'", 1);
    let error = Template::parse(&text)
        .unwrap()
        .mail_events("trial")
        .unwrap_err()
        .to_string();
    assert!(error.contains("more than the stack's name"), "{error}");
}
