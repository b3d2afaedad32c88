//! Lists that are packed, or whose rows are not lines of their own: they are written anew into a file that is read line by
//! line. What comes out depends on nothing but what goes in, so that a list can be gone on with where it was left.

use std::{
    cell::Cell,
    fmt,
    fs::File,
    io::{self, BufRead, BufReader, BufWriter, ErrorKind, Read, Seek as _, SeekFrom, Write as _},
    rc::Rc,
};

use flate2::read::MultiGzDecoder;
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

use super::{LARGEST, ListError, columns::Mapping, record};

/// How a list's rows are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    /// Cells, parted by a sign.
    Delimited,
    /// An object of JSON in each line.
    JsonLines,
    /// The same, written anew from one value of JSON.
    Rewritten,
}

/// How much of a list is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Extent {
    Whole,
    /// Its beginning is enough; it may be no more than that already, cut anywhere.
    Beginning {
        was_cut: bool,
    },
}

/// A list whose rows are lines.
#[derive(Debug)]
pub(super) struct Unpacked {
    pub(super) file: File,
    pub(super) format: Format,
    /// Whether its end is missing.
    pub(super) is_cut: bool,
}

/// Bytes that are unpacked where the beginning is enough.
const BEGINNING: u64 = 8 * 1024 * 1024;
/// Largest value of JSON that is written anew, in bytes: it is done at each run that goes on with it.
const LARGEST_VALUE: u64 = 256 * 1024 * 1024;
/// Largest record, in bytes. In memory it takes some hundred times as much at worst.
pub(super) const RECORD: usize = 1024 * 1024;
/// Lines that are looked at for a whole record, where the first is none.
const LOOKED_AT: usize = 3;
/// What services call the list within an answer.
const LISTS: [&str; 16] = [
    "data",
    "items",
    "results",
    "result",
    "records",
    "contacts",
    "leads",
    "people",
    "profiles",
    "users",
    "members",
    "subscribers",
    "elements",
    "rows",
    "list",
    "value",
];

/// Makes lines of a list, where it is not lines already.
pub(super) fn lines_of(file: File, extent: Extent) -> Result<Unpacked, ListError> {
    let (mut file, is_cut) = unzipped(file, extent)?;
    let kind = kind(&mut file).map_err(ListError::io)?;
    file.rewind().map_err(ListError::io)?;
    let format = match kind {
        Kind::Other => Format::Delimited,
        Kind::JsonLines => Format::JsonLines,
        Kind::Json => {
            return Ok(Unpacked {
                file: records(file, is_cut)?,
                format: Format::Rewritten,
                is_cut,
            });
        }
        Kind::WideJson => {
            let why = "it is JSON in UTF-16; save it as UTF-8";
            return Err(ListError::Unreadable(why.to_owned()));
        }
    };
    if is_cut {
        cut_to_lines(&mut file).map_err(ListError::io)?;
    }
    Ok(Unpacked {
        file,
        format,
        is_cut,
    })
}

/// Unpacks what gzip has packed; both must fit on the disk that a list fits on. Says whether the end is missing.
fn unzipped(mut file: File, extent: Extent) -> Result<(File, bool), ListError> {
    let was_cut = extent == Extent::Beginning { was_cut: true };
    let mut start = Vec::new();
    file.rewind().map_err(ListError::io)?;
    (&mut file)
        .take(2)
        .read_to_end(&mut start)
        .map_err(ListError::io)?;
    file.rewind().map_err(ListError::io)?;
    if start != [0x1F, 0x8B] {
        return Ok((file, was_cut));
    }
    let packed = file.metadata().map_err(ListError::io)?.len();
    let room = match extent {
        Extent::Whole => LARGEST.saturating_sub(packed),
        Extent::Beginning { .. } => BEGINNING,
    };
    let mut unpacked = tempfile::tempfile().map_err(ListError::io)?;
    let mut reader = MultiGzDecoder::new(BufReader::new(file)).take(room + 1);
    let is_cut = match io::copy(&mut reader, &mut unpacked) {
        Ok(length) if length > room && extent == Extent::Whole => {
            let why = "packed and unpacked it is larger than 1,800 MiB; split it into several";
            return Err(ListError::Unreadable(why.to_owned()));
        }
        Ok(length) => was_cut || length > room,
        Err(error) if was_cut && error.kind() == ErrorKind::UnexpectedEof => true,
        Err(error) => {
            return Err(ListError::Unreadable(format!(
                "it cannot be unpacked: {error}; pack it with gzip again, or give it unpacked"
            )));
        }
    };
    unpacked.rewind().map_err(ListError::io)?;
    Ok((unpacked, is_cut))
}

/// How the rows stand in a file.
enum Kind {
    Other,
    JsonLines,
    /// One value: a list of objects, or an object that holds one.
    Json,
    /// JSON of which each character takes two bytes.
    WideJson,
}

