use serde_json::{Value, json};
use simulated::Simulated;

use crate::client::{ask, client, get, request, stand_ins};

async fn change(stand_ins: &Simulated, path: &str, body: &Value) -> u16 {
    let url = format!("{}/{path}", stand_ins.control_base());
    let response = client().post(url).json(body).send().await.unwrap();
    response.status().as_u16()
}

async fn read(stand_ins: &Simulated, path: &str) -> Value {
    get(&format!("{}/{path}", stand_ins.control_base())).await.1
}

#[tokio::test]
async fn faults_and_counters_work_over_http() {
    let stand_ins = stand_ins(5);
    let faults = json!({ "next": { "fault": "refusal", "count": 2 }, "always": "server_error",
                         "latency_ms": 1, "jitter_ms": 2 });
    assert_eq!(change(&stand_ins, "model", &faults).await, 200);
    let body = request(&json!({ "bio": "Yoga teacher" }));
    for expected in [200, 200, 500] {
        assert_eq!(ask(&stand_ins, &body).await.unwrap().status(), expected);
    }
    let stats = read(&stand_ins, "stats").await;
    assert_eq!(stats, serde_json::to_value(stand_ins.stats()).unwrap());
    assert_eq!(stats["model"]["paid_calls"], 2);
    assert_eq!(stats["model"]["paid_twice"], 1);
    assert_eq!(stats["model"]["by_outcome"]["refusal"], 2);
    let ledger = read(&stand_ins, "ledger").await;
    assert_eq!(
        ledger[2],
        json!({
            "number": 3, "service": "model", "status": 500, "outcome": "server_error", "paid": false,
            "prompt_hash": ledger[0]["prompt_hash"], "email_seen": false,
            "disguised_email_seen": false, "prompt_tokens": 0, "completion_tokens": 0, "resources": 0,
        })
    );
    assert_eq!(
        change(&stand_ins, "model", &json!({ "clear": true })).await,
        200
    );
    assert_eq!(ask(&stand_ins, &body).await.unwrap().status(), 200);
    assert_eq!(change(&stand_ins, "reset", &json!({})).await, 200);
    assert!(stand_ins.ledger().is_empty());
}

#[tokio::test]
async fn answers_are_set_word_for_word() {
    let stand_ins = stand_ins(5);
    let spent = json!({ "usage": { "prompt_tokens": 900, "completion_tokens": 20 } });
    let depleted = json!({ "answer": { "status": 402, "headers": { "retry-after": "7" },
                                       "body": "no credits", "count": 1 } });
    let paid = json!({ "answer": { "status": 200, "body": spent } });
    for answer in [&depleted, &paid] {
        assert_eq!(change(&stand_ins, "model", answer).await, 200);
    }
    let body = request(&json!({ "bio": "Yoga teacher" }));
    let first = ask(&stand_ins, &body).await.unwrap();
    assert_eq!(
        (first.status().as_u16(), &first.headers()["retry-after"]),
        (402, &"7".parse().unwrap())
    );
    assert_eq!(first.text().await.unwrap(), "no credits");
    for _ in 0..2 {
        let answer = ask(&stand_ins, &body).await.unwrap();
        assert_eq!(answer.json::<Value>().await.unwrap(), spent);
    }
    let stats = stand_ins.stats().model;
    assert_eq!((stats.requests, stats.paid_calls), (3, 2));
    assert_eq!(stats.by_outcome["given"], 3);

    assert_eq!(change(&stand_ins, "x", &depleted).await, 200);
    let search = format!(
        "{}/2/tweets/search/recent?query=affiliate",
        stand_ins.x_base()
    );
    let asked = || client().get(&search).bearer_auth("token").send();
    assert_eq!(asked().await.unwrap().status(), 402);
    assert_eq!(asked().await.unwrap().status(), 200);
}

#[tokio::test]
async fn x_behaviour_is_changed_over_http() {
    let stand_ins = stand_ins(40);
    let url = format!(
        "{}/2/tweets/search/recent?query=affiliate",
        stand_ins.x_base()
    );
    let newest = get(&url).await.1["meta"]["newest_id"]
        .as_str()
        .unwrap()
        .to_owned();
    let changes = json!({ "publish": 3, "window": { "limit": 9, "seconds": 60 },
                          "spelling": "post", "share": { "server_error": 0.0 } });
    assert_eq!(change(&stand_ins, "x", &changes).await, 200);
    let page = get(&format!("{url}&since_id={newest}")).await.1;
    assert_eq!(page["meta"]["result_count"], 3);
    assert!(page["data"][0].get("edit_history_post_ids").is_some());
    assert_eq!(
        change(&stand_ins, "x", &json!({ "advance_hours": 200 })).await,
        200
    );
    assert_eq!(get(&format!("{url}&since_id={newest}")).await.0, 400);
    assert_eq!(change(&stand_ins, "reset", &json!({})).await, 200);
    assert_eq!(get(&url).await.1["meta"]["newest_id"], newest);
}

#[tokio::test]
async fn ses_and_sqs_are_changed_and_read() {
    let stand_ins = stand_ins(1);
    let base = stand_ins.control_base();
    stand_ins
        .sqs()
        .create("outreach", simulated::QueueSettings::default())
        .send("x", std::time::Duration::ZERO);
    let changes = json!({ "paused": true, "rate": 14.0, "per_day": 50, "share": { "reset": 0.5 },
                          "next_result": { "result": "complained" },
                          "share_timing": { "twice": 1.0 } });
    assert_eq!(change(&stand_ins, "ses", &changes).await, 200);
    let mail = "Action=SendRawEmail&Destinations.member.1=a%40example.org&RawMessage.Data=aGk%3D";
    let sent = client().post(stand_ins.aws_base()).body(mail).send().await;
    assert_eq!(sent.unwrap().status(), 400);
    let mails = get(&format!("{base}/ses")).await.1;
    assert_eq!(mails[0]["outcome"], "account_paused");
    assert_eq!(get(&format!("{base}/ses/stats")).await.1["handovers"], 1);
    assert_eq!(
        get(&format!("{base}/sqs")).await.1["outreach"]["visible"],
        1
    );
    let faults = json!({ "always": "send_lost" });
    assert_eq!(change(&stand_ins, "sqs", &faults).await, 200);
    assert_eq!(change(&stand_ins, "reset", &json!({})).await, 200);
    assert_eq!(get(&format!("{base}/ses")).await.1, json!([]));
    assert_eq!(
        get(&format!("{base}/sqs")).await.1["outreach"]["visible"],
        0
    );
}

#[tokio::test]
async fn unknown_change_is_refused() {
    let stand_ins = stand_ins(1);
    for (path, body) in [
        ("model", json!({ "always": "sulking" })),
        ("model", json!({ "latency": 5 })),
        ("x", json!({ "always": "refusal" })),
        ("ses", json!({ "always": "send_lost" })),
        ("sqs", json!({ "always": "hang" })),
    ] {
        assert_eq!(change(&stand_ins, path, &body).await, 400, "{body}");
    }
}

#[tokio::test]
async fn dropped_server_answers_nothing() {
    let stand_ins = stand_ins(1);
    let url = format!("{}/stats", stand_ins.control_base());
    get(&url).await;
    drop(stand_ins);
    assert!(reqwest::get(&url).await.unwrap_err().is_connect());
}

#[tokio::test]
async fn server_accepts_a_given_listener() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/_control/stats", listener.local_addr().unwrap());
    let serving = tokio::spawn(simulated::serve(simulated::Settings::default(), listener));
    assert_eq!(get(&url).await.0, 200);
    serving.abort();
}
