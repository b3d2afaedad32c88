//! Steps in a campaign's life.

use axum::http::StatusCode;
use shared::{
    db::PgPool,
    domain::{ids::CampaignId, person::Role},
    testing,
};

use super::begun;
use crate::fixture::Console;

async fn status(pool: &PgPool) -> String {
    sqlx::query_scalar("select status from campaigns order by id desc limit 1")
        .fetch_one(pool)
        .await
        .unwrap()
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn campaign_goes_from_draft_to_its_end(pool: PgPool) {
    let (operator, path) = begun(&pool).await;
    for (step, reached, says) in [
        ("activate", "active", "The campaign is active."),
        ("pause", "paused", "The campaign is paused."),
        ("activate", "active", "The campaign is active."),
        ("end", "ended", "The campaign has ended."),
    ] {
        let answer = operator.post(&format!("{path}/{step}"), &[]).await;
        answer.leads_to(&path);
        let page = operator.get(answer.location()).await;
        page.shows(StatusCode::OK, &[says]);
        assert_eq!(status(&pool).await, reached);
    }
    for step in ["activate", "pause", "end"] {
        let answer = operator.post(&format!("{path}/{step}"), &[]).await;
        answer.shows(StatusCode::CONFLICT, &["“Spring” stands as “Ended” by now"]);
    }
    assert_eq!(status(&pool).await, "ended");
    let steps =
        "select count(*) from audit_log where table_name = 'campaigns' and action = 'update'
                 and actor = 'person:subject-operator'";
    assert_eq!(operator.count(steps).await, 4);
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn end_says_how_many_mails_never_leave(pool: PgPool) {
    let operator = Console::new(&pool).as_role(Role::Operator).await;
    let CampaignId(id) = testing::campaign(&pool, "Spring").await;
    let page = operator.get(&format!("/campaigns/{id}/end")).await;
    page.shows(StatusCode::OK, &["No planned mail is lost"]);
    let leads = ["ana", "bo", "cy"].map(testing::new_lead);
    let sends = testing::plan(&pool, CampaignId(id), &leads).await;
    sqlx::query("update sends set state = 'review', reason = 'review_all' where id = $1")
        .bind(sends[0])
        .execute(&pool)
        .await
        .unwrap();
    let page = operator.get(&format!("/campaigns/{id}/end")).await;
    page.shows(
        StatusCode::OK,
        &["3 planned mails will never leave", "It cannot be resumed"],
    );
    assert_eq!(status(&pool).await, "active", "nothing was done by looking");
    let list = operator.get("/campaigns").await;
    list.shows(
        StatusCode::OK,
        &[
            "<td class=\"figure-cell\">3</td>",
            "<td class=\"figure-cell\">2</td>",
        ],
    );
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn asking_again_says_its_price_first(pool: PgPool) {
    let operator = Console::new(&pool).as_role(Role::Operator).await;
    let CampaignId(id) = testing::campaign(&pool, "Spring").await;
    let leads = ["ana", "bo", "cy"].map(testing::new_lead);
    let sends = testing::plan(&pool, CampaignId(id), &leads).await;
    for statement in [
        "update sends set state = 'refused', reason = 'low_score'",
        "insert into model_calls (request_key, attempt, state, lease_until, model, reserved_micros, cost_micros)
         values ('a', 1, 'answered', now(), 'm', 0, 20000)",
    ] {
        sqlx::query(statement).execute(&pool).await.unwrap();
    }
    assert_eq!(sends.len(), 3);
    let path = format!("/campaigns/{id}/ask-again");
    let requested = "select count(*) from leads where enrich_requested_at is not null";
    let page = operator.get(&path).await;
    let words = [
        "Ask about 3 leads",
        "about $0.06",
        "There is nobody to ask about.",
    ];
    page.shows(StatusCode::OK, &words);
    assert_eq!(
        operator.count(requested).await,
        0,
        "nothing was asked by looking"
    );
    let answer = operator.post(&path, &[("all", "true")]).await;
    answer.leads_to(&format!("/campaigns/{id}?done=asked&count=3"));
    let page = operator.get(answer.location()).await;
    page.shows(StatusCode::OK, &["3 leads are asked about again."]);
    assert_eq!(operator.count(requested).await, 3);
    let recorded =
        "select count(*) from audit_log where action = 'ask_again' and table_name = 'campaigns'
                    and actor = 'person:subject-operator'";
    assert_eq!(operator.count(recorded).await, 1);
    let answer = operator.post(&path, &[("all", "perhaps")]).await;
    assert_eq!(answer.status, StatusCode::BAD_REQUEST);
}
