use serde_json::{Value, json};

use crate::client::{answer, ask, client, request, stand_ins};

/// A request, changed, is refused with that status and code, and costs nothing.
async fn refused(change: impl FnOnce(&mut Value), status: u16, code: &str) -> Value {
    let stand_ins = stand_ins(1);
    let mut body = request(&json!({ "bio": "Yoga teacher" }));
    change(&mut body);
    let response = ask(&stand_ins, &body).await.unwrap();
    assert_eq!(response.status(), status, "{code}");
    let error: Value = response.json().await.unwrap();
    assert_eq!(error["error"]["code"], code, "{error}");
    assert_eq!(error["error"]["type"], "invalid_request_error");
    let stats = stand_ins.stats().model;
    assert_eq!((stats.requests, stats.paid_calls), (1, 0));
    assert_eq!(stand_ins.ledger()[0].outcome, code);
    error
}

fn drop_field(body: &mut Value, name: &str) {
    body.as_object_mut().unwrap().remove(name);
}

#[tokio::test]
async fn missing_field_is_named() {
    let missing = "missing_required_parameter";
    let error = refused(|body| drop_field(body, "model"), 400, missing).await;
    assert_eq!(error["error"]["param"], "model");
    let error = refused(|body| body["messages"] = json!([]), 400, missing).await;
    assert_eq!(error["error"]["param"], "messages");
}

#[tokio::test]
async fn schema_outside_strict_subset_is_refused() {
    let bad = "invalid_json_schema";
    refused(|body| drop_field(body, "response_format"), 400, bad).await;
    refused(
        |body| body["response_format"] = json!({ "type": "json_object" }),
        400,
        bad,
    )
    .await;
    refused(
        |body| body["response_format"]["json_schema"]["strict"] = json!(false),
        400,
        bad,
    )
    .await;
    refused(
        |body| body["response_format"]["json_schema"]["name"] = json!("a b"),
        400,
        bad,
    )
    .await;
    refused(|body| body["model"] = json!("gpt-3.5-turbo"), 400, bad).await;
    let error = refused(
        |body| {
            body["response_format"]["json_schema"]["schema"]["properties"]["niche"]["maxLength"] =
                json!(20);
        },
        400,
        bad,
    )
    .await;
    let message = error["error"]["message"].as_str().unwrap();
    assert!(
        message.contains("lead_enrichment") && message.contains("'maxLength'"),
        "{message}"
    );
    assert_eq!(error["error"]["param"], "response_format");
}

#[tokio::test]
async fn parameters_are_checked_by_model_family() {
    let value = "invalid_value";
    refused(|body| body["temperature"] = json!(2.1), 400, value).await;
    refused(|body| body["max_completion_tokens"] = json!(0), 400, value).await;
    refused(
        |body| body["messages"][0]["role"] = json!("god"),
        400,
        value,
    )
    .await;
    refused(
        |body| body["model"] = json!("gpt-5-mini"),
        400,
        "unsupported_value",
    )
    .await;
    refused(
        |body| {
            drop_field(body, "temperature");
            body["model"] = json!("o4-mini");
            body["max_tokens"] = json!(500);
        },
        400,
        "unsupported_parameter",
    )
    .await;
}

#[tokio::test]
async fn a_reasoning_model_spends_tokens_before_it_writes() {
    let stand_ins = stand_ins(1);
    let mut body = request(&json!({ "bio": "Yoga teacher" }));
    drop_field(&mut body, "temperature");
    body["model"] = json!("gpt-5-mini");
    body["max_completion_tokens"] = json!(200);
    let completion: Value = ask(&stand_ins, &body).await.unwrap().json().await.unwrap();
    assert_eq!(completion["choices"][0]["finish_reason"], "length");
    assert_eq!(completion["usage"]["completion_tokens"], 200);
    assert_eq!(
        completion["usage"]["completion_tokens_details"]["reasoning_tokens"],
        192
    );
}

#[tokio::test]
async fn a_small_cap_cuts_the_answer_off() {
    let stand_ins = stand_ins(1);
    let mut body = request(&json!({ "bio": "Yoga teacher" }));
    body["max_completion_tokens"] = json!(20);
    let completion: Value = ask(&stand_ins, &body).await.unwrap().json().await.unwrap();
    assert_eq!(completion["choices"][0]["finish_reason"], "length");
    let content = completion["choices"][0]["message"]["content"]
        .as_str()
        .unwrap();
    assert!(serde_json::from_str::<Value>(content).is_err());
    assert_eq!(completion["usage"]["completion_tokens"], 20);
    assert_eq!(stand_ins.stats().model.paid_calls, 1);
}

#[tokio::test]
async fn missing_or_wrong_key_is_refused() {
    let settings = simulated::Settings {
        openai_key: Some("sk-right".to_owned()),
        ..simulated::Settings::default()
    };
    let stand_ins = simulated::Simulated::start(settings).unwrap();
    let url = format!("{}/chat/completions", stand_ins.openai_base());
    let body = request(&json!({ "bio": "Yoga teacher" }));
    let client = client();
    let without = client.post(&url).json(&body).send().await.unwrap();
    let wrong = client
        .post(&url)
        .bearer_auth("sk-wrong")
        .json(&body)
        .send()
        .await
        .unwrap();
    let right = client
        .post(&url)
        .bearer_auth("sk-right")
        .json(&body)
        .send()
        .await
        .unwrap();
    assert_eq!(
        [without.status(), wrong.status(), right.status()],
        [401, 401, 200]
    );
    assert_eq!(stand_ins.stats().model.paid_calls, 1);
    let text = wrong.text().await.unwrap();
    assert!(
        text.contains("invalid_api_key") && !text.contains("sk-wrong"),
        "{text}"
    );
}

#[tokio::test]
async fn other_schema_gets_a_valid_object() {
    let stand_ins = stand_ins(1);
    let mut body = request(&json!({ "bio": "Yoga teacher" }));
    body["response_format"]["json_schema"]["schema"] = json!({
        "type": "object", "additionalProperties": false, "required": ["colour", "score"],
        "properties": { "colour": { "type": "string", "enum": ["red", "blue"] },
                        "score": { "type": "integer", "minimum": 0, "maximum": 5 } },
    });
    assert_eq!(
        answer(&stand_ins, &body).await,
        json!({ "colour": "red", "score": 5 })
    );
}

#[tokio::test]
async fn body_that_is_no_json_is_refused() {
    let stand_ins = stand_ins(1);
    let url = format!("{}/chat/completions", stand_ins.openai_base());
    let client = client();
    let response = client
        .post(url)
        .bearer_auth("sk")
        .body("{")
        .send()
        .await
        .unwrap();
    assert_eq!(response.status(), 400);
    assert_eq!(stand_ins.ledger()[0].prompt_hash, None);
}

#[tokio::test]
async fn address_anywhere_in_a_prompt_is_counted() {
    let stand_ins = stand_ins(1);
    let ask_about = async |bio: &str| {
        answer(&stand_ins, &request(&json!({ "bio": bio }))).await;
        let stats = stand_ins.stats().model;
        (stats.emails_seen, stats.disguised_emails_seen)
    };
    assert_eq!(ask_about("Yoga teacher, @ana on Instagram").await, (0, 0));
    assert_eq!(ask_about("Yoga teacher <ana@example.org>").await, (1, 0));
    assert_eq!(
        ask_about("Yoga teacher, ana [at] example.org").await,
        (1, 1)
    );
}
