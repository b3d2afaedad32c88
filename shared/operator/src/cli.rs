//! The commands, and the help that explains them.

use std::path::PathBuf;

use clap::builder::Styles;
use clap::builder::styling::{AnsiColor, Effects};
use clap::{ArgGroup, Args, Parser, Subcommand};
use shared::domain::basis::BasisRule;
use shared::domain::campaign;
use shared::domain::country::Country;
use shared::domain::feedback::Suppression;
use shared::domain::gate::CampaignStatus;
use shared::domain::send_state::SendState;

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
    /// A changed rule plans every lead anew that had no mail, from the assessment that is there. A changed offer
    /// or audience holds for leads that are assessed from now on: `outreach ask-again --all` asks the model
    /// about the others too.
    Campaign(CampaignArgs),
    /// Show what stopped a campaign, or let it continue
    Breaker(BreakerArgs),
    /// Stop all mails, or let them leave again
    ///
    /// The kill switch is a row of the database: it holds at once, for every campaign, and no deployment
    /// changes it.
    Sending(SendingArgs),
    /// Record an opt-out
    Suppress(SuppressArgs),
    /// Record that somebody has agreed to be written to
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

/// Which list to read, and how.
#[derive(Debug, Args)]
pub struct ImportArgs {
    /// The list: delimited text, as it was exported
    pub(crate) file: PathBuf,
    /// The campaign that its people are for
    #[arg(long, value_name = "NAME", required_unless_present = "dry_run")]
    pub(crate) campaign: Option<String>,
    /// What the list is called, in reports; without it, the file's name
    #[arg(long, value_name = "NAME", value_parser = text)]
    pub(crate) name: Option<String>,
    /// Platform of rows that name none: x, instagram, facebook, linkedin
    #[arg(long, value_name = "PLATFORM")]
    pub(crate) platform: Option<String>,
    /// What a column holds, such as 'Work mail=email' or 'Notes=ignore'; once for each column
    #[arg(long = "column", value_name = "NAME=FIELD", value_parser = column)]
    pub(crate) columns: Vec<(String, String)>,
    /// Where it is not found by itself, such as windows-1251
    #[arg(long, value_name = "ENCODING")]
    pub(crate) encoding: Option<String>,
    /// Store nothing: show which columns are used for what, ten leads, and every refused row
    #[arg(long)]
    pub(crate) dry_run: bool,
}

/// Which sends to show.
#[derive(Debug, Args)]
#[command(group = ArgGroup::new("which").args(["unknown", "deferred", "review", "state", "unplanned", "lead", "why"]))]
pub struct SendsArgs {
    /// Calls to SES whose outcome is unknown: `outreach resolve` decides
    #[arg(long)]
    pub(crate) unknown: bool,
    /// What a rule or SES made wait
    #[arg(long)]
    pub(crate) deferred: bool,
    /// What waits for a person
    #[arg(long)]
    pub(crate) review: bool,
    /// What stands in this state
    #[arg(long, value_name = "STATE", value_parser = state)]
    pub(crate) state: Option<SendState>,
    /// Leads that no mail was planned for, and why
    #[arg(long)]
    pub(crate) unplanned: bool,
    /// Only this campaign's
    #[arg(long, value_name = "CAMPAIGN", conflicts_with_all = ["lead", "why"])]
    pub(crate) campaign: Option<String>,
    /// Only leads of this source
    #[arg(long, value_name = "SOURCE", conflicts_with_all = ["lead", "why"])]
    pub(crate) source: Option<String>,
    /// Everything about a lead, by name, id, profile or address: what it got, and what it did not
    #[arg(long, value_name = "LEAD")]
    pub(crate) lead: Option<String>,
    /// One send in full: what decided, on which facts, its history and its events
    #[arg(long, value_name = "ID")]
    pub(crate) why: Option<i64>,
    /// How many, newest first
    #[arg(long, default_value_t = 50, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub(crate) limit: u32,
}

/// Who has agreed, and how that can be proven.
#[derive(Debug, Args)]
pub struct ConsentArgs {
    /// The mailbox's address
    pub(crate) address: String,
    /// When, where and how: for the audit log, since the sender must be able to prove it (GDPR, Art. 7(1))
    #[arg(long, value_name = "TEXT", value_parser = text)]
    pub(crate) proof: String,
}

/// Which leads to ask the model about again.
#[derive(Debug, Args)]
pub struct AskAgainArgs {
    /// The campaign's name
    pub(crate) campaign: String,
    /// Also those that the model has assessed and that had no mail: after a changed offer or audience
    #[arg(long)]
    pub(crate) all: bool,
    /// Do it; without it, only what would be asked is shown
    #[arg(long)]
    pub(crate) yes: bool,
}

