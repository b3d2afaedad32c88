use std::time::Duration;

use serde_json::{Value, json};
use simulated::{ModelFault, Simulated};

use crate::client::{answer, ask, client, request, stand_ins};

/// Shorter than any hang.
const TIMEOUT: Duration = Duration::from_millis(300);

struct Met {
    status: u16,
    retry_after: Option<String>,
    html: bool,
    body: String,
}

impl Met {
    fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }
}

/// What a client sees that asks once; none where there is no whole answer.
async fn meet(stand_ins: &Simulated, fault: ModelFault) -> Option<Met> {
    stand_ins.model(|model| model.next(1, fault));
    let url = format!("{}/chat/completions", stand_ins.openai_base());
    let client = reqwest::Client::builder().timeout(TIMEOUT).build().unwrap();
    let body = request(&json!({ "bio": format!("Yoga teacher {}", fault.name()) }));
    let response = client
        .post(url)
        .bearer_auth("sk")
        .json(&body)
        .send()
        .await
        .ok()?;
    let header = |name: &str| {
        response
            .headers()
            .get(name)
            .map(|v| v.to_str().unwrap().to_owned())
    };
    let retry_after = header("retry-after");
    let html = header("content-type").is_some_and(|kind| kind.starts_with("text/html"));
    let status = response.status().as_u16();
    Some(Met {
        status,
        retry_after,
        html,
        body: response.text().await.ok()?,
    })
}

#[tokio::test]
async fn errors_have_api_shape_and_cost_nothing() {
    use ModelFault::{
        ContextLength, InsufficientQuota, ModelNotFound, RateLimited, RateLimitedForAnHour,
        RateLimitedHtml, RateLimitedSilent, ServerError, Unauthorized, UnavailableHtml,
    };
    let stand_ins = stand_ins(1);
    for (fault, status, code, retry_after) in [
        (RateLimited, 429, json!("rate_limit_exceeded"), Some("1")),
        (RateLimitedSilent, 429, json!("rate_limit_exceeded"), None),
        (
            RateLimitedForAnHour,
            429,
            json!("rate_limit_exceeded"),
            Some("3600"),
        ),
        (InsufficientQuota, 429, json!("insufficient_quota"), None),
        (Unauthorized, 401, json!("invalid_api_key"), None),
        (ContextLength, 400, json!("context_length_exceeded"), None),
        (ModelNotFound, 404, json!("model_not_found"), None),
        (ServerError, 500, Value::Null, None),
    ] {
        let met = meet(&stand_ins, fault).await.unwrap();
        assert_eq!((met.status, met.html), (status, false), "{fault:?}");
        assert_eq!(met.json()["error"]["code"], code, "{fault:?}");
        assert_eq!(met.retry_after.as_deref(), retry_after, "{fault:?}");
    }
    for (fault, status) in [(RateLimitedHtml, 429), (UnavailableHtml, 503)] {
        let met = meet(&stand_ins, fault).await.unwrap();
        assert_eq!((met.status, met.html), (status, true), "{fault:?}");
    }
    let stats = stand_ins.stats().model;
    assert_eq!(
        (stats.requests, stats.paid_calls, stats.completion_tokens),
        (10, 0, 0)
    );
    assert_eq!(stats.by_status["429"], 5);
}

#[tokio::test]
async fn a_bad_answer_is_paid_for() {
    use ModelFault::{
        ContentFilter, Malformed, NoChoices, NoContent, OutOfRange, Refusal, Truncated,
        UnknownFields,
    };
    let stand_ins = stand_ins(1);
    let faults = [
        Refusal,
        Truncated,
        ContentFilter,
        Malformed,
        OutOfRange,
        NoChoices,
        NoContent,
        UnknownFields,
    ];
    for (count, fault) in (1_u64..).zip(faults) {
        let met = meet(&stand_ins, fault).await.unwrap();
        assert_eq!(met.status, 200, "{fault:?}");
        let body = met.json();
        let choice = &body["choices"][0];
        let content = choice["message"]["content"].as_str();
        let parsed = content.and_then(|text| serde_json::from_str::<Value>(text).ok());
        let (reason, wrong) = match fault {
            Refusal => (
                "stop",
                content.is_none() && choice["message"]["refusal"].is_string(),
            ),
            Truncated => ("length", content.is_some() && parsed.is_none()),
            ContentFilter => ("content_filter", content.is_none()),
            Malformed => ("stop", content.is_some() && parsed.is_none()),
            OutOfRange => ("stop", parsed.unwrap()["score"] == 140),
            NoContent => (
                "stop",
                content.is_none() && choice["message"]["refusal"].is_null(),
            ),
            UnknownFields => (
                "pause_turn",
                parsed.is_some() && body["provenance"].is_object(),
            ),
            _ => ("", choice.is_null()),
        };
        assert!(wrong, "{fault:?}: {body}");
        assert_eq!(choice["finish_reason"].as_str().unwrap_or_default(), reason);
        let last = stand_ins.ledger().pop().unwrap();
        assert_eq!(
            (last.outcome.as_str(), last.paid, last.number),
            (fault.name(), true, count)
        );
    }
    assert_eq!(stand_ins.stats().model.paid_calls, 8);
}