/// A header may begin with a bracket: it is JSON only where an object follows, or a name in an object.
fn kind(file: &mut File) -> io::Result<Kind> {
    let mut lines = BufReader::new(file);
    let start = lines.fill_buf()?;
    let wide = start
        .strip_prefix(b"\xFF\xFE")
        .or(start.strip_prefix(b"\xFE\xFF"));
    if let Some(wide) = wide {
        let first = wide
            .iter()
            .find(|byte| **byte != 0 && !byte.is_ascii_whitespace());
        return Ok(match first {
            Some(b'[' | b'{') => Kind::WideJson,
            _ => Kind::Other,
        });
    }
    let Some(line) = first_line(&mut lines)? else {
        return Ok(Kind::Other);
    };
    let line = line.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(&line);
    let line = line.trim_ascii();
    let inside = line.get(1..).unwrap_or_default().trim_ascii_start();
    let next = match inside.first() {
        Some(byte) => Some(*byte),
        None => first_byte(&mut lines)?,
    };
    Ok(match (line.first(), next) {
        (Some(b'['), Some(b'{' | b']')) => Kind::Json,
        (Some(b'{'), Some(b'"' | b'}')) => {
            let object = |line: &[u8]| serde_json::from_slice::<Map<String, Value>>(line).ok();
            match object(line) {
                Some(fields) if is_answer(&fields) && first_line(&mut lines)?.is_none() => {
                    Kind::Json
                }
                Some(_) => Kind::JsonLines,
                // Behind a bracket the records of a list may stand in lines of their own.
                None if line.ends_with(b"[") => Kind::Json,
                // Lines that were cut, if one that follows is whole; else a value that goes on.
                None => {
                    for _ in 0..LOOKED_AT {
                        match first_line(&mut lines)? {
                            Some(next) if object(&next).is_some() => return Ok(Kind::JsonLines),
                            Some(_) => {}
                            None => break,
                        }
                    }
                    Kind::Json
                }
            }
        }
        _ => Kind::Other,
    })
}

/// Whether an object is an answer of a service, with a list of objects in it, and no person who has such a list.
fn is_answer(fields: &Map<String, Value>) -> bool {
    !record::is_person(fields)
        && LISTS.iter().any(|name| {
            let items = fields.get(*name).and_then(Value::as_array);
            items.is_some_and(|items| items.is_empty() || items.iter().any(Value::is_object))
        })
}

/// The first line that is not blank, as far as a record goes.
fn first_line(lines: &mut impl BufRead) -> io::Result<Option<Vec<u8>>> {
    loop {
        let mut line = Vec::new();
        let limit = u64::try_from(RECORD).unwrap_or(u64::MAX);
        if lines.by_ref().take(limit).read_until(b'\n', &mut line)? == 0 {
            return Ok(None);
        }
        if line.len() >= RECORD && !line.ends_with(b"\n") {
            lines.skip_until(b'\n')?;
        }
        if !line.trim_ascii().is_empty() {
            return Ok(Some(line));
        }
    }
}

/// The next byte that is not blank.
fn first_byte(lines: &mut impl BufRead) -> io::Result<Option<u8>> {
    loop {
        let block = lines.fill_buf()?;
        if block.is_empty() {
            return Ok(None);
        }
        let at = block.iter().position(|byte| !byte.is_ascii_whitespace());
        if let Some(byte) = at.and_then(|at| block.get(at)) {
            return Ok(Some(*byte));
        }
        let length = block.len();
        lines.consume(length);
    }
}

/// Without the line that was cut.
fn cut_to_lines(file: &mut File) -> io::Result<()> {
    const BLOCK: u64 = 64 * 1024;
    let length = file.metadata()?.len();
    let mut end = length;
    while end > 0 {
        let from = end.saturating_sub(BLOCK);
        file.seek(SeekFrom::Start(from))?;
        let mut block = Vec::new();
        (&mut *file).take(end - from).read_to_end(&mut block)?;
        if let Some(at) = block.iter().rposition(|byte| b"\r\n".contains(byte)) {
            let at = u64::try_from(at).unwrap_or_default();
            file.set_len(from + at + 1)?;
            break;
        }
        end = from;
    }
    file.rewind()
}