/// Which mails, and what to do with them.
#[derive(Debug, Args)]
#[command(group = ArgGroup::new("decision").args(["approve", "edit", "reject", "reopen"]).requires("ids"))]
pub struct ReviewArgs {
    /// The sends, as the list numbers them
    #[arg(value_name = "ID")]
    pub(crate) ids: Vec<i64>,
    /// Let them leave with the text they have
    #[arg(long)]
    pub(crate) approve: bool,
    /// Write another text: in an editor, first line the subject
    #[arg(long)]
    pub(crate) edit: bool,
    /// The editor
    #[arg(
        long,
        value_name = "COMMAND",
        env = "EDITOR",
        hide_env_values = true,
        default_value = "vi"
    )]
    pub(crate) editor: String,
    /// The new subject, instead of the editor
    #[arg(long, value_name = "TEXT", requires = "edit")]
    pub(crate) subject: Option<String>,
    /// A file with the new message, or - for standard input
    #[arg(long, value_name = "FILE", requires = "edit")]
    pub(crate) message: Option<String>,
    /// Never let them leave
    #[arg(long)]
    pub(crate) reject: bool,
    /// Take a refusal back: they wait for a person again
    #[arg(long)]
    pub(crate) reopen: bool,
    /// Why, for the audit log
    #[arg(long, value_name = "TEXT", requires = "decision", value_parser = text)]
    pub(crate) note: Option<String>,
    /// Only this campaign's
    #[arg(long, value_name = "CAMPAIGN", conflicts_with = "ids")]
    pub(crate) campaign: Option<String>,
    /// How many, the best lead first
    #[arg(long, default_value_t = 50, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub(crate) limit: u32,
}

/// Which campaign, and what to change.
#[derive(Debug, Args)]
#[command(group = ArgGroup::new("change").multiple(true).args([
    "new", "status", "offer", "audience", "min_score", "min_confidence", "daily_cap", "hours", "countries",
    "review_all", "rules_decide",
]).requires("campaign"))]
pub struct CampaignArgs {
    /// Its name; without it, all are listed
    pub(crate) campaign: Option<String>,
    /// Begin it: a draft, until its status is active
    #[arg(long, requires_all = ["offer", "audience"])]
    pub(crate) new: bool,
    /// draft, active, paused or ended
    #[arg(long, value_name = "STATUS", value_parser = status)]
    pub(crate) status: Option<CampaignStatus>,
    /// What is offered: the model reads it, and every mail says it
    #[arg(long, value_name = "TEXT", value_parser = long_text)]
    pub(crate) offer: Option<String>,
    /// Whom it is for: the model reads it
    #[arg(long, value_name = "TEXT", value_parser = long_text)]
    pub(crate) audience: Option<String>,
    /// Lowest score that gets a mail, 0 to 100
    #[arg(long, value_name = "SCORE", value_parser = campaign::score)]
    pub(crate) min_score: Option<i16>,
    /// Below this confidence a person looks, 0 to 1
    #[arg(long, value_name = "SHARE", value_parser = campaign::confidence)]
    pub(crate) min_confidence: Option<f32>,
    /// Mails a day at most
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(i32).range(0..=10_000_000))]
    pub(crate) daily_cap: Option<i32>,
    /// Hours of the recipient's day: 8-20, or any
    #[arg(long, value_name = "HOURS", value_parser = campaign::hours)]
    pub(crate) hours: Option<campaign::Hours>,
    /// A country's rule: FR=allow, with allow, review, consent, never or default; once for each country
    #[arg(long = "country", value_name = "CODE=RULE", value_parser = campaign::country_rule)]
    pub(crate) countries: Vec<(Country, Option<BasisRule>)>,
    /// Whether a person approves every mail
    #[arg(long, value_name = "BOOL")]
    pub(crate) review_all: Option<bool>,
    /// Whether the score of the rules is final where the model gives no answer
    #[arg(long, value_name = "BOOL")]
    pub(crate) rules_decide: Option<bool>,
    /// Why, for the audit log
    #[arg(long, value_name = "TEXT", requires = "change", value_parser = text)]
    pub(crate) note: Option<String>,
}

/// What to do about an unknown send.
#[derive(Debug, Args)]
#[command(group = ArgGroup::new("how").args(["resend", "give_up"]).required(true))]
pub struct ResolveArgs {
    /// The send, as `outreach sends --unknown` lists it
    pub(crate) id: i64,
    /// It did not leave: plan it again, through every rule. If it did leave, it goes out twice
    #[arg(long)]
    pub(crate) resend: bool,
    /// Never send it again. A late event still counts
    #[arg(long)]
    pub(crate) give_up: bool,
    /// Why, for the audit log
    #[arg(long, value_name = "TEXT", value_parser = text)]
    pub(crate) note: Option<String>,
    /// Do not ask for confirmation
    #[arg(short, long)]
    pub(crate) yes: bool,
}