/// What compatible servers send that is good in an odd form.
#[tokio::test]
async fn an_odd_form_is_a_paid_answer() {
    let stand_ins = stand_ins(1);
    for fault in [
        ModelFault::EmptyRefusal,
        ModelFault::Fenced,
        ModelFault::LooselyTyped,
    ] {
        let body = meet(&stand_ins, fault).await.unwrap().json();
        let message = &body["choices"][0]["message"];
        let content = message["content"].as_str().unwrap();
        let odd = match fault {
            ModelFault::EmptyRefusal => message["refusal"] == "",
            ModelFault::Fenced => content.contains("```json") && content.contains("</think>"),
            _ => content.starts_with('[') && body["usage"].is_null(),
        };
        assert!(odd && content.contains("\"niche\""), "{fault:?}: {body}");
    }
    assert_eq!(stand_ins.stats().model.paid_calls, 3);
    let met = meet(&stand_ins, ModelFault::ErrorInSuccess).await.unwrap();
    assert_eq!(
        (met.status, met.json()["error"]["code"].as_i64()),
        (200, Some(502))
    );
    assert_eq!(stand_ins.stats().model.paid_calls, 3);
}

#[tokio::test]
async fn hang_is_paid_and_never_answered() {
    let stand_ins = stand_ins(1);
    assert!(meet(&stand_ins, ModelFault::Hang).await.is_none());
    let entry = stand_ins.ledger().pop().unwrap();
    assert_eq!((entry.status, entry.paid), (None, true));
    assert!(entry.completion_tokens > 0);
}

#[tokio::test]
async fn cut_answer_is_paid_and_reset_is_not() {
    let stand_ins = stand_ins(1);
    assert!(meet(&stand_ins, ModelFault::CutOff).await.is_none());
    assert!(
        meet(&stand_ins, ModelFault::ConnectionReset)
            .await
            .is_none()
    );
    let outcomes: Vec<_> = stand_ins
        .ledger()
        .into_iter()
        .map(|entry| (entry.outcome, entry.paid))
        .collect();
    assert_eq!(
        outcomes,
        [
            ("cut_off".to_owned(), true),
            ("connection_reset".to_owned(), false)
        ]
    );
    // The next connection is a good one.
    answer(&stand_ins, &request(&json!({ "bio": "Yoga teacher" }))).await;
}

#[tokio::test]
async fn client_that_gives_up_still_pays() {
    let stand_ins = stand_ins(1);
    stand_ins.model(|model| model.latency_ms(60_000, 0));
    let url = format!("{}/chat/completions", stand_ins.openai_base());
    let client = reqwest::Client::builder().timeout(TIMEOUT).build().unwrap();
    let body = request(&json!({ "bio": "Yoga teacher" }));
    assert!(
        client
            .post(url)
            .bearer_auth("sk")
            .json(&body)
            .send()
            .await
            .unwrap_err()
            .is_timeout()
    );
    assert_eq!(stand_ins.stats().model.paid_calls, 1);
}

#[tokio::test]
async fn repeated_prompt_and_double_payment_are_counted() {
    let stand_ins = stand_ins(1);
    stand_ins.model(|model| model.next(1, ModelFault::ServerError));
    let body = request(&json!({ "bio": "Yoga teacher" }));
    for _ in 0..3 {
        ask(&stand_ins, &body).await.unwrap();
    }
    ask(&stand_ins, &request(&json!({ "bio": "Sourdough baker" })))
        .await
        .unwrap();
    let stats = stand_ins.stats().model;
    assert_eq!((stats.requests, stats.paid_calls), (4, 3));
    assert_eq!(
        (
            stats.distinct_prompts,
            stats.repeated_prompts,
            stats.paid_twice
        ),
        (2, 2, 1)
    );
}

#[tokio::test]
async fn fault_share_follows_from_seed_in_any_order() {
    let bodies: Vec<Value> = (0..60)
        .map(|n| request(&json!({ "bio": format!("Yoga teacher {n}") })))
        .collect();
    let failed = async |order: &mut dyn Iterator<Item = usize>| {
        let stand_ins = stand_ins(1);
        stand_ins.model(|model| {
            model
                .share(ModelFault::ServerError, 0.2)
                .share(ModelFault::Refusal, 0.2)
        });
        let mut met = Vec::new();
        for index in order {
            ask(&stand_ins, &bodies[index]).await.unwrap();
            met.push((index, stand_ins.ledger().pop().unwrap().outcome));
        }
        met.sort();
        met
    };
    let forward = failed(&mut (0..60)).await;
    assert_eq!(forward, failed(&mut (0..60).rev()).await);
    let count = |name: &str| {
        forward
            .iter()
            .filter(|(_, outcome)| outcome == name)
            .count()
    };
    assert!(count("server_error") > 3 && count("refusal") > 3 && count("ok") > 20);
}

#[tokio::test]
async fn control_endpoint_knows_every_fault_by_name() {
    let stand_ins = stand_ins(1);
    let url = format!("{}/model", stand_ins.control_base());
    for fault in ModelFault::ALL {
        let change = json!({ "clear": true, "always": fault.name() });
        let response = client().post(&url).json(&change).send().await.unwrap();
        assert_eq!(response.status(), 200, "{fault:?}");
    }
}
