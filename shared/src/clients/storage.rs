//! Objects in S3: what a person uploads for import.

use aws_sdk_s3::{Client, primitives::ByteStream};

/// An object's content, as a stream.
#[derive(Debug)]
pub struct Object {
    /// Changes when the object does.
    pub etag: String,
    /// Its bytes.
    pub body: ByteStream,
}

/// The object could not be read.
#[derive(Debug, thiserror::Error)]
#[error(
    "could not read s3://{bucket}/{key}; check that it exists and that the collector may read it"
)]
pub struct ObjectUnreadable {
    bucket: String,
    key: String,
    #[source]
    source: Box<aws_sdk_s3::Error>,
}

/// Opens an object.
///
/// # Errors
/// When it does not exist, or may not be read.
pub async fn open(client: &Client, bucket: &str, key: &str) -> Result<Object, ObjectUnreadable> {
    let reply = client.get_object().bucket(bucket).key(key).send().await;
    let reply = reply.map_err(|source| ObjectUnreadable {
        bucket: bucket.to_owned(),
        key: key.to_owned(),
        source: Box::new(source.into()),
    })?;
    Ok(Object {
        etag: reply.e_tag.unwrap_or_default(),
        body: reply.body,
    })
}
