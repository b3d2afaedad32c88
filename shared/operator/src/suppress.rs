//! `outreach suppress`: an opt-out that came by another way than a link or an event.

use anyhow::Result;
use serde_json::json;
use shared::db::operator;

use crate::cli::{Options, SuppressArgs};
use crate::stack::Stack;
use crate::{connection, output};

/// Suppresses a mailbox. Neither the address nor its hash is printed.
pub(crate) async fn suppress(stack: &Stack, options: &Options, args: &SuppressArgs) -> Result<()> {
    let mut conn = connection::connect(stack, options).await?;
    let mailbox = connection::hash(stack, &mut conn, &args.address).await?;
    let suppressed = operator::suppress(&mut conn, mailbox, &args.reason, None).await?;
    let operator::Suppressed {
        changed,
        reason,
        planned,
        written_to,
    } = &suppressed;
    if *changed {
        output::step("Suppressed", format_args!("the mailbox: {reason}"));
    } else {
        output::fresh(
            "Suppressed",
            format_args!("the mailbox was suppressed before: {reason}"),
        );
    }
    if *planned > 0 {
        output::fresh(
            "Mails",
            format_args!("{planned} planned; the gate will refuse them"),
        );
    }
    if !written_to && *planned == 0 {
        output::fresh(
            "Mails",
            "none was sent there or planned: is the address spelt right?",
        );
    }
    if options.json {
        output::json(&json!({
            "changed": changed, "reason": reason, "planned": planned, "written_to": written_to,
        }))?;
    }
    Ok(())
}
