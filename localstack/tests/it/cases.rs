//! The cases from practice, put to the real functions.

use std::path::Path;

use local::cases::{Ground, check};
use shared::db::PgPool;
use shared::testing;

use crate::sender::binary;

const FUNCTIONS: [&str; 5] = ["collector", "enricher", "feedback", "sender", "web"];

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn cases_from_practice_end_as_expected(pool: PgPool) {
    let folder = tempfile::tempdir().unwrap();
    let ground = Ground {
        binaries: FUNCTIONS.map(|name| (name.to_owned(), binary(name))).into(),
        database_url: testing::database_url(&pool).expose().to_owned(),
        folder: folder.path().join("runs"),
    };
    let cases = Path::new(env!("CARGO_MANIFEST_DIR")).join("cases");
    let lines = check(&ground, &cases, None).await.unwrap();
    assert!(lines.len() > 500, "{}", lines.len());
    let failed: Vec<String> = lines
        .iter()
        .filter(|line| line.passed != Some(true))
        .map(|line| {
            format!(
                "{}: {}\n  must: {}\n  happened: {}",
                line.case,
                line.input,
                line.must_words(),
                line.happened_words()
            )
        })
        .collect();
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}
