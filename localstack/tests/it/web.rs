//! The real web function behind a function URL.

use local::lambda::HttpRequest;
use shared::db::PgPool;

use crate::sender::{configured, test_bed};

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn the_web_function_answers_at_its_url(pool: PgPool) {
    let bed = test_bed(&pool).await;
    let web = bed
        .simulator
        .function(configured("web", &bed.stand_ins, &pool));
    let notice = web.request(HttpRequest::new("GET", "/privacy")).await;
    assert_eq!(notice.status, 200, "{}", notice.text());
    assert!(notice.headers["content-type"].starts_with("text/html"));
    assert!(notice.text().contains("1 High Street"));
    let forged = HttpRequest::new("POST", "/u/forged").form("List-Unsubscribe=One-Click");
    let refused = web.request(forged).await.status;
    assert!((400..500).contains(&refused), "{refused}");
}
