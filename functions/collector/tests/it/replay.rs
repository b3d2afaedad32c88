use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};
use tokio::sync::oneshot;

/// An answer that the server will give.
#[derive(Debug)]
pub(crate) struct Answer {
    status: u16,
    headers: Vec<(&'static str, String)>,
    body: String,
    held: Option<(oneshot::Sender<()>, oneshot::Receiver<()>)>,
}

/// The other end of an answer that is held back.
#[derive(Debug)]
pub(crate) struct Held {
    /// Resolves when the request has come.
    pub(crate) asked: oneshot::Receiver<()>,
    /// Lets the answer go.
    pub(crate) release: oneshot::Sender<()>,
}

impl Answer {
    pub(crate) fn new(status: u16, body: impl Into<String>) -> Self {
        Self {
            status,
            headers: Vec::new(),
            body: body.into(),
            held: None,
        }
    }

    /// A page of the plain list that sources of kind `simulated` read.
    pub(crate) fn page(rows: &[Value], next: Option<&str>) -> Self {
        Self::new(200, json!({"leads": rows, "next_cursor": next}).to_string())
    }

    pub(crate) fn header(mut self, name: &'static str, value: &dyn ToString) -> Self {
        self.headers.push((name, value.to_string()));
        self
    }

    pub(crate) fn held(mut self) -> (Self, Held) {
        let (came, asked) = oneshot::channel();
        let (release, go) = oneshot::channel();
        self.held = Some((came, go));
        (self, Held { asked, release })
    }
}

/// A request that came.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    pub(crate) path: String,
    pub(crate) query: HashMap<String, String>,
    pub(crate) token: Option<String>,
}

#[derive(Debug, Default)]
struct Script {
    answers: VecDeque<Answer>,
    asked: Vec<Asked>,
}

/// A server that answers from a script, in order, whatever it is asked. Past the script's end it
/// says 410, which no source takes for a page.
#[derive(Debug, Clone)]
pub(crate) struct Replay {
    script: Arc<Mutex<Script>>,
    pub(crate) base: String,
}

impl Replay {
    pub(crate) async fn start() -> Self {
        let script = Arc::new(Mutex::new(Script::default()));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let router = Router::new()
            .fallback(answer)
            .with_state(Arc::clone(&script));
        // Ends with the test's runtime.
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { script, base }
    }

    pub(crate) fn then(&self, answers: impl IntoIterator<Item = Answer>) {
        self.script.lock().unwrap().answers.extend(answers);
    }

    /// The requests since the last look.
    pub(crate) fn asked(&self) -> Vec<Asked> {
        std::mem::take(&mut self.script.lock().unwrap().asked)
    }
}

async fn answer(
    State(script): State<Arc<Mutex<Script>>>,
    uri: Uri,
    Query(query): Query<HashMap<String, String>>,
    headers: HeaderMap,
) -> Response {
    let token = headers.get("authorization").map(|value| {
        let text = value.to_str().unwrap();
        text.strip_prefix("Bearer ").unwrap().to_owned()
    });
    let asked = Asked {
        path: uri.path().to_owned(),
        query,
        token,
    };
    let next = {
        let mut script = script.lock().unwrap();
        script.asked.push(asked);
        script.answers.pop_front()
    };
    let Some(answer) = next else {
        return StatusCode::GONE.into_response();
    };
    if let Some((came, go)) = answer.held {
        // The test may have stopped waiting; the answer is given all the same.
        let _ = came.send(());
        let _ = go.await;
    }
    let mut response = answer.body.into_response();
    *response.status_mut() = StatusCode::from_u16(answer.status).unwrap();
    for (name, value) in answer.headers {
        response.headers_mut().insert(name, value.parse().unwrap());
    }
    response
}
