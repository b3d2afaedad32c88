//! How functions and their mappings are set up.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;

/// How the simulator itself is set up.
#[derive(Clone, Debug)]
pub struct Config {
    /// The folder for what the functions print, one file per process.
    pub logs: PathBuf,
    /// Decides about batches, their order, and who is killed.
    pub seed: u64,
    /// How long a process may take until it asks for work.
    pub init_timeout: Duration,
}

impl Config {
    /// Logs in this folder, seed 1; a minute to start, as fifty at once may need on two cores.
    pub fn new(logs: impl Into<PathBuf>) -> Self {
        Self {
            logs: logs.into(),
            seed: 1,
            init_timeout: Duration::from_secs(60),
        }
    }
}

/// A function: a binary and the only variables it sees.
#[derive(Clone, Debug)]
pub struct FunctionSpec {
    pub(super) name: String,
    pub(super) binary: PathBuf,
    pub(super) variables: BTreeMap<String, String>,
    pub(super) timeout: Duration,
    pub(super) environments: usize,
    pub(super) own: Option<OwnVariables>,
}

type Variables = Vec<(String, String)>;

/// The variables that each process has of its own, from its number and the address of its Runtime
/// API.
#[derive(Clone)]
pub(super) struct OwnVariables(Arc<VariablesOf>);

type VariablesOf = dyn Fn(u64, &str) -> Result<Variables> + Send + Sync;

impl OwnVariables {
    pub(super) fn of(&self, process: u64, runtime_api: &str) -> Result<Variables> {
        self.0(process, runtime_api)
    }
}

impl fmt::Debug for OwnVariables {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OwnVariables")
    }
}

impl FunctionSpec {
    /// A function with thirty seconds for each invocation and at most ten processes.
    ///
    /// AWS is out of reach for it until [`Self::aws`] sets an address: its endpoint is a closed port
    /// of this machine, and its keys are no real ones.
    pub fn new(name: impl Into<String>, binary: impl Into<PathBuf>) -> Self {
        let name = name.into();
        let variables = [
            ("AWS_LAMBDA_FUNCTION_NAME", name.as_str()),
            ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "256"),
            ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST"),
            ("AWS_LAMBDA_LOG_FORMAT", "JSON"),
            ("AWS_LAMBDA_LOG_GROUP_NAME", "simulated"),
            ("AWS_LAMBDA_LOG_STREAM_NAME", "simulated"),
            ("AWS_ENDPOINT_URL", "http://127.0.0.1:9"),
            ("AWS_REGION", "us-east-1"),
            ("AWS_ACCESS_KEY_ID", "test"),
            ("AWS_SECRET_ACCESS_KEY", "test"),
            ("AWS_CONFIG_FILE", "/dev/null"),
            ("AWS_SHARED_CREDENTIALS_FILE", "/dev/null"),
            ("AWS_EC2_METADATA_DISABLED", "true"),
            ("RUST_BACKTRACE", "0"),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into();
        Self {
            name,
            binary: binary.into(),
            variables,
            timeout: Duration::from_secs(30),
            environments: 10,
            own: None,
        }
    }

    /// AWS is at this address: the stand-in's `aws_base`.
    #[must_use]
    pub fn aws(self, base: impl Into<String>) -> Self {
        self.variable("AWS_ENDPOINT_URL", base)
    }

    /// Sets a variable.
    #[must_use]
    pub fn variable(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.variables.insert(name.into(), value.into());
        self
    }

    /// Gives each process variables of its own, which override the others: its number and the address
    /// of its Runtime API are known by then. A process that gets none does not start.
    #[must_use]
    pub fn own(
        mut self,
        variables: impl Fn(u64, &str) -> Result<Variables> + Send + Sync + 'static,
    ) -> Self {
        self.own = Some(OwnVariables(Arc::new(variables)));
        self
    }

    /// How long an invocation may take; then the process is killed.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// How many processes there may be at once.
    #[must_use]
    pub fn environments(mut self, most: usize) -> Self {
        self.environments = most.max(1);
        self
    }
}

/// How a queue is read for a function.
#[derive(Clone, Copy, Debug)]
pub struct Mapping {
    /// The most messages of an invocation.
    pub batch_size: usize,
    /// How long a batch that is not full waits for more.
    pub window: Duration,
    /// Invocations at once; none: as many as the function has environments.
    pub concurrency: Option<usize>,
    /// Whether size and order of each batch are drawn, so that a message stands first, in the
    /// middle and last.
    pub vary: bool,
}

impl Default for Mapping {
    /// As the template: ten messages, no window.
    fn default() -> Self {
        Self {
            batch_size: 10,
            window: Duration::ZERO,
            concurrency: None,
            vary: false,
        }
    }
}
