//! `outreach sending`: the kill switch.

use anyhow::Result;
use serde_json::json;
use shared::db::installation::{self, Stop};
use shared::db::{PgConnection, operator};

use crate::cli::{Options, SendingArgs};
use crate::stack::Stack;
use crate::{connection, output};

/// Shows whether mails may leave, stops them, or lets them leave again.
pub(crate) async fn sending(stack: &Stack, options: &Options, args: &SendingArgs) -> Result<()> {
    let mut conn = connection::connect(stack, options).await?;
    if let Some(reason) = &args.stop {
        if operator::stop_sending(&mut conn, &options.by, reason, None).await? {
            output::step(
                "Stopped",
                "sending: no new mail leaves, whatever is deployed",
            );
        } else {
            output::fresh(
                "Stopped",
                "sending was stopped before; the first reason stays",
            );
        }
    } else if args.start {
        match operator::start_sending(&mut conn, args.note.as_deref()).await? {
            Some(waited) => output::step(
                "Started",
                format_args!("sending: {waited} mails waited for it, and leave within a minute"),
            ),
            None => output::fresh("Started", "sending was not stopped"),
        }
    }
    let stop = installation::stop(&mut conn).await?;
    if options.json {
        return output::json(&json!({ "stopped": stop }));
    }
    match &stop {
        Some(stop) => output::warning(sentence(stop)),
        None => output::fresh("Sending", "mails may leave"),
    }
    Ok(())
}

/// Says above a list of mails that none of them leaves.
pub(crate) async fn warn_if_stopped(conn: &mut PgConnection) -> Result<()> {
    if let Some(stop) = installation::stop(conn).await? {
        output::warning(sentence(&stop));
    }
    Ok(())
}

/// What a stop means, and how it ends.
pub fn sentence(stop: &Stop) -> String {
    let Stop { at, by, reason } = stop;
    let at = at.format("%Y-%m-%d %H:%M UTC");
    format!(
        "sending is stopped since {at} by {by} ({reason}); `outreach sending --start` lets mails leave"
    )
}
