//! How a list's bytes are read: found before they are split.

use std::{
    borrow::Cow,
    fs::File,
    io::{self, Read, Seek, SeekFrom},
};

use encoding_rs::{UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252};

use super::ListError;

/// An encoding, and where its text begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Encoding {
    pub(super) of: &'static encoding_rs::Encoding,
    /// Bytes of the mark in front of it.
    pub(super) start: u64,
}

/// How much is read at a time.
const BLOCK: usize = 256 * 1024;

impl Encoding {
    /// Whether a character takes two bytes.
    pub(super) fn is_wide(self) -> bool {
        self.of == UTF_16LE || self.of == UTF_16BE
    }

    /// A line's text; what cannot be read becomes U+FFFD.
    pub(super) fn decode(self, line: &[u8]) -> Cow<'_, str> {
        if self.of == UTF_8 {
            return String::from_utf8_lossy(line);
        }
        self.of.decode_without_bom_handling(line).0
    }
}

/// Finds the encoding of a list; `named` is what its source's parameters say.
pub(super) fn find(file: &mut File, named: Option<&str>) -> Result<Encoding, ListError> {
    let mut head = vec![0; 4096];
    let length = fill(file, &mut head).map_err(ListError::io)?;
    head.truncate(length);
    refuse_other_formats(&head)?;
    let marked = encoding_rs::Encoding::for_bom(&head);
    if let Some(of) = self::named(named)? {
        let start = marked
            .filter(|(found, _)| *found == of)
            .map_or(0, |(_, length)| length as u64);
        return Ok(Encoding { of, start });
    }
    if let Some((of, length)) = marked {
        return Ok(Encoding {
            of,
            start: length as u64,
        });
    }
    if let Some(of) = wide_without_mark(&head) {
        return Ok(Encoding { of, start: 0 });
    }
    file.seek(SeekFrom::Start(0)).map_err(ListError::io)?;
    Ok(Encoding {
        of: by_content(file)?,
        start: 0,
    })
}

/// JSON is UTF-8 (RFC 8259, section 8.1); some write a mark in front of it all the same.
pub(super) fn of_json(file: &mut File) -> Result<Encoding, ListError> {
    let mut head = [0; 3];
    file.seek(SeekFrom::Start(0)).map_err(ListError::io)?;
    let length = fill(file, &mut head).map_err(ListError::io)?;
    let marked = length == 3 && head == *b"\xEF\xBB\xBF";
    Ok(Encoding {
        of: UTF_8,
        start: if marked { 3 } else { 0 },
    })
}

/// The encoding that a source's parameters name.
pub(super) fn named(
    label: Option<&str>,
) -> Result<Option<&'static encoding_rs::Encoding>, ListError> {
    let Some(label) = label else { return Ok(None) };
    let of = encoding_rs::Encoding::for_label(label.as_bytes());
    let of = of.filter(|of| of.is_ascii_compatible() || [UTF_16LE, UTF_16BE].contains(of));
    Ok(Some(of.ok_or(ListError::UnknownEncoding)?))
}

/// What spreadsheets and web pages save when they are not asked for a list.
fn refuse_other_formats(head: &[u8]) -> Result<(), ListError> {
    let starts: [(&[u8], &str); 8] = [
        (b"PK\x03\x04", "a workbook or an archive"),
        (b"\xD0\xCF\x11\xE0", "a workbook of an old Excel"),
        (b"\x1F\x8B", "packed twice"),
        (b"\x28\xB5\x2F\xFD", "packed with zstd"),
        (b"BZh", "packed with bzip2"),
        (b"%PDF", "a PDF"),
        (b"{\\rtf", "a text document"),
        (b"<", "a web page or XML"),
    ];
    let text = head
        .strip_prefix(b"\xEF\xBB\xBF")
        .unwrap_or(head)
        .trim_ascii_start();
    // Where a tape archive has its sign.
    if head
        .get(257..263)
        .is_some_and(|sign| sign == b"ustar\0" || sign == b"ustar ")
    {
        return Err(ListError::OtherFormat("an archive of several files"));
    }
    match starts
        .into_iter()
        .find(|(start, _)| text.starts_with(start))
    {
        Some((_, what)) => Err(ListError::OtherFormat(what)),
        None => Ok(()),
    }
}

