//! One process of a function: started, given events through its channel, and killed.

use std::fs::File;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{ExitStatus, Stdio};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result};
use rustix::process::{Pid, Signal, kill_process_group};
use serde_json::Value;
use tokio::sync::{Mutex, watch};
use tokio::time::timeout;

use super::record::Outcome;
use super::runtime_api::{Channel, Event, RuntimeApi, RuntimeCall};
use super::spec::FunctionSpec;

/// An answer sent just before the end may still be on its way when the process has ended.
const FINAL_ANSWER_WAIT: Duration = Duration::from_millis(50);

/// A running process. It dies when this is dropped.
#[derive(Debug)]
pub(super) struct Environment {
    pub(super) number: u64,
    /// Set-up it was started from; a later one replaces it.
    pub(super) generation: u64,
    pub(super) process: ProcessHandle,
    channel: Mutex<Channel>,
    api: Arc<RuntimeApi>,
}

/// Kills a process, and knows whether it has ended.
#[derive(Clone, Debug)]
pub(super) struct ProcessHandle {
    group: Option<Pid>,
    ended: watch::Receiver<Option<ExitStatus>>,
}

impl ProcessHandle {
    /// Kills the process at once, unless it has ended: its number may be another's by then.
    pub(super) fn kill(&self) -> bool {
        match self.group {
            // It may end at this moment; then there is nothing left to do.
            Some(group) if self.lives() => kill_process_group(group, Signal::KILL).is_ok(),
            _ => false,
        }
    }

    pub(super) fn lives(&self) -> bool {
        self.ended.borrow().is_none()
    }

    /// Waits for the end.
    async fn ended(&self) -> String {
        let mut ended = self.ended.clone();
        match ended.wait_for(Option::is_some).await {
            Ok(status) => status.map_or_else(String::new, |status| status.to_string()),
            Err(_) => "the task that waited for it is gone".to_owned(),
        }
    }
}

impl Environment {
    /// Starts a process; [`Self::ready`] waits until it asks for work.
    pub(super) fn start(
        number: u64,
        generation: u64,
        spec: &FunctionSpec,
        api: Arc<RuntimeApi>,
        log: &Path,
    ) -> Result<Self> {
        let channel = api.open(number);
        let runtime_api = api.base(number);
        let own = match &spec.own {
            Some(own) => own.of(number, &runtime_api)?,
            None => Vec::new(),
        };
        let log = File::create(log).with_context(|| format!("no log at {}", log.display()))?;
        let mut command = std::process::Command::new(&spec.binary);
        command
            .env_clear()
            .envs(&spec.variables)
            .env("AWS_LAMBDA_RUNTIME_API", runtime_api)
            .envs(own)
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            // Killed with whatever it starts, and out of reach of the terminal's Ctrl-C.
            .process_group(0);
        let mut child = tokio::process::Command::from(command)
            .kill_on_drop(true)
            .spawn()
            .with_context(|| format!("could not start {}", spec.binary.display()))?;
        let group = child
            .id()
            .and_then(|id| i32::try_from(id).ok())
            .and_then(Pid::from_raw);
        let (end, ended) = watch::channel(None);
        tokio::spawn(async move {
            let status = child.wait().await.unwrap_or_default();
            end.send_replace(Some(status));
        });
        Ok(Self {
            number,
            generation,
            process: ProcessHandle { group, ended },
            channel: Mutex::new(channel),
            api,
        })
    }

    /// Waits until the process asks for work.
    ///
    /// # Errors
    /// Why it never will.
    pub(super) async fn ready(&self, limit: Duration) -> Result<(), String> {
        let mut channel = self.channel.lock().await;
        let asks = timeout(limit, channel.calls.recv());
        tokio::select! {
            biased;
            call = asks => match call {
                Ok(Some(RuntimeCall::Ready)) => Ok(()),
                Ok(Some(RuntimeCall::InitError(body))) => Err(String::from_utf8_lossy(&body).into_owned()),
                Ok(Some(RuntimeCall::Answer(_) | RuntimeCall::Error(_))) => Err("it answered without an event".to_owned()),
                Ok(None) => Err("its channel is closed".to_owned()),
                Err(_) => Err(format!("it did not ask for work in {} s", limit.as_secs())),
            },
            how = self.process.ended() => Err(match channel.calls.try_recv() {
                Ok(RuntimeCall::InitError(body)) => String::from_utf8_lossy(&body).into_owned(),
                _ => how,
            }),
        }
    }

    /// Passes an event to the process, which has asked for one, and waits for the result.
    pub(super) async fn invoke(&self, event: Event, limit: Duration) -> Outcome {
        let mut channel = self.channel.lock().await;
        // Fails only when the channel is closed; the process has ended then.
        let _ = channel.events.send(event);
        tokio::select! {
            biased;
            call = timeout(limit, channel.calls.recv()) => match call {
                Ok(call) => outcome(call),
                Err(_) => {
                    self.process.kill();
                    Outcome::TimedOut
                }
            },
            how = self.process.ended() => match timeout(FINAL_ANSWER_WAIT, channel.calls.recv()).await {
                Ok(call) => outcome(call),
                Err(_) => Outcome::Died { how },
            },
        }
    }
}

impl Drop for Environment {
    fn drop(&mut self) {
        self.process.kill();
        self.api.close(self.number);
    }
}

fn outcome(call: Option<RuntimeCall>) -> Outcome {
    match call {
        Some(RuntimeCall::Answer(body)) => Outcome::Answered(
            // Lambda passes on any body; one that is no JSON is a failed batch either way.
            serde_json::from_slice(&body)
                .unwrap_or_else(|_| Value::String(String::from_utf8_lossy(&body).into_owned())),
        ),
        Some(RuntimeCall::Error(body)) => {
            let error: Value = serde_json::from_slice(&body).unwrap_or_default();
            let text = |name: &str| {
                let value = error.get(name).and_then(Value::as_str);
                value.unwrap_or_default().to_owned()
            };
            Outcome::Failed {
                kind: text("errorType"),
                message: text("errorMessage"),
            }
        }
        Some(RuntimeCall::Ready | RuntimeCall::InitError(_)) => Outcome::Died {
            how: "it asked for work without an answer".to_owned(),
        },
        None => Outcome::Died {
            how: "its channel was closed".to_owned(),
        },
    }
}
