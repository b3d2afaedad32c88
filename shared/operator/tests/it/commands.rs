//! The commands on a real database.

use std::process::{Output, Stdio};

use serde_json::Value;
use shared::db::PgPool;
use shared::testing;

use crate::outreach;

/// Runs a command on this database as `mara`, without a terminal.
pub(crate) fn run(pool: &PgPool, arguments: &[&str]) -> Output {
    let url = testing::database_url(pool);
    let mut command = outreach();
    command
        .args(arguments)
        .args(["--as", "mara", "--database-url", url.expose()])
        .env("RECIPIENT_HASH_KEY", testing::hash_key_text())
        .stdin(Stdio::null());
    command.output().unwrap()
}

#[track_caller]
pub(crate) fn succeeded(output: &Output) -> String {
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{stderr}");
    String::from_utf8_lossy(&output.stdout).into_owned() + &stderr
}

#[track_caller]
pub(crate) fn refused(output: &Output) -> String {
    assert!(!output.status.success());
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// Two planned sends.
async fn planned(pool: &PgPool) -> Vec<i64> {
    let campaign = testing::campaign(pool, "spring").await;
    let leads = ["ana", "bo"].map(testing::new_lead);
    testing::plan(pool, campaign, &leads).await
}

async fn make_unknown(pool: &PgPool, id: i64) {
    sqlx::query(
        "update sends set state = 'unknown', reason = 'no_answer', attempts = 1 where id = $1",
    )
    .bind(id)
    .execute(pool)
    .await
    .unwrap();
}

async fn state(pool: &PgPool, id: i64) -> (String, Option<String>) {
    sqlx::query_as("select state::text, reason from sends where id = $1")
        .bind(id)
        .fetch_one(pool)
        .await
        .unwrap()
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn sends_lists_filters_and_explains(pool: PgPool) {
    let ids = planned(&pool).await;
    make_unknown(&pool, ids[0]).await;
    let list = succeeded(&run(&pool, &["sends"]));
    assert!(list.contains("x/ana") && list.contains("x/bo"), "{list}");
    let unknown = succeeded(&run(&pool, &["sends", "--unknown"]));
    assert!(
        unknown.contains("x/ana") && !unknown.contains("x/bo"),
        "{unknown}"
    );

    for lead in ["bo", "@bo", "bo@example.org", "Bo@Example.org"] {
        let output = run(&pool, &["sends", "--lead", lead, "--json"]);
        let lines: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(lines[0]["username"], "bo", "{lead}");
        assert_eq!(lines[0]["state"], "queued");
        let text = String::from_utf8(output.stdout).unwrap();
        assert!(!text.contains("example.org"), "{text}");
    }

    let whole = succeeded(&run(&pool, &["sends", "--why", &ids[0].to_string()]));
    for part in [
        "It is not known whether it left",
        "state queued → unknown",
        "score",
        "Shall we talk?",
    ] {
        assert!(whole.contains(part), "{part}: {whole}");
    }
    assert!(refused(&run(&pool, &["sends", "--why", "999"])).contains("no send 999"));
    assert!(
        refused(&run(&pool, &["sends", "--unknown", "--review"])).contains("cannot be used with")
    );
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn resolve_resend_needs_confirmation(pool: PgPool) {
    let ids = planned(&pool).await;
    let [first, second] = [ids[0].to_string(), ids[1].to_string()];
    assert!(refused(&run(&pool, &["resolve", &first])).contains("--resend|--give-up"));
    assert!(refused(&run(&pool, &["resolve", &first, "--give-up"])).contains("nothing to resolve"));
    make_unknown(&pool, ids[0]).await;
    make_unknown(&pool, ids[1]).await;

    assert!(refused(&run(&pool, &["resolve", &first, "--resend"])).contains("goes out twice"));
    assert_eq!(state(&pool, ids[0]).await.0, "unknown");
    let note = ["--note", "SES has no record of it"];
    let arguments = [&["resolve", &first, "--resend", "--yes"], &note[..]].concat();
    succeeded(&run(&pool, &arguments));
    assert_eq!(
        state(&pool, ids[0]).await,
        ("queued".to_owned(), Some("resend".to_owned()))
    );

    succeeded(&run(&pool, &["resolve", &second, "--give-up"]));
    assert!(succeeded(&run(&pool, &["resolve", &second, "--give-up"])).contains("given up before"));
    assert_eq!(
        state(&pool, ids[1]).await,
        ("unknown".to_owned(), Some("given_up".to_owned()))
    );
    assert!(!succeeded(&run(&pool, &["sends", "--unknown"])).contains("x/"));
    let whole = succeeded(&run(&pool, &["sends", "--why", &first]));
    assert!(
        whole.contains("operator:mara") && whole.contains("SES has no record of it"),
        "{whole}"
    );
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn suppress_refuses_foreign_keys(pool: PgPool) {
    let ids = planned(&pool).await;
    let arguments = [
        "suppress",
        "Ana@example.org",
        "--reason",
        "asked by telephone",
    ];
    let url = testing::database_url(&pool);
    for key in ["00".repeat(32), "too short".to_owned(), String::new()] {
        let mut other = outreach();
        other.args(arguments).args(["--database-url", url.expose()]);
        other.env("RECIPIENT_HASH_KEY", key);
        let text = refused(&other.output().unwrap());
        assert!(text.contains("RECIPIENT_HASH_KEY"), "{text}");
    }
    let text = succeeded(&run(&pool, &arguments));
    assert!(
        text.contains("1 planned") && !text.contains("example.org"),
        "{text}"
    );
    let whole = succeeded(&run(&pool, &["sends", "--why", &ids[0].to_string()]));
    assert!(whole.contains("The recipient opted out"), "{whole}");
    assert!(
        whole.contains("suppression_reason – → asked by telephone"),
        "{whole}"
    );
    let never_mailed = ["suppress", "new@example.org", "--reason", "asked by letter"];
    assert!(succeeded(&run(&pool, &never_mailed)).contains("spelt right?"));
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn breaker_shows_figures_and_closes(pool: PgPool) {
    planned(&pool).await;
    for statement in [
        "insert into campaign_days (campaign_id, day, sent, bounced)
         select id, (now() at time zone 'utc')::date, 300, 30 from campaigns",
        "insert into breakers (campaign_id, opened_at, reason, figures)
         select id, now(), 'bounce_rate', '{\"sent\": 300}' from campaigns",
    ] {
        sqlx::query(statement).execute(&pool).await.unwrap();
    }
    let shown = succeeded(&run(&pool, &["breaker"]));
    assert!(
        shown.contains("open") && shown.contains("30 bounced"),
        "{shown}"
    );
    assert!(!refused(&run(&pool, &["breaker", "--close"])).is_empty());
    assert!(refused(&run(&pool, &["breaker", "autumn"])).contains("no campaign autumn"));
    let closed = succeeded(&run(
        &pool,
        &["breaker", "spring", "--close", "--note", "list cleaned"],
    ));
    assert!(closed.contains("300 sent"), "{closed}");
    let shown = succeeded(&run(&pool, &["breaker", "spring"]));
    assert!(
        shown.contains("by mara") && shown.contains("of 0 sent"),
        "{shown}"
    );
}

/// A list of which two rows can be stored and one cannot.
const LIST: &str = "Handle;Full Name;Work mail;Shoe size\nana.fit;Ana Silva;ana@example.org;39\n../x;Bo;;40\ncy;Cy;n/a;41\n";

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn dry_run_shows_mapping_and_stores_nothing(pool: PgPool) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("people.csv");
    std::fs::write(&path, LIST).unwrap();
    let file = path.to_str().unwrap();
    let platform = ["--platform", "instagram"];
    let arguments = [
        &["import", file, "--dry-run", "--column", "work MAIL=email"][..],
        &platform,
    ]
    .concat();
    let text = succeeded(&run(&pool, &arguments));
    for part in [
        "Work mail",
        "email",
        "Shoe size",
        "not used",
        "ana@example.org",
        "instagram",
        "UTF-8",
        "3",
        "username",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    let leads: i64 = sqlx::query_scalar("select count(*) from leads")
        .fetch_one(&pool)
        .await
        .unwrap();
    assert_eq!(leads, 0);

    let output = run(&pool, &[&arguments[..], &["--json"]].concat());
    let read: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(read["bad_rows"][0]["line"], 3);
    assert_eq!(read["bad_rows"][0]["column"], "username");
    assert_eq!(read["examples"][0]["username"], "ana.fit");
    assert_eq!(read["columns"]["used"]["Work mail"], "email");
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn import_stores_list_for_campaign_once(pool: PgPool) {
    testing::campaign(&pool, "spring").await;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("people.csv");
    std::fs::write(&path, LIST.replace("Work mail", "Email")).unwrap();
    let file = path.to_str().unwrap();
    let wrong = refused(&run(&pool, &["import", file, "--campaign", "sprin"]));
    assert!(wrong.contains("no campaign sprin"), "{wrong}");

    let arguments = [
        "import",
        file,
        "--campaign",
        "spring",
        "--platform",
        "instagram",
    ];
    let text = succeeded(&run(&pool, &arguments));
    assert!(
        text.contains("2 new") && text.contains("1 refused"),
        "{text}"
    );
    let found = "select s.kind || ' ' || s.enabled || ' ' || count(*) from lead_sources f join sources s on s.id = f.source_id
                 where s.name = 'people' group by s.kind, s.enabled";
    let found: String = sqlx::query_scalar(found).fetch_one(&pool).await.unwrap();
    assert_eq!(found, "csv false 2");
    let report: String = sqlx::query_scalar("select last_report::text from sources")
        .fetch_one(&pool)
        .await
        .unwrap();
    assert!(
        report.contains("bad_rows") && !report.contains("ana"),
        "{report}"
    );
    let again = succeeded(&run(&pool, &arguments));
    assert!(again.contains("has not changed"), "{again}");
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn import_of_unusable_list_fails(pool: PgPool) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("people.csv");
    for (content, says) in [
        (
            "username,email\n1,\n2,\nana,ana@example.org\n",
            "most rows were refused",
        ),
        ("shoe size\n39\n", "username, email or profile url"),
        ("PK\u{3}\u{4}", "workbook"),
    ] {
        std::fs::write(&path, content).unwrap();
        let text = refused(&run(
            &pool,
            &["import", path.to_str().unwrap(), "--dry-run"],
        ));
        assert!(text.contains(says), "{text}");
    }
    let missing = refused(&run(&pool, &["import", "nowhere.csv", "--dry-run"]));
    assert!(missing.contains("nowhere.csv"), "{missing}");
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn ask_again_counts_first_and_requests_then(pool: PgPool) {
    planned(&pool).await;
    sqlx::raw_sql(
        "update enriched_leads set method = 'rules', model = null;
         update leads set enrich_requested_at = null where username = 'ana';
         update leads set enrich_requested_at = now(), enrich_waits_for = 'model_credit',
                          enrich_next_at = now() + interval '1 hour' where username = 'bo'",
    )
    .execute(&pool)
    .await
    .unwrap();
    let shown = succeeded(&run(&pool, &["ask-again", "spring"]));
    assert!(
        shown.contains("1 wait for the model, 1 were scored by the rules"),
        "{shown}"
    );
    let again = "select count(*) from leads where enrich_again_at is not null
                 and enrich_requested_at is not null and enrich_next_at is null";
    let count = || sqlx::query_scalar::<_, i64>(again).fetch_one(&pool);
    assert_eq!(count().await.unwrap(), 0);
    succeeded(&run(&pool, &["ask-again", "spring", "--yes"]));
    assert_eq!(count().await.unwrap(), 2);
    let none = refused(&run(&pool, &["ask-again", "autumn"]));
    assert!(
        none.contains("there is no campaign of the name autumn"),
        "{none}"
    );
}
