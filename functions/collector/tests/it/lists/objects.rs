use std::io::Write as _;

use aws_sdk_s3::Client;
use collector::Ended;
use flate2::{Compression, write::GzEncoder};
use serde_json::json;
use shared::db::PgPool;
use shared::testing;

use super::{assert_messy, messy};
use crate::stage::{Stage, attention, counts};

/// A bucket of the test's own, named as its queue is.
pub(crate) struct Bucket {
    client: Client,
    name: String,
}

impl Bucket {
    pub(crate) async fn create(stage: &Stage) -> Self {
        let sdk = testing::sdk(None);
        let config = aws_sdk_s3::config::Builder::from(&sdk).force_path_style(true);
        let client = Client::from_conf(config.build());
        let name = stage.queue.url.rsplit('/').next().unwrap().to_owned();
        client.create_bucket().bucket(&name).send().await.unwrap();
        Self { client, name }
    }

    pub(crate) async fn put(&self, key: &str, content: impl Into<Vec<u8>>) {
        let body = content.into();
        let put = self.client.put_object().bucket(&self.name).key(key);
        put.body(body.into()).send().await.unwrap();
    }

    pub(crate) fn address(&self, key: &str) -> String {
        format!("s3://{}/{key}", self.name)
    }
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn an_object_is_read_as_a_file_is(pool: PgPool) {
    let stage = Stage::new(pool).await;
    let bucket = Bucket::create(&stage).await;
    bucket.put("lists/messy list.csv", messy()).await;
    let file = bucket.address("lists/messy list.csv");
    stage.source("list", "csv", json!({"file": file})).await;
    assert_messy(&stage.run_one().await);

    let again = stage.run_one().await;
    assert_eq!(
        (again.pages, counts(&again)),
        (0, [0; 7]),
        "the same object is not read again"
    );
    bucket
        .put("lists/messy list.csv", "username\nana\nzoe\n")
        .await;
    assert_eq!(counts(&stage.run_one().await), [1, 0, 1, 0, 0, 0, 0]);
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn missing_object_leaves_other_sources_running(pool: PgPool) {
    let stage = Stage::new(pool).await;
    let bucket = Bucket::create(&stage).await;
    bucket.put("there.csv", "username\nana\n").await;
    let nowhere = format!("s3://{}-not/there.csv", bucket.name);
    for (name, file) in [
        ("no object", bucket.address("gone.csv")),
        ("no bucket", nowhere.clone()),
        ("there", bucket.address("there.csv")),
    ] {
        stage.source(name, "csv", json!({"file": file})).await;
    }
    let reports = stage.run().await;
    let of = |name: &str| reports.iter().find(|r| r.name == name).unwrap();
    assert!(attention(of("no object")).contains(&bucket.address("gone.csv")));
    assert!(attention(of("no bucket")).contains(&nowhere));
    assert_eq!((of("there").new, &of("there").ended), (1, &Ended::Done));
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn packed_records_are_read_from_the_bucket(pool: PgPool) {
    let stage = Stage::new(pool).await;
    let bucket = Bucket::create(&stage).await;
    let lines = [
        r#"{"username":"ana","email":"ana@example.org"}"#,
        r#"{"username":"#,
        r#"{"username":"bo","Unsubscribed":true}"#,
        r#"{"username":"cy","Unsubscribed":false}"#,
    ];
    let mut packed = GzEncoder::new(Vec::new(), Compression::default());
    packed.write_all(lines.join("\n").as_bytes()).unwrap();
    bucket
        .put("people.jsonl.gz", packed.finish().unwrap())
        .await;
    let file = bucket.address("people.jsonl.gz");
    stage.source("list", "csv", json!({"file": file})).await;
    let report = stage.run_one().await;
    assert_eq!((report.new, report.bad), (2, 2), "{report:?}");
    let again = stage.run_one().await;
    assert_eq!(again.pages, 0, "the same object is not read again");
}
