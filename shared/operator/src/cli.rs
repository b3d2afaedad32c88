//! The commands, and the help that explains them.

mod arguments;
mod values;

pub(crate) use arguments::{
    AskAgainArgs, BreakerArgs, CampaignArgs, ConfirmRestoreArgs, ConsentArgs, ImportArgs,
    ResolveArgs, ReviewArgs, SendingArgs, SendsArgs, SmokeArgs, SourceArgs, SuppressArgs,
};
use clap::builder::Styles;
use clap::builder::styling::{AnsiColor, Effects};
use clap::{Args, Parser, Subcommand};
use values::name;

/// Cargo's own colours.
const STYLES: Styles = Styles::styled()
    .header(AnsiColor::Green.on_default().effects(Effects::BOLD))
    .usage(AnsiColor::Green.on_default().effects(Effects::BOLD))
    .literal(AnsiColor::Cyan.on_default().effects(Effects::BOLD))
    .placeholder(AnsiColor::Cyan.on_default());

const EXAMPLES: &str = "\
Examples:
  outreach --stack outreach doctor       Is everything in place? What is to be done?
  outreach migrate                       Bring the database to the schema of this version
  outreach import people.csv --dry-run   What a list holds, and what would be refused
  outreach sends --lead ana              What Ana got, what she did not get, and why
  outreach sends --unknown               Calls to SES whose outcome is unknown
  outreach resolve 12 --give-up          Never send mail 12 again
  outreach campaign spring --min-score 60
                                         Plan anew who was below the score from before
  outreach source trail --campaign spring --search 'trail running -is:retweet'
                                         Look for people on X at every run
  outreach review                        What waits for a person
  outreach review 12 13 --approve        Let them leave
  outreach sending --stop 'wrong link'   Stop all mails at once
  outreach suppress ana@example.com --reason 'asked by telephone'

With --stack (or OPERATOR_STACK) the settings of the functions are read from AWS. Without it, the database is the
one of --database-url (or OPERATOR_DATABASE_URL), and doctor, smoke and whatever takes an address read the
functions' settings from the environment: .env.example lists them.";

/// Operate an outreach stack: see why mails left or did not, and decide what only a person may decide
#[derive(Debug, Parser)]
#[command(
    name = "outreach",
    styles = STYLES,
    after_help = EXAMPLES,
    disable_help_subcommand = true,
    max_term_width = 100
)]
pub(crate) struct Cli {
    /// The stack's PostgreSQL
    #[arg(
        long,
        value_name = "URL",
        env = "OPERATOR_DATABASE_URL",
        hide_env_values = true,
        global = true
    )]
    pub(crate) database_url: Option<String>,
    /// A deployed stack: its functions' settings are read from AWS, the database's address too
    #[arg(long, value_name = "NAME", env = "OPERATOR_STACK", global = true)]
    pub(crate) stack: Option<String>,
    #[command(flatten)]
    pub(crate) request: Request,
}

/// A command, and how it is done.
#[derive(Debug, Args)]
pub struct Request {
    #[command(subcommand)]
    pub command: Command,
    #[command(flatten)]
    pub options: Options,
}

#[derive(Debug, Args)]
pub struct Options {
    /// Who does it, for the audit log
    #[arg(long = "as", value_name = "NAME", env = "USER", hide_env_values = true, default_value = "operator", hide_default_value = true, value_parser = name, global = true)]
    pub(crate) by: String,
    /// Print JSON
    #[arg(long, global = true)]
    pub(crate) json: bool,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Bring the database to the schema of this version
    ///
    /// Creates the tables in an empty database and applies what is new to an older one. Doing it twice,
    /// or from two places at once, does no harm. Migrate before you deploy a new version.
    Migrate,
    /// Read a list of people into a campaign, or show what would become of it
    Import(ImportArgs),
    /// Show which mails left and which did not, and why
    Sends(SendsArgs),
    /// Approve, edit or reject what waits for a person
    ///
    /// Without an id it lists what waits, with ids alone it shows them in full. An approved mail passes
    /// every rule again before it leaves, with exactly the approved text.
    Review(ReviewArgs),
    /// Decide about a send that may or may not have left
    Resolve(ResolveArgs),
    /// Show campaigns, change one or begin one
    ///
    /// A changed rule plans every lead anew that had no mail, from the assessment that is there. A changed
    /// offer, audience or language holds for leads that are assessed from now on: `outreach ask-again --all` asks the model
    /// about the others too.
    Campaign(CampaignArgs),
    /// Show where campaigns look for people, or set up a place to look
    ///
    /// The collector reads each source at every run: a list, from where it had read to, and a search on X, from
    /// the newest post that it had seen. A list on your own machine is read once by `outreach import`.
    Source(SourceArgs),
    /// Show what stopped a campaign, or let it continue
    Breaker(BreakerArgs),
    /// Stop all mails, or let them leave again
    ///
    /// The kill switch is a row of the database: it holds at once, for every campaign, and no deployment
    /// changes it.
    Sending(SendingArgs),
    /// Record an opt-out
    Suppress(SuppressArgs),
    /// Record that a person has agreed to be written to
    ///
    /// Leads that were refused for want of it are planned anew. An opt-out stands all the same.
    Consent(ConsentArgs),
    /// Ask the model again about leads that it gave no answer for
    ///
    /// Those of a campaign that wait for the model, and those that only the rules have scored. Says first
    /// how many they are and what it may cost.
    AskAgain(AskAgainArgs),
    /// Let mails leave from a restored database
    ///
    /// A restored backup does not know what was sent after it was taken. The sender therefore refuses to
    /// work on it until a person has made sure that nothing goes out twice. The README's runbook says how.
    ConfirmRestore(ConfirmRestoreArgs),
    /// Check database, settings, SES, queues, links and clocks, and say what to do
    Doctor,
    /// Send one mail to SES's simulator and follow it through the stack
    Smoke(SmokeArgs),
}

impl Command {
    /// Whether it needs the settings of the functions.
    pub fn needs_functions(&self) -> bool {
        matches!(self, Self::Doctor | Self::Smoke(_))
    }
}
