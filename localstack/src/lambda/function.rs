//! A function: its processes, reused and replaced, and its invocations.

use std::collections::{BTreeMap, VecDeque};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Instant;

use serde_json::{Value, json};
use tokio::sync::Semaphore;

use super::environment::{Environment, ProcessHandle};
use super::http::{HttpReply, HttpRequest};
use super::record::{Invocation, Killed, Outcome, Source};
use super::runtime_api::Event;
use super::service::{Running, Service, epoch_ms, lock};
use super::spec::FunctionSpec;

/// A function of the simulator. A clone is the same one.
#[derive(Clone, Debug)]
pub struct Function(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    name: String,
    service: Arc<Service>,
    permits: Semaphore,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    spec: FunctionSpec,
    generation: u64,
    /// Processes that ask for work, the last used last.
    idle: Vec<Environment>,
    /// Every process that may be alive, and whether it is busy.
    processes: BTreeMap<u64, (ProcessHandle, bool)>,
    /// Variables for the next processes, one set each.
    once: VecDeque<Vec<(String, String)>>,
}

impl Function {
    pub(super) fn new(spec: FunctionSpec, service: Arc<Service>) -> Self {
        Self(Arc::new(Inner {
            name: spec.name.clone(),
            service,
            permits: Semaphore::new(spec.environments),
            state: Mutex::new(State {
                spec,
                generation: 0,
                idle: Vec::new(),
                processes: BTreeMap::new(),
                once: VecDeque::new(),
            }),
        }))
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.0.name
    }

    /// Sets a variable for every process from now on; those there are end after their invocation.
    pub fn set(&self, name: &str, value: &str) {
        let mut state = self.state();
        state
            .spec
            .variables
            .insert(name.to_owned(), value.to_owned());
        state.replace_all();
    }

    /// Takes a variable away; as [`Self::set`].
    pub fn unset(&self, name: &str) {
        let mut state = self.state();
        if state.spec.variables.remove(name).is_some() {
            state.replace_all();
        }
    }

    /// Variables for the next process only: for a fault that must strike once. Called
    /// again, they are for the one after it. The next invocation starts that process.
    pub fn once(&self, variables: &[(&str, &str)]) {
        let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        let variables = variables.iter().map(owned).collect();
        self.state().once.push_back(variables);
    }

    /// Sets of variables given to [`Self::once`] that no process has taken yet.
    pub fn once_left(&self) -> usize {
        self.state().once.len()
    }

    /// Ends every process: the idle ones now, the busy ones after their invocation.
    pub fn recycle(&self) {
        self.state().replace_all();
    }

    /// Kills every process at once, busy or not; answers how many.
    pub fn kill_all(&self) -> usize {
        let mut state = self.state();
        let killed = state
            .processes
            .values()
            .filter(|(process, _)| process.kill());
        let killed = killed.count();
        state.idle.clear();
        killed
    }

    /// The processes that are alive, and whether each is busy.
    pub fn living(&self) -> Vec<(u64, bool)> {
        let state = self.state();
        let living = state
            .processes
            .iter()
            .filter(|(_, (process, _))| process.lives());
        living.map(|(number, (_, busy))| (*number, *busy)).collect()
    }

    /// Kills this process, if it is one of ours and alive.
    pub fn kill(&self, environment: u64) -> Option<Killed> {
        let mut state = self.state();
        let (process, busy) = state.processes.get(&environment)?;
        let killed = process.kill().then(|| Killed {
            function: self.0.name.clone(),
            environment,
            busy: *busy,
        });
        // No invocation may meet it while it dies.
        state.idle.retain(|idle| idle.number != environment);
        killed
    }

    /// Invokes the function, as soon as a process is free.
    pub async fn invoke(&self, event: &Value) -> Invocation {
        self.run(event, Source::Direct, 0).await
    }

    /// Invokes the function as its schedule does.
    pub async fn sweep(&self) -> Invocation {
        let event = json!({
            "version": "0", "id": "7b1f2c1e-54a3-4f2e-9c1a-0d5a1e8f3b10",
            "detail-type": "Scheduled Event", "source": "aws.events", "account": "000000000000",
            "time": "2026-01-05T10:00:00Z", "region": "us-east-1",
            "resources": [format!("arn:aws:events:us-east-1:000000000000:rule/{}", self.0.name)],
            "detail": {},
        });
        self.invoke(&event).await
    }

