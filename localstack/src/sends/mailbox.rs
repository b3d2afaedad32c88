//! `cargo local suppress`: a "no" that came by another way than a link or an event.

use anyhow::Result;
use shared::db::operator;

use super::arguments::SuppressArgs;
use super::connection;
use crate::output;
use crate::settings::Settings;

/// Suppresses a mailbox. Neither the address nor its hash is printed.
pub(crate) async fn suppress(settings: &Settings, args: &SuppressArgs) -> Result<()> {
    let mut conn = connection::connect(settings, &args.operator).await?;
    let mailbox = connection::hash(settings, &args.operator, &mut conn, &args.address).await?;
    let no = operator::suppress(&mut conn, mailbox, &args.reason).await?;
    let reason = &no.reason;
    if no.changed {
        output::step("Suppressed", format_args!("the mailbox: {reason}"));
    } else {
        output::fresh(
            "Suppressed",
            format_args!("the mailbox was before: {reason}"),
        );
    }
    if no.planned > 0 {
        let planned = format_args!("{} planned; the gate refuses when it is asked", no.planned);
        output::fresh("Mails", planned);
    }
    if !no.written_to && no.planned == 0 {
        output::fresh(
            "Mails",
            "none was sent there or planned: is the address spelt right?",
        );
    }
    Ok(())
}
