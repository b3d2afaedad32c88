//! Scanners open every link of every mail, with every method they know. Guessers try links of their
//! own. Neither changes anything.

use axum::http::{Method, StatusCode, header};
use data_encoding::BASE32_DNSSEC;
use shared::{db::PgPool, testing::Statements};

use crate::fixture::{Answer, BROWSER, Fixture, link, signed_with};

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn link_scanner_unsubscribes_no_one(pool: PgPool) {
    let f = Fixture::new(&pool, 40).await;
    let before = f.number("select count(*) from audit_log").await;
    let statements = Statements::count();
    for mail in 0..40 {
        for path in [f.link(mail), "/privacy".to_owned()] {
            for method in [
                Method::GET,
                Method::HEAD,
                Method::OPTIONS,
                Method::PUT,
                Method::DELETE,
                Method::PATCH,
                Method::TRACE,
            ] {
                let reads = [Method::GET, Method::HEAD].contains(&method);
                let answer = f.ask(method, &path, &[], "").await;
                if reads {
                    assert_eq!(answer.status, StatusCode::OK);
                } else {
                    assert_eq!(answer.status, StatusCode::METHOD_NOT_ALLOWED);
                    let allowed = answer.headers[header::ALLOW].to_str().unwrap();
                    let posts = path.starts_with("/u/");
                    assert_eq!(allowed, if posts { "GET,HEAD,POST" } else { "GET,HEAD" });
                }
            }
        }
    }
    assert_eq!(statements.seen(), 0, "{:?}", statements.texts());
    assert_eq!(f.suppressed().await, 0);
    assert_eq!(f.number("select count(*) from audit_log").await, before);
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn a_head_is_a_get_without_its_body(pool: PgPool) {
    let f = Fixture::new(&pool, 1).await;
    let accept = [(header::ACCEPT, BROWSER)];
    let mut get = f.get(&f.link(0)).await;
    let head = f.ask(Method::HEAD, &f.link(0), &accept, "").await;
    assert!(!get.body.is_empty() && head.body.is_empty());
    get.body.clear();
    assert_eq!(get, head);
}

/// Links that were not signed by us for a mail, whatever is wrong with them.
fn wrong_links(send: i64) -> Vec<String> {
    let good = link(send);
    let flipped = |at: usize| {
        let token = good.strip_prefix("/u/").unwrap();
        let mut bytes = BASE32_DNSSEC.decode(token.as_bytes()).unwrap();
        bytes[at] ^= 1;
        format!("/u/{}", BASE32_DNSSEC.encode(&bytes))
    };
    let length = BASE32_DNSSEC.decode_len(good.len() - 3).unwrap();
    let mut links: Vec<String> = (0..length).map(flipped).collect();
    links.extend([
        good[..good.len() - 1].to_owned(),
        good[..good.len() / 2].to_owned(),
        "/u/x".to_owned(),
        "/u/%ff%fe".to_owned(),
        format!("/u/{}", "A".repeat(8_000)),
        // A key of another name, a key that was taken away, and one that only bears our key's name.
        signed_with(&format!("other:{}", "0f".repeat(32)), send),
        signed_with(&format!("gone:{}", "0c".repeat(32)), send),
        signed_with(&format!("new:{}", "0c".repeat(32)), send),
    ]);
    links
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn wrong_link_costs_no_statement(pool: PgPool) {
    let f = Fixture::new(&pool, 1).await;
    let statements = Statements::count();
    let mut gets: Vec<Answer> = Vec::new();
    let mut posts: Vec<Answer> = Vec::new();
    for path in wrong_links(f.sends[0]) {
        gets.push(f.get(&path).await);
        posts.push(f.one_click(&path).await);
    }
    assert_eq!(statements.seen(), 0, "{:?}", statements.texts());
    for answers in [&gets, &posts] {
        assert_eq!(answers[0].status, StatusCode::NOT_FOUND);
        assert!(answers.iter().all(|answer| *answer == answers[0]));
    }
    assert_eq!(f.suppressed().await, 0);
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn what_is_not_listed_is_not_there(pool: PgPool) {
    let f = Fixture::new(&pool, 1).await;
    for path in [
        "/",
        "/u",
        "/u/",
        "/u/a/b",
        "/favicon.ico",
        "/admin",
        "/privacy/x",
    ] {
        assert_eq!(f.get(path).await.status, StatusCode::NOT_FOUND, "{path}");
        assert_eq!(
            f.one_click(path).await.status,
            StatusCode::NOT_FOUND,
            "{path}"
        );
    }
    assert_eq!(f.suppressed().await, 0);
}
