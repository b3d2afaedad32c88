//! Lists of people, as they are exported or written by hand: delimited text or JSON in a file, packed with gzip or not.
//!
//! One reader for every import. It is tolerant where nothing is lost (encodings, delimiters, notes
//! before the header, padded or short rows, numbers as people write them) and strict where a person could
//! be harmed: a row whose cells may be another person's is refused and named.

mod cells;
mod columns;
mod cursor;
mod encoding;
mod exports;
mod header;
mod json;
mod lines;
mod names;
mod opt_out;
mod params;
mod record;
mod report;
mod unpack;
mod values;

use std::{
    collections::{BTreeMap, HashMap},
    fs::File,
};

use cells::{Cells, End};
use columns::{Columns, Mapping};
use cursor::Cursor;
pub use cursor::{file, is_done, version_of};
use encoding::Encoding;
use header::Header;
use lines::{Line, Lines};
pub use params::{ListError, Params};
pub use report::{ListReport, UsedColumns, shape};
use serde_json::{Value, json};
use unpack::{Extent, Format, Unpacked};

use crate::domain::{
    intake::{Field, Page, RawProfile, Row, RowError},
    lead::Platform,
    text::is_placeholder,
};

/// Largest list that is read, in bytes: it must fit on a function's own disk.
pub const LARGEST: u64 = 1_800 * 1024 * 1024;

/// Rows a page.
pub const PAGE: usize = 500;
/// Lines and bytes of a quoted cell that are looked at for its end.
const CELL_LINES: usize = 1_000;
const CELL_BYTES: usize = 1024 * 1024;
/// Lines that a loose quote may take in before another ends it. After more, only the row that it opens in is refused.
const TAKEN_IN: usize = 50;

/// A list that is being read.
#[derive(Debug)]
pub struct List {
    lines: Lines,
    encoding: Encoding,
    mapping: Mapping,
    header: Header,
    columns: Columns,
    platform: Option<Platform>,
    version: String,
    report: ListReport,
    line: Line,
    cells: Cells,
    is_json: bool,
    /// Columns of records, by the names of their fields: not all records have the same.
    layouts: HashMap<Vec<String>, Columns>,
    /// Whose export they are: a record may lack the fields that tell.
    export: Option<&'static exports::Export>,
    /// Whether its end is missing.
    is_cut: bool,
    /// Whether the row is behind an empty one.
    after_gap: bool,
    /// Whether it is in a table whose columns are not known.
    in_other_table: bool,
}

/// What the next lines are.
enum Record {
    Cells {
        line: u64,
    },
    /// Rows that cannot be told apart.
    Refused(Vec<(u64, RowError)>),
    Empty,
    End,
}

impl List {
    /// Opens a list and goes to where `cursor` says that it was read to, unless it is another one by now.
    ///
    /// # Errors
    /// When it cannot be read, or the parameters do not fit.
    pub fn open(
        file: File,
        version: String,
        params: &Params,
        cursor: &Value,
    ) -> Result<Self, ListError> {
        Self::open_extent(file, Extent::Whole, (version, cursor), params)
    }

    /// Opens the beginning of a list: of one that was cut, whole rows, and of a packed one some MiB.
    ///
    /// # Errors
    /// When it cannot be read, or the parameters do not fit.
    pub fn open_beginning(file: File, was_cut: bool, params: &Params) -> Result<Self, ListError> {
        let anew = (String::new(), &Value::Null);
        Self::open_extent(file, Extent::Beginning { was_cut }, anew, params)
    }

    /// Whether there is more of it than was opened.
    pub fn is_cut(&self) -> bool {
        self.is_cut
    }

