//! The commands, and the help that explains them.

use std::path::PathBuf;

use clap::builder::Styles;
use clap::builder::styling::{AnsiColor, Effects};
use clap::{Args, Parser, Subcommand};

/// Cargo's own colours.
const STYLES: Styles = Styles::styled()
    .header(AnsiColor::Green.on_default().effects(Effects::BOLD))
    .usage(AnsiColor::Green.on_default().effects(Effects::BOLD))
    .literal(AnsiColor::Cyan.on_default().effects(Effects::BOLD))
    .placeholder(AnsiColor::Cyan.on_default());

const EXAMPLES: &str = "\
Examples:
  cargo local demo                 From nothing to mails, and proof that every number agrees
  cargo local test                 All tests, with what they need
  cargo local logs sender -f       The sender's log as it is written
  cargo local mail --open 3        The third mail that was sent, in full
  eval \"$(cargo local env)\"        What `cargo lambda watch` needs

Where things are (each can be set in the shell):
  LOCAL_DIR=.local                 The one folder that is written to
  LOCAL_CLOUD_PORT=4566            LocalStack
  LOCAL_STAND_IN_PORT=4580         The stand-in for OpenAI, X and the simulated source
  LOCAL_PYTHON=python3             The Python to start from
  LOCAL_DATABASE_URL=              Another PostgreSQL than the embedded one; a database there is used
                                   only if this tool made it, and a DATABASE_URL is never followed
  LOCAL_OPENAI_API_KEY=            Reach the real OpenAI (LOCAL_OPENAI_BASE_URL: another server)
  LOCAL_X_BEARER_TOKEN=            Reach the real X (LOCAL_X_API_BASE: another server)";

/// The whole system on this machine: PostgreSQL, queues, functions and mail, without Docker
#[derive(Debug, Parser)]
#[command(
    name = "local",
    bin_name = "cargo local",
    styles = STYLES,
    after_help = EXAMPLES,
    disable_help_subcommand = true,
    max_term_width = 100
)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Start everything, build the functions, migrate, deploy template.yaml
    Up(UpArgs),
    /// Stop everything that runs
    Down {
        /// Delete all data too: database, mails, logs (the installed tools stay)
        #[arg(long)]
        wipe: bool,
    },
    /// Show what runs and where, queue depths and row counts
    Status {
        /// Print one JSON object
        #[arg(long)]
        json: bool,
    },
    /// Show the CloudWatch Logs of a function
    Logs {
        /// The function, such as `sender`
        name: String,
        /// Go on as new lines arrive
        #[arg(short, long)]
        follow: bool,
    },
    /// Invoke a function and show its answer
    Invoke(InvokeArgs),
    /// List the mails that SES was given, or show one
    Mail {
        /// The number of a mail in the list
        #[arg(long, value_name = "N")]
        open: Option<usize>,
    },
    /// Let a mail come back, as the recipient's server would
    Bounce {
        /// The number of the mail in `cargo local mail`
        #[arg(value_name = "N")]
        mail: usize,
        /// For now only: the mailbox is full
        #[arg(long)]
        soft: bool,
    },
    /// Call a mail spam, as its recipient would
    Complain {
        /// The number of the mail in `cargo local mail`
        #[arg(value_name = "N")]
        mail: usize,
    },
    /// Use the operator's tool on this cloud: explain sends, decide, check the set-up
    #[command(disable_help_subcommand = true)]
    Outreach(operator::Request),
    /// Open psql on the pipeline's database
    Psql {
        /// Arguments for psql
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<String>,
    },
    /// Run the whole pipeline on made-up leads and reconcile the results
    Demo(DemoArgs),
    /// Inject faults into the functions and check every invariant
    Chaos(crate::chaos::ChaosArgs),
    /// Put inputs from practice to the functions, and check what happens
    Cases(crate::cases::CasesArgs),
    /// Measure how fast the functions are, next to what limits them
    Bench(crate::bench::BenchArgs),
    /// Insert a few demo leads, for a pipeline that has no source yet
    Leads {
        /// How many
        #[arg(default_value_t = 5, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1000))]
        count: u16,
    },
    /// Run the tests, with the PostgreSQL and the LocalStack they need
    Test {
        /// Arguments for `cargo test`
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<String>,
    },
    /// Refresh shared/.sqlx from a freshly migrated database
    Sqlx {
        /// Fail when it is not fresh, and change nothing
        #[arg(long)]
        check: bool,
    },
    /// Check template.yaml with cfn-lint, as written and as SAM transforms it
    Lint,
    /// Open every link of every mail, and live through a day at the console, in a browser
    Browser,
    /// Print the variables that `cargo lambda watch` needs
    Env,
    /// Print a token for the console's API, of one of the made-up people
    Token {
        /// Whose: one person has each role
        #[arg(long, default_value = "admin", value_parser = ["viewer", "reviewer", "operator", "admin"])]
        role: String,
    },
    /// Answer as OpenAI, X and the simulated source
    #[command(hide = true)]
    StandIns {
        /// Where to listen on 127.0.0.1
        #[arg(long)]
        port: u16,
        /// The seed of the made-up people
        #[arg(long)]
        seed: u64,
        /// How many people there are
        #[arg(long)]
        leads: u32,
        /// Where a sign-in returns to
        #[arg(long, value_name = "ORIGIN")]
        console: String,
    },
}

/// How the stack is deployed.
#[derive(Debug, Default, Clone, Args)]
pub(crate) struct UpArgs {
    /// Deploy with another value of a template parameter; may be repeated
    #[arg(short, long = "parameter", value_name = "NAME=VALUE", value_parser = parameter)]
    pub(crate) parameters: Vec<(String, String)>,
}

/// What to invoke, and with what.
#[derive(Debug, Args)]
pub(crate) struct InvokeArgs {
    /// The function, such as `collector`
    pub(crate) name: String,
    /// The event, from a file
    #[arg(short = 'F', long, value_name = "FILE")]
    pub(crate) data_file: Option<PathBuf>,
    /// The event itself
    #[arg(short = 'A', long, value_name = "JSON", conflicts_with = "data_file")]
    pub(crate) data_ascii: Option<String>,
}

/// What the demo runs on.
#[derive(Debug, Args)]
pub(crate) struct DemoArgs {
    /// How many people the sources hold. Those of earlier demos stay, and are counted with them
    #[arg(long, default_value_t = 100, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub(crate) leads: u32,
    /// The seed of the made-up people
    #[arg(long, default_value_t = 7, value_name = "S")]
    pub(crate) seed: u64,
    /// Write the numbers there too
    #[arg(long, value_name = "FILE")]
    pub(crate) json: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) up: UpArgs,
}

fn parameter(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or("write it as NAME=VALUE")?;
    Ok((name.to_owned(), value.to_owned()))
}
