//! Sources: set up, paused and shown by a person, and refused where a parameter is wrong.

use serde_json::{Value, json};
use shared::db::{self, PgPool, sources};
use shared::testing;

use crate::commands::{refused, run, succeeded};

const SEARCH: [&str; 8] = [
    "source",
    "trail",
    "--campaign",
    "spring",
    "--search",
    "trail running",
    "--posts",
    "50",
];
const LIST: [&str; 8] = [
    "source",
    "trail",
    "--campaign",
    "spring",
    "--list",
    "s3://bucket/people.csv",
    "--column",
    "Work mail=email",
];

async fn listed(pool: &PgPool) -> Value {
    let output = run(pool, &["source", "--json"]);
    serde_json::from_slice(&output.stdout).unwrap()
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn source_is_stored_and_read_by_collector(pool: PgPool) {
    testing::campaign(&pool, "spring").await;
    let text = succeeded(&run(&pool, &SEARCH));
    assert!(
        text.contains("Stored") && text.contains("X: trail running"),
        "{text}"
    );
    let mut conn = db::acquire(&pool).await.unwrap();
    let lease = std::time::Duration::from_secs(60);
    let runs = sources::begin_runs(&mut conn, None, None, lease)
        .await
        .unwrap();
    assert_eq!(runs.len(), 1);
    assert_eq!(runs[0].kind, "x");
    assert_eq!(
        runs[0].params,
        json!({"query": "trail running", "max_results": 50})
    );

    succeeded(&run(&pool, &LIST));
    let sources = listed(&pool).await;
    assert_eq!(sources[0]["kind"], "csv");
    let params = json!({"file": "s3://bucket/people.csv", "columns": {"Work mail": "email"}});
    assert_eq!(sources[0]["params"], params);
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn paused_source_is_left_alone(pool: PgPool) {
    testing::campaign(&pool, "spring").await;
    succeeded(&run(&pool, &SEARCH));
    let change = |word: &'static str| ["source", "trail", "--campaign", "spring", word];
    let text = succeeded(&run(&pool, &change("--pause")));
    assert!(text.contains("Paused") && text.contains("off"), "{text}");
    let mut conn = db::acquire(&pool).await.unwrap();
    let lease = std::time::Duration::from_secs(60);
    assert!(
        sources::begin_runs(&mut conn, None, None, lease)
            .await
            .unwrap()
            .is_empty()
    );
    succeeded(&run(&pool, &change("--resume")));
    assert_eq!(listed(&pool).await[0]["enabled"], true);
    assert_eq!(
        sources::begin_runs(&mut conn, None, None, lease)
            .await
            .unwrap()
            .len(),
        1
    );
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn change_of_source_is_kept_with_note(pool: PgPool) {
    testing::campaign(&pool, "spring").await;
    succeeded(&run(&pool, &SEARCH));
    let pause = [
        "source",
        "trail",
        "--campaign",
        "spring",
        "--pause",
        "--note",
        "too many posts",
    ];
    succeeded(&run(&pool, &pause));
    // Nothing changes, so nothing is written.
    succeeded(&run(&pool, &pause));
    let kept: Vec<(String, String, Value, Option<String>)> = sqlx::query_as(
        "select actor, action, after -> 'enabled', note from audit_log
         where table_name = 'sources' order by id",
    )
    .fetch_all(&pool)
    .await
    .unwrap();
    let by = "operator:mara".to_owned();
    assert_eq!(
        kept,
        [
            (by.clone(), "insert".to_owned(), json!(true), None),
            (
                by,
                "update".to_owned(),
                json!(false),
                Some("too many posts".to_owned())
            ),
        ]
    );
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn wrong_parameter_of_source_is_named(pool: PgPool) {
    testing::campaign(&pool, "spring").await;
    let base = ["source", "trail", "--campaign", "spring"];
    let with = |more: &[&'static str]| [&base[..], more].concat();
    let cases = [
        (
            with(&["--search", " "]),
            "`query` takes 1 to 512 characters",
        ),
        (
            with(&["--search", "a", "--posts", "7"]),
            "`max_results` is from 10 to 100",
        ),
        (
            with(&["--search", "a", "--pages", "0"]),
            "`max_pages` is at least 1",
        ),
        (
            with(&["--list", "p.csv", "--platform", "tiktok"]),
            "`platform` is one of",
        ),
        (
            with(&["--list", "p.csv", "--column", "A=mail"]),
            "`columns` takes names",
        ),
        (
            with(&["--list", "p.csv", "--encoding", "klingon"]),
            "`encoding`",
        ),
        (
            with(&["--list", "p.csv", "--search", "a"]),
            "cannot be used with",
        ),
        (with(&["--pause"]), "spring has no source trail"),
        (vec!["source", "trail", "--search", "a"], "--campaign"),
        (
            vec!["source", "trail", "--campaign", "sprign", "--search", "a"],
            "there is no campaign sprign",
        ),
    ];
    for (arguments, part) in cases {
        let text = refused(&run(&pool, &arguments));
        assert!(text.contains(part), "{arguments:?}: {text}");
    }
    assert_eq!(listed(&pool).await, json!([]));
}
