//! The server: what it holds, its routes, and how it is started and stopped.

use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use axum::Router;
use axum::routing::{get, post};
use chrono::TimeDelta;
use tokio::sync::oneshot;

use crate::aws;
use crate::control;
use crate::issuer::{self, Issuer};
use crate::leads;
use crate::ledger::{Entry, Ledger, Stats};
use crate::model::{self, ModelBehaviour};
use crate::net::{BreakableListener, Breaker};
use crate::population::{Population, Timeline};
use crate::ses::Ses;
use crate::settings::Settings;
use crate::sqs::{self, Queue, Sqs};
use crate::x::{self, XBehaviour};

/// Everything that the handlers share.
pub(crate) struct StandIns {
    pub(crate) settings: Settings,
    pub(crate) population: Population,
    pub(crate) ledger: Ledger,
    pub(crate) ses: Ses,
    pub(crate) sqs: Sqs,
    pub(crate) issuer: Issuer,
    timeline: Mutex<Timeline>,
    model: Mutex<ModelBehaviour>,
    x: Mutex<XBehaviour>,
}

impl StandIns {
    fn new(settings: Settings, address: SocketAddr) -> Self {
        let base = format!("http://{address}");
        let population = Population::new(settings.seed, settings.leads);
        Self {
            timeline: Mutex::new(Timeline::new(&population, settings.now)),
            model: Mutex::new(ModelBehaviour::new(settings.seed)),
            x: Mutex::new(XBehaviour::new(settings.seed)),
            ledger: Ledger::default(),
            ses: Ses::new(settings.seed),
            sqs: Sqs::new(settings.seed),
            issuer: Issuer::new(settings.seed, &base, settings.client.clone()),
            population,
            settings,
        }
    }

    pub(crate) fn timeline(&self) -> MutexGuard<'_, Timeline> {
        lock(&self.timeline)
    }

    pub(crate) fn model(&self) -> MutexGuard<'_, ModelBehaviour> {
        lock(&self.model)
    }

    pub(crate) fn x(&self) -> MutexGuard<'_, XBehaviour> {
        lock(&self.x)
    }

    /// Back to the state after the start: no faults, empty ledgers and queues, the first posts only.
    pub(crate) fn reset(&self) {
        *self.timeline() = Timeline::new(&self.population, self.settings.now);
        *self.model() = ModelBehaviour::new(self.settings.seed);
        *self.x() = XBehaviour::new(self.settings.seed);
        self.ledger.clear();
        self.ses.reset();
        self.sqs.reset();
        self.issuer.reset();
    }
}

/// None of the guarded values can be left half changed, so a poisoned lock still guards a good one.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn router(stand_ins: Arc<StandIns>) -> Router {
    let issuer = issuer::router(stand_ins.issuer.clone());
    Router::new()
        .route("/x/2/tweets/search/recent", get(x::search))
        .route("/openai/v1/chat/completions", post(model::complete))
        .route("/simulated/leads", get(leads::list))
        .route("/", post(aws::answer))
        .nest("/_control", control::router())
        .with_state(stand_ins)
        .nest(issuer::PATH, issuer)
}

async fn run(stand_ins: Arc<StandIns>, listener: tokio::net::TcpListener) -> io::Result<()> {
    let service = router(stand_ins).into_make_service_with_connect_info::<Breaker>();
    axum::serve(BreakableListener(listener), service).await
}

/// Serves the stand-ins on the listener until the future is dropped.
///
/// # Errors
/// When the listener fails for good.
pub async fn serve(settings: Settings, listener: tokio::net::TcpListener) -> io::Result<()> {
    let address = listener.local_addr()?;
    run(Arc::new(StandIns::new(settings, address)), listener).await
}

