//! A list that was exported or written by hand: a file beside the function, or an object in S3. How it is read
//! is said in [`shared::lists`].

use std::{
    fs::File,
    io::{Seek, Write},
    path::Path,
};

use serde_json::Value;
use shared::{
    clients::storage,
    domain::intake::Page,
    lists::{self, LARGEST, List, ListError, ListReport, Params},
};

use super::{Endpoints, SourceError};

/// A list that is being read.
#[derive(Debug)]
pub struct Source {
    /// `None` where this version of it was read to its end before.
    list: Option<List>,
}

impl Source {
    pub(super) async fn open(
        params: Params,
        cursor: &Value,
        endpoints: &Endpoints,
    ) -> Result<Self, SourceError> {
        let (file, version) = match params.file.strip_prefix("s3://") {
            Some(object) => {
                let object = Object::open(object, endpoints).await?;
                let version = lists::version_of(&params, &object.etag);
                if lists::is_done(cursor, &version) {
                    return Ok(Self { list: None });
                }
                (object.download().await?, version)
            }
            None => {
                let (file, about) = local(Path::new(&params.file))?;
                let version = lists::version_of(&params, &about);
                if lists::is_done(cursor, &version) {
                    return Ok(Self { list: None });
                }
                (file, version)
            }
        };
        let list = List::open(file, version, &params, cursor)?;
        Ok(Self { list: Some(list) })
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
    async fn download(mut self) -> Result<File, SourceError> {
        let mut file = tempfile::tempfile().map_err(unreadable)?;
        let mut length = 0;
        while let Some(chunk) = self.content.body.next().await {
            let chunk =
                chunk.map_err(|e| SourceError::Unavailable(shared::telemetry::chain(&e)))?;
            length += u64::try_from(chunk.len()).unwrap_or(u64::MAX);
            within_bounds(length)?;
            file.write_all(&chunk).map_err(unreadable)?;
        }
        file.rewind().map_err(unreadable)?;
        Ok(file)
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