    fn open_extent(
        file: File,
        extent: Extent,
        (version, cursor): (String, &Value),
        params: &Params,
    ) -> Result<Self, ListError> {
        let platform = params.platform()?;
        let Unpacked {
            mut file,
            format,
            is_cut,
        } = unpack::lines_of(file, extent)?;
        let is_json = format != Format::Delimited;
        let mapping = columns::mapping(&params.columns)?;
        let cursor = Cursor::read(cursor);
        let resumes = cursor.version == version && cursor.byte > 0;
        let known =
            encoding_rs::Encoding::for_label(cursor.encoding.as_bytes()).filter(|_| resumes);
        let encoding = match known {
            Some(of) => Encoding {
                of,
                start: cursor.encoding_start,
            },
            None if is_json => encoding::of_json(&mut file)?,
            None => encoding::find(&mut file, params.encoding.as_deref())?,
        };
        let mut lines = Lines::new(file, encoding);
        lines.seek(encoding.start, 1).map_err(ListError::io)?;
        let header = match resumes {
            _ if is_json => Header::none(),
            true => header::at(&mut lines, cursor.header, &mapping)?,
            false => header::find(&mut lines, &mapping)?,
        };
        let mut export = None;
        if is_json {
            let columns = json::names_of_records(&mut lines, &mapping)?;
            columns_exist(&params.columns, &columns)?;
            export = columns.export;
            lines.seek(encoding.start, 1).map_err(ListError::io)?;
        }
        match format {
            // What was written anew is not the same bytes under another release, but the same records.
            Format::Rewritten if resumes => lines.skip_to(cursor.line).map_err(ListError::io)?,
            _ if resumes => lines
                .seek(cursor.byte, cursor.line)
                .map_err(ListError::io)?,
            _ => {}
        }
        let columns = Columns::new(header.cells.iter(), &mapping);
        if !is_json {
            columns_exist(&params.columns, &columns)?;
        }
        let mut report = ListReport {
            encoding: encoding.of.name().to_owned(),
            delimiter: match is_json {
                true => String::new(),
                false => char::from(header.delimiter).to_string(),
            },
            tables: 1,
            ..ListReport::default()
        };
        report.add(&columns);
        let (line, cells) = (Line::default(), Cells::default());
        Ok(Self {
            lines,
            encoding,
            mapping,
            header,
            columns,
            platform,
            version,
            report,
            line,
            cells,
            is_json,
            layouts: HashMap::new(),
            export,
            is_cut,
            after_gap: false,
            in_other_table: resumes && cursor.in_other_table,
        })
    }

    /// What was found so far.
    pub fn report(&self) -> &ListReport {
        &self.report
    }

