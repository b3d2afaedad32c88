//! A list that is tried.

use axum::http::{Method, StatusCode};
use data_encoding::BASE64URL_NOPAD;
use serde_json::json;
use shared::{db::PgPool, domain::person::Role};

use super::{LIST, added, form, operator};
use crate::fixture::{Console, HOSTILE};

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn list_is_shown_and_nothing_stored(pool: PgPool) {
    let (operator, sources) = operator(&pool).await;
    let test = format!("{sources}/test");
    operator
        .get(&test)
        .await
        .shows(StatusCode::OK, &["nothing is stored"]);
    let list = "Username;Contact;Fax\nana.fit;ana@example.org;1\n<b>;x;2\n;;3\n";
    let answer = operator
        .post(&test, &[("list", list), ("columns", "Contact = email")])
        .await;
    let words = [
        "1 lead would be stored, 2 rows refused",
        "ana.fit",
        "a•••@example.org",
        "Not used",
        "it names no username, profile url or email",
        "&#60;b&#62;",
    ];
    answer.shows(StatusCode::OK, &words);
    assert!(!answer.body.contains("<b>"), "{}", answer.body);
    assert_eq!(operator.count("select count(*) from leads").await, 0);
    assert_eq!(operator.count("select count(*) from sources").await, 0);
    let audited = "select count(*) from audit_log where actor like 'person:%'";
    assert_eq!(operator.count(audited).await, 0);
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn file_is_read_in_its_own_encoding(pool: PgPool) {
    let (operator, sources) = operator(&pool).await;
    let path = added(&operator, &sources, &form(&[("encoding", "windows-1252")])).await;
    let id = path.rsplit('/').next().unwrap();
    let page = operator.get(&format!("{sources}/test?source={id}")).await;
    page.shows(StatusCode::OK, &["value=\"windows-1252\""]);
    let content = BASE64URL_NOPAD.encode(b"Username,Name\nzoe,Zo\xeb Fit\n");
    let form = [("content", content.as_str()), ("encoding", "windows-1252")];
    let answer = operator.post(&format!("{sources}/test"), &form).await;
    answer.shows(StatusCode::OK, &["Zoë Fit", "windows-1252"]);
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn list_that_cannot_be_tried_says_why(pool: PgPool) {
    let (operator, sources) = operator(&pool).await;
    let test = format!("{sources}/test");
    let large = "a,b\n".repeat(60 * 1024);
    let zip = BASE64URL_NOPAD.encode(b"PK\x03\x04 and so on");
    for (form, says) in [
        (&[][..], "Paste a list, or choose a file."),
        (&[("list", "a,b\n1,2\n")], "Nothing names a column"),
        (
            &[("list", large.as_str())],
            "The list has 240 KB, and a form takes 200 KB.",
        ),
        (&[("content", zip.as_str())], "Save it as CSV, or as JSON."),
        (&[("content", "!")], "The file did not arrive whole."),
        (
            &[("list", "username\nana"), ("columns", "Mail = email")],
            "The list has no column “Mail”.",
        ),
        (
            &[("list", "username\nana"), ("encoding", "klingon")],
            "“klingon” is no encoding",
        ),
    ] {
        let answer = operator.post(&test, form).await;
        answer.shows(StatusCode::UNPROCESSABLE_ENTITY, &[says]);
    }
    let huge = "x".repeat(2 * 1024 * 1024);
    let answer = operator.post(&test, &[("list", &huge)]).await;
    assert_eq!(answer.status, StatusCode::PAYLOAD_TOO_LARGE);
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn hostile_list_neither_runs_nor_breaks_pages(pool: PgPool) {
    let (operator, sources) = operator(&pool).await;
    let test = format!("{sources}/test");
    for text in HOSTILE {
        let list = format!("username,name,{text}\nana,{text},1\n{text},Bo,2\n");
        for form in [
            &[("list", list.as_str())][..],
            &[("list", text)],
            &[("content", text)],
            &[("list", "username\nana"), ("columns", text)],
            &[("list", "username\nana"), ("platform", text)],
            &[("list", "username\nana"), ("encoding", text)],
        ] {
            let answer = operator.post(&test, form).await;
            answer.is_unharmed(&format!("{form:?}"));
        }
    }
}

/// The local cloud has Lambda, and no function of this name.
#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn collector_that_does_not_answer_is_said(pool: PgPool) {
    let (operator, sources) = operator(&pool).await;
    assert!(
        !operator
            .get(&format!("{sources}/new"))
            .await
            .body
            .contains("value=\"test\"")
    );
    let console = Console::with(&pool, &[("COLLECTOR_FUNCTION", "nobody-collects")]);
    let operator = console.as_role(Role::Operator).await;
    let page = operator.get(&format!("{sources}/new")).await;
    page.shows(StatusCode::OK, &["value=\"test\"", "ten posts"]);
    let path = added(&operator, &sources, &LIST).await;
    let test = form(&[("do", "test"), ("name", "")]);
    for path in [&sources, &path] {
        let answer = operator.post(path, &test).await;
        answer.shows(
            StatusCode::UNPROCESSABLE_ENTITY,
            &["the collector could not be asked", "s3://lists/spring.csv"],
        );
        let wrong = operator
            .post(
                path,
                &form(&[("do", "test"), ("file", "https://example.org/a.csv")]),
            )
            .await;
        wrong.shows(
            StatusCode::UNPROCESSABLE_ENTITY,
            &["is no object of your import bucket"],
        );
    }
    assert_eq!(operator.count("select count(*) from sources").await, 1);
    let body = json!({"kind": "x", "query": "trail running"});
    let path = "/api/v1/sources/test";
    let answer = operator.send_json(Method::POST, path, &[], &body).await;
    assert_eq!(answer.status, StatusCode::CONFLICT, "{answer:?}");
    let none = json!({"kind": "x"});
    let answer = operator.send_json(Method::POST, path, &[], &none).await;
    assert_eq!(
        answer.status,
        StatusCode::UNPROCESSABLE_ENTITY,
        "{answer:?}"
    );
}
