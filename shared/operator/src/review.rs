//! `outreach review`: what waits for a person, and what the person decides.

use std::io::{IsTerminal as _, Read as _, Write as _};
use std::process::Command;

use anyhow::{Context as _, Result, bail};
use comfy_table::{Cell, ContentArrangement, Table};
use serde_json::json;
use shared::db::PgConnection;
use shared::db::operator::{self, ReviewOutcome, Waiting};
use shared::domain::content::Draft;
use shared::domain::ids::SendId;
use shared::domain::review::{Change, Review};

use crate::cli::{Options, ReviewArgs};
use crate::stack::Stack;
use crate::{connection, output, sending, show};

/// Lists what waits, shows mails in full, or decides about them.
pub(crate) async fn review(stack: &Stack, options: &Options, args: &ReviewArgs) -> Result<()> {
    let mut conn = connection::connect(stack, options).await?;
    sending::warn_if_stopped(&mut conn).await?;
    if args.ids.is_empty() {
        return list(&mut conn, options, args).await;
    }
    let Some(decision) = decision(&mut conn, args).await? else {
        return show_all(&mut conn, options, &args.ids).await;
    };
    let mut undone = Vec::new();
    let mut results = Vec::new();
    for id in &args.ids {
        let note = args.note.as_deref();
        let outcome = operator::review(&mut conn, SendId(*id), &decision, note).await?;
        let why = report(*id, &outcome);
        results.push(json!({ "send": id, "done": why.is_none(), "why": why }));
        undone.extend(why.map(|why| format!("send {id}: {why}")));
    }
    if options.json {
        output::json(&results)?;
    }
    if !undone.is_empty() {
        bail!("{}", undone.join("\n"));
    }
    Ok(())
}

/// Says what was done; answers why nothing was.
fn report(id: i64, outcome: &ReviewOutcome) -> Option<String> {
    let done = |verb, text: &str| {
        output::step(verb, format_args!("send {id}: {text}"));
        None
    };
    match outcome {
        ReviewOutcome::Done(Change::Queue) => done(
            "Approved",
            "it leaves with this text, once every rule allows it",
        ),
        ReviewOutcome::Done(Change::Wait { draft: Some(_) }) => {
            done("Edited", "approve it with --approve")
        }
        ReviewOutcome::Done(Change::Wait { draft: None }) => {
            done("Reopened", "it waits for a person again")
        }
        ReviewOutcome::Done(Change::Refuse) => {
            done("Rejected", "it never leaves; --reopen takes that back")
        }
        ReviewOutcome::Refused(refused) => Some(refused.to_string()),
        ReviewOutcome::NoSuchSend => Some("there is no such send".to_owned()),
    }
}

async fn list(conn: &mut PgConnection, options: &Options, args: &ReviewArgs) -> Result<()> {
    let campaign = args.campaign.as_deref();
    let waiting = operator::waiting_for_review(conn, campaign, args.limit.into()).await?;
    if options.json {
        return output::json(&waiting);
    }
    if waiting.is_empty() {
        output::fresh("Nothing", "waits for a person");
    } else {
        output::line(table(&waiting));
    }
    Ok(())
}

fn table(waiting: &[Waiting]) -> Table {
    let header = [
        "send", "campaign", "lead", "country", "score", "subject", "why",
    ];
    let mut table = output::table(header);
    table.set_content_arrangement(ContentArrangement::Dynamic);
    for mail in waiting {
        table.add_row([
            output::number(mail.send),
            Cell::new(&mail.campaign),
            Cell::new(format_args!("{}/{}", mail.platform, mail.username).to_string()),
            Cell::new(mail.country.as_deref().unwrap_or("?")),
            output::number(mail.score),
            Cell::new(mail.subject.as_deref().unwrap_or("(no text yet)")),
            Cell::new(mail.explanation.unwrap_or_default()),
        ]);
    }
    table
}

async fn show_all(conn: &mut PgConnection, options: &Options, ids: &[i64]) -> Result<()> {
    let mut sends = Vec::new();
    for id in ids {
        let found = operator::send_detail(conn, SendId(*id)).await?;
        sends.push(found.with_context(|| format!("there is no send {id}"))?);
    }
    if options.json {
        return output::json(&sends);
    }
    sends.iter().for_each(show::detail);
    Ok(())
}

/// What the arguments decide; none: nothing.
async fn decision(conn: &mut PgConnection, args: &ReviewArgs) -> Result<Option<Review>> {
    Ok(if args.approve {
        Some(Review::Approve)
    } else if args.reject {
        Some(Review::Reject)
    } else if args.reopen {
        Some(Review::Reopen)
    } else if args.edit {
        Some(Review::Edit(edited(conn, args).await?))
    } else {
        None
    })
}

/// The new text: from the arguments, or from the person's editor.
async fn edited(conn: &mut PgConnection, args: &ReviewArgs) -> Result<Draft> {
    let [id] = args.ids.as_slice() else {
        bail!("give --edit one send");
    };
    let before = operator::draft(conn, SendId(*id)).await?;
    if args.subject.is_none() && args.message_file.is_none() {
        if !std::io::stdin().is_terminal() {
            bail!("give --subject and --message-file, or edit on a terminal");
        }
        return in_editor(&args.editor, before);
    }
    let message = match args.message_file.as_deref() {
        Some("-") => {
            let mut text = String::new();
            let read = std::io::stdin().read_to_string(&mut text);
            read.context("could not read the message from standard input")?;
            Some(text)
        }
        Some(file) => {
            Some(std::fs::read_to_string(file).with_context(|| format!("could not read {file}"))?)
        }
        None => None,
    };
    let (old_subject, old_message) = before.map(|old| (old.subject, old.message)).unzip();
    let subject = args.subject.clone().or(old_subject);
    let message = message.or(old_message);
    let (Some(subject), Some(message)) = (subject, message) else {
        bail!("send {id} has no text yet: give both --subject and --message-file");
    };
    Ok(tidy(&subject, &message))
}

fn in_editor(editor: &str, before: Option<Draft>) -> Result<Draft> {
    let mut file = tempfile::Builder::new().suffix(".txt").tempfile()?;
    if let Some(Draft { subject, message }) = &before {
        write!(file, "{subject}\n\n{message}\n")?;
    }
    // An editor may be a command with arguments.
    let mut words = editor.split_whitespace();
    let program = words.next().context("EDITOR is empty")?;
    let status = Command::new(program)
        .args(words)
        .arg(file.path())
        .status()
        .with_context(|| format!("could not start the editor {program}"))?;
    if !status.success() {
        bail!("the editor ended with {status}: nothing was changed");
    }
    let text = std::fs::read_to_string(file.path())?;
    let (subject, message) = text.split_once('\n').unwrap_or((&text, ""));
    let draft = tidy(subject, message);
    if before.is_some_and(|before| before == draft) {
        bail!("the text is as it was: nothing was changed");
    }
    Ok(draft)
}

/// Without the blank lines and spaces that an editor leaves at the ends.
fn tidy(subject: &str, message: &str) -> Draft {
    Draft {
        subject: subject.trim().to_owned(),
        message: message.trim().replace("\r\n", "\n"),
    }
}
