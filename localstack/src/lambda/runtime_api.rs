//! The Runtime API: one server for all processes, each under a path of its own.
//!
//! The path ends with the process, so a request for work left over from a dead one cannot swallow
//! an event meant for its successor.

use std::collections::HashMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use anyhow::Result;
use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{DefaultBodyLimit, Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use tokio::net::TcpListener;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::task::JoinHandle;

/// Lambda takes six megabytes.
const BODY_LIMIT: usize = 6 * 1024 * 1024;

/// An event on its way to a process.
#[derive(Debug)]
pub(super) struct Event {
    pub(super) request: String,
    pub(super) deadline_ms: u64,
    pub(super) arn: String,
    pub(super) payload: String,
}

/// What a process says.
#[derive(Debug)]
pub(super) enum Said {
    /// It asks for work.
    Ready,
    /// It answered the event in hand.
    Answer(Bytes),
    /// It answered the event in hand with an error.
    Error(Bytes),
    /// It cannot start.
    InitError(Bytes),
}

/// Our end of a process's line.
#[derive(Debug)]
pub(super) struct Line {
    pub(super) events: UnboundedSender<Event>,
    pub(super) said: UnboundedReceiver<Said>,
}

/// The process's end of it.
#[derive(Debug)]
struct Desk {
    events: tokio::sync::Mutex<UnboundedReceiver<Event>>,
    said: UnboundedSender<Said>,
    /// The request that waits for an answer.
    pending: Mutex<Option<String>>,
}

/// The server.
#[derive(Debug)]
pub(super) struct RuntimeApi {
    address: SocketAddr,
    desks: Arc<Desks>,
    server: JoinHandle<()>,
}

#[derive(Debug, Default)]
struct Desks(Mutex<HashMap<u64, Arc<Desk>>>);

impl RuntimeApi {
    pub(super) async fn start() -> Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let desks = Arc::new(Desks::default());
        let router = router(Arc::clone(&desks));
        let server = tokio::spawn(async move {
            // Only ever ends with the process's file descriptors; the functions then see it.
            let _ = axum::serve(listener, router).await;
        });
        Ok(Self {
            address,
            desks,
            server,
        })
    }

    /// Opens a line for a process.
    pub(super) fn open(&self, environment: u64) -> Line {
        let (events, receiver) = unbounded_channel();
        let (sender, said) = unbounded_channel();
        let desk = Desk {
            events: tokio::sync::Mutex::new(receiver),
            said: sender,
            pending: Mutex::default(),
        };
        self.desks.lock().insert(environment, Arc::new(desk));
        Line { events, said }
    }

    /// For a process's `AWS_LAMBDA_RUNTIME_API`.
    pub(super) fn base(&self, environment: u64) -> String {
        format!("http://{}/{environment}", self.address)
    }

    /// Closes the line of a process that has ended.
    pub(super) fn close(&self, environment: u64) {
        self.desks.lock().remove(&environment);
    }
}

impl Drop for RuntimeApi {
    fn drop(&mut self) {
        self.server.abort();
    }
}

impl Desks {
    fn lock(&self) -> MutexGuard<'_, HashMap<u64, Arc<Desk>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn get(&self, environment: u64) -> Option<Arc<Desk>> {
        self.lock().get(&environment).cloned()
    }
}

impl Desk {
    fn pending(&self) -> MutexGuard<'_, Option<String>> {
        self.pending.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Passes an answer on, if it is for the event in hand. Nobody may listen any more: then the
    /// invocation has ended otherwise.
    fn answer(&self, request: &str, said: Said) -> Response {
        if self
            .pending()
            .take_if(|pending| pending == request)
            .is_none()
        {
            let body = r#"{"errorType":"InvalidRequestID"}"#;
            return (StatusCode::BAD_REQUEST, body).into_response();
        }
        let _ = self.said.send(said);
        (StatusCode::ACCEPTED, "{}").into_response()
    }
}

fn router(desks: Arc<Desks>) -> Router {
    let runtime = "/{environment}/2018-06-01/runtime";
    let extension = "/{environment}/2020-01-01/extension";
    Router::new()
        .route(&format!("{runtime}/invocation/next"), get(next))
        .route(
            &format!("{runtime}/invocation/{{request}}/response"),
            post(response),
        )
        .route(
            &format!("{runtime}/invocation/{{request}}/error"),
            post(error),
        )
        .route(&format!("{runtime}/init/error"), post(init_error))
        .route(&format!("{extension}/register"), post(register))
        .route(&format!("{extension}/event/next"), get(extension_next))
        .layer(DefaultBodyLimit::max(BODY_LIMIT))
        .with_state(desks)
}

async fn next(State(desks): State<Arc<Desks>>, Path(environment): Path<u64>) -> Response {
    let Some(desk) = desks.get(environment) else {
        return StatusCode::GONE.into_response();
    };
    let mut events = desk.events.lock().await;
    let _ = desk.said.send(Said::Ready);
    let Some(event) = events.recv().await else {
        return StatusCode::GONE.into_response();
    };
    *desk.pending() = Some(event.request.clone());
    let headers = [
        ("lambda-runtime-aws-request-id", event.request),
        ("lambda-runtime-deadline-ms", event.deadline_ms.to_string()),
        ("lambda-runtime-invoked-function-arn", event.arn),
        ("content-type", "application/json".to_owned()),
    ];
    let mut response = Response::new(Body::from(event.payload));
    let known: HeaderMap = headers
        .into_iter()
        .filter_map(|(name, value)| {
            Some((
                axum::http::HeaderName::from_static(name),
                value.parse().ok()?,
            ))
        })
        .collect();
    response.headers_mut().extend(known);
    response
}

async fn response(
    State(desks): State<Arc<Desks>>,
    Path((environment, request)): Path<(u64, String)>,
    body: Bytes,
) -> Response {
    match desks.get(environment) {
        Some(desk) => desk.answer(&request, Said::Answer(body)),
        None => StatusCode::GONE.into_response(),
    }
}

async fn error(
    State(desks): State<Arc<Desks>>,
    Path((environment, request)): Path<(u64, String)>,
    body: Bytes,
) -> Response {
    match desks.get(environment) {
        Some(desk) => desk.answer(&request, Said::Error(body)),
        None => StatusCode::GONE.into_response(),
    }
}

async fn init_error(
    State(desks): State<Arc<Desks>>,
    Path(environment): Path<u64>,
    body: Bytes,
) -> Response {
    if let Some(desk) = desks.get(environment) {
        let _ = desk.said.send(Said::InitError(body));
    }
    (StatusCode::ACCEPTED, "{}").into_response()
}

/// An internal extension (the runtime's graceful shutdown) registers for nothing.
async fn register() -> Response {
    let headers = [("lambda-extension-identifier", "internal")];
    let body = r#"{"functionName":"","functionVersion":"","handler":""}"#;
    (headers, body).into_response()
}

async fn extension_next() -> Response {
    std::future::pending().await
}
