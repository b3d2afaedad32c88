//! `outreach smoke`: one mail to SES's simulator, followed through the stack.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use serde_json::json;
use shared::clients::mailer::{Handover, Mail, Mailer};
use shared::db::operator;
use shared::domain::{email::EmailAddress, ids::SendId};

use crate::cli::{Options, SmokeArgs};
use crate::stack::Stack;
use crate::{connection, output};

/// Accepts every mail, and reports it delivered.
const SIMULATOR: &str = "success@simulator.amazonses.com";
/// No send has this id, so what comes back changes nothing.
const NO_SEND: SendId = SendId(0);
const POLL: Duration = Duration::from_secs(1);

/// Sends the mail, and waits until its delivery is recorded.
pub(crate) async fn smoke(stack: &Stack, options: &Options, args: &SmokeArgs) -> Result<()> {
    let setting = |name: &str| {
        let value = stack.setting(name);
        value.with_context(|| format!("{name} is not set: give --stack NAME, or set it"))
    };
    let from = EmailAddress::parse(&setting("SENDER_ADDRESS")?)
        .context("SENDER_ADDRESS is not a mail address")?;
    let to = EmailAddress::parse(args.to.as_deref().unwrap_or(SIMULATOR))
        .context("--to is not a mail address")?;
    let mut conn = connection::connect(stack, options).await?;
    let mailer = Mailer::new(&stack.aws, setting("SES_CONFIGURATION_SET")?);
    let mime = format!(
        "From: <{}>\r\nTo: <{}>\r\nSubject: outreach smoke\r\nMIME-Version: 1.0\r\n\
         Content-Type: text/plain; charset=utf-8\r\n\r\nSent by `outreach smoke`.\r\n",
        from.as_str(),
        to.as_str(),
    );
    let mail = Mail {
        send: NO_SEND,
        from,
        to,
        mime: mime.into_bytes(),
    };
    let message_id = match mailer.hand_over(mail).await {
        Handover::Accepted { message_id } => message_id,
        refusal => bail!("{}", explain(&refusal)),
    };
    output::step("Sent", format_args!("a mail; SES calls it {message_id}"));
    let begun = Instant::now();
    let limit = Duration::from_secs(args.timeout.into());
    let mut seen = 0;
    loop {
        let kinds = operator::events_of_message(&mut conn, &message_id).await?;
        for kind in kinds.iter().skip(seen) {
            let seconds = begun.elapsed().as_secs();
            output::step("Recorded", format_args!("{kind} after {seconds} s"));
        }
        seen = kinds.len();
        if kinds.iter().any(|kind| kind == "delivery") {
            if options.json {
                output::json(&json!({ "message_id": message_id, "events": kinds }))?;
            }
            return Ok(());
        }
        if let Some(bad) = kinds.iter().find(|kind| STOPPED.contains(&&***kind)) {
            bail!("SES accepted the mail and then reported: {bad}");
        }
        if begun.elapsed() >= limit {
            bail!("{}", missing(&kinds));
        }
        pause().await;
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "the events come when SES sends them"
)]
async fn pause() {
    tokio::time::sleep(POLL).await;
}

const STOPPED: [&str; 3] = ["bounce", "reject", "rendering_failure"];

/// What to look at when SES did not take the mail.
fn explain(refusal: &Handover) -> String {
    match refusal {
        Handover::Accepted { .. } => String::new(),
        Handover::Throttled => "SES asked to slow down: try again in a minute".to_owned(),
        Handover::QuotaUsedUp => "SES's quota of 24 hours is used up".to_owned(),
        Handover::Unreachable => "SES was not reached: check AWS_REGION and the network".to_owned(),
        Handover::AccountRefused { code } | Handover::MailRefused { code } => {
            format!("SES refused the mail ({code}): `outreach doctor` says what is missing")
        }
        Handover::NoAnswer => {
            "SES's answer was lost; the mail went to the simulator, so try again".to_owned()
        }
    }
}

/// Where the events can have got stuck.
fn missing(kinds: &[String]) -> String {
    if kinds.is_empty() {
        "SES accepted the mail, and no event of it was recorded. Look, in this order: does the configuration \
         set have an event destination (SES console)? do messages wait in the feedback queue or its dead \
         letters (`outreach doctor`)? what do the logs of the feedback function say?"
            .to_owned()
    } else {
        format!(
            "recorded so far: {}; the delivery is missing. Does the event destination include deliveries?",
            kinds.join(", ")
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn missing_names_the_feedback_queue_first() {
        assert!(missing(&[]).contains("feedback queue"));
        assert!(missing(&["send".to_owned()]).contains("deliveries"));
    }
}
