//! Lists as people export them, from a path and from S3.

pub(crate) mod objects;

use std::path::{Path, PathBuf};

use collector::Ended;
use serde_json::{Value, json};
use shared::db::PgPool;
use shared::domain::intake::Field;

use crate::log::Log;
use crate::stage::{Stage, attention, counts};

/// A folder with a list in it.
struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn write(&self, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.0.path().join("list.csv");
        std::fs::write(&path, content).unwrap();
        path
    }
}

async fn stage(pool: PgPool, file: &Path) -> Stage {
    let stage = Stage::new(pool).await;
    stage.source("list", "csv", json!({"file": file})).await;
    stage
}

/// A list as it comes: byte-order mark, semicolons, Windows line ends, a column that we do not
/// know, quoted line breaks, a bio of 10 MB, rows with fewer cells, cells that cannot be read, and a bad row.
pub(super) fn messy() -> String {
    let mut list = String::from("\u{FEFF}Handle;Full Name;E-Mail;Followers;Shoe size;Bio\r\n");
    list.push_str("@Ana;Ana;ana@example.org;15.200;39;\"Runs.\r\nSwims; \"\"a lot\"\".\"\r\n");
    list.push_str("bo;Bo\r\n");
    list.push_str("cy;Cy;cy(at)example.org;1;40;bad address\r\n");
    list.push_str(&format!(
        "di;Di;;7;41;\"{}\"\r\n",
        "long ".repeat(2 * 1024 * 1024)
    ));
    list.push_str("ed;Ed;;lots;42;bad number\r\n");
    list.push_str(";;;;;nobody\r\n");
    list.push_str("fay;Fay;fay@example.org;1,2k;;\r\n");
    list.push_str("ANA;Ana again;;;;\r\n");
    list
}

