//! How far a list was read, and which list it was.

use std::{fs::File, path::Path, time::UNIX_EPOCH};

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{ListError, Params};

/// How far a list was read. A list that changed is read from its start again, which stores nothing
/// twice.
#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Cursor {
    pub(super) version: String,
    pub(super) byte: u64,
    pub(super) line: u64,
    /// Where the header of the table begins that is being read, and in which line.
    #[serde(default)]
    pub(super) header: (u64, u64),
    #[serde(default)]
    pub(super) encoding: String,
    #[serde(default)]
    pub(super) encoding_start: u64,
    #[serde(default)]
    pub(super) in_other_table: bool,
    pub(super) done: bool,
}

impl Cursor {
    pub(super) fn read(cursor: &Value) -> Self {
        serde_json::from_value(cursor.clone()).unwrap_or_default()
    }
}

/// Opens a file of this machine. Gives its length, and what changes when it does.
///
/// # Errors
/// When it cannot be opened; the path and the folder that it was looked for in are named.
pub fn file(path: &Path) -> Result<(File, u64, String), ListError> {
    let opened = File::open(path).and_then(|file| Ok((file.metadata()?, file)));
    let (about, file) = opened.map_err(|error| {
        let shown = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
        ListError::Unreadable(format!("{}: {error}", shown.display()))
    })?;
    if about.is_dir() {
        return Err(ListError::Unreadable(format!(
            "{} is a folder",
            path.display()
        )));
    }
    let changed = about
        .modified()
        .ok()
        .and_then(|time| time.duration_since(UNIX_EPOCH).ok());
    let version = format!(
        "{}-{}",
        about.len(),
        changed.map_or(0, |time| time.as_nanos())
    );
    Ok((file, about.len(), version))
}

/// Whether this version of a list was read to its end.
pub fn is_done(cursor: &Value, version: &str) -> bool {
    let cursor = Cursor::read(cursor);
    cursor.done && cursor.version == version
}

/// What tells one reading of a list from another: under other parameters the same rows are other leads.
pub fn version_of(params: &Params, file: &str) -> String {
    let Params {
        file: _,
        platform,
        columns,
        encoding,
    } = params;
    let mapped = match columns.is_empty() && encoding.is_none() {
        true => String::new(),
        false => json!([columns, encoding]).to_string(),
    };
    format!("{} {file}{mapped}", platform.as_deref().unwrap_or("csv"))
}
