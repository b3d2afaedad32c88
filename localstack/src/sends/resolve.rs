//! `cargo local resolve`: what a person decides about a call whose outcome nobody knows.

use std::io::{IsTerminal as _, Write as _};

use anyhow::{Context as _, Result, bail};
use shared::db::operator::{self, Line, Resolution, Resolved};
use shared::domain::ids::SendId;

use super::arguments::ResolveArgs;
use super::connection;
use crate::output;
use crate::settings::Settings;

/// Decides about one send, after a question where it could go out twice.
pub(crate) async fn resolve(settings: &Settings, args: &ResolveArgs) -> Result<()> {
    let mut conn = connection::connect(settings, &args.operator).await?;
    let send = SendId(args.id);
    let found = operator::whole(&mut conn, send).await?;
    let line = found
        .with_context(|| format!("there is no send {send}"))?
        .line;
    refuse_unless_unknown(&line)?;
    let resolution = if args.resend {
        if !args.yes && !confirmed(&line)? {
            bail!("nothing was changed");
        }
        Resolution::Resend
    } else {
        Resolution::GiveUp
    };
    let note = args.note.as_deref();
    match operator::resolve(&mut conn, send, resolution, note).await? {
        Resolved::Now => output::step(
            "Resolved",
            match resolution {
                Resolution::Resend => {
                    format!("send {send} is planned again; the next sweep announces it")
                }
                Resolution::GiveUp => format!("send {send} is given up; a late event still counts"),
            },
        ),
        Resolved::Before => {
            output::fresh("Resolved", format_args!("send {send} was given up before"));
        }
        Resolved::NotUnknown(state) => bail!("send {send} is {state} by now; nothing was changed"),
        Resolved::NoSuchSend => bail!("there is no send {send}"),
    }
    Ok(())
}

fn refuse_unless_unknown(line: &Line) -> Result<()> {
    match line.state.as_deref() {
        Some("unknown") => Ok(()),
        state => bail!(
            "send {} is {}, not unknown: there is nothing to resolve. {}",
            line.send_id.unwrap_or_default(),
            state.unwrap_or("–"),
            line.explanation,
        ),
    }
}

/// Asks on the terminal; where there is none, only `--yes` says that it is meant.
fn confirmed(line: &Line) -> Result<bool> {
    if !std::io::stdin().is_terminal() {
        bail!("if the mail did leave, it goes out twice: give --yes if that is meant");
    }
    output::warning(format_args!(
        "SES may have taken this mail to {}/{}. If it did, it goes out twice.",
        line.platform, line.username,
    ));
    let mut stderr = std::io::stderr();
    write!(stderr, "Send it again? [y/N] ")?;
    stderr.flush()?;
    let mut answer = String::new();
    std::io::stdin().read_line(&mut answer)?;
    Ok(matches!(answer.trim().to_lowercase().as_str(), "y" | "yes"))
}
