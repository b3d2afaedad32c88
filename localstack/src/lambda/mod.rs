//! A Lambda service in one process: real function binaries, with messages from the stand-in SQS.
//!
//! It speaks the Runtime API to as many processes per function as asked, reuses them, kills them at
//! their time limit or on request, and replaces them. A [`Mapping`] reads a queue as Lambda's event
//! source mappings do, with partial batch responses. LocalStack is not needed for any of it.
//!
//! ```ignore
//! let stand_ins = simulated::Simulated::start(simulated::Settings::default())?;
//! let queue = stand_ins.sqs().create("outreach", QueueSettings { .. });
//! let simulator = Simulator::start(Config::new(logs)).await?;
//! let sender = simulator.function(
//!     FunctionSpec::new("sender", target.join("debug/sender"))
//!         .aws(stand_ins.aws_base())
//!         .variable("OUTREACH_QUEUE_URL", stand_ins.queue_url(&queue))
//!         .environments(50),
//! );
//! simulator.map(&queue, &sender, Mapping::default());
//! sender.once(&[("SENDING_ENABLED", "false")]);
//! sender.sweep().await;
//! simulator.kill_random();
//! simulator.quiesce(Duration::from_secs(60)).await?;   // everything handled, whatever it took
//! assert!(stand_ins.ses().stats().accepted_twice.is_empty());
//! ```

mod batch;
mod environment;
mod function;
mod http;
mod mapping;
mod record;
mod runtime_api;
mod service;
mod spec;

use std::collections::BTreeMap;
use std::fs;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use rand::rngs::ChaCha8Rng;
use rand::{RngExt as _, SeedableRng as _};
use simulated::Queue;
use tokio::sync::watch;
use tokio::task::JoinHandle;

pub use function::Function;
pub use http::{HttpReply, HttpRequest};
pub use record::{Invocation, Killed, Outcome, Source};
pub use spec::{Config, FunctionSpec, Mapping};

use mapping::Reading;
use runtime_api::RuntimeApi;
use service::{Service, lock};

/// How often `quiesce` looks whether work is left.
const LOOK: Duration = Duration::from_millis(5);

/// The service. It ends with every process it started when it is dropped.
#[derive(Debug)]
pub struct Simulator {
    service: Arc<Service>,
    seed: u64,
    random: Mutex<ChaCha8Rng>,
    functions: Mutex<BTreeMap<String, Function>>,
    readings: Mutex<Vec<Arc<Reading>>>,
    readers: Mutex<Vec<JoinHandle<()>>>,
    held: watch::Sender<bool>,
}

impl Simulator {
    /// Starts the service; nothing runs yet. It works on the runtime it is started on.
    ///
    /// # Errors
    /// When there is no port, or no folder for the logs.
    pub async fn start(config: Config) -> Result<Self> {
        fs::create_dir_all(&config.logs)
            .with_context(|| format!("no folder at {}", config.logs.display()))?;
        let service = Service {
            api: Arc::new(RuntimeApi::start().await?),
            logs: config.logs,
            init_timeout: config.init_timeout,
            begun: Instant::now(),
            last_environment: AtomicU64::new(0),
            last_request: AtomicU64::new(0),
            running: AtomicUsize::new(0),
            invocations: Mutex::default(),
        };
        Ok(Self {
            service: Arc::new(service),
            seed: config.seed,
            random: Mutex::new(ChaCha8Rng::seed_from_u64(config.seed)),
            functions: Mutex::default(),
            readings: Mutex::default(),
            readers: Mutex::default(),
            held: watch::Sender::new(false),
        })
    }

    /// Adds a function; its processes start when they are needed.
    pub fn function(&self, spec: FunctionSpec) -> Function {
        let function = Function::new(spec, Arc::clone(&self.service));
        lock(&self.functions).insert(function.name().to_owned(), function.clone());
        function
    }

    /// Invokes the function with what comes into the queue, from now on.
    pub fn map(&self, queue: &Queue, function: &Function, mapping: Mapping) {
        let mut readings = lock(&self.readings);
        let seed = self.seed.wrapping_add(readings.len() as u64 + 1);
        let reading = Reading::new(queue.clone(), function.clone(), mapping, seed);
        let reading = Arc::new(reading);
        readings.push(Arc::clone(&reading));
        let mut readers = lock(&self.readers);
        for _ in 0..reading.readers() {
            let reading = Arc::clone(&reading);
            readers.push(tokio::spawn(reading.run(self.held.subscribe())));
        }
    }

    /// Pauses the mappings, or lets them go on. Batches already taken are finished.
    pub fn hold(&self, hold: bool) {
        self.held.send_replace(hold);
    }

    /// Kills one living process with SIGKILL, busy or not; the seed draws which. None: there is
    /// none.
    pub fn kill_random(&self) -> Option<Killed> {
        self.kill_one(|_| true)
    }

