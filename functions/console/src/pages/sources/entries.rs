//! A source's form: from its definition to entries, and back.

use std::collections::BTreeMap;

use shared::{
    db::{
        console::sources::Source,
        operator::{Definition, InvalidSource},
    },
    domain::source::{InvalidSearch, Search},
    lists::{ListError, Params},
};

use crate::fields::{Entries, NOTE, Problems, Text, quoted, whole};

const NAME: Text = Text {
    field: "name",
    label: "Name",
    longest: 100,
    lines: false,
    required: true,
};
const QUERY: Text = Text {
    field: "query",
    label: "Search",
    longest: 512,
    lines: false,
    required: true,
};
const FILE: Text = Text {
    field: "file",
    label: "List",
    longest: 1_000,
    lines: false,
    required: true,
};
const COLUMNS: Text = Text {
    field: "columns",
    label: "Columns",
    longest: 10_000,
    lines: true,
    required: false,
};
const ENCODING: Text = Text {
    field: "encoding",
    label: "Encoding",
    longest: 40,
    lines: false,
    required: false,
};
const FIELDS: &str = "platform, id, username, name, first_name, last_name, email, profile_url, bio, followers, \
                      verified, location, website, country, language, opt_out, ignore";

/// What a form asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Wanted {
    pub(crate) name: String,
    pub(crate) definition: Definition,
    pub(crate) note: Option<String>,
}

/// The form of a new source.
pub(crate) fn fresh() -> Entries {
    let mut entries = Entries::default();
    entries.set("kind", "list");
    entries
}

/// A form that says what a source says; none of a kind that no form makes.
pub(crate) fn of(source: &Source) -> Option<Entries> {
    let mut entries = Entries::default();
    entries.set("name", &source.name);
    let params = source.params.clone();
    match source.kind.as_str() {
        "x" => {
            let search: Search = serde_json::from_value(params).ok()?;
            entries.set("kind", "x");
            entries.set("query", search.query);
            for (field, number) in [
                ("max_results", search.max_results),
                ("max_pages", search.max_pages),
            ] {
                if let Some(number) = number {
                    entries.set(field, number);
                }
            }
        }
        "csv" => {
            let params: Params = serde_json::from_value(params).ok()?;
            entries.set("kind", "list");
            entries.set("file", &params.file);
            entries.set("platform", params.platform.unwrap_or_default());
            entries.set("encoding", params.encoding.unwrap_or_default());
            let columns = params.columns.iter();
            let columns = columns.map(|(name, field)| format!("{name} = {field}"));
            entries.set("columns", columns.collect::<Vec<_>>().join("\n"));
        }
        _ => return None,
    }
    Some(entries)
}

/// Reads a form.
///
/// # Errors
/// Names each entry that cannot be taken.
pub(crate) fn read(entries: &Entries) -> Result<Wanted, Problems> {
    let mut problems = Problems::default();
    let name = NAME.read(entries, &mut problems);
    let note = NOTE.read(entries, &mut problems);
    let definition = definition(entries, &mut problems);
    if problems.is_empty() {
        let note = (!note.is_empty()).then_some(note);
        Ok(Wanted {
            name,
            definition,
            note,
        })
    } else {
        Err(problems)
    }
}

/// What a form says of where to read, and how; what cannot be taken is added to the problems.
pub(crate) fn definition(entries: &Entries, problems: &mut Problems) -> Definition {
    let definition = match entries.get("kind") {
        "x" => Definition::X(search(entries, problems)),
        _ => {
            let file = FILE.read(entries, problems);
            if let Some(message) = file_fault(&file) {
                problems.add("file", "List", message);
            }
            Definition::List(Params {
                file,
                ..how_to_read(entries, problems)
            })
        }
    };
    // What the form's own checks let pass, the collector's must too.
    if problems.is_empty()
        && let Err(error) = definition.check()
    {
        let (field, label) = field_of(&error);
        problems.add(field, label, error.to_string());
    }
    definition
}

