//! What each command takes.

use std::path::PathBuf;

use clap::{ArgGroup, Args};
use shared::domain::{
    basis::BasisRule, campaign, country::Country, gate::CampaignStatus, send_state::SendState,
};

use super::values::{column, long_text, reason, state, status, text};

/// Which list to read, and how.
#[derive(Debug, Args)]
pub struct ImportArgs {
    /// The list: delimited text or JSON, as it was exported, packed with gzip or not
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
    /// What a column holds, such as 'Work mail=email', 'Gone=opt-out' or 'Notes=ignore'; once for each column
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
    /// Also those that the model has assessed and that had no mail: after a changed offer, audience or language
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
    /// A file with the new message, instead of the editor; - is standard input
    #[arg(long, value_name = "FILE", requires = "edit")]
    pub(crate) message_file: Option<String>,
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
    "new", "status", "offer", "audience", "language", "min_score", "min_confidence", "daily_cap", "hours", "countries",
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
    /// Language of the texts: en, de, fr, es, it, pt or nl, or profile for that of each profile
    #[arg(long, value_name = "CODE", value_parser = campaign::text_language)]
    pub(crate) language: Option<campaign::TextLanguage>,
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

/// Which source, and what it reads.
#[derive(Debug, Args)]
#[command(group = ArgGroup::new("definition").args(["search", "list"]))]
#[command(group = ArgGroup::new("source_change").args(["search", "list", "pause", "resume"]).requires_all(["source", "campaign"]))]
pub struct SourceArgs {
    /// The source; without it, all are shown
    #[arg(value_name = "SOURCE", value_parser = text)]
    pub(crate) source: Option<String>,
    /// The campaign that it finds people for
    #[arg(long, value_name = "CAMPAIGN")]
    pub(crate) campaign: Option<String>,
    /// Search for posts on X, in X's query language
    #[arg(long, value_name = "QUERY")]
    pub(crate) search: Option<String>,
    /// Posts a page, 10 to 100; X charges for each
    #[arg(long, value_name = "N", requires = "search")]
    pub(crate) posts: Option<u32>,
    /// Pages a run at most; the next run goes on
    #[arg(long, value_name = "N", requires = "search")]
    pub(crate) pages: Option<u32>,
    /// Read a list: `s3://BUCKET/KEY`, or a path on the collector's machine
    #[arg(long, value_name = "LIST", value_parser = text)]
    pub(crate) list: Option<String>,
    /// The platform of rows that name none
    #[arg(long, value_name = "PLATFORM", requires = "list")]
    pub(crate) platform: Option<String>,
    /// What a column holds, where its name does not say; may be repeated
    #[arg(long = "column", value_name = "NAME=FIELD", value_parser = column, requires = "list")]
    pub(crate) columns: Vec<(String, String)>,
    /// The list's encoding, where it is not found by itself
    #[arg(long, value_name = "NAME", requires = "list")]
    pub(crate) encoding: Option<String>,
    /// Leave it alone from the next run on
    #[arg(long, conflicts_with_all = ["definition", "resume"])]
    pub(crate) pause: bool,
    /// Read it again from the next run on
    #[arg(long, conflicts_with = "definition")]
    pub(crate) resume: bool,
    /// Why, for the audit log
    #[arg(long, value_name = "TEXT", requires = "source_change", value_parser = text)]
    pub(crate) note: Option<String>,
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
