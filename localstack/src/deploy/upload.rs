//! What is in S3: the template, as `sam deploy` puts it there, since CloudFormation takes 51,200 bytes at most in a
//! request; and the bucket that the team uploads lists to.

use anyhow::{Context as _, Result};
use aws_config::SdkConfig;
use aws_sdk_s3::{
    Client, config,
    primitives::ByteStream,
    types::{CorsConfiguration, CorsRule},
};

const BUCKET: &str = "deployment";
const KEY: &str = "template.json";

/// The bucket that the local stack imports from.
pub(super) const IMPORT_BUCKET: &str = "lists";

fn client(aws: &SdkConfig) -> Client {
    Client::from_conf(config::Builder::from(aws).force_path_style(true).build())
}

/// Makes the import bucket, whose rules let pages of the console put lists into it.
pub(super) async fn import_bucket(aws: &SdkConfig, console: &str) -> Result<()> {
    let client = client(aws);
    // A bucket that is there is as good.
    let _ = client.create_bucket().bucket(IMPORT_BUCKET).send().await;
    let rule = CorsRule::builder()
        .allowed_origins(console)
        .allowed_methods("PUT")
        .allowed_headers("content-type")
        .build()?;
    let rules = CorsConfiguration::builder().cors_rules(rule).build()?;
    let put = client.put_bucket_cors().bucket(IMPORT_BUCKET);
    put.cors_configuration(rules)
        .send()
        .await
        .context("could not let the console upload lists")?;
    Ok(())
}

/// Uploads the template. The address that comes back is one of AWS, which LocalStack takes for its own S3.
pub(super) async fn template(aws: &SdkConfig, body: String) -> Result<String> {
    let client = client(aws);
    // A bucket that is there is as good.
    let _ = client.create_bucket().bucket(BUCKET).send().await;
    let put = client.put_object().bucket(BUCKET).key(KEY);
    put.body(ByteStream::from(body.into_bytes()))
        .send()
        .await
        .context("could not upload the template")?;
    Ok(format!("https://s3.amazonaws.com/{BUCKET}/{KEY}"))
}
