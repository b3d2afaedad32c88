//! The local cloud's SES, and one that fails on request.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use aws_config::{SdkConfig, timeout::TimeoutConfig};
use axum::{
    Router,
    body::Body,
    extract::State,
    http::{Response, StatusCode},
};
use shared::testing;
use tokio::net::TcpListener;

/// The local cloud's SES, with the sender verified and the configuration set there.
pub(crate) async fn local() -> SdkConfig {
    let sdk = testing::sdk(None);
    let endpoint = sdk.endpoint_url().unwrap().to_owned();
    for action in [
        "Action=VerifyDomainIdentity&Domain=mail.example.com",
        "Action=CreateConfigurationSet&ConfigurationSet.Name=sender-tests",
    ] {
        // A second creation is refused, which is as good.
        call(&endpoint, action).await;
    }
    sdk
}

async fn call(endpoint: &str, body: &str) -> String {
    let scope = "Credential=test/20260105/us-east-1/ses/aws4_request";
    let client = reqwest::Client::new().post(format!("{endpoint}/"));
    let reply = client
        .header(
            "authorization",
            format!("AWS4-HMAC-SHA256 {scope}, SignedHeaders=host, Signature=0"),
        )
        .header("content-type", "application/x-www-form-urlencoded")
        .body(format!("{body}&Version=2010-12-01"))
        .send()
        .await;
    reply.unwrap().text().await.unwrap()
}

/// How many mails to this address are in SES's own ledger.
pub(crate) async fn mails_to(sdk: &SdkConfig, address: &str) -> usize {
    let url = format!("{}/_aws/ses", sdk.endpoint_url().unwrap());
    let ledger: serde_json::Value = reqwest::get(url).await.unwrap().json().await.unwrap();
    let mails = ledger["messages"].as_array().unwrap();
    let to = format!("To: <{address}>");
    let raw = |mail: &&serde_json::Value| mail["RawData"].as_str().is_some_and(|r| r.contains(&to));
    mails.iter().filter(raw).count()
}

/// What a failing SES does with a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// Takes the mail.
    None,
    /// Answers with this status, code and message, in SES's XML.
    Error(u16, &'static str, &'static str),
    /// Takes the mail and never answers.
    Hang,
    /// Takes the mail and breaks the connection off.
    Reset,
    /// Takes the mail and answers with something else.
    Garbage,
}

/// An SES of the test's own, which counts what it was asked.
pub(crate) struct FailingSes {
    pub(crate) calls: Arc<Mutex<usize>>,
    address: String,
    fault: Fault,
}

impl FailingSes {
    pub(crate) async fn start(fault: Fault) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let calls = Arc::new(Mutex::new(0));
        let router = Router::new()
            .fallback(answer)
            .with_state((calls.clone(), fault));
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self {
            calls,
            address,
            fault,
        }
    }

    /// The clients' set-up for it; one that never answers is waited for half a second.
    pub(crate) fn sdk(&self) -> SdkConfig {
        match self.fault {
            Fault::Hang => impatient(&self.address),
            Fault::None | Fault::Error(..) | Fault::Reset | Fault::Garbage => {
                testing::sdk(Some(&self.address))
            }
        }
    }

    pub(crate) fn calls(&self) -> usize {
        *self.calls.lock().unwrap()
    }
}

/// A set-up that waits half a second for `endpoint`.
pub(crate) fn impatient(endpoint: &str) -> SdkConfig {
    let timeouts = TimeoutConfig::builder()
        .operation_attempt_timeout(Duration::from_millis(500))
        .build();
    testing::sdk(Some(endpoint))
        .into_builder()
        .timeout_config(timeouts)
        .build()
}

async fn answer(
    State((calls, fault)): State<(Arc<Mutex<usize>>, Fault)>,
    body: String,
) -> Response<Body> {
    // Asked for its quota: what it says about mails is what is tested.
    if !body.contains("Action=SendRawEmail") {
        return Response::builder()
            .status(StatusCode::BAD_REQUEST)
            .body(Body::empty())
            .unwrap();
    }
    let number = {
        let mut calls = calls.lock().unwrap();
        *calls += 1;
        *calls
    };
    let xml = |status: u16, body: String| {
        let reply = Response::builder().status(StatusCode::from_u16(status).unwrap());
        reply
            .header("content-type", "text/xml")
            .body(Body::from(body))
            .unwrap()
    };
    match fault {
        Fault::None => xml(
            200,
            format!(
                "<SendRawEmailResponse><SendRawEmailResult><MessageId>message-{number}</MessageId>\
                 </SendRawEmailResult></SendRawEmailResponse>"
            ),
        ),
        Fault::Error(status, code, message) => xml(
            status,
            format!(
                "<ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code>\
                 <Message>{message}</Message></Error><RequestId>r</RequestId></ErrorResponse>"
            ),
        ),
        Fault::Hang => std::future::pending().await,
        Fault::Reset => {
            let broken =
                futures::stream::iter([Err::<&[u8], _>(std::io::Error::other("broken off"))]);
            Response::new(Body::from_stream(broken))
        }
        Fault::Garbage => xml(200, "<html>all is well</html>".to_owned()),
    }
}
