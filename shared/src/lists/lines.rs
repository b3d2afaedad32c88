//! A file's lines, one after the other, each with its place in the file.

use std::{
    collections::VecDeque,
    fs::File,
    io::{self, Read, Seek, SeekFrom},
};

use encoding_rs::UTF_16LE;
use memchr::memchr2;

use super::encoding::Encoding;

/// How much is read at a time.
const BLOCK: usize = 256 * 1024;
/// Bytes of a line that are kept: one cell may hold a web page, but a file without line ends must fit into the
/// function's memory.
const LONGEST: usize = 16 * 1024 * 1024;

/// A line as it stands in the file.
#[derive(Debug, Clone, Default)]
pub(super) struct Line {
    pub(super) bytes: Vec<u8>,
    /// Where it begins.
    pub(super) offset: u64,
    /// Counted from 1.
    pub(super) number: u64,
    /// Whether it was longer than what is kept.
    pub(super) cut: bool,
}

#[derive(Debug)]
pub(super) struct Lines {
    file: File,
    encoding: Encoding,
    block: Vec<u8>,
    /// The part of the block that was not given yet.
    from: usize,
    until: usize,
    /// Where `from` stands in the file.
    offset: u64,
    /// The next line's number.
    number: u64,
    /// Lines that were looked at and are to be given again.
    again: VecDeque<Line>,
}

impl Lines {
    pub(super) fn new(file: File, encoding: Encoding) -> Self {
        Self {
            file,
            encoding,
            block: vec![0; BLOCK],
            from: 0,
            until: 0,
            offset: 0,
            number: 1,
            again: VecDeque::new(),
        }
    }

    pub(super) fn encoding(&self) -> Encoding {
        self.encoding
    }

    /// Goes to a line that was given before.
    pub(super) fn seek(&mut self, offset: u64, number: u64) -> io::Result<()> {
        self.file.seek(SeekFrom::Start(offset))?;
        (self.from, self.until, self.offset, self.number) = (0, 0, offset, number);
        self.again.clear();
        Ok(())
    }

    /// Goes on, so that the line of this number is next.
    pub(super) fn skip_to(&mut self, number: u64) -> io::Result<()> {
        let mut line = Line::default();
        while self.position().1 < number && self.next(&mut line)? {}
        Ok(())
    }

    /// Where the next line begins, and its number.
    pub(super) fn position(&self) -> (u64, u64) {
        self.again
            .front()
            .map_or((self.offset, self.number), |line| {
                (line.offset, line.number)
            })
    }

    /// Reads the next line into `line`; false at the end of the file.
    pub(super) fn next(&mut self, line: &mut Line) -> io::Result<bool> {
        if let Some(again) = self.again.pop_front() {
            *line = again;
            return Ok(true);
        }
        line.bytes.clear();
        (line.offset, line.number, line.cut) = (self.offset, self.number, false);
        loop {
            let rest = self.block.get(self.from..self.until).unwrap_or_default();
            if let Some((end, length)) = self.end_of_line(rest) {
                line.append(rest.get(..end).unwrap_or_default());
                self.take(end);
                self.take_end(length)?;
                self.number += 1;
                return Ok(true);
            }
            line.append(rest);
            let length = rest.len();
            self.take(length);
            if !self.fill()? {
                // The last line may have no end.
                let any = line.offset < self.offset;
                self.number += u64::from(any);
                return Ok(any);
            }
        }
    }

    /// Gives these lines again, the first of them next.
    pub(super) fn give_back(&mut self, lines: Vec<Line>) {
        for line in lines.into_iter().rev() {
            self.again.push_front(line);
        }
    }

    fn take(&mut self, length: usize) {
        self.from += length;
        self.offset += length as u64;
    }

    /// Reads on; false at the end of the file. What was not taken stays.
    fn fill(&mut self) -> io::Result<bool> {
        self.block.copy_within(self.from..self.until, 0);
        (self.from, self.until) = (0, self.until - self.from);
        let before = self.until;
        // In UTF-16 whole pairs, unless the file ends within one.
        while let Some(room) = self
            .block
            .get_mut(self.until..)
            .filter(|room| !room.is_empty())
        {
            let read = self.file.read(room)?;
            self.until += read;
            if read == 0 || !self.encoding.is_wide() || self.until.is_multiple_of(2) {
                break;
            }
        }
        Ok(self.until > before)
    }

    /// Where the line ends and how long its end is: a line feed, a carriage return.
    fn end_of_line(&self, bytes: &[u8]) -> Option<(usize, usize)> {
        if !self.encoding.is_wide() {
            return memchr2(b'\n', b'\r', bytes).map(|at| (at, 1));
        }
        let at = bytes
            .chunks_exact(2)
            .position(|pair| matches!(self.unit(pair), Some(0x0A | 0x0D)))?;
        Some((at * 2, 2))
    }

    fn unit(&self, pair: &[u8]) -> Option<u16> {
        let pair: [u8; 2] = pair.try_into().ok()?;
        Some(if self.encoding.of == UTF_16LE {
            u16::from_le_bytes(pair)
        } else {
            u16::from_be_bytes(pair)
        })
    }

    /// Takes a line's end: a carriage return and a line feed are one.
    fn take_end(&mut self, length: usize) -> io::Result<()> {
        if self.from + 2 * length > self.until {
            self.fill()?;
        }
        let sign = |n: usize| {
            let begins = self.from + n * length;
            let bytes = self.block.get(begins..(begins + length).min(self.until))?;
            match length {
                1 => bytes.first().copied().map(u16::from),
                // Half a unit at the end of a file is none.
                _ => self.unit(bytes),
            }
        };
        let both = sign(0) == Some(0x0D) && sign(1) == Some(0x0A);
        self.take(if both { 2 * length } else { length });
        Ok(())
    }
}

impl Line {
    fn append(&mut self, bytes: &[u8]) {
        let room = LONGEST.saturating_sub(self.bytes.len());
        self.cut |= bytes.len() > room;
        self.bytes
            .extend_from_slice(bytes.get(..bytes.len().min(room)).unwrap_or_default());
    }
}
