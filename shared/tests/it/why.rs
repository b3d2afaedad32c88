//! Why somebody got a mail, and why not: the two views, row by row.

use serde_json::Value;
use shared::{
    db::{
        self, PgPool,
        operator::{self, Filter, Whose},
    },
    domain::{
        breaker::Trip, feedback::Suppression, ids::SendId, reason::Reason, send_state::SendState,
    },
    testing,
};

use crate::ledger::{armed, outcome, planned, runners, settle, suppress};

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn every_word_has_a_sentence(pool: PgPool) {
    let reasons = Reason::ALL.iter().map(|reason| reason.as_str());
    let others = [
        Suppression::Complained.as_str(),
        Suppression::Unsubscribed.as_str(),
        Suppression::Bounced.as_str(),
        "soft_bounces",
        Trip::ComplaintRate.as_str(),
        Trip::BounceRate.as_str(),
        "enrichment_owed",
        "not_enriched",
    ];
    for word in reasons.chain(others) {
        let sentence: Option<String> = sqlx::query_scalar("select reason_text($1)")
            .bind(word)
            .fetch_one(&pool)
            .await
            .unwrap();
        assert!(sentence.is_some_and(|s| s.ends_with('.')), "{word}");
    }
    for state in SendState::ALL {
        let sentence: Option<String> =
            sqlx::query_scalar("select state_text($1::text::send_state)")
                .bind(state.as_str())
                .fetch_one(&pool)
                .await
                .unwrap();
        assert!(sentence.is_some_and(|s| s.ends_with('.')), "{state}");
    }
}

/// `explanation` of a person in one of the views.
async fn told(pool: &PgPool, view: &str, username: &str) -> Vec<String> {
    let query = format!("select explanation from {view} where username = $1 order by campaign");
    sqlx::query_scalar(sqlx::AssertSqlSafe(query))
        .bind(username)
        .fetch_all(pool)
        .await
        .unwrap()
}

#[track_caller]
fn says(told: &[String], sentences: &[&str]) {
    assert_eq!(told.len(), sentences.len(), "{told:?}");
    for (text, sentence) in told.iter().zip(sentences) {
        assert!(text.contains(sentence), "{text}");
    }
}

async fn run(pool: &PgPool, statement: &'static str) {
    sqlx::query(statement).execute(pool).await.unwrap();
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn one_query_says_why_somebody_got_a_mail(pool: PgPool) {
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

    says(
        &told(&pool, "why_sent", "runner0").await,
        &["SES took it. The gate let it pass: score 100 of at least 70"],
    );
    says(
        &told(&pool, "why_sent", "runner1").await,
        &["answer was lost"],
    );
    assert!(told(&pool, "why_sent", "runner2").await.is_empty());
    says(
        &told(&pool, "why_not_sent", "runner2").await,
        &["It is planned"],
    );
    assert!(told(&pool, "why_not_sent", "runner0").await.is_empty());

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
async fn one_query_says_why_somebody_got_none(pool: PgPool) {
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

    says(
        &told(&pool, "why_not_sent", "runner0").await,
        &["not the hour for it"],
    );
    says(
        &told(&pool, "why_not_sent", "runner1").await,
        &["already has a mail of this campaign"],
    );
    says(
        &told(&pool, "why_not_sent", "runner2").await,
        &["below the campaign's minimum"],
    );
    says(
        &told(&pool, "why_not_sent", "runner3").await,
        &["waits to be looked at"],
    );
    says(
        &told(&pool, "why_not_sent", "runner4").await,
        &["data was erased"],
    );

    let mut conn = db::acquire(&pool).await.unwrap();
    let mut find = async |name| {
        let leads = operator::find_leads(&mut conn, Whose::Username(name))
            .await
            .unwrap();
        operator::leads(&mut conn, &leads).await.unwrap().remove(0)
    };
    assert_eq!(find("runner1").await.other_send_id, Some(ids[0]));
    assert!(find("runner0").await.next_at.is_some());
    let refused = find("runner2").await;
    assert_eq!(
        (
            refused.said_by.as_deref(),
            refused.rule.as_deref(),
            refused.gate.as_deref()
        ),
        (Some("gate"), Some("score"), Some("2"))
    );
    assert!(find("runner3").await.owed_since.is_some());
    let deferred = operator::sends(&mut conn, Filter::Deferred, 10)
        .await
        .unwrap();
    assert_eq!(deferred.len(), 1);
    assert!(
        operator::sends(&mut conn, Filter::Review, 10)
            .await
            .unwrap()
            .is_empty()
    );
    assert!(
        operator::whole(&mut conn, SendId(0))
            .await
            .unwrap()
            .is_none()
    );
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn what_has_come_in_between_is_told_beside_the_reason(pool: PgPool) {
    let campaign = testing::campaign(&pool, "c").await;
    let new = runners(2);
    planned(&pool, campaign, &new[..1]).await;
    testing::leads(&pool, campaign, &new[1..]).await;
    suppress(&pool, new[0].email.as_ref().unwrap().1).await;
    run(&pool, "update campaigns set status = 'paused'").await;
    let planned = told(&pool, "why_not_sent", "runner0").await;
    says(&planned, &["By now also: The mailbox said no"]);
    says(&planned, &["The campaign is paused"]);
    says(
        &told(&pool, "why_not_sent", "runner1").await,
        &["The campaign is paused or a draft."],
    );
    run(&pool, "update campaigns set status = 'ended'").await;
    says(
        &told(&pool, "why_not_sent", "runner1").await,
        &["The campaign is over."],
    );
}
