//! What was found in a list, for people. It names no person.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{columns::Columns, header::is_value};

/// Columns that are named as not used.
const NAMED: usize = 200;

/// How a list was read.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListReport {
    pub encoding: String,
    /// Empty where the rows are JSON.
    pub delimiter: String,
    /// Whose export it is, where that says what columns mean.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub export: Option<String>,
    pub columns: UsedColumns,
    /// Tables in the file, each with a header of its own.
    pub tables: usize,
    /// Rows that repeat the header.
    pub repeated_headers: usize,
    /// Rows in which every cell is empty.
    pub empty_rows: usize,
    /// All others.
    pub rows: usize,
}

impl ListReport {
    pub(super) fn add(&mut self, columns: &Columns) {
        self.columns.add(columns);
        if self.export.is_none() {
            self.export = columns.export.map(|export| export.name.to_owned());
        }
    }
}

/// How a list's rows are written, in words: `in UTF-8, parted by commas`.
pub fn shape(encoding: &str, delimiter: &str, export: Option<&str>) -> String {
    let rows = match delimiter {
        "" => "in JSON".to_owned(),
        "\t" => format!("in {encoding}, parted by tabs"),
        ";" => format!("in {encoding}, parted by semicolons"),
        "," => format!("in {encoding}, parted by commas"),
        _ => format!("in {encoding}, parted by another sign"),
    };
    match export {
        Some(export) => format!("{rows}, as an export of {export}"),
        None => rows,
    }
}

/// Which columns were used for what.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct UsedColumns {
    /// Name of the list's column → what it holds.
    pub used: BTreeMap<String, String>,
    /// Not all of them, where there are very many.
    pub ignored: Vec<String>,
}

impl UsedColumns {
    pub(super) fn add(&mut self, columns: &Columns) {
        for (name, meaning) in columns.used() {
            self.used.insert(name.to_owned(), meaning.word().to_owned());
        }
        for name in columns.ignored() {
            let is_known = || self.ignored.iter().any(|known| known == name);
            // Records of JSON may have people's names for fields; a header that has is none.
            if self.ignored.len() < NAMED && !is_value(name) && !is_known() {
                self.ignored.push(name.to_owned());
            }
        }
    }
}