/// Which breaker, and what to do with it.
#[derive(Debug, Args)]
pub struct BreakerArgs {
    /// The campaign; without it, all are shown
    #[arg(value_name = "CAMPAIGN", required_if_eq("close", "true"))]
    pub(crate) campaign: Option<String>,
    /// Close it: its mails leave again, and its figures so far are forgiven
    #[arg(long)]
    pub(crate) close: bool,
    /// Why, for the audit log
    #[arg(long, value_name = "TEXT", requires = "close", value_parser = text)]
    pub(crate) note: Option<String>,
}

/// What to do with the kill switch; nothing: show it.
#[derive(Debug, Args)]
#[command(group = ArgGroup::new("switch").args(["stop", "start"]))]
pub struct SendingArgs {
    /// Stop all mails, and say why
    #[arg(long, value_name = "REASON", value_parser = text)]
    pub(crate) stop: Option<String>,
    /// Let mails leave again; what waited is due at once
    #[arg(long)]
    pub(crate) start: bool,
    /// Why, for the audit log
    #[arg(long, value_name = "TEXT", requires = "start", value_parser = text)]
    pub(crate) note: Option<String>,
}

/// Who opted out.
#[derive(Debug, Args)]
pub struct SuppressArgs {
    /// The address; only its hash is stored
    pub(crate) address: String,
    /// Why, such as "asked by telephone"; it is kept, so leave out personal data
    #[arg(long, value_name = "TEXT", value_parser = reason)]
    pub(crate) reason: String,
}

#[derive(Debug, Args)]
pub struct SmokeArgs {
    /// Another recipient than SES's simulator, for an account in the sandbox
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) to: Option<String>,
    /// Seconds to wait for the delivery to be recorded
    #[arg(long, default_value_t = 120, value_name = "SECONDS")]
    pub(crate) timeout: u32,
}

#[derive(Debug, Args)]
pub struct ConfirmRestoreArgs {
    /// Do not ask for confirmation
    #[arg(short, long)]
    pub(crate) yes: bool,
}

/// PostgreSQL cuts an application's name at 63 bytes.
fn name(text: &str) -> Result<String, String> {
    match text.trim() {
        "" => Ok("operator".to_owned()),
        name if name.len() <= 50 && !name.contains(char::is_control) => Ok(name.to_owned()),
        _ => Err("a name has at most 50 bytes".to_owned()),
    }
}

fn column(text: &str) -> Result<(String, String), String> {
    let parts = text
        .rsplit_once('=')
        .map(|(name, field)| (name.trim(), field.trim()));
    match parts {
        Some((name, field)) if !name.is_empty() && !field.is_empty() => {
            Ok((name.to_owned(), field.to_owned()))
        }
        _ => Err("a column is given as NAME=FIELD".to_owned()),
    }
}

fn state(word: &str) -> Result<SendState, String> {
    let known = SendState::ALL.map(SendState::as_str).join(", ");
    word.parse().map_err(|_| format!("the states are {known}"))
}

fn status(word: &str) -> Result<CampaignStatus, String> {
    CampaignStatus::from_word(word)
        .ok_or_else(|| "the statuses are draft, active, paused and ended".to_owned())
}

/// As long as a model need read.
fn long_text(text: &str) -> Result<String, String> {
    match text.trim() {
        "" => Err("it is empty".to_owned()),
        text if text.len() <= 4_000 => Ok(text.to_owned()),
        _ => Err("at most 4,000 bytes are taken".to_owned()),
    }
}

fn text(text: &str) -> Result<String, String> {
    match text.trim() {
        "" => Err("it is empty".to_owned()),
        text if text.len() <= 500 => Ok(text.to_owned()),
        _ => Err("at most 500 bytes are kept".to_owned()),
    }
}

/// A reason that feedback does not take back: `soft_bounces` is a function of the events.
fn reason(typed: &str) -> Result<String, String> {
    let reason = text(typed)?;
    if reason.contains('@') {
        return Err("it names an address, and reasons are kept for good".to_owned());
    }
    if ["soft_bounces", Suppression::Bounced.as_str()].contains(&&*reason) {
        return Err("only SES's events say that".to_owned());
    }
    Ok(reason)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn opt_out_reason_survives_later_events() {
        assert_eq!(
            reason(" asked by telephone "),
            Ok("asked by telephone".to_owned())
        );
        assert_eq!(reason("unsubscribed"), Ok("unsubscribed".to_owned()));
        for refused in ["", "  ", "ana@example.org asked", "soft_bounces", "bounced"] {
            assert!(reason(refused).is_err(), "{refused}");
        }
    }

    #[test]
    fn a_name_fits_into_the_connection() {
        assert_eq!(name("mara"), Ok("mara".to_owned()));
        assert_eq!(name(""), Ok("operator".to_owned()));
        assert!(name(&"x".repeat(51)).is_err() && name("a\nb").is_err());
    }
}
