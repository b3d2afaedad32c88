//! RFC 8058: one POST, whatever its body, and the mailbox gets no more mail.

use axum::http::{Method, StatusCode, header};
use shared::{db::PgPool, testing::Statements};

use crate::stage::{BROWSER, Mailbox, Stage, signed_with};

fn no(revision: i64) -> Mailbox {
    Mailbox {
        suppressed: true,
        suppression_reason: Some("unsubscribed".to_owned()),
        revision,
    }
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn every_body_unsubscribes(pool: PgPool) {
    const URLENCODED: &str = "application/x-www-form-urlencoded";
    const MULTIPART: &str = "multipart/form-data; boundary=x";
    let large = "x".repeat(1_000_000);
    let part = "--x\r\nContent-Disposition: form-data; name=\"List-Unsubscribe\"\r\n\r\nOne-Click\r\n--x--\r\n";
    let bodies: [(&str, &str); 9] = [
        (URLENCODED, "List-Unsubscribe=One-Click"),
        (MULTIPART, part),
        (MULTIPART, "--x\r\ncut o"),
        ("multipart/form-data", "no boundary"),
        (URLENCODED, ""),
        (URLENCODED, "%%%=&&&"),
        ("application/json", "{\"List-Unsubscribe\""),
        ("", "\0\u{fffd}"),
        (URLENCODED, &large),
    ];
    let stage = Stage::new(&pool, bodies.len()).await;
    for (mail, (kind, body)) in bodies.into_iter().enumerate() {
        let headers = [(header::CONTENT_TYPE, kind)];
        let path = stage.link(mail);
        let answer = stage
            .ask(Method::POST, &path, &headers, body.to_owned())
            .await;
        assert_eq!(answer.status, StatusCode::OK, "{kind}");
        assert!(
            answer.body.starts_with("You are unsubscribed."),
            "{answer:?}"
        );
        assert_eq!(stage.mailbox(mail).await, no(1), "{kind}");
    }
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn a_repeated_click_changes_nothing_and_is_answered_alike(pool: PgPool) {
    let stage = Stage::new(&pool, 2).await;
    let path = stage.link(0);
    let first = stage.one_click(&path).await;
    let traces = "select count(*) from audit_log where table_name = 'recipients' and actor = 'web'";
    assert_eq!(stage.number(traces).await, 1);
    for _ in 0..3 {
        assert_eq!(stage.one_click(&path).await, first);
    }
    assert_eq!(stage.mailbox(0).await, no(1));
    assert_eq!(
        stage.number(traces).await,
        1,
        "one trace, of the one change"
    );
    assert_eq!(stage.suppressed().await, 1, "and nobody else's");
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn clicks_at_the_same_moment_change_a_mailbox_once(pool: PgPool) {
    let stage = Stage::new(&pool, 1).await;
    let path = stage.link(0);
    let clicks = std::iter::repeat_with(|| stage.one_click(&path)).take(8);
    for answer in futures::future::join_all(clicks).await {
        assert_eq!(answer.status, StatusCode::OK);
    }
    assert_eq!(stage.mailbox(0).await, no(1));
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn our_button_gets_a_page_and_a_machine_a_line(pool: PgPool) {
    let stage = Stage::new(&pool, 1).await;
    let path = stage.link(0);
    let page = [(header::ACCEPT, BROWSER)];
    let answer = stage.ask(Method::POST, &path, &page, "").await;
    assert_eq!(
        answer.headers[header::CONTENT_TYPE],
        "text/html; charset=utf-8"
    );
    assert!(answer.body.contains("<h1>You are unsubscribed</h1>"));
    let answer = stage.one_click(&path).await;
    assert_eq!(
        answer.headers[header::CONTENT_TYPE],
        "text/plain; charset=utf-8"
    );
    let words = "You are unsubscribed. Bo & Co <Partners> will not write to you again.";
    assert!(answer.body.starts_with(words), "{answer:?}");
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn a_link_of_an_old_key_works_for_ever(pool: PgPool) {
    let stage = Stage::new(&pool, 1).await;
    let path = signed_with(&format!("old:{}", "0a".repeat(32)), stage.sends[0]);
    assert_eq!(stage.one_click(&path).await.status, StatusCode::OK);
    assert_eq!(stage.mailbox(0).await, no(1));
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn a_click_is_one_statement_the_first_time_and_ever_after(pool: PgPool) {
    let stage = Stage::new(&pool, 1).await;
    let path = stage.link(0);
    for _ in 0..3 {
        let statements = Statements::count();
        stage.one_click(&path).await;
        assert_eq!(statements.seen(), 1, "{:?}", statements.texts());
    }
}

/// A database that was set back does not know the newest mails. Nothing is stored, so nothing is
/// claimed, and the page says how a person is reached.
#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn a_mail_that_is_not_on_record_is_not_said_to_be_done(pool: PgPool) {
    let stage = Stage::new(&pool, 1).await;
    let path = crate::stage::link(stage.sends[0] + 1);
    let answer = stage.one_click(&path).await;
    assert_eq!(answer.status, StatusCode::NOT_FOUND);
    assert!(answer.body.contains("answer the mail"), "{answer:?}");
    assert_eq!(stage.suppressed().await, 0);
}
