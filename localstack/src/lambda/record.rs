//! The record of every invocation.

use std::time::Duration;

use serde_json::Value;

/// Who invoked a function.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// A mapping, with messages of this queue.
    Queue(String),
    /// A schedule, a function URL or a test.
    Direct,
}

/// How an invocation ended.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// The function answered.
    Answered(Value),
    /// The function answered with an error.
    Failed {
        /// Its type.
        kind: String,
        /// Its message.
        message: String,
    },
    /// The process took too long, and was killed.
    TimedOut,
    /// The process ended without an answer: it crashed or was killed.
    Died {
        /// Its exit status or signal.
        how: String,
    },
    /// No process could be started that asks for work.
    NotStarted {
        /// Why, as far as it is known; its log may say more.
        why: String,
    },
}

impl Outcome {
    /// The answer, if there is one.
    pub fn answer(&self) -> Option<&Value> {
        match self {
            Self::Answered(value) => Some(value),
            Self::Failed { .. } | Self::TimedOut | Self::Died { .. } | Self::NotStarted { .. } => {
                None
            }
        }
    }

    /// One word for counting.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Answered(_) => "answered",
            Self::Failed { .. } => "failed",
            Self::TimedOut => "timed_out",
            Self::Died { .. } => "died",
            Self::NotStarted { .. } => "not_started",
        }
    }
}

/// One invocation.
#[derive(Clone, Debug, PartialEq)]
pub struct Invocation {
    /// The request id.
    pub request: String,
    /// The function.
    pub function: String,
    /// The process; none where none could be started.
    pub environment: Option<u64>,
    /// It was the first one of its process.
    pub cold: bool,
    /// Who asked for it.
    pub source: Source,
    /// Messages in its batch.
    pub messages: usize,
    /// When it began, counted from the start of the simulator.
    pub begun: Duration,
    /// From passing the event on to the end.
    pub took: Duration,
    /// How it ended.
    pub outcome: Outcome,
}

/// A process that was killed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Killed {
    /// The function.
    pub function: String,
    /// The process.
    pub environment: u64,
    /// It was working on something.
    pub busy: bool,
}
