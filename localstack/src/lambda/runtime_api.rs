//! The Runtime API: one server for all processes, each under a path of its own.
//!
//! The path ends with the process, so a pending request for work of an ended process cannot take
//! an event meant for the next process.

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

/// What a process reports through the Runtime API.
#[derive(Debug)]
pub(super) enum RuntimeCall {
    /// It asks for work.
    Ready,
    /// It answered its current event.
    Answer(Bytes),
    /// It answered its current event with an error.
    Error(Bytes),
    /// It cannot start.
    InitError(Bytes),
}

/// The simulator's end of a process's channel.
#[derive(Debug)]
pub(super) struct Channel {
    pub(super) events: UnboundedSender<Event>,
    pub(super) calls: UnboundedReceiver<RuntimeCall>,
}

/// The process's end of it.
#[derive(Debug)]
struct Connection {
    events: tokio::sync::Mutex<UnboundedReceiver<Event>>,
    calls: UnboundedSender<RuntimeCall>,
    /// The request that waits for an answer.
    pending: Mutex<Option<String>>,
}

/// The server.
#[derive(Debug)]
pub(super) struct RuntimeApi {
    address: SocketAddr,
    connections: Arc<Connections>,
    server: JoinHandle<()>,
}

#[derive(Debug, Default)]
struct Connections(Mutex<HashMap<u64, Arc<Connection>>>);

impl RuntimeApi {
    pub(super) async fn start() -> Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let connections = Arc::new(Connections::default());
        let router = router(Arc::clone(&connections));
        let server = tokio::spawn(async move {
            // Only ever ends with the process's file descriptors; the functions then see it.
            let _ = axum::serve(listener, router).await;
        });
        Ok(Self {
            address,
            connections,
            server,
        })
    }

    /// Opens a channel for a process.
    pub(super) fn open(&self, environment: u64) -> Channel {
        let (events, receiver) = unbounded_channel();
        let (sender, calls) = unbounded_channel();
        let connection = Connection {
            events: tokio::sync::Mutex::new(receiver),
            calls: sender,
            pending: Mutex::default(),
        };
        self.connections
            .lock()
            .insert(environment, Arc::new(connection));
        Channel { events, calls }
    }

    /// For a process's `AWS_LAMBDA_RUNTIME_API`.
    pub(super) fn base(&self, environment: u64) -> String {
        format!("http://{}/{environment}", self.address)
    }

    /// Closes the channel of a process that has ended.
    pub(super) fn close(&self, environment: u64) {
        self.connections.lock().remove(&environment);
    }
}

impl Drop for RuntimeApi {
    fn drop(&mut self) {
        self.server.abort();
    }
}

impl Connections {
    fn lock(&self) -> MutexGuard<'_, HashMap<u64, Arc<Connection>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn get(&self, environment: u64) -> Option<Arc<Connection>> {
        self.lock().get(&environment).cloned()
    }
}

impl Connection {
    fn pending(&self) -> MutexGuard<'_, Option<String>> {
        self.pending.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Passes an answer on, if it is for the current event. The receiver may be gone: then the
    /// invocation has ended otherwise.
    fn answer(&self, request: &str, call: RuntimeCall) -> Response {
        if self
            .pending()
            .take_if(|pending| pending == request)
            .is_none()
        {
            let body = r#"{"errorType":"InvalidRequestID"}"#;
            return (StatusCode::BAD_REQUEST, body).into_response();
        }
        let _ = self.calls.send(call);
        (StatusCode::ACCEPTED, "{}").into_response()
    }
}

fn router(connections: Arc<Connections>) -> Router {
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
        .with_state(connections)
}

async fn next(
    State(connections): State<Arc<Connections>>,
    Path(environment): Path<u64>,
) -> Response {
    let Some(connection) = connections.get(environment) else {
        return StatusCode::GONE.into_response();
    };
    let mut events = connection.events.lock().await;
    let _ = connection.calls.send(RuntimeCall::Ready);
    let Some(event) = events.recv().await else {
        return StatusCode::GONE.into_response();
    };
    *connection.pending() = Some(event.request.clone());
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
    State(connections): State<Arc<Connections>>,
    Path((environment, request)): Path<(u64, String)>,
    body: Bytes,
) -> Response {
    match connections.get(environment) {
        Some(connection) => connection.answer(&request, RuntimeCall::Answer(body)),
        None => StatusCode::GONE.into_response(),
    }
}

async fn error(
    State(connections): State<Arc<Connections>>,
    Path((environment, request)): Path<(u64, String)>,
    body: Bytes,
) -> Response {
    match connections.get(environment) {
        Some(connection) => connection.answer(&request, RuntimeCall::Error(body)),
        None => StatusCode::GONE.into_response(),
    }
}

async fn init_error(
    State(connections): State<Arc<Connections>>,
    Path(environment): Path<u64>,
    body: Bytes,
) -> Response {
    if let Some(connection) = connections.get(environment) {
        let _ = connection.calls.send(RuntimeCall::InitError(body));
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
