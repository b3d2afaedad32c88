//! The wires between a function and everything it reaches: PostgreSQL, the stand-ins for SES, SQS and
//! the model, the Lambda Runtime API. Each process has wires of its own, so that it is known whose
//! request meets a fault. The functions are the binaries that are deployed.

mod faults;
mod http;
mod postgres;
mod protocol;

use std::collections::BTreeMap;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use anyhow::{Context as _, Result};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

pub(crate) use faults::{Action, Fault, Faults, Hold, Kind, Point, Shares, Side};

use crate::lambda::Function;

/// The wires of every process of a run; they end when this is dropped.
#[derive(Debug)]
pub(crate) struct Wires {
    /// PostgreSQL's socket.
    postgres: PathBuf,
    database: String,
    stand_ins: SocketAddr,
    faults: Arc<Mutex<Faults>>,
    functions: Mutex<BTreeMap<String, Function>>,
    relays: Mutex<Vec<JoinHandle<()>>>,
}

impl Wires {
    /// To this database of the server whose socket lies in the folder, and to the stand-ins.
    pub(crate) fn new(postgres: &Path, database: &str, stand_ins: SocketAddr) -> Self {
        Self {
            postgres: postgres.join(".s.PGSQL.5432"),
            database: database.to_owned(),
            stand_ins,
            faults: Arc::default(),
            functions: Mutex::default(),
            relays: Mutex::default(),
        }
    }

    /// The planned faults, and the requests that were seen.
    pub(crate) fn faults(&self) -> MutexGuard<'_, Faults> {
        lock(&self.faults)
    }

    /// A function whose processes can be killed.
    pub(crate) fn add(&self, function: Function) {
        lock(&self.functions).insert(function.name().to_owned(), function);
    }

    /// Wires for a process, as the variables by which it finds them.
    pub(crate) fn open(
        self: &Arc<Self>,
        function: &str,
        process: u64,
        runtime_api: &str,
    ) -> Result<Vec<(String, String)>> {
        let tap = Arc::new(Tap {
            function: function.to_owned(),
            process,
            faults: Arc::clone(&self.faults),
            wires: Some(Arc::downgrade(self)),
        });
        let (api, path) = runtime_api
            .trim_start_matches("http://")
            .split_once('/')
            .with_context(|| format!("{runtime_api} is no address of a Runtime API"))?;
        let runtime = self.listen(&tap, Server::Http(api.parse()?))?;
        let http = self.listen(&tap, Server::Http(self.stand_ins))?;
        let database = self.listen(&tap, Server::Postgres(self.postgres.clone()))?;
        let name = &self.database;
        Ok([
            ("AWS_LAMBDA_RUNTIME_API", format!("http://{runtime}/{path}")),
            ("AWS_ENDPOINT_URL", format!("http://{http}")),
            ("OPENAI_BASE_URL", format!("http://{http}/openai/v1")),
            (
                "DATABASE_URL",
                format!("postgresql://postgres@{database}/{name}?sslmode=disable"),
            ),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .into())
    }

    /// Relays every connection to a free port; answers the port's address.
    fn listen(&self, tap: &Arc<Tap>, server: Server) -> Result<SocketAddr> {
        let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let listener = TcpListener::from_std(listener)?;
        let (tap, server) = (Arc::clone(tap), Arc::new(server));
        let task = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let (tap, server) = (Arc::clone(&tap), Arc::clone(&server));
                tokio::spawn(async move {
                    // A connection may fail: that is the purpose.
                    drop(match &*server {
                        Server::Http(address) => http::relay(client, *address, &tap).await,
                        Server::Postgres(socket) => postgres::relay(client, socket, &tap).await,
                    });
                });
            }
        });
        lock(&self.relays).push(task);
        Ok(address)
    }

    fn kill(&self, function: &str, process: u64) {
        let function = lock(&self.functions).get(function).cloned();
        // It may have ended at this moment.
        function.map(|function| function.kill(process));
    }
}

impl Drop for Wires {
    fn drop(&mut self) {
        for relay in lock(&self.relays).drain(..) {
            relay.abort();
        }
    }
}

/// What a wire leads to.
#[derive(Debug)]
enum Server {
    Http(SocketAddr),
    Postgres(PathBuf),
}

/// How a relay goes on after a fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Next {
    Proceed,
    Close,
    /// It answers with an error.
    Fail,
}

/// Where the wires of one process meet their faults.
#[derive(Debug)]
struct Tap {
    function: String,
    process: u64,
    faults: Arc<Mutex<Faults>>,
    wires: Option<std::sync::Weak<Wires>>,
}

impl Tap {
    fn faults(&self) -> MutexGuard<'_, Faults> {
        lock(&self.faults)
    }

    /// The fault of this request, if it meets one.
    fn meet(&self, kind: Kind, request: String) -> Option<Fault> {
        self.faults().meet(Point {
            function: self.function.clone(),
            kind,
            request,
        })
    }

    /// Has the fault happen.
    #[expect(
        clippy::disallowed_methods,
        reason = "a delay is the fault that was asked for"
    )]
    async fn strike(&self, action: Action) -> Next {
        match action {
            Action::Cut => Next::Close,
            Action::Error => Next::Fail,
            Action::Delay => {
                tokio::time::sleep(faults::DELAY).await;
                Next::Proceed
            }
            Action::Hold(held) => {
                held.wait().await;
                Next::Proceed
            }
            Action::Kill => {
                if let Some(wires) = self.wires.as_ref().and_then(std::sync::Weak::upgrade) {
                    wires.kill(&self.function, self.process);
                }
                Next::Close
            }
        }
    }

    #[cfg(test)]
    fn alone(function: &str) -> Self {
        Self {
            function: function.to_owned(),
            process: 1,
            faults: Arc::default(),
            wires: None,
        }
    }
}

/// What was read; nothing means that the other side has closed.
fn whole(buffer: &[u8], length: usize) -> io::Result<&[u8]> {
    match buffer.get(..length) {
        Some(bytes) if length > 0 => Ok(bytes),
        _ => Err(io::ErrorKind::UnexpectedEof.into()),
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
