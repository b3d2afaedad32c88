//! A server that says what a test wants it to say, and keeps what it was asked.

use std::sync::{Arc, Mutex};

use axum::{
    Router,
    body::Bytes,
    http::{HeaderMap, StatusCode, header::CONTENT_TYPE},
    response::IntoResponse,
};
use serde_json::{Value, json};

/// One request: its `x-amz-target`, if any, and its body.
pub(crate) type Asked = (String, Value);

pub(crate) struct Server {
    pub(crate) base: String,
    asked: Arc<Mutex<Vec<Asked>>>,
}

impl Server {
    /// Answers every request with this, until the test ends.
    pub(crate) async fn start(
        status: u16,
        content_type: &'static str,
        body: impl Into<String>,
    ) -> Self {
        let body: String = body.into();
        Self::by(content_type, move |_| (status, body.clone())).await
    }

    /// Answers each request as this says of its body.
    pub(crate) async fn by(
        content_type: &'static str,
        reply: impl Fn(&Value) -> (u16, String) + Clone + Send + Sync + 'static,
    ) -> Self {
        let asked = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&asked);
        let answer = move |headers: HeaderMap, request: Bytes| {
            let target = headers.get("x-amz-target").and_then(|v| v.to_str().ok());
            let request: Value = serde_json::from_slice(&request).unwrap_or_default();
            let (status, body) = reply(&request);
            let entry = (target.unwrap_or_default().to_owned(), request);
            kept.lock().unwrap().push(entry);
            let status = StatusCode::from_u16(status).unwrap();
            let reply = (status, [(CONTENT_TYPE, content_type)], body);
            async move { reply.into_response() }
        };
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let router = Router::new().fallback(answer);
        // Ends with the test's runtime.
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { base, asked }
    }

    /// A model that always says this.
    pub(crate) async fn model(content: &Value) -> Self {
        Self::start(200, "application/json", completion(&content.to_string())).await
    }

    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }
}

/// A completion with this content.
pub(crate) fn completion(content: &str) -> String {
    let completion = json!({
        "choices": [{"finish_reason": "stop", "message": {"content": content}}],
        "usage": {"prompt_tokens": 100, "completion_tokens": 10},
    });
    completion.to_string()
}

/// What a good model says of [`shared::testing::new_lead`].
pub(crate) fn good_answer() -> Value {
    json!({
        "niche": "running",
        "score": 90,
        "summary": "Runs and coaches.",
        "subject": "Your long runs",
        "message": "Your trail running caught our eye. Shall we talk?",
        "evidence": [{"claim": "Runs trails", "quote": "Trail runner and coach"}],
        "compliance": {"verdict": "ok", "reasons": []},
        "confidence": 0.9,
    })
}
