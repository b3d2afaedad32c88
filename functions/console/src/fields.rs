//! A form's fields as a person filled them in, and what is wrong with them: an entry is kept as it was given until
//! it can be taken.

use std::{collections::BTreeMap, fmt};

use shared::domain::reading::{Stray, strays};

use crate::view::number;

/// Characters of an entry that a sentence about it quotes.
const QUOTED: usize = 40;
/// Longest note about a change.
const NOTE_MAX: usize = 300;

/// What a form says, by the names of its fields.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Entries(BTreeMap<String, String>);

impl FromIterator<(String, String)> for Entries {
    /// Of a field that comes twice the last one counts.
    fn from_iter<T: IntoIterator<Item = (String, String)>>(fields: T) -> Self {
        Self(fields.into_iter().collect())
    }
}

impl Entries {
    /// The entry, or nothing.
    pub(crate) fn get(&self, field: &str) -> &str {
        self.0.get(field).map_or("", String::as_str)
    }

    /// As a page may show it: a character that no page can hold is seen in its place.
    pub(crate) fn shown(&self, field: &str) -> String {
        let visible = |c: char| match c {
            '\r' | '\n' | '\t' => c,
            c if c.is_control() => char::REPLACEMENT_CHARACTER,
            c => c,
        };
        self.get(field).chars().map(visible).collect()
    }

    /// Whether a box is ticked.
    pub(crate) fn is_on(&self, field: &str) -> bool {
        !self.get(field).is_empty()
    }

    pub(crate) fn set(&mut self, field: impl Into<String>, entry: impl fmt::Display) {
        self.0.insert(field.into(), entry.to_string());
    }

    /// The fields whose names begin so, with what follows in the name.
    pub(crate) fn beginning<'a>(
        &'a self,
        prefix: &'a str,
    ) -> impl Iterator<Item = (&'a str, &'a str)> {
        let fields = self.0.iter();
        fields.filter_map(move |(field, entry)| Some((field.strip_prefix(prefix)?, &**entry)))
    }
}

/// An entry that cannot be taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Problem {
    /// The field's name, which is its id on the page too.
    pub(crate) field: String,
    /// As the page labels it.
    pub(crate) label: &'static str,
    pub(crate) message: String,
}

/// Everything that is wrong with a form.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Problems(Vec<Problem>);

impl Problems {
    pub(crate) fn add(&mut self, field: &str, label: &'static str, message: impl Into<String>) {
        self.0.push(Problem {
            field: field.to_owned(),
            label,
            message: message.into(),
        });
    }

    /// The same with one more.
    pub(crate) fn with(mut self, field: &str, label: &'static str, message: &str) -> Self {
        self.add(field, label, message);
        self
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Problem> {
        self.0.iter()
    }

    /// What is wrong with one field.
    pub(crate) fn of(&self, field: &str) -> Option<&str> {
        let mut problems = self.0.iter();
        problems
            .find(|problem| problem.field == field)
            .map(|problem| problem.message.as_str())
    }

    pub(crate) fn heading(&self) -> String {
        match self.0.len() {
            1 => "One entry needs your attention. Nothing was saved.".to_owned(),
            many => format!("{many} entries need your attention. Nothing was saved."),
        }
    }
}

/// How a text may be.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Text {
    pub(crate) field: &'static str,
    pub(crate) label: &'static str,
    /// Characters.
    pub(crate) longest: usize,
    pub(crate) lines: bool,
    pub(crate) required: bool,
}

/// What a person says about a change, for the audit log.
pub(crate) const NOTE: Text = Text {
    field: "note",
    label: "Note",
    longest: NOTE_MAX,
    lines: false,
    required: false,
};

impl Text {
    /// Reads a text, trimmed and with plain line ends. What is wrong with it is added to the problems.
    pub(crate) fn read(self, entries: &Entries, problems: &mut Problems) -> String {
        let text = entries.get(self.field).replace("\r\n", "\n");
        let text = text.trim();
        if let Some(message) = self.fault(text) {
            problems.add(self.field, self.label, message);
        }
        text.to_owned()
    }

