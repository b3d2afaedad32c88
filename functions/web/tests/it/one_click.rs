//! RFC 8058: one POST, whatever its body, and the mailbox gets no more mail.

use axum::http::{Method, StatusCode, header};
use shared::{db::PgPool, testing::Statements};

use crate::fixture::{BROWSER, Fixture, Mailbox, signed_with};

fn unsubscribed() -> Mailbox {
    Mailbox {
        suppressed: true,
        suppression_reason: Some("unsubscribed".to_owned()),
    }
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn post_with_any_body_unsubscribes(pool: PgPool) {
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
    let f = Fixture::new(&pool, bodies.len()).await;
    for (mail, (kind, body)) in bodies.into_iter().enumerate() {
        let headers = [(header::CONTENT_TYPE, kind)];
        let path = f.link(mail);
        let answer = f.ask(Method::POST, &path, &headers, body.to_owned()).await;
        assert_eq!(answer.status, StatusCode::OK, "{kind}");
        assert!(
            answer.body.starts_with("You are unsubscribed."),
            "{answer:?}"
        );
        assert_eq!(f.mailbox(mail).await, unsubscribed(), "{kind}");
    }
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn repeated_click_changes_nothing_more(pool: PgPool) {
    let f = Fixture::new(&pool, 2).await;
    let path = f.link(0);
    let first = f.one_click(&path).await;
    let traces = "select count(*) from audit_log where table_name = 'recipients' and actor = 'web'";
    assert_eq!(f.number(traces).await, 1);
    for _ in 0..3 {
        assert_eq!(f.one_click(&path).await, first);
    }
    assert_eq!(f.mailbox(0).await, unsubscribed());
    assert_eq!(f.number(traces).await, 1, "one trace, of the one change");
    assert_eq!(f.suppressed().await, 1, "and no other");
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn simultaneous_clicks_change_recipient_once(pool: PgPool) {
    let f = Fixture::new(&pool, 1).await;
    let path = f.link(0);
    let clicks = std::iter::repeat_with(|| f.one_click(&path)).take(8);
    for answer in futures::future::join_all(clicks).await {
        assert_eq!(answer.status, StatusCode::OK);
    }
    assert_eq!(f.mailbox(0).await, unsubscribed());
    let changes =
        "select count(*) from audit_log where table_name = 'recipients' and action = 'update'";
    assert_eq!(f.number(changes).await, 1);
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn click_answers_page_or_plain_text(pool: PgPool) {
    let f = Fixture::new(&pool, 1).await;
    let path = f.link(0);
    let page = [(header::ACCEPT, BROWSER)];
    let answer = f.ask(Method::POST, &path, &page, "").await;
    assert_eq!(
        answer.headers[header::CONTENT_TYPE],
        "text/html; charset=utf-8"
    );
    assert!(answer.body.contains("<h1>You are unsubscribed</h1>"));
    let answer = f.one_click(&path).await;
    assert_eq!(
        answer.headers[header::CONTENT_TYPE],
        "text/plain; charset=utf-8"
    );
    let words = "You are unsubscribed. Bo & Co <Partners> will not write to you again.";
    assert!(answer.body.starts_with(words), "{answer:?}");
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn link_of_older_key_unsubscribes(pool: PgPool) {
    let f = Fixture::new(&pool, 1).await;
    let path = signed_with(&format!("old:{}", "0a".repeat(32)), f.sends[0]);
    assert_eq!(f.one_click(&path).await.status, StatusCode::OK);
    assert_eq!(f.mailbox(0).await, unsubscribed());
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn click_takes_few_statements(pool: PgPool) {
    let f = Fixture::new(&pool, 1).await;
    let path = f.link(0);
    // The send's mailbox, its lock, the update, commit; a repetition updates nothing. (Begin is not logged.)
    for expected in [4, 3, 3] {
        let statements = Statements::count();
        f.one_click(&path).await;
        assert_eq!(statements.seen(), expected, "{:?}", statements.texts());
    }
}

/// A database that was set back does not know the newest mails. Nothing is stored, so nothing is
/// claimed, and the page says how a person is reached.
#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn click_for_unknown_send_is_not_found(pool: PgPool) {
    let f = Fixture::new(&pool, 1).await;
    let path = crate::fixture::link(f.sends[0] + 1);
    let answer = f.one_click(&path).await;
    assert_eq!(answer.status, StatusCode::NOT_FOUND);
    assert!(answer.body.contains("reply to the mail"), "{answer:?}");
    assert_eq!(f.suppressed().await, 0);
}
