//! A list that was exported or written by hand: a file beside the function, or an object in S3.
//!
//! Read as lists come: with a byte-order mark, commas, semicolons or tabs, lines of notes before
//! the header, quoted line breaks, more or fewer columns. A bad row is named by its line; the rest
//! goes on.

mod header;

use std::{
    fs::File,
    io::{Read, Seek, SeekFrom, Write},
    path::Path,
};

use csv::{ByteRecord, Position, Reader, ReaderBuilder};
use header::{Columns, Layout};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use shared::{clients::storage, domain::lead::Platform};

use super::{Endpoints, Page, Row, SourceError, cursor_or_start};

/// Rows a page.
const PAGE: usize = 500;
/// How much of the file is looked at to find its header.
const HEAD: u64 = 64 * 1024;

/// Largest list that is read. A quote that is never closed makes the rest of a file one record, which
/// must fit into the function's memory.
const LARGEST: u64 = 32 * 1024 * 1024;

/// Which list to read.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Params {
    /// A path, or `s3://bucket/key`.
    file: String,
    /// Platform of rows that name none.
    platform: Option<String>,
}

/// How far the list was read. A list that changed is read from its start again, which stores
/// nothing twice.
#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Cursor {
    version: String,
    byte: u64,
    line: u64,
    done: bool,
}

/// A list that is being read.
#[derive(Debug)]
pub struct List {
    reader: Reader<File>,
    columns: Columns,
    version: String,
    start: u64,
    platform: Platform,
}

impl List {
    pub(super) async fn open(params: Params, endpoints: &Endpoints) -> Result<Self, SourceError> {
        let platform = match &params.platform {
            None => Platform::Csv,
            Some(word) => Platform::from_word(word).ok_or_else(|| {
                let why = "`platform` is one of x, instagram, facebook, linkedin, csv";
                SourceError::Params(why.to_owned())
            })?,
        };
        let (file, version) = match params.file.strip_prefix("s3://") {
            Some(object) => download(object, endpoints).await?,
            None => local(Path::new(&params.file))?,
        };
        // Under another platform the same rows are other leads.
        Self::read(file, format!("{platform} {version}"), platform)
    }

    fn read(mut file: File, version: String, platform: Platform) -> Result<Self, SourceError> {
        let mut head = Vec::new();
        (&mut file)
            .take(HEAD)
            .read_to_end(&mut head)
            .map_err(unreadable)?;
        let layout = header::find(&head).map_err(|e| SourceError::Unreadable(e.to_string()))?;
        let Layout {
            start, delimiter, ..
        } = layout;
        file.seek(SeekFrom::Start(start)).map_err(unreadable)?;
        let mut reader = ReaderBuilder::new()
            .delimiter(delimiter)
            .has_headers(false)
            .flexible(true)
            .from_reader(file);
        let mut names = ByteRecord::new();
        reader.read_byte_record(&mut names).map_err(broken)?;
        let columns = Columns::from_names(&names, layout);
        Ok(Self {
            reader,
            columns,
            version,
            start,
            platform,
        })
    }

    /// Goes to where the last page ended, unless the list is another one by now.
    fn seek(&mut self, cursor: &Cursor) -> Result<(), SourceError> {
        let here = self.reader.position().byte() + self.start;
        if cursor.version == self.version && cursor.byte > here {
            let mut position = Position::new();
            position
                .set_byte(cursor.byte - self.start)
                .set_line(cursor.line);
            let target = SeekFrom::Start(cursor.byte);
            self.reader.seek_raw(target, position).map_err(broken)?;
        }
        Ok(())
    }
}

impl List {
    pub(super) async fn next_page(&mut self, cursor: &Value) -> Result<Option<Page>, SourceError> {
        let cursor: Cursor = cursor_or_start(cursor);
        if cursor.done && cursor.version == self.version {
            return Ok(None);
        }
        self.seek(&cursor)?;
        let mut rows = Vec::with_capacity(PAGE);
        let mut record = ByteRecord::new();
        let mut done = false;
        while rows.len() < PAGE {
            // What the file is read with cannot fail on content: any bytes are some record.
            if !self.reader.read_byte_record(&mut record).map_err(broken)? {
                done = true;
                break;
            }
            let line = self.columns.line(&record);
            let profile = self.columns.profile(&record).map(|mut profile| {
                profile.platform = profile.platform.or(Some(self.platform));
                profile
            });
            rows.push(Row { line, profile });
        }
        let position = self.reader.position();
        let cursor = Cursor {
            version: self.version.clone(),
            byte: position.byte() + self.start,
            line: position.line(),
            done,
        };
        Ok(Some(Page {
            rows,
            cursor: json!(cursor),
            last: done,
        }))
    }
}

fn local(path: &Path) -> Result<(File, String), SourceError> {
    let file = File::open(path).map_err(unreadable)?;
    let about = file.metadata().map_err(unreadable)?;
    within_bounds(about.len())?;
    let changed = about
        .modified()
        .ok()
        .and_then(|t| t.duration_since(std::time::UNIX_EPOCH).ok());
    let version = format!("{}-{}", about.len(), changed.map_or(0, |t| t.as_nanos()));
    Ok((file, version))
}

fn within_bounds(length: u64) -> Result<(), SourceError> {
    if length <= LARGEST {
        return Ok(());
    }
    Err(SourceError::Unreadable(
        "it is larger than 32 MiB; split it into several".to_owned(),
    ))
}

/// Brings an object to the function's own disk: a list is read with seeks, and may be larger than
/// its memory.
async fn download(object: &str, endpoints: &Endpoints) -> Result<(File, String), SourceError> {
    let (bucket, key) = object
        .split_once('/')
        .filter(|(b, k)| !b.is_empty() && !k.is_empty())
        .ok_or_else(|| SourceError::Params("`file` in S3 is s3://bucket/key".to_owned()))?;
    let client = aws_sdk_s3::Client::from_conf(
        aws_sdk_s3::config::Builder::from(&endpoints.sdk)
            .force_path_style(true)
            .build(),
    );
    let mut object = storage::open(&client, bucket, key).await?;
    let mut file = tempfile::tempfile().map_err(unreadable)?;
    let mut length = 0;
    while let Some(chunk) = object.body.next().await {
        let chunk = chunk.map_err(|e| SourceError::Unavailable(shared::telemetry::chain(&e)))?;
        length += u64::try_from(chunk.len()).unwrap_or(u64::MAX);
        within_bounds(length)?;
        file.write_all(&chunk).map_err(unreadable)?;
    }
    file.rewind().map_err(unreadable)?;
    Ok((file, object.etag))
}

#[expect(clippy::needless_pass_by_value, reason = "fits map_err")]
fn unreadable(error: std::io::Error) -> SourceError {
    SourceError::Unreadable(error.to_string())
}

#[expect(clippy::needless_pass_by_value, reason = "fits map_err")]
fn broken(error: csv::Error) -> SourceError {
    SourceError::Unreadable(error.to_string())
}

#[cfg(test)]
mod tests;
