//! Sources: set up, tried, run and reported.

mod trial;

use axum::http::{Method, StatusCode};
use serde_json::json;
use shared::{
    db::PgPool,
    domain::{ids::CampaignId, person::Role},
    testing,
};

use crate::fixture::{Console, HOSTILE};

const LIST: [(&str, &str); 3] = [
    ("name", "spring"),
    ("kind", "list"),
    ("file", "s3://lists/spring.csv"),
];

/// The form of a list with some entries replaced or added.
fn form<'a>(changes: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    let kept = LIST
        .into_iter()
        .filter(|(field, _)| changes.iter().all(|(changed, _)| changed != field));
    kept.chain(changes.iter().copied()).collect()
}

/// An operator, and the path of an active campaign's sources.
async fn operator(pool: &PgPool) -> (Console, String) {
    let CampaignId(id) = testing::campaign(pool, "Spring").await;
    let operator = Console::new(pool).as_role(Role::Operator).await;
    (operator, format!("/campaigns/{id}/sources"))
}

/// The source that an operator adds with this form: its path.
async fn added(operator: &Console, sources: &str, form: &[(&str, &str)]) -> String {
    let answer = operator.post(sources, form).await;
    answer.leads_to("/sources/");
    let (path, _) = answer.location().split_once('?').unwrap();
    path.to_owned()
}

