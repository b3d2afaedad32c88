//! A function whose event says what it shall do: `{"do": "…"}`, or one message per body of a
//! batch, with what to do in each. For the tests of the Lambda service.

use lambda_runtime::{Error, LambdaEvent, run, service_fn};
use serde_json::{Value, json};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    if variable("START") == "error" {
        return Err("cannot read the configuration".into());
    }
    run(service_fn(handle)).await
}

#[expect(clippy::print_stdout, reason = "what a function prints is its log")]
async fn handle(event: LambdaEvent<Value>) -> Result<Value, Error> {
    let LambdaEvent { payload, context } = event;
    let Some(records) = payload.get("Records").and_then(Value::as_array) else {
        println!("{} asked by {}", text(&payload, "do"), context.request_id);
        return one(text(&payload, "do"), context.deadline).await;
    };
    let mut failed = Vec::new();
    for record in records {
        let (id, body) = (text(record, "messageId"), text(record, "body"));
        println!("message {body}");
        match body {
            "fail once" if receives(record) == "1" => failed.push(json!({"itemIdentifier": id})),
            "fail always" => failed.push(json!({"itemIdentifier": id})),
            "crash once" if receives(record) == "1" => std::process::abort(),
            _ => {}
        }
    }
    Ok(json!({ "batchItemFailures": failed }))
}

async fn one(what: &str, deadline: u64) -> Result<Value, Error> {
    match what {
        "fail" => Err("as asked".into()),
        "crash" => std::process::abort(),
        "hang" => std::future::pending().await,
        "environment" => {
            let variables = std::env::vars().filter(|(name, _)| name != "AWS_LAMBDA_RUNTIME_API");
            Ok(json!(
                variables.collect::<std::collections::BTreeMap<_, _>>()
            ))
        }
        _ => {
            Ok(json!({ "pid": std::process::id(), "deadline": deadline, "note": variable("NOTE") }))
        }
    }
}

fn text<'a>(value: &'a Value, field: &str) -> &'a str {
    value.get(field).and_then(Value::as_str).unwrap_or_default()
}

fn receives(record: &Value) -> &str {
    record
        .pointer("/attributes/ApproximateReceiveCount")
        .and_then(Value::as_str)
        .unwrap_or_default()
}

#[expect(
    clippy::disallowed_methods,
    reason = "this is no function of the pipeline"
)]
fn variable(name: &str) -> String {
    std::env::var(name).unwrap_or_default()
}
