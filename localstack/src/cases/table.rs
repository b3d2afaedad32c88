//! What was put in, what must happen and what happened: a table for people, JSON for programs.

use std::collections::BTreeMap;

use comfy_table::{Cell, Color, ContentArrangement};
use serde::Serialize;
use serde_json::{Value, json};

use super::expectation::{happened_words, holds, words};
use crate::output;

/// Characters of an input that are shown in the table.
const SHOWN: usize = 120;

/// Of the table where there is no terminal.
const WIDTH: u16 = 180;

/// One input, and what became of it.
#[derive(Debug)]
pub(super) struct Input {
    pub(super) what: String,
    /// None: nothing is expected, and it is only shown.
    pub(super) must: Option<Value>,
    pub(super) happened: Value,
}

impl Input {
    /// A file that could not be put to the functions.
    pub(super) fn failed(error: &anyhow::Error) -> Self {
        Self {
            what: "the file".to_owned(),
            must: Some(json!({ "error": null })),
            happened: json!({ "error": format!("{error:#}") }),
        }
    }
}

/// One line of the table.
#[derive(Debug, Clone, Serialize)]
pub struct Line {
    /// The file and the number of the input in it.
    pub case: String,
    /// What was put in.
    pub input: String,
    /// What must happen; null where nothing is expected.
    pub must: Option<Value>,
    /// What happened.
    pub happened: Value,
    /// Whether that is what must happen.
    pub passed: Option<bool>,
}

impl Line {
    pub(super) fn new(file: &str, number: usize, input: Input) -> Self {
        let passed = input.must.as_ref().map(|must| holds(must, &input.happened));
        Self {
            case: format!("{file} {number}"),
            input: input.what,
            must: input.must,
            happened: input.happened,
            passed,
        }
    }

    /// What must happen, in words.
    pub fn must_words(&self) -> String {
        self.must.as_ref().map(words).unwrap_or_default()
    }

    /// What happened, in words: of the fields that the expectation names.
    pub fn happened_words(&self) -> String {
        happened_words(self.must.as_ref(), &self.happened)
    }
}

/// Prints the table and the sums.
pub(super) fn show(lines: &[Line]) {
    let mut table = output::table(["case", "put in", "must happen", "happened", "result"]);
    table.set_content_arrangement(ContentArrangement::Dynamic);
    if table.width().is_none() {
        table.set_width(WIDTH);
    }
    for line in lines {
        let (result, colour) = match line.passed {
            Some(true) => ("pass", Color::Green),
            Some(false) => ("FAIL", Color::Red),
            None => ("shown", Color::Yellow),
        };
        let (must, happened) = (line.must_words(), line.happened_words());
        let (must, happened) = match line.passed {
            // What differs may stand at the end.
            Some(false) => (must, happened),
            Some(true) | None => (shortened(&must), shortened(&happened)),
        };
        table.add_row([
            Cell::new(&line.case),
            Cell::new(shortened(&line.input)),
            Cell::new(must),
            Cell::new(happened),
            Cell::new(result).fg(colour),
        ]);
    }
    output::line(table);
    let mut counts = BTreeMap::new();
    for line in lines {
        *counts.entry(line.passed).or_insert(0) += 1;
    }
    let count = |passed| counts.get(&passed).copied().unwrap_or(0);
    output::line(format_args!(
        "\n{} passed, {} failed, {} without an expectation",
        count(Some(true)),
        count(Some(false)),
        count(None)
    ));
}

/// The beginning of a text, on one line.
fn shortened(text: &str) -> String {
    let plain: String = text
        .chars()
        .take(SHOWN)
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect();
    if text.chars().count() > SHOWN {
        format!("{plain}…")
    } else {
        plain
    }
}
