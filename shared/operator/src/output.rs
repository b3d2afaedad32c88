//! What a person reads: cargo-like status lines on stderr, results on stdout.
//!
//! Colours appear only on a terminal (`console` looks at `NO_COLOR`, `CLICOLOR` and the stream).

use std::fmt::Display;
use std::io::Write as _;

use anyhow::Result;
use comfy_table::{Cell, CellAlignment, Table, presets};
use console::{Style, style};
use serde::Serialize;

/// `   Starting LocalStack on 127.0.0.1:4566`: the verb right-aligned as cargo does it.
pub fn step(verb: &str, text: impl Display) {
    status(verb, &Style::new().green().bold().for_stderr(), &text);
}

/// A result of less weight than a step, such as what was found in place already.
pub fn fresh(verb: &str, text: impl Display) {
    status(verb, &Style::new().cyan().bold().for_stderr(), &text);
}

/// Something to know that stops nothing.
pub fn warning(text: impl Display) {
    let label = style("warning").for_stderr().yellow().bold();
    to_stderr(&format_args!("{label}: {text}"));
}

/// The whole chain of an error, as cargo prints it.
pub fn failure(error: &anyhow::Error) {
    let label = style("error").for_stderr().red().bold();
    to_stderr(&format_args!("{label}: {error}"));
    let mut causes: Vec<String> = error.chain().skip(1).map(ToString::to_string).collect();
    // Some errors quote the one below them.
    let mut below = String::new();
    causes.retain(|cause| {
        let quoted = !below.is_empty() && below.ends_with(&**cause);
        below.clone_from(cause);
        !quoted
    });
    if !causes.is_empty() {
        to_stderr(&"\nCaused by:");
        for cause in causes {
            to_stderr(&format_args!("  {}", cause.replace('\n', "\n  ")));
        }
    }
}

/// One line of a command's result.
pub fn line(text: impl Display) {
    // A reader that went away (`cargo local mail | head`) is no failure of ours.
    let _ = writeln!(std::io::stdout().lock(), "{text}");
}

/// A command's result for a program.
pub fn json(value: &impl Serialize) -> Result<()> {
    line(serde_json::to_string_pretty(value)?);
    Ok(())
}

/// Asks a question on the terminal.
pub fn ask(question: &str) -> Result<bool> {
    let mut stderr = std::io::stderr();
    write!(stderr, "{question} [y/N] ")?;
    stderr.flush()?;
    let mut answer = String::new();
    std::io::stdin().read_line(&mut answer)?;
    Ok(matches!(answer.trim().to_lowercase().as_str(), "y" | "yes"))
}

/// A heading within a command's result.
pub fn heading(text: &str) {
    line(format_args!("\n{}", style(text).bold()));
}

fn status(verb: &str, verb_style: &Style, text: &dyn Display) {
    to_stderr(&format_args!(
        "{} {text}",
        verb_style.apply_to(format!("{verb:>12}"))
    ));
}

fn to_stderr(text: &dyn Display) {
    let _ = writeln!(std::io::stderr().lock(), "{text}");
}

/// A line of another program's log, beside a result.
pub fn log(text: &str) {
    to_stderr(&style(text).for_stderr().dim());
}

/// A table without lines, under `header` where one is given.
pub fn table<T: Into<Cell>>(header: impl IntoIterator<Item = T>) -> Table {
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    let header: Vec<Cell> = header.into_iter().map(Into::into).collect();
    if !header.is_empty() {
        table.set_header(header);
    }
    table
}

/// A number in a table.
pub fn number(number: impl Display) -> Cell {
    Cell::new(number.to_string()).set_alignment(CellAlignment::Right)
}
