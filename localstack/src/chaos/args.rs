//! The options of the harness.

use std::path::PathBuf;

use clap::Args;

use super::Profile;

/// What is broken, and how often.
#[derive(Debug, Args)]
pub(crate) struct ChaosArgs {
    /// The seed that the faults are drawn from
    #[arg(long, default_value_t = 1, value_name = "S")]
    pub(crate) seed: u64,
    /// One fault a run: at each statement, HTTP request and Runtime API call of each function, before
    /// and after
    #[arg(long)]
    pub(crate) exhaustive: bool,
    /// Only every Nth of those cases; the seed chooses which
    #[arg(long, value_name = "N", requires = "exhaustive")]
    pub(crate) every: Option<usize>,
    /// Rounds in which many faults happen at once
    #[arg(
        long,
        default_value_t = 20,
        value_name = "R",
        conflicts_with = "exhaustive"
    )]
    pub(crate) rounds: u32,
    /// Instead: only kill processes, and measure how much of so many mails a second is used
    #[arg(long, value_name = "MAILS", conflicts_with_all = ["exhaustive", "rounds"])]
    pub(crate) rate: Option<f64>,
    /// Instead: remove each guard once, and check that this harness notices
    #[arg(long, conflicts_with_all = ["exhaustive", "rounds", "rate"])]
    pub(crate) mutants: bool,
    /// Instead: take the model away for 20 seconds, 10 minutes and a day, and compare the results with those
    /// of a run without
    #[arg(long, conflicts_with_all = ["exhaustive", "rounds", "rate", "mutants"])]
    pub(crate) outages: bool,
    /// How many people are on the lists of a round
    #[arg(long, default_value_t = 100, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub(crate) leads: u32,
    /// Processes of each function
    #[arg(long, default_value_t = 8, value_name = "E", value_parser = clap::value_parser!(u16).range(1..=200))]
    pub(crate) environments: u16,
    /// How many times every message is delivered
    #[arg(long, default_value_t = 3, value_name = "D", value_parser = clap::value_parser!(u32).range(1..=10))]
    pub(crate) duplicates: u32,
    /// Which build of the functions is tested
    #[arg(long, value_enum, default_value = "release", value_name = "P")]
    pub(crate) profile: Profile,
    /// Write the numbers there too
    #[arg(long, value_name = "FILE")]
    pub(crate) json: Option<PathBuf>,
}
