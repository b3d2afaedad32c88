//! `outreach confirm-restore`: mails may leave from this database.

use std::io::IsTerminal as _;

use anyhow::{Result, bail};
use serde_json::json;
use shared::db::{self, installation};

use crate::cli::{ConfirmRestoreArgs, Options};
use crate::stack::Stack;
use crate::{connection, output};

/// Confirms where the database is, after a question.
pub(crate) async fn confirm(
    stack: &Stack,
    options: &Options,
    args: &ConfirmRestoreArgs,
) -> Result<()> {
    let mut conn = connection::connect(stack, options).await?;
    let address = db::address(&stack.functions_database())?;
    let (confirmed, now) = installation::origin(&mut conn, &address).await?;
    if confirmed.as_deref() == Some(&*now.to_line()) {
        output::fresh("Confirmed", "the database is where it was confirmed before");
    } else {
        if !args.yes && !is_meant(confirmed.as_deref(), &now.to_line())? {
            bail!("nothing was changed");
        }
        installation::confirm_origin(&mut conn, &now, &options.by).await?;
        output::step("Confirmed", "the sender works on this database again");
    }
    if options.json {
        output::json(&json!({ "before": confirmed, "now": now }))?;
    }
    Ok(())
}

fn is_meant(before: Option<&str>, now: &str) -> Result<bool> {
    output::warning(format_args!(
        "mails that left after the backup are planned in this database, and would go out a second time. \
         Confirm only after the restore runbook (shared/operator/README.md).\n  before: {}\n  now:    {now}",
        before.unwrap_or("never confirmed"),
    ));
    if !std::io::stdin().is_terminal() {
        bail!("give --yes to confirm");
    }
    output::ask("Is everything done?")
}