/// In UTF-16 one byte of each Latin letter, comma and line break is zero.
fn wide_without_mark(head: &[u8]) -> Option<&'static encoding_rs::Encoding> {
    let pairs = head.chunks_exact(2);
    let total = pairs.len();
    let (mut first, mut second) = (0, 0);
    for pair in pairs {
        first += usize::from(pair.first() == Some(&0));
        second += usize::from(pair.get(1) == Some(&0));
    }
    match total {
        0 => None,
        _ if first == 0 && second * 10 > total => Some(UTF_16LE),
        _ if second == 0 && first * 10 > total => Some(UTF_16BE),
        _ => None,
    }
}

/// UTF-8 where it is, or mostly is; else Windows-1252 where that makes words of it.
fn by_content(file: &mut File) -> Result<&'static encoding_rs::Encoding, ListError> {
    let mut block = vec![0; BLOCK];
    let mut kept = 0;
    let mut seen = Seen::default();
    loop {
        let length =
            kept + fill(file, block.get_mut(kept..).unwrap_or_default()).map_err(ListError::io)?;
        let whole = length < BLOCK;
        let bytes = block.get(..length).unwrap_or_default();
        kept = seen.look(bytes, whole);
        if whole {
            return seen.encoding();
        }
        block.copy_within(length - kept..length, 0);
    }
}

/// What a list's bytes beyond ASCII look like.
#[derive(Debug, Default)]
struct Seen {
    /// Characters that are sound UTF-8.
    sound: usize,
    /// Bytes that are not.
    broken: usize,
    /// Of those, the ones that stand in a row of three or more, as no Western word has them.
    in_rows: usize,
    /// Bytes that Windows-1252 does not use.
    unused: bool,
}

impl Seen {
    /// Looks at a block. Gives how many of its last bytes belong to a character that goes on in the next.
    fn look(&mut self, bytes: &[u8], whole: bool) -> usize {
        match std::str::from_utf8(bytes) {
            Ok(text) => {
                // Only whether there are some matters, and only where something is broken.
                self.sound += usize::from(!text.is_ascii());
                return 0;
            }
            Err(error) if error.error_len().is_none() && !whole => {
                let valid = error.valid_up_to();
                self.sound += 1;
                return bytes.len() - valid;
            }
            Err(_) => {}
        }
        for chunk in bytes.utf8_chunks() {
            self.sound += chunk.valid().chars().filter(|c| !c.is_ascii()).count();
            self.broken += chunk.invalid().len();
        }
        let mut row = 0;
        for byte in bytes.iter().chain([&b' ']) {
            self.unused |= matches!(byte, 0x81 | 0x8D | 0x8F | 0x90 | 0x9D);
            if *byte >= 0xC0 {
                row += 1;
                continue;
            }
            self.in_rows += if row >= 3 { row } else { 0 };
            row = 0;
        }
        0
    }

    fn encoding(&self) -> Result<&'static encoding_rs::Encoding, ListError> {
        if self.broken == 0 || self.sound > self.broken {
            return Ok(UTF_8);
        }
        if self.unused || self.in_rows * 2 > self.broken {
            return Err(ListError::UnknownEncoding);
        }
        Ok(WINDOWS_1252)
    }
}

/// Reads until the buffer is full or the file ends.
fn fill(file: &mut File, buffer: &mut [u8]) -> io::Result<usize> {
    let mut length = 0;
    while let Some(rest) = buffer.get_mut(length..).filter(|rest| !rest.is_empty()) {
        match file.read(rest)? {
            0 => break,
            read => length += read,
        }
    }
    Ok(length)
}
