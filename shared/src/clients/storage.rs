//! Objects in S3: what a person uploads for import.

use std::time::Duration;

use aws_sdk_s3::{Client, config, presigning::PresigningConfig, primitives::ByteStream};

use super::aws;

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

/// How long an upload may begin after it was allowed.
const UPLOAD_BEGINS_WITHIN: Duration = Duration::from_mins(5);

/// Lets browsers put objects into a bucket, one at a time.
#[derive(Debug, Clone)]
pub struct Uploads {
    client: Client,
    bucket: String,
}

/// One upload that is allowed: this many bytes of this kind, to this key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Upload {
    /// `s3://bucket/key`.
    pub file: String,
    /// Where to `PUT` the bytes.
    pub url: String,
    /// What must be sent along, but for what a browser sends by itself.
    pub headers: Vec<(String, String)>,
}

/// The upload could not be signed.
#[derive(Debug, thiserror::Error)]
#[error("could not sign an upload; has the function credentials and a region?")]
pub struct NotSigned(#[source] Box<dyn std::error::Error + Send + Sync>);

impl Uploads {
    /// Reads region and credentials; contacts nothing.
    pub async fn load(bucket: &str) -> Self {
        let config = config::Builder::from(&aws::load().await)
            .force_path_style(true)
            .build();
        Self {
            client: Client::from_conf(config),
            bucket: bucket.to_owned(),
        }
    }

    /// Allows one upload. Nothing is contacted: whether the bucket is there is seen by who uploads.
    ///
    /// # Errors
    /// When there are no credentials to sign it with.
    pub async fn allow(
        &self,
        key: &str,
        length: i64,
        content_type: &str,
    ) -> Result<Upload, NotSigned> {
        let within = PresigningConfig::expires_in(UPLOAD_BEGINS_WITHIN);
        let within = within.map_err(|error| NotSigned(error.into()))?;
        let put = self
            .client
            .put_object()
            .bucket(&self.bucket)
            .key(key)
            .content_length(length)
            .content_type(content_type);
        let signed = put.presigned(within).await;
        let signed = signed.map_err(|error| NotSigned(error.into()))?;
        let headers = signed.headers();
        let headers = headers.map(|(name, value)| (name.to_owned(), value.to_owned()));
        Ok(Upload {
            file: format!("s3://{}/{key}", self.bucket),
            url: signed.uri().to_owned(),
            // Host and length a browser sets itself; what else the SDK adds of its own is not signed.
            headers: headers.filter(|(name, _)| name == "content-type").collect(),
        })
    }
}
