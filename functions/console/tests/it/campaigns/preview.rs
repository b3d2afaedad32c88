//! Three leads with the gate's answer for each.

use axum::http::StatusCode;
use shared::{
    db::PgPool,
    domain::{ids::CampaignId, lead::NewLead, person::Role},
    testing,
};

use super::form;
use crate::fixture::Console;

/// Everything that a preview could have written to.
async fn contents(pool: &PgPool) -> Vec<String> {
    let mut contents = Vec::new();
    for table in [
        "campaigns",
        "leads",
        "enriched_leads",
        "recipients",
        "sends",
        "audit_log",
        "model_calls",
        "sources",
    ] {
        let statement = format!(
            "select coalesce(string_agg(t::text, ';' order by t::text), '') from {table} t"
        );
        let rows = sqlx::query_scalar(sqlx::AssertSqlSafe(statement));
        contents.push(rows.fetch_one(pool).await.unwrap());
    }
    contents
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn preview_asks_the_gate_and_writes_nothing(pool: PgPool) {
    let operator = Console::new(&pool).as_role(Role::Operator).await;
    let CampaignId(id) = testing::campaign(&pool, "Spring").await;
    let german = NewLead {
        country: "DE".parse().ok(),
        name: Some("Friederike <Sandlos>".to_owned()),
        ..testing::new_lead("frieda")
    };
    let leads = [
        testing::new_lead("ana"),
        german,
        testing::new_lead("bo"),
        testing::new_lead("cy"),
    ];
    let sends = testing::plan(&pool, CampaignId(id), &leads).await;
    // What has left is looked at no more.
    sqlx::query("update sends set state = 'sent', sent_at = now() where id = $1")
        .bind(sends[3])
        .execute(&pool)
        .await
        .unwrap();
    let before = contents(&pool).await;
    let path = format!("/campaigns/{id}");
    let page = operator.get(&path).await;
    let words = [
        "Three of your leads",
        "would be sent",
        "Allowed in the United States, the score reaches 70",
        "Friederike &#60;Sandlos&#62;",
        "Germany asks for consent, and none is recorded (UWG",
        "“<bdi>Running</bdi>”",
        "Shall we talk?",
    ];
    page.shows(StatusCode::OK, &words);
    assert!(!page.body.contains("@cy on X"), "its mail has left");
    assert!(!page.body.contains("example.org"), "no address is shown");

    // The form's settings, not those that are stored.
    let form = form(&[
        ("revision", "1"),
        ("do", "preview"),
        ("review_all", "yes"),
        ("rule_DE", "never"),
        ("offer", "Something else"),
    ]);
    let page = operator.post(&path, &form).await;
    let words = [
        "with these settings",
        "waits for review",
        "does not write to anyone",
        "Something else",
    ];
    page.shows(StatusCode::OK, &words);
    let page = operator.get(&format!("{path}?others=3")).await;
    page.shows(StatusCode::OK, &["There is nobody to look at"]);
    let page = operator
        .get(&format!("{path}?others=-9223372036854775808"))
        .await;
    page.shows(StatusCode::OK, &["would be sent"]);
    assert_eq!(contents(&pool).await, before);
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn leads_without_assessment_are_shown_as_such(pool: PgPool) {
    let viewer = Console::new(&pool).as_role(Role::Viewer).await;
    let id = testing::campaign(&pool, "Spring").await;
    sqlx::query("update campaigns set status = 'draft'")
        .execute(&pool)
        .await
        .unwrap();
    let nobody = viewer.get(&format!("/campaigns/{id}")).await;
    nobody.shows(StatusCode::OK, &["There is nobody to look at"]);
    let nowhere = NewLead {
        country: None,
        ..testing::new_lead("nowhere")
    };
    testing::leads(&pool, id, &[testing::new_lead("ana"), nowhere]).await;
    let page = viewer.get(&format!("/campaigns/{id}")).await;
    let words = [
        "not assessed yet",
        "The model assesses it once the campaign is active.",
        "Not assessed yet. The recipient’s country is unknown",
    ];
    page.shows(StatusCode::OK, &words[..2]);
    assert!(page.body.contains("country is unknown"), "{}", page.body);
}
