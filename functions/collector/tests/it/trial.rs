//! A source that is tried: its beginning as it would be stored, and nothing stored.

use std::time::Duration;

use collector::Done;
use serde_json::{Value, json};
use shared::{
    db::PgPool,
    deadline::Deadline,
    trial::{Trial, Tried},
};

use crate::{
    lists::objects::Bucket,
    replay::Answer,
    stage::{Stage, person},
    x::fixture,
};

async fn tried(stage: &Stage, kind: &str, params: Value) -> Tried {
    let event = json!({"try": {"kind": kind, "params": params}});
    let ample = Deadline::within(Duration::from_secs(300));
    let Done::Tried(tried) = collector::handle(&stage.deps, event, ample).await.unwrap() else {
        panic!("it runs");
    };
    // As the console reads it.
    serde_json::from_str(&serde_json::to_string(&tried).unwrap()).unwrap()
}

async fn read(stage: &Stage, kind: &str, params: Value) -> Trial {
    match tried(stage, kind, params).await {
        Tried::Read(trial) => *trial,
        Tried::Unread(unread) => panic!("{unread:?}"),
    }
}

async fn nothing_is_stored(stage: &Stage) {
    let written = "select (select count(*) from leads) + (select count(*) from sources)
                   + (select count(*) from lead_sources)";
    let written: i64 = sqlx::query_scalar(written)
        .fetch_one(&stage.pool)
        .await
        .unwrap();
    assert_eq!(written, 0);
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn object_is_shown_as_it_would_be_stored(pool: PgPool) {
    let stage = Stage::new(pool).await;
    let bucket = Bucket::create(&stage).await;
    let list = "Username;Contact;Fax\nana.fit;ana@example.org;1\n<b>;x;2\nana.fit;;3\n";
    bucket.put("a.csv", list).await;
    let params = json!({"file": bucket.address("a.csv"), "columns": {"Contact": "email"}, "platform": "instagram"});
    let trial = read(&stage, "csv", params).await;
    assert_eq!(trial.refused_rows.len(), 1, "{:?}", trial.refused_rows);
    assert_eq!(
        (
            trial.leads,
            trial.with_email,
            trial.duplicates,
            trial.refused,
            trial.more
        ),
        (1, 1, 1, 1, false)
    );
    let (lead, row) = (&trial.shown[0], &trial.refused_rows[0]);
    assert_eq!((lead.line, lead.username.as_str()), (2, "ana.fit"));
    assert_eq!(lead.address.as_deref(), Some("a•••@example.org"));
    assert_eq!(row.line, 3);
    let columns = trial.list.unwrap().columns;
    assert_eq!(columns.used["Contact"], "email");
    assert_eq!(columns.ignored, ["Fax"]);
    nothing_is_stored(&stage).await;
}

/// Of a large list only the beginning is brought here: with what follows it could not be read.
#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn beginning_of_large_list_is_enough(pool: PgPool) {
    let stage = Stage::new(pool).await;
    let bucket = Bucket::create(&stage).await;
    let bio = "Trail runner. ".repeat(20);
    let rows = (0..40_000).map(|n| format!("runner{n},\"{bio}\"\n"));
    let list = format!("username,bio\n{}", rows.collect::<String>());
    assert!(list.len() > 9 * 1024 * 1024);
    let mut list = list.into_bytes();
    list.extend(b"\xC3\xC3\xC3\x81".repeat(1024 * 1024));
    bucket.put("large.csv", list).await;
    let params = json!({"file": bucket.address("large.csv"), "platform": "x"});
    let trial = read(&stage, "csv", params).await;
    assert_eq!((trial.leads, trial.refused, trial.more), (1_000, 0, true));
    assert_eq!(trial.shown.len(), 20);
    nothing_is_stored(&stage).await;
}

/// Each post is paid for.
#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn search_reads_ten_posts_once(pool: PgPool) {
    let stage = Stage::new(pool).await;
    let page = Answer::new(200, fixture!("search_first_page.json"));
    stage.stand_ins.then([page]);
    let params = json!({"query": "affiliate", "max_results": 100, "max_pages": 5});
    let trial = read(&stage, "x", params).await;
    let asked = stage.stand_ins.asked();
    assert_eq!(asked.len(), 1);
    assert_eq!(asked[0].query["max_results"], "10");
    assert!(trial.leads > 0 && trial.more && trial.list.is_none());
    assert_eq!(trial.refused_rows[0].reason, "the profile is protected");
    nothing_is_stored(&stage).await;
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn what_cannot_be_read_says_why(pool: PgPool) {
    let stage = Stage::new(pool).await;
    let bucket = Bucket::create(&stage).await;
    bucket.put("none.csv", "a,b\n1,2\n").await;
    let (gone, none) = (bucket.address("gone.csv"), bucket.address("none.csv"));
    stage.stand_ins.then([
        Answer::new(401, fixture!("unauthorized.json")),
        Answer::new(429, fixture!("rate_limited.json"))
            .header("x-rate-limit-reset", &1_924_992_000),
    ]);
    bucket.put("list.csv", "username\nana\n").await;
    let list = bucket.address("list.csv");
    let search = json!({"query": "affiliate"});
    for (kind, params, says, of_params) in [
        ("csv", json!({"file": gone}), gone.as_str(), false),
        (
            "csv",
            json!({"file": none}),
            "nothing names a column",
            false,
        ),
        (
            "csv",
            json!({"file": list, "columns": {"c": "email"}}),
            "no such column",
            true,
        ),
        (
            "csv",
            json!({"file": "/proc/self/environ"}),
            "in the import bucket",
            true,
        ),
        ("csv", json!({"files": 1}), "unknown field `files`", true),
        ("x", search.clone(), "does not know the token", false),
        ("x", search, "asks to wait until 00:00 UTC", false),
        (
            "carrier pigeon",
            json!({}),
            "no collector for `carrier pigeon`",
            true,
        ),
    ] {
        match tried(&stage, kind, params).await {
            Tried::Unread(unread) => {
                assert!(unread.why.contains(says), "{unread:?}");
                assert_eq!(unread.of_params, of_params, "{unread:?}");
            }
            Tried::Read(trial) => panic!("{kind}: {trial:?}"),
        }
    }
    nothing_is_stored(&stage).await;
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn trial_leaves_a_source_where_it_was(pool: PgPool) {
    let (stage, source) = Stage::with_list(pool).await;
    stage.stand_ins.then([
        Answer::page(&[person("ana")], Some("2")),
        Answer::page(&[], None),
    ]);
    let trial = read(&stage, "simulated", json!({})).await;
    assert_eq!((trial.leads, trial.more), (1, false));
    assert_eq!(stage.cursor(source).await, json!({}));
    assert_eq!(stage.leads().await, [Value::Null; 0]);
}