    /// The next page; its last one ends the list.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn next_page(&mut self) -> Result<Page, ListError> {
        let mut rows = Vec::with_capacity(PAGE);
        let mut done = false;
        while rows.len() < PAGE && !done {
            let record = match self.is_json {
                true => self.json_record()?,
                false => self.record()?,
            };
            match record {
                Record::End => done = true,
                Record::Empty => {
                    self.report.empty_rows += 1;
                    self.after_gap = true;
                    continue;
                }
                Record::Refused(lines) => {
                    rows.extend(lines.into_iter().map(|(line, error)| Row {
                        line,
                        profile: Err(error),
                    }));
                }
                Record::Cells { line } if self.is_json => {
                    let profile = self.profile();
                    rows.push(Row { line, profile });
                }
                Record::Cells { line } if self.columns.is_header(&self.cells) => {
                    self.report.repeated_headers += usize::from(line > 0);
                    self.in_other_table = false;
                }
                Record::Cells { line } if self.begins_table() => self.begin_table(line),
                Record::Cells { line } if self.in_other_table || self.begins_other_table() => {
                    self.in_other_table = true;
                    let profile = Err(RowError::OtherTable);
                    rows.push(Row { line, profile });
                }
                Record::Cells { line } => {
                    let profile = self.profile();
                    rows.push(Row { line, profile });
                }
            }
            self.after_gap = false;
        }
        self.report.rows += rows.len();
        let (byte, line) = self.lines.position();
        let cursor = Cursor {
            version: self.version.clone(),
            byte,
            line,
            header: (self.header.offset, self.header.line),
            encoding: self.encoding.of.name().to_owned(),
            encoding_start: self.encoding.start,
            in_other_table: self.in_other_table,
            done,
        };
        Ok(Page {
            rows,
            cursor: json!(cursor),
            last: done,
        })
    }

    /// The profile of the row in `cells`, unless it says that the person wants no mail.
    fn profile(&self) -> Result<RawProfile, RowError> {
        match self.columns.opt_out(&self.cells) {
            Some(column) => Err(RowError::OptedOut {
                column: column.to_owned(),
            }),
            None => self.columns.profile(&self.cells, self.platform),
        }
    }

    /// Reads the next row into `cells`.
    fn record(&mut self) -> Result<Record, ListError> {
        loop {
            if !self.lines.next(&mut self.line).map_err(ListError::io)? {
                return Ok(Record::End);
            }
            if self.line.cut {
                return Ok(Record::Refused(vec![(self.line.number, RowError::TooLong)]));
            }
            let blank = self
                .line
                .bytes
                .iter()
                .all(|b| b.is_ascii_whitespace() || *b == 0);
            if !blank {
                break;
            }
            self.after_gap = true;
        }
        let number = self.line.number;
        let text = self.encoding.decode(&self.line.bytes);
        let delimiter = self.header.delimiter;
        match self.cells.read(&text, delimiter) {
            End::Open => {
                drop(text);
                return self.record_of_lines(number);
            }
            End::Closed if self.cells.stray => {
                let settled = self.cells.settle(&text, delimiter, self.columns.len());
                if !settled {
                    return Ok(Record::Refused(vec![(number, RowError::StrayQuote)]));
                }
            }
            End::Closed => {}
        }
        Ok(if self.cells.filled() == 0 {
            Record::Empty
        } else {
            Record::Cells { line: number }
        })
    }

    /// Reads on while a quoted cell is open. One that takes in what looks like rows is not believed: the rows are
    /// refused, since whose cells are whose is not known.
    fn record_of_lines(&mut self, opened: u64) -> Result<Record, ListError> {
        let delimiter = self.header.delimiter;
        let mut taken: Vec<Line> = Vec::new();
        let (mut bytes, mut rows, mut end) = (0, false, End::Open);
        while end == End::Open
            && bytes <= CELL_BYTES
            && taken.len() < if rows { TAKEN_IN } else { CELL_LINES }
        {
            let mut line = Line::default();
            if !self.lines.next(&mut line).map_err(ListError::io)? {
                break;
            }
            bytes += line.bytes.len();
            let text = self.encoding.decode(&line.bytes);
            rows |= self.columns.look_like_row(&text, delimiter);
            end = self.cells.read_on(&text, delimiter);
            taken.push(line);
        }
        let error = || RowError::LooseQuote { opened };
        let wrong_count = self.cells.stray && self.cells.len() != self.columns.len();
        match end {
            End::Closed if !rows && !wrong_count => Ok(Record::Cells { line: opened }),
            End::Closed if taken.len() <= TAKEN_IN => {
                let lines = taken
                    .iter()
                    .filter(|line| !line.bytes.is_empty())
                    .map(|line| line.number);
                Ok(Record::Refused(
                    std::iter::once(opened)
                        .chain(lines)
                        .map(|line| (line, error()))
                        .collect(),
                ))
            }
            // Nothing ends it nearby: the lines that follow stand for themselves.
            End::Closed | End::Open => {
                self.lines.give_back(taken);
                Ok(Record::Refused(vec![(opened, error())]))
            }
        }
    }

    /// Whether a row is the header of another table: most of its cells are names of columns.
    fn begins_table(&self) -> bool {
        if self.cells.iter().any(header::is_value) {
            return false;
        }
        // “Unsubscribed” may as well be a value.
        let may_be_value = |cell: &str| {
            let found = columns::meaning(cell, &self.mapping);
            found.is_some_and(|(meaning, _)| meaning.field().is_none())
        };
        let filled = || {
            let cells = self.cells.iter();
            cells.filter(|cell| !cell.trim().is_empty() && !may_be_value(cell))
        };
        // Most rows begin with what is no column's name.
        if !filled()
            .take(3)
            .any(|cell| columns::meaning(cell, &self.mapping).is_some())
        {
            return false;
        }
        let (named, columns) = (
            filled().count(),
            header::columns(&self.cells, &self.mapping),
        );
        columns >= 2 && columns * 2 > named
    }

    /// Whether the row behind an empty one is the header of a table whose columns are not known: nothing but
    /// words, also where an address or a number belongs.
    fn begins_other_table(&self) -> bool {
        let is_word = |cell: &str| !cell.contains('@') && !cell.bytes().any(|b| b.is_ascii_digit());
        if !self.after_gap || !self.cells.iter().all(is_word) {
            return false;
        }
        let Ok(profile) = self.columns.profile(&self.cells, self.platform) else {
            return false;
        };
        let email = profile.email.as_deref();
        email.is_some_and(|cell| !is_placeholder(cell))
            || profile.unknown.contains(Field::Followers)
    }

    fn begin_table(&mut self, line: u64) {
        self.in_other_table = false;
        self.header = Header {
            cells: self.cells.clone(),
            delimiter: self.header.delimiter,
            offset: self.line.offset,
            line,
        };
        self.columns = Columns::new(self.cells.iter(), &self.mapping);
        self.report.tables += 1;
        self.report.add(&self.columns);
    }
}

/// Every column that the parameters name is one of the list's.
fn columns_exist(named: &BTreeMap<String, String>, columns: &Columns) -> Result<(), ListError> {
    let folded = crate::domain::text::folded;
    let missing = named.keys().find(|name| {
        !columns
            .names
            .iter()
            .any(|known| folded(known) == folded(name))
    });
    match missing {
        None => Ok(()),
        Some(name) => Err(ListError::NoSuchColumn {
            name: name.clone(),
            known: columns.names.join(", "),
        }),
    }
}

#[cfg(test)]
mod tests;
