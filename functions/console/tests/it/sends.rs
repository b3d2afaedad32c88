//! The list of sends, and calls whose outcome nobody recorded.

use axum::http::StatusCode;
use shared::{
    db::{self, PgPool},
    domain::person::Role,
    testing,
};

use crate::fixture::Console;

/// A call whose sender was gone before it recorded the answer.
async fn unknown(pool: &PgPool) -> i64 {
    let campaign = testing::campaign(pool, "c").await;
    let ids = testing::plan(pool, campaign, &[testing::new_lead("ana")]).await;
    let mut conn = pool.acquire().await.unwrap();
    testing::arm(&mut conn, &ids).await.unwrap();
    sqlx::query("update sends set lease_until = now() - interval '1 second'")
        .execute(&mut *conn)
        .await
        .unwrap();
    db::sends::reap(&mut conn, 10).await.unwrap();
    ids[0]
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn unknown_call_is_shown_and_resolved_once(pool: PgPool) {
    let send = unknown(&pool).await;
    let console = Console::new(&pool);
    let viewer = console.as_role(Role::Viewer).await;
    let list = viewer.get("/sends?show=unknown").await;
    list.shows(
        StatusCode::OK,
        &["ana", "Outcome unknown", "It is not known whether it left"],
    );
    assert!(
        !list.body.contains("#resolve"),
        "a viewer is offered what they may not"
    );

    let operator = console.as_role(Role::Operator).await;
    let page = operator.get(&format!("/sends/{send}")).await;
    page.shows(StatusCode::OK, &["Never send it again", "Send it again"]);
    let resolve = format!("/sends/{send}/resolve");
    let fields = [("decision", "give-up"), ("note", "not in SES's log")];
    operator
        .post(&resolve, &fields)
        .await
        .leads_to("/sends?show=unknown&done=given-up");
    operator
        .post(&resolve, &fields)
        .await
        .leads_to("/sends?show=unknown&done=already");
    let noted = "select count(*) from audit_log where actor = 'person:subject-operator' and note = 'not in SES''s log'";
    assert_eq!(console.count(noted).await, 1);
    let wrong = operator.post(&resolve, &[("decision", "burn")]).await;
    assert_eq!(wrong.status, StatusCode::BAD_REQUEST);
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn list_narrows_by_state_and_campaign(pool: PgPool) {
    unknown(&pool).await;
    let other = testing::campaign(&pool, "Other <one>").await;
    testing::plan(&pool, other, &[testing::new_lead("bo")]).await;
    let console = Console::new(&pool).as_role(Role::Viewer).await;
    console
        .get("/sends")
        .await
        .shows(StatusCode::OK, &["ana", ">bo<", "2 rows"]);
    let found = console
        .get("/sends?show=all&campaign=Other+%3Cone%3E")
        .await;
    found.shows(StatusCode::OK, &[">bo<", "1 row", "Other &#60;one&#62;"]);
    assert!(!found.body.contains(">ana<"), "{}", found.body);
    let none = console.get("/sends?show=bounced").await;
    none.shows(StatusCode::OK, &["Nothing here"]);
    assert_eq!(
        console.get("/sends?show=everything").await.status,
        StatusCode::BAD_REQUEST
    );
    for missing in ["/sends/4711", "/sends/x", "/sends/99999999999999999999"] {
        assert_eq!(
            console.get(missing).await.status,
            StatusCode::NOT_FOUND,
            "{missing}"
        );
    }
}