/// The stand-ins, running on a thread of their own; they stop when this is dropped.
///
/// They have their own runtime, so that they answer whatever the caller's runtime is doing, and that
/// no connection outlives them.
pub struct Simulated {
    stand_ins: Arc<StandIns>,
    address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Simulated {
    /// Starts on a free port of 127.0.0.1. It answers as soon as this returns.
    ///
    /// # Errors
    /// When no port or no thread can be had.
    pub fn start(settings: Settings) -> io::Result<Self> {
        Self::start_on(settings, TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?)
    }

    /// Starts on a listener of the caller's.
    ///
    /// # Errors
    /// When the listener is of no use or no thread can be had.
    pub fn start_on(settings: Settings, listener: TcpListener) -> io::Result<Self> {
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let stand_ins = Arc::new(StandIns::new(settings, address));
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let listener = {
            let _inside = runtime.enter();
            tokio::net::TcpListener::from_std(listener)?
        };
        let (stop, stopped) = oneshot::channel();
        let served = Arc::clone(&stand_ins);
        let thread = std::thread::Builder::new()
            .name("simulated".to_owned())
            .spawn(move || {
                runtime.block_on(async move {
                    tokio::select! {
                        // Only ever ends with the process's file descriptors; clients then see it.
                        _ = run(served, listener) => {}
                        _ = stopped => {}
                    }
                });
            })?;
        Ok(Self {
            stand_ins,
            address,
            stop: Some(stop),
            thread: Some(thread),
        })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// For `X_API_BASE`.
    pub fn x_base(&self) -> String {
        format!("http://{}/x", self.address)
    }

    /// For `OPENAI_BASE_URL`.
    pub fn openai_base(&self) -> String {
        format!("http://{}/openai/v1", self.address)
    }

    /// For `SIMULATED_API_BASE`.
    pub fn simulated_base(&self) -> String {
        format!("http://{}/simulated", self.address)
    }

    /// For `AWS_ENDPOINT_URL`: SES and SQS.
    pub fn aws_base(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The stand-in SES.
    pub fn ses(&self) -> &Ses {
        &self.stand_ins.ses
    }

    /// The stand-in SQS.
    pub fn sqs(&self) -> &Sqs {
        &self.stand_ins.sqs
    }

    /// The stand-in issuer; its [`Issuer::url`] is for `OIDC_ISSUER`.
    pub fn issuer(&self) -> &Issuer {
        &self.stand_ins.issuer
    }

    /// For the functions' `…_QUEUE_URL`.
    pub fn queue_url(&self, queue: &Queue) -> String {
        sqs::url(&self.aws_base(), queue.name())
    }

    /// Where faults are set and counters are read over HTTP.
    pub fn control_base(&self) -> String {
        format!("http://{}/_control", self.address)
    }

    /// The made-up people.
    pub fn population(&self) -> &Population {
        &self.stand_ins.population
    }

    /// Changes the model's behaviour from the next request on.
    pub fn model(&self, change: impl FnOnce(&mut ModelBehaviour) -> &mut ModelBehaviour) {
        change(&mut self.stand_ins.model());
    }

    /// Changes X's behaviour from the next request on.
    pub fn x(&self, change: impl FnOnce(&mut XBehaviour) -> &mut XBehaviour) {
        change(&mut self.stand_ins.x());
    }

    /// Publishes so many new posts on X, every other one by a new author.
    pub fn publish(&self, posts: usize) {
        self.stand_ins
            .timeline()
            .publish(&self.stand_ins.population, posts);
    }

    /// Lets so many hours pass on the simulated clock.
    pub fn advance_hours(&self, hours: u32) {
        self.stand_ins
            .timeline()
            .advance(TimeDelta::hours(i64::from(hours)));
    }

    /// Every request so far.
    pub fn ledger(&self) -> Vec<Entry> {
        self.stand_ins.ledger.entries()
    }

    /// Counters over the ledger.
    pub fn stats(&self) -> Stats {
        self.stand_ins.ledger.stats()
    }

    /// Back to the state after the start.
    pub fn reset(&self) {
        self.stand_ins.reset();
    }
}

impl Drop for Simulated {
    fn drop(&mut self) {
        if let Some(stop) = self.stop.take() {
            // Fails only when the thread has already ended.
            let _ = stop.send(());
        }
        if let Some(thread) = self.thread.take() {
            // A panic in the thread was already printed; there is nothing left to do.
            let _ = thread.join();
        }
    }
}
