//! What was found in a list, for people. It names no person.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::columns::Columns;

/// How a list was read.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListReport {
    pub encoding: String,
    pub delimiter: String,
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

/// Which columns were used for what.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct UsedColumns {
    /// Name of the list's column → what it holds.
    pub used: BTreeMap<String, String>,
    pub ignored: Vec<String>,
}

impl UsedColumns {
    pub(super) fn add(&mut self, columns: &Columns) {
        for (name, meaning) in columns.used() {
            self.used.insert(name.to_owned(), meaning.word().to_owned());
        }
        for name in columns.ignored() {
            if !self.ignored.iter().any(|known| known == name) {
                self.ignored.push(name.to_owned());
            }
        }
    }
}