    /// As [`Self::kill_random`], among those that work on something.
    pub fn kill_random_busy(&self) -> Option<Killed> {
        self.kill_one(|busy| busy)
    }

    fn kill_one(&self, wanted: impl Fn(bool) -> bool) -> Option<Killed> {
        let functions = lock(&self.functions);
        let living: Vec<(&Function, u64)> = functions
            .values()
            .flat_map(|function| {
                let living = function.living().into_iter();
                living.map(move |(number, busy)| (function, number, busy))
            })
            .filter(|(_, _, busy)| wanted(*busy))
            .map(|(function, number, _)| (function, number))
            .collect();
        if living.is_empty() {
            return None;
        }
        let at = lock(&self.random).random_range(0..living.len());
        let (function, number) = living.get(at)?;
        function.kill(*number)
    }

    /// Whether nothing runs and every mapped queue is empty, also of what is hidden or delayed.
    pub fn is_quiet(&self) -> bool {
        self.is_idle() && self.queues().iter().all(|queue| queue.counts().is_empty())
    }

    /// Waits until it [is quiet](Self::is_quiet), by the queues' own times.
    ///
    /// # Errors
    /// When it is not within `limit`.
    pub async fn quiet(&self, limit: Duration) -> Result<()> {
        self.until(limit, || self.is_quiet()).await
    }

    /// Finishes all work without waiting for time to pass: whenever nothing runs and
    /// nothing is visible, what is in flight and without a reader becomes visible. What is delayed
    /// stays so; answers how many messages that are. [`Queue::release_delayed`] lets them go.
    ///
    /// # Errors
    /// When it does not quiesce within `limit`: some message is never done with.
    pub async fn quiesce(&self, limit: Duration) -> Result<usize> {
        self.until(limit, || {
            if !self.is_idle() {
                return false;
            }
            let queues = self.queues();
            let released = queues.iter().map(Queue::release_in_flight);
            released.sum::<usize>() == 0
        })
        .await?;
        let delayed = self
            .queues()
            .iter()
            .map(|queue| queue.counts().delayed)
            .sum();
        Ok(delayed)
    }

    async fn until(&self, limit: Duration, condition: impl Fn() -> bool) -> Result<()> {
        let begun = Instant::now();
        let mut ticks = tokio::time::interval(LOOK);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            if condition() {
                return Ok(());
            }
            if begun.elapsed() > limit {
                let left: Vec<String> = self
                    .queues()
                    .iter()
                    .map(|queue| format!("{}: {:?}", queue.name(), queue.counts()))
                    .collect();
                let running = self.service.running.load(Ordering::SeqCst);
                bail!(
                    "not quiescent within {limit:?}; {running} running, {}",
                    left.join(", ")
                );
            }
        }
    }

    /// Nothing runs, no reader holds a message, nothing is visible. In this order, twice the
    /// queues: a message on its way from one to the other is seen in one of them.
    fn is_idle(&self) -> bool {
        let readings = lock(&self.readings).clone();
        let visible = || readings.iter().any(|r| r.queue.counts().visible > 0);
        let busy = || {
            self.service.running.load(Ordering::SeqCst) > 0
                || readings
                    .iter()
                    .any(|r| r.handling.load(Ordering::SeqCst) > 0)
        };
        !visible() && !busy() && !visible()
    }

    fn queues(&self) -> Vec<Queue> {
        let readings = lock(&self.readings);
        readings
            .iter()
            .map(|reading| reading.queue.clone())
            .collect()
    }

    /// Every invocation that has ended, in the order of their ends.
    pub fn invocations(&self) -> Vec<Invocation> {
        lock(&self.service.invocations).clone()
    }

    /// How many invocations of each function ended in each way.
    pub fn outcomes(&self) -> BTreeMap<(String, &'static str), u64> {
        let mut counts = BTreeMap::new();
        for invocation in lock(&self.service.invocations).iter() {
            let key = (invocation.function.clone(), invocation.outcome.name());
            *counts.entry(key).or_default() += 1;
        }
        counts
    }

    /// Everything that processes have printed, by file name (`function-process.log`).
    ///
    /// # Errors
    /// When a log cannot be read.
    pub fn logs(&self) -> Result<BTreeMap<String, String>> {
        fs::read_dir(&self.service.logs)?
            .map(|entry| {
                let entry = entry?;
                let text = String::from_utf8_lossy(&fs::read(entry.path())?).into_owned();
                Ok((entry.file_name().to_string_lossy().into_owned(), text))
            })
            .collect()
    }
}

impl Drop for Simulator {
    fn drop(&mut self) {
        for reader in lock(&self.readers).drain(..) {
            reader.abort();
        }
        for function in lock(&self.functions).values() {
            function.kill_all();
        }
    }
}
