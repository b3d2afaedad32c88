//! The list of leads, one lead's story, and what a person does about it.

use axum::http::StatusCode;
use shared::{db::PgPool, domain::person::Role};

use crate::{fixture::Console, review::waiting};

async fn only_lead(console: &Console) -> i64 {
    waiting(&console.pool, 1).await;
    console.count("select min(id) from leads").await
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn lead_is_found_and_its_story_told(pool: PgPool) {
    let console = Console::new(&pool).as_role(Role::Viewer).await;
    console
        .get("/leads")
        .await
        .shows(StatusCode::OK, &["No leads yet"]);
    let lead = only_lead(&console).await;
    let link = format!("href=\"/leads/{lead}\"");
    for query in [
        "",
        "?q=runner0",
        "?q=example.org&state=review&score=1",
        "?sort=score",
    ] {
        console
            .get(&format!("/leads{query}"))
            .await
            .shows(StatusCode::OK, &["1 lead matches", &link]);
    }
    let none = console.get("/leads?q=nobody&state=sent").await;
    none.shows(
        StatusCode::OK,
        &["No lead matches these filters", "Clear all filters"],
    );
    for wrong in ["?state=burnt", "?score=high", "?after=x"] {
        assert_eq!(
            console.get(&format!("/leads{wrong}")).await.status,
            StatusCode::BAD_REQUEST,
            "{wrong}"
        );
    }
    let page = console.get(&format!("/leads/{lead}")).await;
    page.shows(
        StatusCode::OK,
        &[
            "What happened, and why",
            "Not shown to your role",
            "In review",
        ],
    );
    assert!(!page.body.contains("@example.org"), "{}", page.body);
    assert_eq!(
        console.get("/leads/4711").await.status,
        StatusCode::NOT_FOUND
    );
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn notes_and_suppressions_name_who_made_them(pool: PgPool) {
    let console = Console::new(&pool);
    let lead = only_lead(&console).await;
    let path = format!("/leads/{lead}");
    let reviewer = console.as_role(Role::Reviewer).await;
    reviewer
        .post(&path, &[("act", "note"), ("text", "Met at the <fair>")])
        .await
        .leads_to(&format!("{path}?done=noted"));
    reviewer
        .post(&path, &[("act", "note"), ("text", " ")])
        .await
        .leads_to(&format!("{path}?done=empty"));
    reviewer.get(&path).await.shows(
        StatusCode::OK,
        &["Met at the &#60;fair&#62;", "Reviewer Example"],
    );
    let refused = reviewer
        .post(&path, &[("act", "suppress"), ("text", "x")])
        .await;
    refused.shows(StatusCode::FORBIDDEN, &["Operator"]);

    let operator = console.as_role(Role::Operator).await;
    operator
        .post(&path, &[("act", "suppress"), ("text", "")])
        .await
        .leads_to(&format!("{path}?done=why"));
    operator
        .post(&path, &[("act", "suppress"), ("text", "told us")])
        .await
        .leads_to(&format!("{path}?done=suppressed"));
    let by = "select count(*) from audit_log where actor = 'person:subject-operator' and table_name = 'recipients'";
    assert_eq!(console.count(by).await, 1);
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn whole_address_is_shown_on_record(pool: PgPool) {
    let console = Console::new(&pool);
    let lead = only_lead(&console).await;
    let operator = console.as_role(Role::Operator).await;
    operator
        .get(&format!("/leads/{lead}"))
        .await
        .shows(StatusCode::OK, &["r•••@example.org"]);
    operator
        .post(&format!("/leads/{lead}/address"), &[])
        .await
        .shows(StatusCode::OK, &["runner0@example.org"]);
    let looked = "select count(*) from audit_log where action = 'show_address' and actor = 'person:subject-operator'";
    assert_eq!(console.count(looked).await, 1);
    // Whoever reads it is somebody else: their own name stands on every page.
    let viewer = console.as_role(Role::Viewer).await;
    let audit = viewer.get("/audit").await;
    audit.shows(StatusCode::OK, &["<bdi>Operator Example</bdi>"]);
    let story = viewer.get(&format!("/leads/{lead}")).await;
    story.shows(StatusCode::OK, &["By <bdi>Operator Example</bdi>"]);
    assert!(!audit.body.contains("runner0@"), "{}", audit.body);
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn export_holds_what_the_page_shows(pool: PgPool) {
    let console = Console::new(&pool).as_role(Role::Admin).await;
    console.post("/sending/stop", &[]).await.leads_to("/health");
    let file = console.get("/audit/export").await;
    file.shows(
        StatusCode::OK,
        &[
            "\"at\",\"actor\"",
            "\"person:subject-admin\"",
            "\"installation\"",
        ],
    );
    assert_eq!(file.body.lines().count(), 2);
    let none = console.get("/audit/export?until=2020-01-01").await;
    assert_eq!(none.body.lines().count(), 1);
}