async fn stored(pool: &PgPool) -> String {
    sqlx::query_scalar(
        "select concat_ws('|', name, kind, params, enabled) from sources order by id desc limit 1",
    )
    .fetch_one(pool)
    .await
    .unwrap()
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn source_is_added_changed_paused_and_resumed(pool: PgPool) {
    let (operator, sources) = operator(&pool).await;
    operator
        .get(&sources)
        .await
        .shows(StatusCode::OK, &["No sources yet"]);
    let path = added(
        &operator,
        &sources,
        &form(&[("columns", "Contact = email"), ("platform", "x")]),
    )
    .await;
    let expected = r#"spring|csv|{"file": "s3://lists/spring.csv", "columns": {"Contact": "email"}, "platform": "x"}|t"#;
    assert_eq!(stored(&pool).await, expected);
    let page = operator.get(&path).await;
    page.shows(
        StatusCode::OK,
        &["s3://lists/spring.csv", "Contact = email", "No report yet"],
    );
    let version = page.hidden("version");
    let search = form(&[
        ("version", &version),
        ("kind", "x"),
        ("query", "trail running"),
        ("max_results", "50"),
        ("note", "wider"),
    ]);
    operator.post(&path, &search).await.leads_to(&path);
    assert_eq!(
        stored(&pool).await,
        r#"spring|x|{"query": "trail running", "max_results": 50}|t"#
    );
    operator
        .post(&format!("{path}/pause"), &[])
        .await
        .leads_to(&path);
    assert!(stored(&pool).await.ends_with("|f"));
    let list = operator.get(&sources).await;
    list.shows(
        StatusCode::OK,
        &["Paused", "Resume", "Search on X: trail running"],
    );
    operator
        .post(&format!("{path}/resume"), &[])
        .await
        .leads_to(&path);
    let audited = "select count(*) from audit_log where table_name = 'sources' and actor = 'person:subject-operator'";
    assert_eq!(operator.count(audited).await, 4);
    let noted = "select count(*) from audit_log where note = 'wider'";
    assert_eq!(operator.count(noted).await, 1);
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn wrong_entries_are_named_and_kept(pool: PgPool) {
    let (operator, sources) = operator(&pool).await;
    let path = added(&operator, &sources, &LIST).await;
    let before = stored(&pool).await;
    for (changes, says) in [
        (
            &[("file", "https://example.org/a.csv")][..],
            "is no object of your import bucket",
        ),
        (
            &[("file", "/proc/self/environ")],
            "is no object of your import bucket",
        ),
        (&[("file", "s3://lists")], "names no object"),
        (&[("platform", "myspace")], "“myspace” is no platform"),
        (&[("encoding", "klingon")], "“klingon” is no encoding"),
        (
            &[("columns", "Contact = mailbox")],
            "“Contact” is given no field",
        ),
        (
            &[("kind", "x"), ("query", "")],
            "Search: This cannot be empty.",
        ),
        (
            &[("kind", "x"), ("query", "a"), ("max_results", "500")],
            "“500” is out of range. Enter a number from 10 to 100",
        ),
    ] {
        for path in [&sources, &path] {
            let answer = operator.post(path, &form(changes)).await;
            answer.shows(
                StatusCode::UNPROCESSABLE_ENTITY,
                &[says, "aria-invalid=\"true\""],
            );
        }
    }
    let answer = operator.post(&sources, &LIST).await;
    answer.shows(
        StatusCode::UNPROCESSABLE_ENTITY,
        &["has a source of this name already"],
    );
    assert_eq!(stored(&pool).await, before);
    assert_eq!(operator.count("select count(*) from sources").await, 1);
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn source_that_rests_is_made_due(pool: PgPool) {
    let (operator, sources) = operator(&pool).await;
    let path = added(&operator, &sources, &LIST).await;
    let run = format!("{path}/run");
    let resting = "select count(*) from sources where rests_until > now()";
    let set = async |statement: &'static str| {
        sqlx::query(statement).execute(&pool).await.unwrap();
    };
    set("update sources set rests_until = now() + interval '1 day'").await;
    operator.get(&path).await.shows(StatusCode::OK, &["Rests"]);
    for (state, says) in [
        (
            "update campaigns set status = 'paused'",
            "Activate the campaign first.",
        ),
        (
            "update campaigns set status = 'active'; update sources set enabled = false",
            "Resume it first.",
        ),
        (
            "update sources set enabled = true, lease_until = now() + interval '1 hour'",
            "being read at this moment",
        ),
    ] {
        for statement in state.split(';') {
            sqlx::query(statement).execute(&pool).await.unwrap();
        }
        let answer = operator.post(&run, &[]).await;
        operator
            .get(answer.location())
            .await
            .shows(StatusCode::OK, &[says]);
        assert_eq!(operator.count(resting).await, 1, "{says}");
    }
    set("update sources set lease_until = null").await;
    let answer = operator.post(&run, &[]).await;
    let page = operator.get(answer.location()).await;
    page.shows(
        StatusCode::OK,
        &["the collector reads it at its next run, within 60 minutes"],
    );
    assert_eq!(operator.count(resting).await, 0);
    let recorded = "select count(*) from audit_log where action = 'run_now' and actor = 'person:subject-operator'";
    assert_eq!(operator.count(recorded).await, 1);
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn last_report_is_told_in_words(pool: PgPool) {
    let (operator, sources) = operator(&pool).await;
    let path = added(&operator, &sources, &LIST).await;
    let report = json!({
        "pages": 1, "new": 2, "updated": 0, "unchanged": 0, "duplicates": 0, "erased": 0, "with_email": 2, "bad": 1,
        "bad_rows": [{"line": 1_004, "column": "username", "reason": "it is <too> long"}], "conflict_lines": [7],
        "unknown": {"country": 3}, "encoding": "UTF-8", "delimiter": ",", "rows": 4,
        "columns": {"used": {"<Mail>": "email", "Land": "country"}, "ignored": ["Fax"]},
        "ended": {"how": "done"},
    });
    sqlx::query("update sources set last_report = $1, last_run_at = now(), needs_attention = true")
        .bind(report)
        .execute(&pool)
        .await
        .unwrap();
    let words = [
        "2 new leads, 2 rows refused.",
        "4 rows in UTF-8, parted by commas; 2 leads with an address.",
        "&#60;Mail&#62;",
        "not readable in 3 rows",
        "1,004",
        "it is &#60;too&#62; long",
        "the profile is stored as another person’s",
        "A person must look",
    ];
    operator.get(&path).await.shows(StatusCode::OK, &words);
    let viewer = operator.as_role(Role::Viewer).await;
    viewer.get(&path).await.shows(StatusCode::OK, &words);
    viewer
        .get(&sources)
        .await
        .shows(StatusCode::OK, &[words[0]]);
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn viewer_changes_no_source(pool: PgPool) {
    let (operator, sources) = operator(&pool).await;
    let path = added(&operator, &sources, &LIST).await;
    let before = stored(&pool).await;
    let viewer = operator.as_role(Role::Viewer).await;
    for (path, form) in [
        (sources.clone(), &LIST[..]),
        (path.clone(), &LIST),
        (format!("{path}/pause"), &[]),
        (format!("{path}/resume"), &[]),
        (format!("{path}/run"), &[]),
        (format!("{sources}/test"), &[("list", "username\nana")]),
    ] {
        let answer = viewer.post(&path, form).await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN, "{path}");
    }
    for path in [format!("{sources}/new"), format!("{sources}/test")] {
        assert_eq!(
            viewer.get(&path).await.status,
            StatusCode::FORBIDDEN,
            "{path}"
        );
    }
    assert_eq!(stored(&pool).await, before);
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn hostile_text_neither_runs_nor_breaks_pages(pool: PgPool) {
    let (operator, sources) = operator(&pool).await;
    let path = added(&operator, &sources, &LIST).await;
    for field in [
        "name",
        "kind",
        "file",
        "platform",
        "columns",
        "encoding",
        "query",
        "max_results",
        "max_pages",
        "note",
    ] {
        for text in HOSTILE {
            for kind in ["list", "x"] {
                let mut entries = form(&[("kind", kind), ("query", "runners")]);
                entries.retain(|(known, _)| *known != field);
                entries.push((field, text));
                for path in [&sources, &path] {
                    let answer = operator.post(path, &entries).await;
                    answer.is_unharmed(&format!("{field}={text:?} at {path}"));
                }
            }
        }
        let long = "x".repeat(300 * 1024);
        let answer = operator.post(&path, &form(&[(field, &long)])).await;
        assert_eq!(answer.status, StatusCode::PAYLOAD_TOO_LARGE, "{field}");
    }
    for path in [&sources, &path] {
        let answer = operator.get(path).await;
        assert_eq!(answer.status, StatusCode::OK);
        answer.is_unharmed(path);
    }
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn upload_is_signed_for_one_object(pool: PgPool) {
    let (operator, sources) = operator(&pool).await;
    let body = json!({"name": "../spring list.csv", "size": 2_000});
    let path = "/api/v1/uploads";
    let none = operator.send_json(Method::POST, path, &[], &body).await;
    assert_eq!(none.status, StatusCode::CONFLICT, "{none:?}");
    assert!(
        !operator
            .get(&format!("{sources}/new"))
            .await
            .body
            .contains("Upload a file")
    );

    let console = Console::with(&pool, &[("IMPORT_BUCKET", "lists")]);
    let operator = console.as_role(Role::Operator).await;
    let allowed = operator
        .send_json(Method::POST, path, &[], &body)
        .await
        .json();
    let file = allowed["file"].as_str().unwrap();
    assert!(
        file.starts_with("s3://lists/uploads/") && file.ends_with("-..-spring-list.csv"),
        "{file}"
    );
    let url = allowed["url"].as_str().unwrap();
    for signed in ["X-Amz-Expires=300", "content-length", "content-type"] {
        assert!(url.contains(signed), "{url}");
    }
    let page = operator.get(&format!("{sources}/new")).await;
    page.shows(StatusCode::OK, &["Upload a file"]);
    let policy = page.headers["content-security-policy"].to_str().unwrap();
    let origin = url.split("/lists/").next().unwrap();
    assert!(
        policy.contains(&format!("connect-src 'self' {origin}/lists/uploads/;")),
        "{policy}"
    );
    for size in [json!(0), json!(-1), json!(2_000_000_000)] {
        let body = json!({"name": "x", "size": size});
        let answer = operator.send_json(Method::POST, path, &[], &body).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{size}");
    }
}
