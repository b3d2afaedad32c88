//! The mails that SES was given: the ledger of how many mails really left.

pub(crate) mod ledger;

use anyhow::{Context as _, Result};
use console::style;

use crate::output;
use crate::settings::Settings;
use ledger::Mail;

/// Lists the mails, or shows the one with this number.
pub(crate) fn show(settings: &Settings, open: Option<usize>) -> Result<()> {
    let mails = ledger::read(&settings.paths)?;
    match open {
        Some(number) => {
            let mail = number.checked_sub(1).and_then(|index| mails.get(index));
            in_full(
                mail.with_context(|| {
                    format!("there is no mail {number}; SES has {}", mails.len())
                })?,
            );
        }
        None if mails.is_empty() => output::fresh("Nothing", "was sent yet"),
        None => list(&mails),
    }
    Ok(())
}

fn list(mails: &[Mail]) {
    let mut table = output::table(["", "at", "to", "subject", "send"]);
    for (index, mail) in mails.iter().enumerate() {
        table.add_row([
            (index + 1).to_string(),
            mail.at.clone(),
            mail.to.clone(),
            mail.subject.clone(),
            mail.send
                .map_or_else(|| "?".to_owned(), |send| send.to_string()),
        ]);
    }
    output::line(table);
}

/// The headers a recipient's program acts upon, and the text a person reads.
pub(crate) fn in_full(mail: &Mail) {
    for (name, value) in &mail.headers {
        output::line(format_args!("{}: {value}", style(name).bold()));
    }
    output::line(format_args!("\n{}", mail.text.trim_end()));
    if mail.has_html {
        output::line(format_args!(
            "\n{}",
            style("(the same as HTML beside it)").dim()
        ));
    }
}