    fn fault(self, text: &str) -> Option<String> {
        if text.is_empty() {
            return self.required.then(|| "This cannot be empty.".to_owned());
        }
        let is_line_end = |c: char| self.lines && c == '\n';
        if text.contains('\n') && !self.lines {
            return Some("This is one line. Remove the line break.".to_owned());
        }
        if let Some(c) = text.chars().find(|c| c.is_control() && !is_line_end(*c)) {
            return Some(format!(
                "It holds a character that is no text ({}). Remove it.",
                code(c)
            ));
        }
        let deceptive = strays(text).find(|(_, stray)| *stray == Stray::Deceptive);
        if let Some(c) = deceptive.and_then(|(at, _)| text.get(at..)?.chars().next()) {
            return Some(format!(
                "It holds an invisible character that changes how the text reads ({}). Remove it.",
                code(c)
            ));
        }
        let length = text.chars().count();
        (length > self.longest).then(|| {
            format!(
                "It has {} characters. Enter at most {}.",
                number(length),
                number(self.longest)
            )
        })
    }
}

fn code(c: char) -> String {
    format!("U+{:04X}", u32::from(c))
}

/// An entry within a sentence about it.
pub(crate) fn quoted(entry: &str) -> String {
    let mut shown: String = entry
        .chars()
        .filter(|c| !c.is_control())
        .take(QUOTED)
        .collect();
    if entry.chars().count() > QUOTED {
        shown.push('…');
    }
    format!("“{shown}”")
}

/// Reads a whole number between two others.
///
/// # Errors
/// A sentence that says what was entered, what is allowed, and an example.
pub(crate) fn whole(entry: &str, from: i32, to: i32, example: i32) -> Result<i32, String> {
    let allowed = || {
        format!(
            "Enter a number from {} to {}, for example {}.",
            number(from),
            number(to),
            number(example)
        )
    };
    let text = entry.trim();
    if text.is_empty() {
        return Err(allowed());
    }
    // As pages write it: 1,000.
    let digits = text.replace([',', ' ', '\u{a0}', '\u{202f}'], "");
    let Ok(value) = digits.parse::<i64>() else {
        return Err(format!(
            "{} is not a whole number. {}",
            quoted(text),
            allowed()
        ));
    };
    let value = i32::try_from(value).ok();
    let value = value.filter(|value| (from..=to).contains(value));
    value.ok_or_else(|| format!("{} is out of range. {}", quoted(text), allowed()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINE: Text = Text {
        field: "name",
        label: "Name",
        longest: 5,
        lines: false,
        required: true,
    };

    fn entries(text: &str) -> Entries {
        Entries::from_iter([("name".to_owned(), text.to_owned())])
    }

    #[test]
    fn text_is_trimmed_or_its_fault_named() {
        for (text, expected, says) in [
            (" Ana ", "Ana", None),
            ("ab\u{301}cd", "ab\u{301}cd", None),
            ("", "", Some("cannot be empty")),
            (" \r\n ", "", Some("cannot be empty")),
            ("a\r\nb", "a\nb", Some("one line")),
            ("a\0b", "a\0b", Some("U+0000")),
            ("a\u{202e}b", "a\u{202e}b", Some("U+202E")),
            ("abcdef", "abcdef", Some("6 characters. Enter at most 5")),
        ] {
            let mut problems = Problems::default();
            assert_eq!(LINE.read(&entries(text), &mut problems), expected);
            match says {
                None => assert!(problems.is_empty(), "{text:?}: {problems:?}"),
                Some(says) => assert!(problems.of("name").unwrap().contains(says), "{text:?}"),
            }
        }
    }

    #[test]
    fn lines_and_nothing_are_taken_where_allowed() {
        let text = Text {
            lines: true,
            required: false,
            ..LINE
        };
        let mut problems = Problems::default();
        assert_eq!(text.read(&entries("a\r\nb"), &mut problems), "a\nb");
        assert_eq!(text.read(&entries(" "), &mut problems), "");
        assert!(problems.is_empty(), "{problems:?}");
    }

    #[test]
    fn number_is_read_or_refused_with_an_example() {
        for (entry, expected) in [("60", 60), (" 1,000 ", 1_000), ("+5", 5), ("0", 0)] {
            assert_eq!(whole(entry, 0, 1_000, 60), Ok(expected), "{entry}");
        }
        for (entry, says) in [
            ("", "Enter a number from 0 to 1,000, for example 60."),
            ("6O", "“6O” is not a whole number."),
            ("1.5", "“1.5” is not a whole number."),
            ("1001", "“1001” is out of range."),
            ("-1", "“-1” is out of range."),
            ("99999999999999999999", "is not a whole number"),
        ] {
            let error = whole(entry, 0, 1_000, 60).unwrap_err();
            assert!(error.contains(says), "{entry}: {error}");
        }
    }

    #[test]
    fn entry_with_a_nul_can_be_shown() {
        assert_eq!(entries("a\0b\n").shown("name"), "a\u{fffd}b\n");
        let long = quoted(&"x".repeat(50));
        assert_eq!(long.chars().count(), 43, "{long}");
    }
}