    /// Invokes the function as its URL does. An invocation without an answer is a 502, as Lambda's.
    pub async fn request(&self, request: HttpRequest) -> HttpReply {
        let invocation = self.invoke(&request.event()).await;
        HttpReply::from_outcome(&invocation.outcome)
    }

    pub(super) fn environments(&self) -> usize {
        self.state().spec.environments
    }

    pub(super) async fn run(&self, event: &Value, source: Source, messages: usize) -> Invocation {
        let service = &self.0.service;
        let _running = Running::begin(&service.running);
        // The semaphore is never closed; without a permit there would be one process too many.
        let _permit = self.0.permits.acquire().await.ok();
        let limit = self.state().spec.timeout;
        let request = format!(
            "00000000-0000-4000-8000-{:012x}",
            service.last_request.fetch_add(1, Ordering::Relaxed) + 1
        );
        let (environment, cold, outcome, begun) = match self.environment().await {
            Ok((environment, cold)) => {
                let begun = Instant::now();
                let event = Event {
                    request: request.clone(),
                    deadline_ms: epoch_ms() + u64::try_from(limit.as_millis()).unwrap_or(u64::MAX),
                    arn: format!(
                        "arn:aws:lambda:us-east-1:000000000000:function:{}",
                        self.0.name
                    ),
                    payload: event.to_string(),
                };
                let outcome = environment.invoke(event, limit).await;
                let number = environment.number;
                self.give_back(environment, &outcome);
                (Some(number), cold, outcome, begun)
            }
            Err(why) => (None, true, Outcome::NotStarted { why }, Instant::now()),
        };
        let invocation = Invocation {
            request,
            function: self.0.name.clone(),
            environment,
            cold,
            source,
            messages,
            begun: begun.saturating_duration_since(service.begun),
            took: begun.elapsed(),
            outcome,
        };
        lock(&service.invocations).push(invocation.clone());
        invocation
    }

    /// A process that asks for work: an idle one, or a fresh one.
    async fn environment(&self) -> Result<(Environment, bool), String> {
        loop {
            let idle = {
                let mut state = self.state();
                // A process that waits for variables of its own replaces an idle one.
                let idle = state.idle.pop().filter(|_| state.once.is_empty());
                if let Some(idle) = &idle {
                    state.mark(idle, true);
                }
                idle
            };
            let cold = idle.is_none();
            let environment = match idle {
                Some(idle) => idle,
                None => self.start().map_err(|error| format!("{error:#}"))?,
            };
            match environment.ready(self.0.service.init_timeout).await {
                Ok(()) => return Ok((environment, cold)),
                Err(why) => {
                    self.forget(environment);
                    // A process that ended between two invocations is replaced, as Lambda does.
                    if cold {
                        return Err(why);
                    }
                }
            }
        }
    }

    fn start(&self) -> anyhow::Result<Environment> {
        let service = &self.0.service;
        let number = service.last_environment.fetch_add(1, Ordering::Relaxed) + 1;
        let log = service.logs.join(format!("{}-{number}.log", self.0.name));
        let mut state = self.state();
        state.processes.retain(|_, (process, _)| process.lives());
        let mut spec = state.spec.clone();
        spec.variables
            .extend(state.once.pop_front().into_iter().flatten());
        let api = Arc::clone(&service.api);
        let environment = Environment::start(number, state.generation, &spec, api, &log)?;
        state.mark(&environment, true);
        Ok(environment)
    }

    fn give_back(&self, environment: Environment, outcome: &Outcome) {
        let gone = matches!(outcome, Outcome::TimedOut | Outcome::Died { .. });
        let mut state = self.state();
        if !gone && environment.process.lives() && environment.generation == state.generation {
            state.mark(&environment, false);
            state.idle.push(environment);
        } else {
            state.processes.remove(&environment.number);
        }
    }

    fn forget(&self, environment: Environment) {
        self.state().processes.remove(&environment.number);
        drop(environment);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        lock(&self.0.state)
    }
}

impl State {
    fn mark(&mut self, environment: &Environment, busy: bool) {
        self.processes
            .insert(environment.number, (environment.process.clone(), busy));
    }

    fn replace_all(&mut self) {
        self.generation += 1;
        for environment in self.idle.drain(..) {
            self.processes.remove(&environment.number);
        }
    }
}