/// What a run says of the messy list.
pub(super) fn assert_messy(report: &collector::RunReport) {
    assert_eq!(report.ended, Ended::Done);
    assert_eq!((report.pages, counts(report)), (1, [6, 0, 0, 1, 0, 0, 1]));
    let bad: Vec<_> = report
        .bad_rows
        .iter()
        .map(|row| (row.line, row.error.to_string()))
        .collect();
    assert_eq!(
        bad,
        [(8, "it names no username, profile url or email".to_owned())]
    );
    assert_eq!(report.bad_kinds, [("unidentified", 1)].into());
    assert_eq!(
        report.unknown,
        [(Field::Email, 1), (Field::Followers, 1)].into()
    );
    let columns = &report.list.as_ref().unwrap().columns;
    assert_eq!(columns.ignored, ["Shoe size"]);
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn messy_list_stores_good_rows_reports_bad_ones(pool: PgPool) {
    let folder = Folder::new();
    let stage = stage(pool, &folder.write(messy())).await;
    assert_messy(&stage.run_one().await);
    let ana = stage.lead("ana").await;
    assert_eq!(
        (&ana["name"], &ana["email"]),
        (&json!("Ana"), &json!("ana@example.org"))
    );
    assert_eq!(ana["bio"], "Runs.\nSwims; \"a lot\".");
    assert_eq!(ana["follower_count"], 15_200);
    assert_eq!(stage.lead("bo").await["email"], json!(null));
    assert_eq!(stage.lead("fay").await["follower_count"], 1_200);
    let bio = stage.lead("di").await["bio"].as_str().unwrap().len();
    assert!((3_990..=4_000).contains(&bio), "{bio}");
    assert_eq!(stage.queue.published().await, stage.lead_ids().await);

    let stored = stage.everything().await;
    let again = stage.run_one().await;
    assert_eq!(
        (again.pages, counts(&again), again.ended),
        (0, [0; 7], Ended::Done)
    );
    assert_eq!(stage.everything().await, stored);
    assert_eq!(stage.queue.published().await, Vec::<i64>::new());
}

/// A list of practice.
macro_rules! fixture {
    ($name:literal) => {
        include_bytes!(concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/tests/it/fixtures/lists/",
            $name
        ))
    };
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn lists_of_practice_keep_their_people(pool: PgPool) {
    let folder = Folder::new();
    let stage = Stage::new(pool).await;
    // New, refused, with an address.
    let lists: [(&[u8], usize, usize, usize); 8] = [
        (fixture!("padded_cells.csv"), 3, 0, 2),
        (fixture!("float_counts.csv"), 11, 0, 11),
        (fixture!("profile_addresses.csv"), 8, 0, 8),
        (fixture!("source_column.csv"), 4, 0, 4),
        (fixture!("email_cells.csv"), 12, 0, 7),
        (fixture!("instagram_contacts.csv"), 3, 0, 3),
        (fixture!("sep_line_windows_1252.csv"), 3, 0, 3),
        (fixture!("loose_quote.csv"), 2, 3, 2),
    ];
    for (n, (content, new, bad, with_email)) in lists.into_iter().enumerate() {
        sqlx::query("truncate leads, sources cascade")
            .execute(&stage.pool)
            .await
            .unwrap();
        let path = folder.write(content);
        stage
            .source(&format!("list {n}"), "csv", json!({"file": path}))
            .await;
        let report = stage.run_one().await;
        assert_eq!(
            (report.new, report.bad, report.with_email),
            (new, bad, with_email),
            "{n}: {report:#?}"
        );
        let text = serde_json::to_string(&report).unwrap();
        for word in ["mila_runs", "Ostrand", "ostrand", "joao_bakes"] {
            assert!(!text.contains(word), "{word} stands in {text}");
        }
    }
    stage.queue.published().await;
    let karl = stage.lead("karl_h").await;
    assert_eq!(karl["email"], "karl.hintze@example.com");
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn list_of_refused_rows_rings_until_changed(pool: PgPool) {
    let folder = Folder::new();
    let stage = stage(
        pool,
        &folder.write("username,email\n1,\n2,\n3,\nana,ana@example.org\n"),
    )
    .await;
    let (log, _guard) = Log::listen();
    let report = stage.run_one().await;
    let why = attention(&report);
    assert!(
        why.starts_with("3 of 4 rows were refused (username 3)"),
        "{why}"
    );
    assert_eq!(report.new, 1, "the others are stored");
    assert!(
        log.lines().iter().any(|line| line.contains("failed")),
        "{:?}",
        log.lines()
    );
    let rings = async || -> bool {
        let sql = "select needs_attention from sources where name = 'list'";
        sqlx::query_scalar(sql)
            .fetch_one(&stage.pool)
            .await
            .unwrap()
    };
    assert!(rings().await);
    // The next hour has nothing to read, and takes nothing back.
    assert_eq!(stage.run_one().await.ended, Ended::Done);
    assert!(rings().await);
    let kept = "select last_report -> 'bad_rows' -> 0 from sources where name = 'list'";
    let kept: Value = sqlx::query_scalar(kept)
        .fetch_one(&stage.pool)
        .await
        .unwrap();
    assert_eq!(
        (&kept["line"], &kept["column"]),
        (&json!(2), &json!("username"))
    );
    folder.write("username,email\nana,ana@example.org\nbo,bo@example.org\n");
    assert_eq!(stage.run_one().await.new, 1);
    assert!(!rings().await);
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn list_without_addresses_names_ignored_columns(pool: PgPool) {
    let folder = Folder::new();
    let list = "username,name,Where to write\nana,Ana,ana@example.org\n";
    let stage = stage(pool, &folder.write(list)).await;
    let report = stage.run_one().await;
    assert_eq!((report.new, report.warnings.len()), (1, 1));
    let columns = &report.list.as_ref().unwrap().columns;
    assert_eq!(columns.ignored, ["Where to write"]);
    assert_eq!(columns.used["username"], "username");

    let params =
        json!({"file": folder.0.path().join("list.csv"), "columns": {"where to write": "email"}});
    stage.source("list", "csv", params).await;
    let report = stage.run_one().await;
    assert_eq!(
        (report.updated, report.with_email, report.warnings.len()),
        (1, 1, 0)
    );
    assert_eq!(stage.lead("ana").await["email"], "ana@example.org");
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn second_list_never_overwrites_other_people(pool: PgPool) {
    let folder = Folder::new();
    let first = "userid,username,name,email,platform\n5100001,ana,Ana Silva,ana@example.org,instagram\n5100002,bo,Bo Berg,bo@example.org,instagram\n";
    let stage = stage(pool, &folder.write(first)).await;
    stage.run_one().await;
    let stored = stage.everything().await;
    // The same numbers, and a handle that another row claims.
    folder.write(
        "userid,username,name,email,platform\n5100001,cid,Cid Rocha,cid@example.org,instagram\n,bo,Dora Lind,dora@example.org,instagram\n",
    );
    let report = stage.run_one().await;
    assert_eq!(counts(&report), [0, 0, 0, 0, 0, 2, 0]);
    assert_eq!(report.conflict_lines, [2, 3]);
    attention(&report);
    assert_eq!(stage.everything().await, stored);
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn linkedins_own_export_is_read(pool: PgPool) {
    let folder = Folder::new();
    let list = "Notes:\r\n\"When exporting your connections, you may notice that some of the email \
        addresses are missing. See https://help.example/a, and more.\"\r\n\r\n\
        First Name,Last Name,URL,Email Address,Company,Position,Connected On\r\n\
        Ana,Silva,https://www.linkedin.com/in/ana-silva-1?trk=x,,\"Example, Lda\",Coach,05 Jan 2026\r\n\
        Bo,Berg,https://www.linkedin.com/in/bo-berg,bo@example.org,,,04 Jan 2026\r\n\
        ,,,,,,03 Jan 2026\r\n";
    let path = folder.write(list);
    let stage = Stage::new(pool).await;
    let params = json!({"file": path, "platform": "LinkedIn"});
    stage.source("connections", "csv", params).await;
    let report = stage.run_one().await;
    assert_eq!(counts(&report), [2, 0, 0, 0, 0, 0, 1]);
    assert_eq!(report.bad_rows[0].line, 7);
    let ana = stage.lead("ana-silva-1").await;
    assert_eq!(ana["source"], "linkedin");
    assert_eq!(ana["external_id"], "@ana-silva-1");
    assert_eq!(ana["name"], "Ana Silva");
    assert_eq!(
        ana["profile_url"],
        "https://www.linkedin.com/in/ana-silva-1"
    );
    assert_eq!(stage.lead("bo-berg").await["email"], "bo@example.org");
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn changed_list_stores_its_new_rows(pool: PgPool) {
    let folder = Folder::new();
    let stage = stage(pool, &folder.write("username,bio\nana,Runs.\nbo,Swims.\n")).await;
    assert_eq!(counts(&stage.run_one().await), [2, 0, 0, 0, 0, 0, 0]);
    folder.write("username,bio\nana,Runs.\nbo,Swims and runs.\ncy,Walks.\n");
    assert_eq!(counts(&stage.run_one().await), [1, 1, 1, 0, 0, 0, 0]);
    assert_eq!(stage.lead("bo").await["bio"], "Swims and runs.");
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn unreadable_list_leaves_other_sources_running(pool: PgPool) {
    let folder = Folder::new();
    let stage = stage(pool, &folder.write("username\nana\n")).await;
    let other = Folder::new();
    let unknown = other.write("shoe size,colour\n39,red\n");
    let wrong = [
        (
            "missing",
            json!({"file": "/nowhere/list.csv"}),
            "No such file",
        ),
        ("folder", json!({"file": other.0.path()}), "cannot be read"),
        (
            "columns",
            json!({"file": unknown}),
            "username, email or profile url",
        ),
        (
            "platform",
            json!({"file": unknown, "platform": "myspace"}),
            "`platform` is one of",
        ),
        ("typo", json!({"path": unknown}), "path"),
        ("object", json!({"file": "s3://bucket"}), "s3://bucket/key"),
    ];
    for (name, params, _) in &wrong {
        stage.source(name, "csv", params.clone()).await;
    }
    let reports = stage.run().await;
    assert_eq!(reports.len(), 1 + wrong.len());
    for report in &reports {
        match wrong.iter().find(|(name, ..)| *name == report.name) {
            Some((name, _, says)) => {
                let why = attention(report);
                assert!(why.contains(says), "{name}: {why}");
            }
            None => assert_eq!((report.new, &report.ended), (1, &Ended::Done)),
        }
    }
    // The reason stays with the source, for the operator.
    let kept = "select last_report -> 'ended' ->> 'why' from sources where name = 'missing'";
    let kept: String = sqlx::query_scalar(kept)
        .fetch_one(&stage.pool)
        .await
        .unwrap();
    assert!(kept.contains("No such file"), "{kept}");
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn long_list_resumes_after_last_stored_page(pool: PgPool) {
    let folder = Folder::new();
    let mut list = String::from("\u{FEFF}username;followers;bio\r\n");
    for n in 0..1_200 {
        let user = if n == 1_100 {
            "../settings".to_owned()
        } else {
            format!("user{n}")
        };
        list.push_str(&format!("{user};7;\"two\r\nlines\"\r\n"));
    }
    let stage = stage(pool, &folder.write(list)).await;
    let refuse = "alter table leads add constraint refused check (username <> 'user700')";
    sqlx::query(refuse).execute(&stage.pool).await.unwrap();
    let report = stage.run_one().await;
    assert_eq!((report.pages, report.new), (1, 500));
    attention(&report);
    sqlx::query("alter table leads drop constraint refused")
        .execute(&stage.pool)
        .await
        .unwrap();
    let report = stage.run_one().await;
    assert_eq!(
        (report.pages, counts(&report)),
        (2, [699, 0, 0, 0, 0, 0, 1])
    );
    // The header, then two lines a row.
    assert_eq!(report.bad_rows[0].line, 2 + 2 * 1_100);
    assert_eq!(stage.leads().await.len(), 1_199);
}
