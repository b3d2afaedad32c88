//! Lists as people export them, from a path and from S3.

mod objects;

use std::path::{Path, PathBuf};

use collector::Ended;
use serde_json::json;
use shared::db::PgPool;

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
/// know, quoted line breaks, a bio of 10 MB, rows with fewer cells, and three bad rows.
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
    assert_eq!((report.pages, counts(report)), (1, [4, 0, 0, 1, 0, 0, 3]));
    let bad: Vec<_> = report
        .bad_rows
        .iter()
        .map(|row| (row.line, row.error.to_string()))
        .collect();
    assert!(bad[0].0 == 5 && bad[0].1.starts_with("email: "), "{bad:?}");
    assert_eq!(bad[1], (7, "followers is not a number".to_owned()));
    assert_eq!(
        bad[2],
        (8, "it names no username, profile url or email".to_owned())
    );
    let kinds = [("email", 1), ("followers", 1), ("unidentified", 1)];
    assert_eq!(report.bad_kinds, kinds.into());
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
        let followers = if n == 1_100 { "many" } else { "7" };
        list.push_str(&format!("user{n};{followers};\"two\r\nlines\"\r\n"));
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
