//! `outreach resolve`: what an operator decides about a call whose outcome is unknown.

use std::io::IsTerminal as _;

use anyhow::{Context as _, Result, bail};
use shared::db::operator::{self, LeadStatus, Resolution, Resolved};
use shared::domain::{ids::SendId, send_state::SendState};

use crate::cli::{Options, ResolveArgs};
use crate::stack::Stack;
use crate::{connection, output, show};

/// Decides about one send, after a question where it could go out twice.
pub(crate) async fn resolve(stack: &Stack, options: &Options, args: &ResolveArgs) -> Result<()> {
    let mut conn = connection::connect(stack, options).await?;
    let send = SendId(args.id);
    let found = operator::send_detail(&mut conn, send).await?;
    let status = found
        .with_context(|| format!("there is no send {send}: `outreach sends --unknown` lists them"))?
        .status;
    refuse_unless_unknown(&status)?;
    let resolution = if args.resend {
        if !args.yes && !confirmed(&status)? {
            bail!("nothing was changed");
        }
        Resolution::Resend
    } else {
        Resolution::GiveUp
    };
    let note = args.note.as_deref();
    match operator::resolve(&mut conn, send, resolution, note).await? {
        Resolved::Done => output::step(
            "Resolved",
            match resolution {
                Resolution::Resend => {
                    format!("send {send} is planned again; the next sweep publishes it")
                }
                Resolution::GiveUp => {
                    format!("send {send} is given up; a late event still counts")
                }
            },
        ),
        Resolved::AlreadyGivenUp => {
            output::fresh("Resolved", format_args!("send {send} was given up before"));
        }
        Resolved::NotUnknown(state) => bail!("send {send} is now {state}; nothing was changed"),
        Resolved::NoSuchSend => bail!("there is no send {send}"),
    }
    if options.json {
        output::json(&operator::send_detail(&mut conn, send).await?)?;
    }
    Ok(())
}

fn refuse_unless_unknown(status: &LeadStatus) -> Result<()> {
    if status.state == Some(SendState::Unknown) {
        return Ok(());
    }
    bail!(
        "send {} is not in the state unknown but in {}: there is nothing to resolve. {}",
        status.send_id.unwrap_or_default(),
        show::state(status),
        status.explanation,
    )
}

/// Asks on the terminal; without one, only `--yes` confirms.
fn confirmed(status: &LeadStatus) -> Result<bool> {
    if !std::io::stdin().is_terminal() {
        bail!("if the mail did leave, it goes out twice: give --yes to confirm");
    }
    output::warning(format_args!(
        "SES may have taken this mail to {}/{}. If it did, it goes out twice.",
        status.platform, status.username,
    ));
    output::ask("Send it again?")
}
