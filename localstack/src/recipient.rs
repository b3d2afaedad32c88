//! What the recipient's side says to a mail of the local cloud: it comes back, or is called spam.

use anyhow::{Context as _, Result};
use serde_json::{Value, json};

use crate::mail::ledger::{self, Mail};
use crate::queues::Queues;
use crate::settings::{STACK, Settings};
use crate::template::Template;
use crate::{aws, output};

/// What is said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Report {
    /// There is no such mailbox.
    HardBounce,
    /// The mailbox is full for now.
    SoftBounce,
    /// The recipient calls it spam.
    Complaint,
}

/// Publishes SES's event about the mail with this number of `cargo local mail`.
pub(crate) async fn run(settings: &Settings, number: usize, report: Report) -> Result<()> {
    let mails = ledger::read(&settings.paths)?;
    let mail = number.checked_sub(1).and_then(|index| mails.get(index));
    let mail =
        mail.with_context(|| format!("there is no mail {number}; SES has {}", mails.len()))?;
    let send = mail
        .send
        .with_context(|| format!("mail {number} belongs to no send"))?;
    let template = Template::load(&settings.paths.workspace.join("template.yaml"))?;
    let queues = Queues::find(&aws::config(&settings.paths), &template).await?;
    let event = event(mail, send, report).to_string();
    queues.send(&format!("{STACK}-feedback"), event).await?;
    output::step(
        "Reported",
        format_args!(
            "about mail {number}, as SES would; `cargo local outreach sends --why {send}` shows what follows"
        ),
    );
    Ok(())
}

/// In the shape of event publishing.
fn event(mail: &Mail, send: i64, report: Report) -> Value {
    let at = &mail.at;
    let id = &mail.id;
    let about = json!({
        "messageId": id, "timestamp": at, "destination": [mail.to],
        "tags": { "send_id": [send.to_string()] },
    });
    let bounced = |kind: &str, subtype: &str, status: &str, text: &str| {
        json!({ "eventType": "Bounce", "mail": about, "bounce": {
            "bounceType": kind, "bounceSubType": subtype, "timestamp": at,
            "feedbackId": format!("{id}-{subtype}"),
            "bouncedRecipients": [{
                "emailAddress": mail.to, "action": "failed", "status": status, "diagnosticCode": text,
            }],
        }})
    };
    match report {
        Report::HardBounce => bounced(
            "Permanent",
            "General",
            "5.1.1",
            "smtp; 550 5.1.1 user unknown",
        ),
        Report::SoftBounce => bounced(
            "Transient",
            "MailboxFull",
            "4.2.2",
            "smtp; 452 4.2.2 mailbox full",
        ),
        Report::Complaint => json!({ "eventType": "Complaint", "mail": about, "complaint": {
            "complainedRecipients": [{ "emailAddress": mail.to }], "timestamp": at,
            "feedbackId": format!("{id}-complaint"), "complaintFeedbackType": "abuse",
        }}),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_name_the_send_and_the_recipient() {
        let mail = Mail {
            id: "0100".to_owned(),
            at: "2026-01-05T10:00:00Z".to_owned(),
            to: "ana@example.org".to_owned(),
            subject: String::new(),
            send: Some(7),
            headers: Vec::new(),
            text: String::new(),
            has_html: false,
        };
        for (report, kind, at) in [
            (
                Report::HardBounce,
                "Bounce",
                "/bounce/bouncedRecipients/0/emailAddress",
            ),
            (
                Report::SoftBounce,
                "Bounce",
                "/bounce/bouncedRecipients/0/emailAddress",
            ),
            (
                Report::Complaint,
                "Complaint",
                "/complaint/complainedRecipients/0/emailAddress",
            ),
        ] {
            let event = event(&mail, 7, report);
            assert_eq!(event["eventType"], kind);
            assert_eq!(event.pointer("/mail/tags/send_id/0"), Some(&json!("7")));
            assert_eq!(event.pointer(at), Some(&json!("ana@example.org")));
        }
    }
}
