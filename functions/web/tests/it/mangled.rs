//! Links as mail programs leave them, read and posted to.

use axum::http::{Method, StatusCode, header};
use serde_json::Value;
use shared::db::PgPool;

use crate::fixture::{BROWSER, Fixture};

/// One request a line: how mail programs were seen to change a link.
const REQUESTS: &str = include_str!("fixtures/mangled_links.jsonl");

/// What `http::Uri` takes: a browser encodes the rest before it asks.
fn as_asked(path: &str) -> String {
    path.replace('>', "%3E")
        .replace('"', "%22")
        .replace(' ', "%20")
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn mangled_link_leads_to_the_button(pool: PgPool) {
    let requests: Vec<Value> = REQUESTS
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let f = Fixture::new(&pool, requests.len()).await;
    for (mail, request) in requests.iter().enumerate() {
        let path = request["path"].as_str().unwrap();
        let token = f.link(mail);
        let token = token.strip_prefix("/u/").unwrap();
        let token = if request["upper"] == true {
            token.to_uppercase()
        } else {
            token.to_owned()
        };
        let path = as_asked(&path.replace("TOKEN", &token));
        let page = f.get(&path).await;
        assert_eq!(page.status, StatusCode::OK, "GET {path}");
        assert!(page.body.contains("<button"), "GET {path}");
        assert!(!f.mailbox(mail).await.suppressed, "GET {path}");
        let answer = f.one_click(&path).await;
        assert_eq!(answer.status, StatusCode::OK, "POST {path}");
        assert!(f.mailbox(mail).await.suppressed, "POST {path}");
    }
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn opt_out_records_how_it_came(pool: PgPool) {
    let f = Fixture::new(&pool, 4).await;
    let form = (header::CONTENT_TYPE, "application/x-www-form-urlencoded");
    let browser = [form.clone(), (header::ACCEPT, BROWSER)];
    for (mail, body, way) in [
        (0, "by=button", "button"),
        (1, "List-Unsubscribe=One-Click", "one_click"),
        (2, "", "one_click"),
        (3, "x=1&by=button", "button"),
    ] {
        f.ask(Method::POST, &f.link(mail), &browser, body).await;
        assert_eq!(f.way(mail).await.as_deref(), Some(way), "{body}");
        // The first way stands.
        f.one_click(&f.link(mail)).await;
        assert_eq!(f.way(mail).await.as_deref(), Some(way), "{body}");
    }
    let audited = "select count(*) from audit_log where table_name = 'recipients' and actor = 'web'
                   and after ->> 'opt_out_way' in ('button', 'one_click')";
    assert_eq!(f.number(audited).await, 4);
}

/// A complaint outweighs an opt-out and does not hide it.
#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn opt_out_after_complaint_is_recorded(pool: PgPool) {
    let f = Fixture::new(&pool, 1).await;
    sqlx::query("update recipients set suppressed_at = now(), suppression_reason = 'complained'")
        .execute(&pool)
        .await
        .unwrap();
    f.one_click(&f.link(0)).await;
    assert_eq!(f.way(0).await.as_deref(), Some("one_click"));
    let reason = f.mailbox(0).await.suppression_reason;
    assert_eq!(reason.as_deref(), Some("complained"));
}
