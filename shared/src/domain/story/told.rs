//! A happening in words.

use super::{Assessment, Entry, Happening, MailChange, Tone, What};
use crate::domain::{audit::Actor, reason::Reason, send_state::SendState};

/// None for steps that another entry tells better.
pub(super) fn entry(happening: Happening) -> Option<Entry> {
    let Happening { at, campaign, what } = happening;
    let plain = |tone: Tone, title: &str, text: String| Entry {
        at,
        tone,
        title: title.to_owned(),
        text,
        campaign: campaign.clone(),
        by: None,
        note: None,
        send: None,
        assessment: None,
    };
    Some(match what {
        What::Found {
            platform,
            source,
            new,
        } => {
            let known = if new { "It was new." } else { "It was known." };
            plain(
                Tone::Plain,
                &format!("Found on {platform}"),
                format!("The source “{source}” found this profile. {known}"),
            )
        }
        What::Assessed(assessment) => Entry {
            assessment: Some(assessment.clone()),
            ..plain(
                Tone::Plain,
                &assessed(&assessment),
                assessment_text(&assessment),
            )
        },
        What::Mail(change) => {
            let (tone, title) = mail(&change)?;
            let text = mail_text(&change);
            Entry {
                send: Some(change.send),
                note: change.note,
                by: by_person(change.by),
                ..plain(tone, title, text)
            }
        }
        What::Event { kind, detail } => {
            let (tone, title, text) = event(&kind)?;
            let unknown = || format!("SES reports: {}", kind.replace('_', " "));
            let title = title.map_or_else(unknown, str::to_owned);
            let said = detail.map(|detail| format!("SES says: {detail}."));
            let sentences = [text.map(str::to_owned), said];
            let text: Vec<String> = sentences.into_iter().flatten().collect();
            plain(tone, &title, text.join(" "))
        }
        What::Mailbox { reason, by, note } => {
            let (tone, title, text) = match reason {
                Some(reason) => {
                    let why = Reason::Suppressed.explain();
                    let text = format!("{why} The recorded reason: {reason}.");
                    (Tone::Bad, "Suppressed", text)
                }
                None => {
                    let text = "The mailbox may be written to again.".to_owned();
                    (Tone::Warn, "Suppression lifted", text)
                }
            };
            Entry {
                by: by_person(by),
                note,
                ..plain(tone, title, text)
            }
        }
        What::Erased => {
            let text = "The profile was removed. What is left keeps it from being stored again.";
            plain(Tone::Bad, "Erased", text.to_owned())
        }
        What::Action { sentence, by } => Entry {
            by: Some(by),
            ..plain(Tone::Person, &sentence, String::new())
        },
        What::Note { author, text } => plain(Tone::Person, &format!("Note by {author}"), text),
    })
}

fn by_person(actor: String) -> Option<String> {
    Some(actor).filter(|actor| Actor::read(actor).is_person())
}

fn assessed(assessment: &Assessment) -> String {
    match assessment.by_model {
        true => format!("Assessed: {} of 100", assessment.score),
        false => format!("Scored by the rules: {} of 100", assessment.score),
    }
}

fn assessment_text(assessment: &Assessment) -> String {
    let mut sentences = vec![assessment.summary.clone()];
    sentences.retain(|summary| !summary.is_empty());
    sentences.push(match assessment.by_model {
        true => format!("The model’s confidence is {:.2}.", assessment.confidence),
        false => "The model gave no usable answer.".to_owned(),
    });
    if assessment.cost_micros > 0 {
        sentences.push(format!("It cost {}.", cents(assessment.cost_micros)));
    }
    sentences.extend(assessment.reason.as_deref().map(reason));
    sentences.join(" ")
}

/// Millionths of a US dollar as cents, to the hundredth.
fn cents(micros: i64) -> String {
    match (micros + 50) / 100 {
        0 => "less than 0.01 ¢".to_owned(),
        hundredths => format!("{}.{:02} ¢", hundredths / 100, hundredths % 100),
    }
}

