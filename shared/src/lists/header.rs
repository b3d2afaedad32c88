//! Finds where a list's table begins.

use super::{
    ListError,
    cells::{Cells, End},
    columns::{Mapping, meaning},
    lines::{Line, Lines},
};

/// How far into a list its header is looked for: lines of notes stand before it.
const LINES: usize = 100;
/// A header's cell may hold line breaks.
const JOINED: usize = 10;

/// A header, and how the cells of its table are parted.
#[derive(Debug, Clone)]
pub(super) struct Header {
    pub(super) cells: Cells,
    pub(super) delimiter: u8,
    /// Where it begins in the file, and in which line.
    pub(super) offset: u64,
    pub(super) line: u64,
}

impl Header {
    /// That of a list whose rows name their own cells.
    pub(super) fn none() -> Self {
        Self {
            cells: Cells::default(),
            delimiter: b',',
            offset: 0,
            line: 0,
        }
    }
}

/// The first line that names two columns of a person, one of which tells who it is; else the first that names one such
/// column. Of the delimiters, the one under which it names most. The lines that follow it are next.
pub(super) fn find(lines: &mut Lines, mapping: &Mapping) -> Result<Header, ListError> {
    let mut named: Option<u8> = None;
    let mut only: Option<Header> = None;
    for _ in 0..LINES {
        let Some((line, text)) = next(lines)? else {
            break;
        };
        if let Some(sign) = text.trim().to_ascii_lowercase().strip_prefix("sep=") {
            named = sign.bytes().next().or(Some(b'\t')).filter(u8::is_ascii);
            continue;
        }
        let Some((columns, header)) = best(lines, &line, &text, named, mapping)? else {
            continue;
        };
        if columns > 1 {
            return after(lines, header);
        }
        only = only.or(Some(header));
    }
    after(lines, only.ok_or(ListError::NoHeader)?)
}

/// The header that a stored place points to.
pub(super) fn at(
    lines: &mut Lines,
    place: (u64, u64),
    mapping: &Mapping,
) -> Result<Header, ListError> {
    lines.seek(place.0, place.1).map_err(ListError::io)?;
    let (line, text) = next(lines)?.ok_or(ListError::NoHeader)?;
    let best = best(lines, &line, &text, None, mapping)?;
    after(lines, best.ok_or(ListError::NoHeader)?.1)
}

/// Goes to what follows a header.
fn after(lines: &mut Lines, header: Header) -> Result<Header, ListError> {
    lines
        .seek(header.offset, header.line)
        .map_err(ListError::io)?;
    let mut line = Line::default();
    let mut cells = Cells::default();
    let mut end = End::Open;
    for n in 0..JOINED {
        if end == End::Closed || !lines.next(&mut line).map_err(ListError::io)? {
            break;
        }
        let text = lines.encoding().decode(&line.bytes).into_owned();
        end = if n == 0 {
            cells.read(&text, header.delimiter)
        } else {
            cells.read_on(&text, header.delimiter)
        };
    }
    Ok(header)
}

fn next(lines: &mut Lines) -> Result<Option<(Line, String)>, ListError> {
    let mut line = Line::default();
    if !lines.next(&mut line).map_err(ListError::io)? {
        return Ok(None);
    }
    let text = lines.encoding().decode(&line.bytes).into_owned();
    Ok(Some((line, text)))
}

/// How many columns a line names under the best of the delimiters, if it can be a header.
fn best(
    lines: &mut Lines,
    line: &Line,
    text: &str,
    named: Option<u8>,
    mapping: &Mapping,
) -> Result<Option<(usize, Header)>, ListError> {
    let delimiters = match named {
        Some(delimiter) => vec![delimiter],
        None => vec![b',', b';', b'\t', b'|'],
    };
    let mut best: Option<(usize, Header)> = None;
    for delimiter in delimiters {
        let mut cells = Cells::default();
        let mut end = cells.read(text, delimiter);
        let mut taken = Vec::new();
        while end == End::Open && taken.len() < JOINED {
            let Some((more, text)) = next(lines)? else {
                break;
            };
            end = cells.read_on(&text, delimiter);
            taken.push(more);
        }
        lines.give_back(taken);
        let columns = columns(&cells, mapping);
        if end == End::Closed
            && best.as_ref().is_none_or(|(most, _)| columns > *most)
            && columns > 0
        {
            let header = Header {
                cells,
                delimiter,
                offset: line.offset,
                line: line.number,
            };
            best = Some((columns, header));
        }
    }
    Ok(best)
}

/// How many fields a row of cells names, if it can be a header: one tells who a row is about, and none is a value.
pub(super) fn columns(cells: &Cells, mapping: &Mapping) -> usize {
    if cells.iter().any(is_value) {
        return 0;
    }
    let mut known: Vec<_> = cells
        .iter()
        .filter_map(|cell| meaning(cell, mapping))
        .map(|(meaning, _)| meaning)
        // A cell may well say “unsubscribed”, which is a column's name too.
        .filter(|meaning| meaning.field().is_some())
        .collect();
    if !known.iter().any(|meaning| meaning.identifies()) {
        return 0;
    }
    known.sort_unstable();
    known.dedup();
    known.len()
}

/// Whether a cell holds what no column is called.
pub(super) fn is_value(cell: &str) -> bool {
    let cell = cell.trim();
    let number = !cell.is_empty() && cell.bytes().all(|b| b.is_ascii_digit());
    number || cell.len() > 200 || cell.contains('@')
}
