//! A list that was exported or written by hand: a file beside the function, or an object in S3. How it is read
//! is said in [`shared::lists`].

use std::{
    fs::File,
    io::{Seek as _, Write as _},
    path::Path,
};

use shared::{
    clients::storage,
    domain::intake::Page,
    lists::{self, LARGEST, List, ListError, ListReport, Params},
};

use super::{Endpoints, Opening, Reach, SourceError};

/// Bytes of an object that are brought here where its beginning is enough.
const BEGINNING: u64 = 8 * 1024 * 1024;

/// A list that is being read.
#[derive(Debug)]
pub struct Source {
    /// `None` where this version of it was read to its end before.
    list: Option<List>,
    /// Whether its end was left in S3.
    pub(super) cut: bool,
}

impl Source {
    pub(super) async fn open(
        params: Params,
        opening: &Opening<'_>,
        endpoints: &Endpoints,
    ) -> Result<Self, SourceError> {
        let cursor = opening.cursor;
        let (file, version, cut) = match params.file.strip_prefix("s3://") {
            Some(object) => {
                let object = Object::open(object, endpoints).await?;
                let version = lists::version_of(&params, &object.etag);
                if lists::is_done(cursor, &version) {
                    return Ok(Self::read_before());
                }
                let (file, cut) = object.download(opening.reach).await?;
                (file, version, cut)
            }
            // A path names any file of this machine: whoever may try a list must not look into those.
            None if opening.reach == Reach::Beginning => {
                let why = "only a list in the import bucket can be tried";
                return Err(SourceError::Params(why.to_owned()));
            }
            None => {
                let (file, about) = local(Path::new(&params.file))?;
                let version = lists::version_of(&params, &about);
                if lists::is_done(cursor, &version) {
                    return Ok(Self::read_before());
                }
                (file, version, false)
            }
        };
        let list = match opening.reach {
            Reach::Beginning => List::open_beginning(file, cut, &params)?,
            Reach::Whole => List::open(file, version, &params, cursor)?,
        };
        let cut = list.is_cut();
        Ok(Self {
            list: Some(list),
            cut,
        })
    }

    fn read_before() -> Self {
        Self {
            list: None,
            cut: false,
        }
    }

    pub(super) fn next_page(&mut self) -> Result<Option<Page>, SourceError> {
        match &mut self.list {
            Some(list) => Ok(Some(list.next_page()?)),
            None => Ok(None),
        }
    }

    pub(super) fn report(&self) -> Option<ListReport> {
        self.list.as_ref().map(|list| list.report().clone())
    }
}

impl From<ListError> for SourceError {
    fn from(error: ListError) -> Self {
        match error.is_of_params() {
            true => Self::Params(error.to_string()),
            false => Self::Unreadable(error.to_string()),
        }
    }
}

fn local(path: &Path) -> Result<(File, String), SourceError> {
    let (file, length, version) = lists::file(path)?;
    within_bounds(length)?;
    Ok((file, version))
}

fn within_bounds(length: u64) -> Result<(), SourceError> {
    if length <= LARGEST {
        return Ok(());
    }
    Err(SourceError::Unreadable(
        "it is larger than 1,800 MiB; split it into several".to_owned(),
    ))
}

/// An object in S3 that was not read yet.
struct Object {
    etag: String,
    content: storage::Object,
}

impl Object {
    async fn open(name: &str, endpoints: &Endpoints) -> Result<Self, SourceError> {
        let (bucket, key) = name
            .split_once('/')
            .filter(|(b, k)| !b.is_empty() && !k.is_empty())
            .ok_or_else(|| SourceError::Params("`file` in S3 is s3://bucket/key".to_owned()))?;
        let client = aws_sdk_s3::Client::from_conf(
            aws_sdk_s3::config::Builder::from(&endpoints.sdk)
                .force_path_style(true)
                .build(),
        );
        let content = storage::open(&client, bucket, key).await?;
        Ok(Self {
            etag: content.etag.clone(),
            content,
        })
    }

    /// Brings it to the function's own disk: a list is read with seeks, and may be larger than the memory.
    /// Of one whose beginning is enough, that: then it is also said whether there is more.
    async fn download(mut self, reach: Reach) -> Result<(File, bool), SourceError> {
        let mut file = tempfile::tempfile().map_err(unreadable)?;
        let mut length = 0;
        while let Some(chunk) = self.content.body.next().await {
            let chunk =
                chunk.map_err(|e| SourceError::Unavailable(shared::telemetry::chain(&e)))?;
            length += u64::try_from(chunk.len()).unwrap_or(u64::MAX);
            within_bounds(length)?;
            file.write_all(&chunk).map_err(unreadable)?;
            if reach == Reach::Beginning && length > BEGINNING {
                file.rewind().map_err(unreadable)?;
                return Ok((file, true));
            }
        }
        file.rewind().map_err(unreadable)?;
        Ok((file, false))
    }
}

#[expect(clippy::needless_pass_by_value, reason = "fits map_err")]
fn unreadable(error: std::io::Error) -> SourceError {
    SourceError::Unreadable(error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn too_large_list_is_refused_before_reading() {
        let file = tempfile::NamedTempFile::new().unwrap();
        file.as_file().set_len(LARGEST).unwrap();
        assert!(local(file.path()).is_ok());
        file.as_file().set_len(LARGEST + 1).unwrap();
        let error = local(file.path()).unwrap_err().to_string();
        assert!(error.contains("split it"), "{error}");
    }
}