/// Writes each record of one JSON value as a line.
fn records(file: File, is_cut: bool) -> Result<File, ListError> {
    if file.metadata().map_err(ListError::io)?.len() > LARGEST_VALUE {
        let why = "it is larger than 256 MiB as one value of JSON; split it, or write a record in each line (JSON Lines)";
        return Err(ListError::Unreadable(why.to_owned()));
    }
    let left = Rc::new(Cell::new(RECORD));
    let mut reader = Limited {
        inner: BufReader::new(file),
        left: Rc::clone(&left),
    };
    skip_mark(&mut reader.inner).map_err(ListError::io)?;
    let out = tempfile::tempfile().map_err(ListError::io)?;
    let mut writing = Writing {
        out: BufWriter::new(out),
        left,
        fault: None,
        is_object: false,
        is_person: false,
        has_empty_list: false,
        lists: Vec::new(),
    };
    let mut json = serde_json::Deserializer::from_reader(&mut reader);
    let read = Top(&mut writing)
        .deserialize(&mut json)
        .and_then(|()| json.end());
    if let Some(error) = writing.fault {
        return Err(ListError::io(error));
    }
    match read {
        Ok(()) => {}
        Err(error) if is_cut && error.is_eof() => {}
        Err(error) => {
            return Err(ListError::Unreadable(format!(
                "it is no valid JSON: {error}; of JSON with a record in each line only that line would be refused"
            )));
        }
    }
    let why = match writing.lists.as_slice() {
        _ if writing.is_person => {
            Some("it is one record and no list; write it in one line, or in brackets".to_owned())
        }
        [] if writing.is_object && !writing.has_empty_list => Some(format!(
            "it is one object and holds no list of records under a name such as {}",
            LISTS[..3].join(", ")
        )),
        [first, second, ..] => Some(format!(
            "it holds several lists, {first} and {second}; give each in a file of its own"
        )),
        _ => None,
    };
    if let Some(why) = why.filter(|_| !is_cut) {
        return Err(ListError::Unreadable(why));
    }
    let mut out = writing
        .out
        .into_inner()
        .map_err(|error| ListError::io(error.into_error()))?;
    out.rewind().map_err(ListError::io)?;
    Ok(out)
}

fn skip_mark(reader: &mut BufReader<File>) -> io::Result<()> {
    if reader.fill_buf()?.starts_with(b"\xEF\xBB\xBF") {
        reader.consume(3);
    }
    Ok(())
}

/// Gives up in a record that does not fit into the memory.
struct Limited {
    inner: BufReader<File>,
    left: Rc<Cell<usize>>,
}

impl Read for Limited {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let room = self.left.get().min(buffer.len());
        if room == 0 && !buffer.is_empty() {
            return Err(io::Error::other(
                "a record, or another field, is larger than 1 MiB",
            ));
        }
        let read = self
            .inner
            .read(buffer.get_mut(..room).unwrap_or_default())?;
        self.left.set(self.left.get() - read);
        Ok(read)
    }
}

struct Writing {
    out: BufWriter<File>,
    left: Rc<Cell<usize>>,
    /// The disk's error, which JSON's has no room for.
    fault: Option<io::Error>,
    /// Whether the value is an object, and one with a person's own fields.
    is_object: bool,
    is_person: bool,
    /// Whether one of its lists is empty.
    has_empty_list: bool,
    /// Which of its lists held records.
    lists: Vec<&'static str>,
}

impl Writing {
    fn record<E: serde::de::Error>(&mut self, record: &Value) -> Result<(), E> {
        self.left.set(RECORD);
        let written = serde_json::to_writer(&mut self.out, record).map_err(io::Error::from);
        written
            .and_then(|()| self.out.write_all(b"\n"))
            .map_err(|error| {
                self.fault = Some(error);
                E::custom("the disk is full")
            })
    }
}

/// The whole value.
struct Top<'a>(&'a mut Writing);

impl<'de> DeserializeSeed<'de> for Top<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Top<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of records, or an object that holds one")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        while let Some(record) = items.next_element::<Value>()? {
            self.0.record(&record)?;
        }
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<(), A::Error> {
        self.0.is_object = true;
        while let Some(name) = fields.next_key::<String>()? {
            self.0.left.set(RECORD);
            self.0.is_person |= record::names_person(&name, &Mapping::new());
            match LISTS.iter().find(|known| **known == name) {
                Some(known) => match fields.next_value_seed(Within(&mut *self.0))? {
                    Found::Records => self.0.lists.push(known),
                    Found::NoItems => self.0.has_empty_list = true,
                    Found::Other => {}
                },
                None => drop(fields.next_value::<IgnoredAny>()?),
            }
        }
        Ok(())
    }
}

/// What a field of an answer holds.
enum Found {
    Records,
    /// A list, and nothing in it.
    NoItems,
    Other,
}

/// A field of an answer that may be its list: then its records are written. Says what it holds.
struct Within<'a>(&'a mut Writing);

impl<'de> DeserializeSeed<'de> for Within<'_> {
    type Value = Found;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Found, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Within<'_> {
    type Value = Found;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any value")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Found, A::Error> {
        let (mut found, mut is_empty) = (false, true);
        while let Some(item) = items.next_element::<Value>()? {
            self.0.left.set(RECORD);
            is_empty = false;
            found |= item.is_object();
            // A list of words, before any object, is none of records.
            if found {
                self.0.record(&item)?;
            }
        }
        Ok(match (found, is_empty) {
            (true, _) => Found::Records,
            (false, true) => Found::NoItems,
            (false, false) => Found::Other,
        })
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Found, A::Error> {
        while fields.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Found::Other)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Found, E> {
        Ok(Found::Other)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Found, E> {
        Ok(Found::Other)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Found, E> {
        Ok(Found::Other)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Found, E> {
        Ok(Found::Other)
    }

    fn visit_str<E>(self, _: &str) -> Result<Found, E> {
        Ok(Found::Other)
    }

    fn visit_unit<E>(self) -> Result<Found, E> {
        Ok(Found::Other)
    }
}
