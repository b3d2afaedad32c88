//! What an operator can ask for.

use clap::{ArgGroup, Args};
use shared::domain::feedback::Suppression;

/// Which database, and who asks.
#[derive(Debug, Args)]
pub(crate) struct OperatorArgs {
    /// Work on this database instead of the local one, such as that of a deployed stack
    /// (`LOCAL_DATABASE_URL` does the same and shows no password in the list of processes)
    #[arg(long, value_name = "URL")]
    pub(super) database_url: Option<String>,
    /// Who does it, for the audit log
    #[arg(long = "as", value_name = "NAME", env = "USER", hide_env_values = true, default_value = "somebody", hide_default_value = true, value_parser = name)]
    pub(super) by: String,
}

/// Which sends to show.
#[derive(Debug, Args)]
#[command(group = ArgGroup::new("which").args(["unknown", "deferred", "review", "lead", "why"]))]
pub(crate) struct SendsArgs {
    /// Calls to SES whose outcome nobody knows: `cargo local resolve` decides
    #[arg(long)]
    pub(super) unknown: bool,
    /// What waits for something else than its turn
    #[arg(long)]
    pub(super) deferred: bool,
    /// What waits for a person
    #[arg(long)]
    pub(super) review: bool,
    /// Everything about a lead, by username, id or address: what it got, and what not
    #[arg(long, value_name = "LEAD")]
    pub(super) lead: Option<String>,
    /// One send whole: what decided, on which facts, its history and what came back
    #[arg(long, value_name = "ID")]
    pub(super) why: Option<i64>,
    /// How many, newest first
    #[arg(long, default_value_t = 50, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub(super) limit: u32,
    /// Print JSON
    #[arg(long)]
    pub(super) json: bool,
    #[command(flatten)]
    pub(super) operator: OperatorArgs,
}

/// What to do about an unknown send.
#[derive(Debug, Args)]
#[command(group = ArgGroup::new("how").args(["resend", "give_up"]).required(true))]
pub(crate) struct ResolveArgs {
    /// The send, as `cargo local sends --unknown` names it
    pub(super) id: i64,
    /// It did not leave: plan it again, through every rule. If it did leave, it goes out twice
    #[arg(long)]
    pub(super) resend: bool,
    /// Ask no more: it may have left and is never sent again. A late event still counts
    #[arg(long)]
    pub(super) give_up: bool,
    /// Why, for the audit log
    #[arg(long, value_name = "TEXT", value_parser = text)]
    pub(super) note: Option<String>,
    /// Do not ask whether it is meant
    #[arg(short, long)]
    pub(super) yes: bool,
    #[command(flatten)]
    pub(super) operator: OperatorArgs,
}

/// Which breaker, and what to do with it.
#[derive(Debug, Args)]
pub(crate) struct BreakerArgs {
    /// The campaign; without it, every campaign's is shown
    #[arg(value_name = "CAMPAIGN", required_if_eq("close", "true"))]
    pub(super) campaign: Option<String>,
    /// Close it: its mails leave again, and what its figures hold so far is forgiven
    #[arg(long)]
    pub(super) close: bool,
    /// Why, for the audit log
    #[arg(long, value_name = "TEXT", requires = "close", value_parser = text)]
    pub(super) note: Option<String>,
    #[command(flatten)]
    pub(super) operator: OperatorArgs,
}

/// Who said no.
#[derive(Debug, Args)]
pub(crate) struct SuppressArgs {
    /// The address; only its hash is stored
    pub(super) address: String,
    /// Why, such as "asked by telephone"; it is kept, so it should name nobody
    #[arg(long, value_name = "TEXT", value_parser = reason)]
    pub(super) reason: String,
    #[command(flatten)]
    pub(super) operator: OperatorArgs,
}

/// PostgreSQL cuts an application's name at 63 bytes.
fn name(text: &str) -> Result<String, String> {
    match text.trim() {
        "" => Ok("somebody".to_owned()),
        name if name.len() <= 50 && !name.contains(char::is_control) => Ok(name.to_owned()),
        _ => Err("a name has at most 50 bytes".to_owned()),
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
    fn a_reason_names_nobody_and_is_not_taken_back_by_events() {
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
        assert_eq!(name(""), Ok("somebody".to_owned()));
        assert!(name(&"x".repeat(51)).is_err() && name("a\nb").is_err());
    }
}
