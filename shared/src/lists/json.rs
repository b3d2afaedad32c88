//! Rows of a list that are records of JSON.

use std::collections::BTreeSet;

use super::{
    List, ListError, Record,
    columns::{Columns, Mapping},
    lines::{Line, Lines},
    record, unpack,
};
use crate::domain::intake::RowError;

/// Records of JSON, and bytes of them, that are looked at for the names of their fields.
const RECORDS: usize = 1_000;
const RECORD_BYTES: usize = 4 * 1024 * 1024;
/// Sets of fields that are kept in mind, and the bytes of the names of one.
const LAYOUTS: usize = 64;
const LAYOUT_BYTES: usize = 16 * 1024;
/// Largest record, in bytes; one that was written anew may have grown a little.
const LONGEST_RECORD: usize = unpack::RECORD + 64 * 1024;

impl List {
    /// Reads the next record into `cells`, and has `columns` say what they are.
    pub(super) fn json_record(&mut self) -> Result<Record, ListError> {
        if !self.lines.next(&mut self.line).map_err(ListError::io)? {
            return Ok(Record::End);
        }
        let number = self.line.number;
        if self.line.cut {
            return Ok(Record::Refused(vec![(number, RowError::TooLong)]));
        }
        if self.line.bytes.trim_ascii().is_empty() {
            return Ok(Record::Empty);
        }
        if self.line.bytes.len() > LONGEST_RECORD {
            let why = "it is larger than 1 MiB";
            return Ok(Record::Refused(vec![(number, RowError::NoRecord(why))]));
        }
        let read = match record::read(&self.line.bytes, &self.mapping) {
            Ok(read) => read,
            Err(why) => return Ok(Record::Refused(vec![(number, RowError::NoRecord(why))])),
        };
        if read.is_empty {
            return Ok(Record::Empty);
        }
        if let Some(column) = read.opted_out {
            return Ok(Record::Refused(vec![(
                number,
                RowError::OptedOut { column },
            )]));
        }
        self.cells
            .hold(read.cells.iter().map(|(_, text)| text.as_str()));
        let names: Vec<String> = read.cells.into_iter().map(|(name, _)| name).collect();
        self.columns = self.columns_of(names);
        Ok(Record::Cells { line: number })
    }

    fn columns_of(&mut self, names: Vec<String>) -> Columns {
        if let Some(known) = self.layouts.get(&names) {
            return known.clone();
        }
        let fields = names.iter().map(String::as_str);
        let columns = Columns::of_export(fields, &self.mapping, self.export);
        self.report.add(&columns);
        let length: usize = names.iter().map(String::len).sum();
        if self.layouts.len() < LAYOUTS && length < LAYOUT_BYTES {
            self.layouts.insert(names, columns.clone());
        }
        columns
    }
}

/// The columns of the first records. Names that tell who a record is about must be among them, where there are records.
pub(super) fn names_of_records(lines: &mut Lines, mapping: &Mapping) -> Result<Columns, ListError> {
    let (mut line, mut names, mut bytes) = (Line::default(), BTreeSet::new(), 0);
    for _ in 0..RECORDS {
        if bytes > RECORD_BYTES || !lines.next(&mut line).map_err(ListError::io)? {
            break;
        }
        bytes += line.bytes.len();
        if line.bytes.len() > LONGEST_RECORD {
            continue;
        }
        if let Ok(read) = record::read(&line.bytes, mapping) {
            names.extend(read.cells.into_iter().map(|(name, _)| name));
        }
    }
    let columns = Columns::new(names.iter().map(String::as_str), mapping);
    let is_identified = columns.used().any(|(_, meaning)| meaning.identifies());
    match names.is_empty() || is_identified {
        true => Ok(columns),
        false => Err(ListError::NoHeader),
    }
}
