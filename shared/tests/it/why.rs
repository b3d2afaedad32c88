//! Why a person got a mail or did not: the views, row by row.

use serde_json::Value;
use shared::{
    db::{
        self, PgPool,
        operator::{self, Filter, LeadQuery},
    },
    domain::{ids::SendId, reason::Reason, send_state::SendState},
    testing,
};

use crate::ledger::{armed, outcome, planned, runners, settle, suppress};

/// The explanations of a person's rows in one of the views.
async fn explanations(pool: &PgPool, view: &str, username: &str) -> Vec<String> {
    let query = format!("select lead_id from {view} where username = $1");
    let leads: Vec<i64> = sqlx::query_scalar(sqlx::AssertSqlSafe(query))
        .bind(username)
        .fetch_all(pool)
        .await
        .unwrap();
    let mut conn = db::acquire(pool).await.unwrap();
    let statuses = operator::lead_statuses(&mut conn, &leads).await.unwrap();
    statuses
        .into_iter()
        .map(|status| status.explanation)
        .collect()
}

#[track_caller]
fn assert_contain(texts: &[String], sentences: &[&str]) {
    assert_eq!(texts.len(), sentences.len(), "{texts:?}");
    for (text, sentence) in texts.iter().zip(sentences) {
        assert!(text.contains(sentence), "{text}");
    }
}

async fn run(pool: &PgPool, statement: &'static str) {
    sqlx::query(statement).execute(pool).await.unwrap();
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn why_sent_explains_sent_mails(pool: PgPool) {
    let campaign = testing::campaign(&pool, "c").await;
    let ids = planned(&pool, campaign, &runners(3)).await;
    let held = armed(&pool, &ids[..2]).await;
    let answers = [
        outcome(&held[0], SendState::Sent, None),
        outcome(&held[1], SendState::Unknown, Some(Reason::NoAnswer)),
    ];
    settle(&pool, &answers).await;
    run(
        &pool,
        "insert into send_events (event_key, send_id, ses_message_id, kind, at)
         select 'k', s.id, 'm', 'delivery', now()
         from sends s join leads l on l.id = s.lead_id where l.username = 'runner0'",
    )
    .await;

    assert_contain(
        &explanations(&pool, "why_sent", "runner0").await,
        &["SES accepted it. The gate let it pass: score 100 of at least 70"],
    );
    assert_contain(
        &explanations(&pool, "why_sent", "runner1").await,
        &["answer was lost"],
    );
    assert!(explanations(&pool, "why_sent", "runner2").await.is_empty());
    assert_contain(
        &explanations(&pool, "why_not_sent", "runner2").await,
        &["It is planned"],
    );
    assert!(
        explanations(&pool, "why_not_sent", "runner0")
            .await
            .is_empty()
    );

    let facts: Value =
        sqlx::query_scalar("select to_jsonb(w) from why_sent w where username = 'runner0'")
            .fetch_one(&pool)
            .await
            .unwrap();
    assert_eq!(facts["score"], 100);
    assert_eq!(facts["method"], "model");
    assert_eq!(facts["events"][0]["kind"], "delivery");
    assert!(
        facts["sent_at"].is_string() && facts["found_at"].is_string(),
        "{facts}"
    );
    let text = facts.to_string();
    assert!(
        !text.contains("example.org") && !text.contains("Ana Fit"),
        "{text}"
    );
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn why_not_sent_explains_missing_mails(pool: PgPool) {
    let campaign = testing::campaign(&pool, "c").await;
    let mut new = runners(5);
    // Another profile of the first mailbox.
    new[1].email = new[0].email.clone();
    let ids = planned(&pool, campaign, &new[..1]).await;
    planned(&pool, campaign, &new[1..2]).await;
    planned(&pool, campaign, &new[2..3]).await;
    testing::leads(&pool, campaign, &new[3..]).await;
    run(
        &pool,
        "update sends set reason = 'quiet_hours', not_before = now() + interval '1 hour'",
    )
    .await;
    run(&pool, "update sends set state = 'refused', reason = 'low_score', decision = '{\"reason\": \"low_score\", \"stopped_by\": \"score\", \"gate\": 2}'
                where lead_id = (select id from leads where username = 'runner2')").await;
    run(&pool, "update leads set erased_at = now(), name = null, email = null, bio = null, raw = null, website = null,
                location = null, profile_url = null, follower_count = null where username = 'runner4'").await;

    assert_contain(
        &explanations(&pool, "why_not_sent", "runner0").await,
        &["outside the campaign's sending hours"],
    );
    assert_contain(
        &explanations(&pool, "why_not_sent", "runner1").await,
        &["already has a mail of this campaign"],
    );
    assert_contain(
        &explanations(&pool, "why_not_sent", "runner2").await,
        &["below the campaign's minimum"],
    );
    assert_contain(
        &explanations(&pool, "why_not_sent", "runner3").await,
        &["waiting for its enrichment"],
    );
    assert_contain(
        &explanations(&pool, "why_not_sent", "runner4").await,
        &["data was erased"],
    );

    let mut conn = db::acquire(&pool).await.unwrap();
    let mut find = async |name| {
        let leads = operator::find_leads(&mut conn, LeadQuery::Name(name))
            .await
            .unwrap();
        operator::lead_statuses(&mut conn, &leads)
            .await
            .unwrap()
            .remove(0)
    };
    assert_eq!(find("runner1").await.other_send_id, Some(ids[0]));
    assert!(find("runner0").await.next_at.is_some());
    let refused = find("runner2").await;
    assert_eq!(
        (
            refused.decided_by,
            refused.rule.as_deref(),
            refused.gate.as_deref()
        ),
        (Some("gate"), Some("score"), Some("2"))
    );
    assert!(find("runner3").await.enrichment_requested_at.is_some());
    let deferred = operator::list_sends(&mut conn, Filter::Deferred.into(), 10)
        .await
        .unwrap();
    assert_eq!(deferred.len(), 1);
    assert!(
        operator::list_sends(&mut conn, Filter::Review.into(), 10)
            .await
            .unwrap()
            .is_empty()
    );
    assert!(
        operator::send_detail(&mut conn, SendId(0))
            .await
            .unwrap()
            .is_none()
    );
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn explanation_names_later_blocks(pool: PgPool) {
    let campaign = testing::campaign(&pool, "c").await;
    let new = runners(2);
    planned(&pool, campaign, &new[..1]).await;
    testing::leads(&pool, campaign, &new[1..]).await;
    suppress(&pool, new[0].email.as_ref().unwrap().1).await;
    run(&pool, "update campaigns set status = 'paused'").await;
    let planned = explanations(&pool, "why_not_sent", "runner0").await;
    assert_contain(
        &planned,
        &["It is also blocked now: The recipient opted out"],
    );
    assert_contain(&planned, &["The campaign is paused"]);
    assert_contain(
        &explanations(&pool, "why_not_sent", "runner1").await,
        &["The campaign is paused or still a draft."],
    );
    run(&pool, "update campaigns set status = 'ended'").await;
    assert_contain(
        &explanations(&pool, "why_not_sent", "runner1").await,
        &["The campaign has ended."],
    );
}
