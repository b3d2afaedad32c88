use simulated::XFault;

use crate::client::{client, stand_ins};
use crate::x::search;

#[tokio::test]
async fn request_window_is_in_headers_and_enforced() {
    let stand_ins = stand_ins(20);
    stand_ins.x(|x| x.window(2, 900));
    for remaining in [1, 0] {
        let met = search(&stand_ins, "query=affiliate").await;
        assert_eq!(met.status, 200);
        assert_eq!(met.header("x-rate-limit-limit"), 2);
        assert_eq!(met.header("x-rate-limit-remaining"), remaining);
    }
    let met = search(&stand_ins, "query=affiliate").await;
    assert_eq!((met.status, met.header("x-rate-limit-remaining")), (429, 0));
    assert!(
        met.json()["type"]
            .as_str()
            .unwrap()
            .ends_with("/rate-limit-exceeded")
    );
    assert!(met.header("x-rate-limit-reset") > 1_700_000_000);
    stand_ins.x(|x| x.window(2, 0));
    assert_eq!(search(&stand_ins, "query=affiliate").await.status, 200);
    assert_eq!(stand_ins.stats().x.by_status["429"], 1);
}

#[tokio::test]
async fn bad_parameters_are_refused_with_xs_errors() {
    let stand_ins = stand_ins(20);
    for (parameters, name) in [
        ("", "query"),
        ("query=(((", "query"),
        ("query=lang:en", "query"),
        ("query=affiliate&max_results=9", "max_results"),
        ("query=affiliate&max_results=101", "max_results"),
        ("query=affiliate&since_id=12a", "since_id"),
        ("query=affiliate&since_id=12", "since_id"),
        ("query=affiliate&next_token=nonsense", "next_token"),
        ("query=affiliate&user.fields=shoe_size", "user.fields"),
        ("query=affiliate&start_time=yesterday", "start_time"),
        (
            "query=affiliate&start_time=2020-01-05T00:00:00Z",
            "start_time",
        ),
        ("query=affiliate&colour=red", "colour"),
    ] {
        let met = search(&stand_ins, parameters).await;
        assert_eq!(met.status, 400, "{parameters}");
        assert_eq!(met.headers["content-type"], "application/problem+json");
        assert!(met.headers.contains_key("x-rate-limit-remaining"));
        let problem = met.json();
        assert!(
            problem["type"]
                .as_str()
                .unwrap()
                .ends_with("/invalid-request")
        );
        assert!(
            problem["errors"][0]["parameters"].get(name).is_some(),
            "{problem}"
        );
    }
    let other = search(&stand_ins, "query=affiliate&max_results=10")
        .await
        .json();
    let token = other["meta"]["next_token"].as_str().unwrap();
    let met = search(&stand_ins, &format!("query=food&next_token={token}")).await;
    assert_eq!(met.status, 400, "a token belongs to its query");
}

#[tokio::test]
async fn request_without_token_is_refused() {
    let stand_ins = stand_ins(1);
    let url = format!(
        "{}/2/tweets/search/recent?query=affiliate",
        stand_ins.x_base()
    );
    let response = reqwest::get(url).await.unwrap();
    assert_eq!(response.status(), 401);
    assert!(response.headers().contains_key("x-rate-limit-limit"));
}

#[tokio::test]
async fn each_fault_has_its_response_shape() {
    use XFault::{
        BrokenJson, Forbidden, HtmlPage, RateLimited, RateLimitedOldShape, ServerError,
        SinceIdTooOld, Unauthorized, Unavailable, UsageCapped,
    };
    let stand_ins = stand_ins(20);
    for (fault, status, part) in [
        (RateLimited, 429, "/rate-limit-exceeded"),
        (RateLimitedOldShape, 429, "\"code\":88"),
        (UsageCapped, 429, "/usage-capped"),
        (Unauthorized, 401, "about:blank"),
        (Forbidden, 403, "/client-forbidden"),
        (SinceIdTooOld, 400, "since_id"),
        (ServerError, 500, "\"code\":2"),
        (Unavailable, 503, "/resource-unavailable"),
        (HtmlPage, 502, "<html>"),
        (BrokenJson, 200, "{\"data\":"),
    ] {
        stand_ins.x(|x| x.next(1, fault));
        let met = search(&stand_ins, "query=affiliate").await;
        assert_eq!(met.status, status, "{fault:?}");
        assert!(met.body.contains(part), "{fault:?}: {}", met.body);
        assert!(met.headers.contains_key("x-rate-limit-reset"), "{fault:?}");
        assert_eq!(stand_ins.ledger().pop().unwrap().outcome, fault.name());
    }
    stand_ins.x(|x| x.next(1, XFault::ConnectionReset));
    let url = format!(
        "{}/2/tweets/search/recent?query=affiliate",
        stand_ins.x_base()
    );
    assert!(client().get(&url).bearer_auth("t").send().await.is_err());
    assert_eq!(search(&stand_ins, "query=affiliate").await.status, 200);
}

#[tokio::test]
async fn abandoned_slow_answer_is_still_counted() {
    let stand_ins = stand_ins(20);
    stand_ins.x(|x| x.next(1, XFault::Slow));
    let timeout = std::time::Duration::from_millis(300);
    let client = reqwest::Client::builder().timeout(timeout).build().unwrap();
    let url = format!(
        "{}/2/tweets/search/recent?query=affiliate",
        stand_ins.x_base()
    );
    assert!(
        client
            .get(url)
            .bearer_auth("t")
            .send()
            .await
            .unwrap_err()
            .is_timeout()
    );
    assert!(stand_ins.stats().x.resources > 0);
}