/// The sentence for a reason. A word of a later version stands as it is.
fn reason(word: &str) -> String {
    match Reason::from_word(word) {
        Some(reason) => reason.explain().to_owned(),
        None => format!("The recorded reason: {word}."),
    }
}

/// What became of a mail, unless its events tell it, or it is only on its way to SES.
fn mail(change: &MailChange) -> Option<(Tone, &'static str)> {
    use SendState as S;
    let actor = Actor::read(&change.by);
    if actor == Actor::Program("feedback") {
        return None;
    }
    let reason = change.reason.as_deref().and_then(Reason::from_word);
    let person = actor.is_person();
    Some(match (change.after, reason) {
        (S::Claimed | S::Calling, _) => return None,
        (S::Queued, Some(Reason::Resend)) => (Tone::Person, "Sent again"),
        (S::Queued, _) if person && change.before == Some(S::Review) => (Tone::Person, "Approved"),
        (S::Queued, _) if change.before.is_none() => (Tone::Plain, "Planned"),
        (S::Queued, None) => (Tone::Plain, "Due"),
        (S::Queued, Some(_)) => (Tone::Plain, "Waits"),
        (S::Review, Some(Reason::Edited)) => (Tone::Person, "Edited"),
        (S::Review, Some(Reason::Reopened)) => (Tone::Person, "Reopened"),
        (S::Review, _) if person => (Tone::Person, "Taken back to review"),
        (S::Review, _) => (Tone::Warn, "Waits for a person"),
        (S::Refused, _) if person => (Tone::Person, "Rejected by a reviewer"),
        (S::Refused, _) => (Tone::Plain, "Refused"),
        (S::Unknown, Some(Reason::GivenUp)) => (Tone::Person, "Given up"),
        (S::Unknown, _) => (Tone::Warn, "Not known whether it left"),
        (S::Sent, _) => (Tone::Good, "Sent"),
        (S::Delivered, _) => (Tone::Good, "Delivered"),
        (S::Opened, _) => (Tone::Good, "Opened"),
        (S::Clicked, _) => (Tone::Good, "Clicked"),
        (S::Replied, _) => (Tone::Good, "Replied"),
        (S::Rejected, _) => (Tone::Bad, "Rejected by SES"),
        (S::Bounced, _) => (Tone::Bad, "Bounced"),
        (S::Complained, _) => (Tone::Bad, "Reported as spam"),
    })
}

fn mail_text(change: &MailChange) -> String {
    match (change.after, change.reason.as_deref()) {
        // That it waits is in the title, and why says more.
        (SendState::Queued, Some(word)) => reason(word),
        (state, None) => state.explain().to_owned(),
        (state, Some(word)) => format!("{} {}", state.explain(), reason(word)),
    }
}

/// What SES reported; no title for a kind that this version does not know.
fn event(kind: &str) -> Option<(Tone, Option<&'static str>, Option<&'static str>)> {
    use SendState as S;
    Some(match kind {
        // The sender had that answer from SES itself.
        "send" => return None,
        "delivery" => (Tone::Good, Some("Delivered"), Some(S::Delivered.explain())),
        "open" => (Tone::Good, Some("Opened"), Some(S::Opened.explain())),
        "click" => (Tone::Good, Some("Clicked"), Some(S::Clicked.explain())),
        "bounce" => (Tone::Bad, Some("Bounced"), None),
        "complaint" => (Tone::Bad, Some("Reported as spam"), None),
        "reject" => (Tone::Bad, Some("Rejected by SES"), None),
        "delivery_delay" => {
            let text = "The recipient’s server does not take it yet, and SES goes on trying.";
            (Tone::Warn, Some("Delayed"), Some(text))
        }
        "received" => (Tone::Plain, Some("Wrote to the unsubscribe mailbox"), None),
        _ => (Tone::Plain, None, None),
    })
}