fn search(entries: &Entries, problems: &mut Problems) -> Search {
    let query = QUERY.read(entries, problems);
    let mut number = |field, label, from, to, example| {
        let entry = entries.get(field);
        if entry.trim().is_empty() {
            return None;
        }
        match whole(entry, from, to, example) {
            Ok(number) => u32::try_from(number).ok(),
            Err(message) => {
                problems.add(field, label, message);
                None
            }
        }
    };
    Search {
        query,
        max_results: number("max_results", "Posts a page", 10, 100, 50),
        max_pages: number("max_pages", "Pages a run", 1, 1_000, 5),
    }
}

/// A list lies in S3: a path would name any file of the machine that the collector runs on.
fn file_fault(file: &str) -> Option<String> {
    let Some(object) = file.strip_prefix("s3://") else {
        // That it is empty is said already.
        return (!file.is_empty()).then(|| {
            format!(
                "{} is no object of your import bucket. Put the list there, and enter its place, for example s3://lists/spring.csv.",
                quoted(file)
            )
        });
    };
    let names = object.split_once('/');
    let is_whole = names.is_some_and(|(bucket, key)| !bucket.is_empty() && !key.is_empty());
    (!is_whole).then(|| {
        format!(
            "{} names no object. Enter it as s3://bucket/key, for example s3://lists/spring.csv.",
            quoted(file)
        )
    })
}

/// How a list is read, wherever it lies.
pub(crate) fn how_to_read(entries: &Entries, problems: &mut Problems) -> Params {
    let encoding = ENCODING.read(entries, problems);
    let columns = columns(&COLUMNS.read(entries, problems), problems);
    let platform = entries.get("platform").trim().to_owned();
    let given = |text: String| (!text.is_empty()).then_some(text);
    let params = Params {
        file: String::new(),
        platform: given(platform),
        columns,
        encoding: given(encoding),
    };
    match params.check() {
        Ok(()) => {}
        Err(ListError::UnknownPlatform) => problems.add(
            "platform",
            "Platform",
            format!(
                "{} is no platform that we know.",
                quoted(entries.get("platform"))
            ),
        ),
        Err(ListError::UnknownEncoding) => problems.add(
            "encoding",
            "Encoding",
            format!(
                "{} is no encoding that we know. Enter for example windows-1252, or nothing.",
                quoted(entries.get("encoding"))
            ),
        ),
        Err(ListError::UnknownField(name)) => problems.add(
            "columns",
            "Columns",
            format!(
                "The column {} is given no field. The fields are {FIELDS}.",
                quoted(&name)
            ),
        ),
        Err(error) => problems.add("columns", "Columns", error.to_string()),
    }
    params
}

/// A column a line: its name, a sign of equality, what it holds.
fn columns(text: &str, problems: &mut Problems) -> BTreeMap<String, String> {
    let mut columns = BTreeMap::new();
    for line in text.lines().filter(|line| !line.trim().is_empty()) {
        let parts = line.rsplit_once('=');
        match parts.map(|(name, field)| (name.trim(), field.trim())) {
            Some((name, field)) if !name.is_empty() && !field.is_empty() => {
                columns.insert(name.to_owned(), field.to_owned());
            }
            _ => problems.add(
                "columns",
                "Columns",
                format!(
                    "{} does not say what the column holds. Enter one a line, for example Contact = email.",
                    quoted(line.trim())
                ),
            ),
        }
    }
    columns
}

fn field_of(error: &InvalidSource) -> (&'static str, &'static str) {
    match error {
        InvalidSource::Search(InvalidSearch::Query(_)) => ("query", "Search"),
        InvalidSource::Search(InvalidSearch::Posts) => ("max_results", "Posts a page"),
        InvalidSource::Search(InvalidSearch::Pages) => ("max_pages", "Pages a run"),
        InvalidSource::List(ListError::UnknownPlatform) => ("platform", "Platform"),
        InvalidSource::List(ListError::UnknownEncoding) => ("encoding", "Encoding"),
        InvalidSource::List(_) => ("columns", "Columns"),
    }
}

#[cfg(test)]
mod tests;
