//! The template in S3, as `sam deploy` puts it there: CloudFormation takes 51,200 bytes at most in a request.

use anyhow::{Context as _, Result};
use aws_config::SdkConfig;
use aws_sdk_s3::{Client, config, primitives::ByteStream};

const BUCKET: &str = "deployment";
const KEY: &str = "template.json";

/// Uploads the template. The address that comes back is one of AWS, which LocalStack takes for its own S3.
pub(super) async fn template(aws: &SdkConfig, body: String) -> Result<String> {
    let config = config::Builder::from(aws).force_path_style(true).build();
    let client = Client::from_conf(config);
    // A bucket that is there is as good.
    let _ = client.create_bucket().bucket(BUCKET).send().await;
    let put = client.put_object().bucket(BUCKET).key(KEY);
    put.body(ByteStream::from(body.into_bytes()))
        .send()
        .await
        .context("could not upload the template")?;
    Ok(format!("https://s3.amazonaws.com/{BUCKET}/{KEY}"))
}
