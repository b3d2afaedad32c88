//! What the pages say, to eyes and to programs that read aloud, and the headers around them.

use axum::http::{Method, header};
use data_encoding::BASE64;
use shared::db::PgPool;

use crate::fixture::{Answer, Fixture};

/// The pages there are: asking, done, wrong link, privacy, nothing there.
async fn pages(f: &Fixture) -> Vec<Answer> {
    let accept = [(header::ACCEPT, crate::fixture::BROWSER)];
    vec![
        f.get(&f.link(0)).await,
        f.ask(Method::POST, &f.link(0), &accept, "").await,
        f.get("/u/wrong").await,
        f.get("/privacy").await,
        f.get("/").await,
    ]
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn page_needs_no_script_and_no_network(pool: PgPool) {
    let f = Fixture::new(&pool, 1).await;
    for Answer { body, headers, .. } in pages(&f).await {
        assert_eq!(headers[header::CONTENT_TYPE], "text/html; charset=utf-8");
        for needed in [
            "<!doctype html>\n<html lang=\"en\">",
            "<meta charset=\"utf-8\">",
            "width=device-width",
            "<main>",
            "Bo &#38; Co &#60;Partners&#62;</title>",
            "Example Ltd, 1 High Street, Lisbon",
            "mailto:bo@example.com",
        ] {
            assert!(body.contains(needed), "{needed} is not in {body}");
        }
        assert_eq!(body.matches("<h1>").count(), 1, "{body}");
        for unwanted in [
            "<script",
            "<img",
            "<iframe",
            "<link",
            "src=",
            "http:",
            "https:",
            "<Partners>",
        ] {
            assert!(!body.contains(unwanted), "{unwanted} is in {body}");
        }
    }
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn unsubscribe_page_has_one_clear_button(pool: PgPool) {
    let f = Fixture::new(&pool, 1).await;
    let body = f.get(&f.link(0)).await.body;
    assert_eq!(body.matches("<button").count(), 1);
    assert_eq!(body.matches("<form method=\"post\">").count(), 1);
    assert!(!body.contains("<input") && !body.contains("action="));
    assert!(body.contains("<button type=\"submit\" name=\"by\" value=\"button\">"));
    assert!(body.contains("will not write to you again"));
    assert!(body.contains("opening this page does not unsubscribe you"));
    // The link is a capability: the page does not repeat it.
    let link = f.link(0);
    assert!(!body.contains(link.strip_prefix("/u/").unwrap()));
}

/// A person on a page that cannot help reads where to write and which word, in a browser and in what a
/// program shows.
#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn dead_end_names_mailbox_and_words(pool: PgPool) {
    let f = Fixture::new(&pool, 1).await;
    let cut = &f.link(0)[..40];
    for path in [cut, "/u/wrong", "/u/", "/", "/unsubscribe"] {
        for answer in [f.get(path).await, f.one_click(path).await] {
            assert_eq!(answer.status, axum::http::StatusCode::NOT_FOUND, "{path}");
            for needed in [
                "bo@example.com",
                "unsubscribe\u{201d}",
                "reply to the mail",
                "A person",
            ] {
                assert!(
                    answer.body.contains(needed),
                    "{path}: {needed} is not in {}",
                    answer.body
                );
            }
        }
    }
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn privacy_page_states_what_article_14_requires(pool: PgPool) {
    let f = Fixture::new(&pool, 1).await;
    let body = f.get("/privacy").await.body;
    for needed in [
        "answer for it",
        "public profile",
        "a contact list that was passed on to us",
        "legitimate interest",
        "consent",
        "Amazon Web Services",
        "language model",
        "How long we keep it",
        "You can object to our messages at any time",
        "corrected, restricted or deleted",
        "copy of your data",
        "data protection authority",
    ] {
        assert!(body.contains(needed), "{needed} is missing");
    }
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn every_answer_is_guarded(pool: PgPool) {
    let f = Fixture::new(&pool, 1).await;
    let mut answers = pages(&f).await;
    answers.push(f.one_click(&f.link(0)).await);
    answers.push(f.one_click("/u/wrong").await);
    answers.push(f.ask(Method::PUT, "/privacy", &[], "").await);
    answers.push(f.ask(Method::OPTIONS, &f.link(0), &[], "").await);
    for Answer { headers, body, .. } in answers {
        for (name, value) in [
            ("cache-control", "no-store"),
            ("referrer-policy", "no-referrer"),
            ("x-content-type-options", "nosniff"),
            ("x-robots-tag", "noindex, nofollow"),
            ("strict-transport-security", "max-age=31536000"),
        ] {
            assert_eq!(headers[name], value);
        }
        let policy = headers[header::CONTENT_SECURITY_POLICY].to_str().unwrap();
        for rule in [
            "default-src 'none'",
            "form-action 'self'",
            "frame-ancestors 'none'",
            "base-uri 'none'",
        ] {
            assert!(policy.contains(rule), "{policy}");
        }
        assert!(!policy.contains("unsafe"));
        if let Some((_, style)) = body.split_once("<style>") {
            use sha2::Digest as _;
            let (style, _) = style.split_once("</style>").unwrap();
            let hash = BASE64.encode(&sha2::Sha256::digest(style));
            assert!(
                policy.contains(&format!("style-src 'sha256-{hash}'")),
                "{policy}"
            );
        }
    }
}
