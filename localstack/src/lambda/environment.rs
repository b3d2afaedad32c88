//! One process of a function: started, fed through its line, and killed.

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
use super::runtime_api::{Event, Line, RuntimeApi, Said};
use super::spec::FunctionSpec;

/// An answer sent with the last breath may be on its way when the process is already gone.
const LAST_BREATH: Duration = Duration::from_millis(50);

/// A running process. It dies when this is dropped.
#[derive(Debug)]
pub(super) struct Environment {
    pub(super) number: u64,
    /// Set-up it was started from; a later one replaces it.
    pub(super) generation: u64,
    pub(super) leash: Leash,
    line: Mutex<Line>,
    api: Arc<RuntimeApi>,
}

/// The way to kill a process from elsewhere.
#[derive(Clone, Debug)]
pub(super) struct Leash {
    group: Option<Pid>,
    ended: watch::Receiver<Option<ExitStatus>>,
}

impl Leash {
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
            Err(_) => "its keeper is gone".to_owned(),
        }
    }
}

impl Environment {
    /// Starts a process; [`Self::ready`] tells when it asks for work.
    pub(super) fn start(
        number: u64,
        generation: u64,
        spec: &FunctionSpec,
        api: Arc<RuntimeApi>,
        log: &Path,
    ) -> Result<Self> {
        let line = api.open(number);
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
            leash: Leash { group, ended },
            line: Mutex::new(line),
            api,
        })
    }

    /// Waits until the process asks for work.
    ///
    /// # Errors
    /// Why it never will.
    pub(super) async fn ready(&self, limit: Duration) -> Result<(), String> {
        let mut line = self.line.lock().await;
        let asks = timeout(limit, line.said.recv());
        tokio::select! {
            biased;
            said = asks => match said {
                Ok(Some(Said::Ready)) => Ok(()),
                Ok(Some(Said::InitError(body))) => Err(String::from_utf8_lossy(&body).into_owned()),
                Ok(Some(Said::Answer(_) | Said::Error(_))) => Err("it answers nobody".to_owned()),
                Ok(None) => Err("its line is closed".to_owned()),
                Err(_) => Err(format!("it did not ask for work in {} s", limit.as_secs())),
            },
            how = self.leash.ended() => Err(match line.said.try_recv() {
                Ok(Said::InitError(body)) => String::from_utf8_lossy(&body).into_owned(),
                _ => how,
            }),
        }
    }

    /// Hands an event to the process, which has asked for one, and waits for the end of it.
    pub(super) async fn invoke(&self, event: Event, limit: Duration) -> Outcome {
        let mut line = self.line.lock().await;
        // Fails only when the line is closed; the process has ended then.
        let _ = line.events.send(event);
        tokio::select! {
            biased;
            said = timeout(limit, line.said.recv()) => match said {
                Ok(said) => outcome(said),
                Err(_) => {
                    self.leash.kill();
                    Outcome::TimedOut
                }
            },
            how = self.leash.ended() => match timeout(LAST_BREATH, line.said.recv()).await {
                Ok(said) => outcome(said),
                Err(_) => Outcome::Died { how },
            },
        }
    }
}

impl Drop for Environment {
    fn drop(&mut self) {
        self.leash.kill();
        self.api.close(self.number);
    }
}

fn outcome(said: Option<Said>) -> Outcome {
    match said {
        Some(Said::Answer(body)) => Outcome::Answered(
            // Lambda hands on what it is given; what is no JSON is a failed batch either way.
            serde_json::from_slice(&body)
                .unwrap_or_else(|_| Value::String(String::from_utf8_lossy(&body).into_owned())),
        ),
        Some(Said::Error(body)) => {
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
        Some(Said::Ready | Said::InitError(_)) => Outcome::Died {
            how: "it asked for work without an answer".to_owned(),
        },
        None => Outcome::Died {
            how: "its line was closed".to_owned(),
        },
    }
}
