//! What the database itself refuses, and what it does by itself.

use shared::{db::PgPool, testing};

use crate::ledger::{planned, runners};

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn database_refuses_broken_rows(pool: PgPool) {
    let campaign = testing::campaign(&pool, "c").await;
    planned(&pool, campaign, &runners(1)).await;
    let broken = [
        ("insert into sends (campaign_id, email_hash, lead_id, enriched_lead_id, state, content_hash, decision)
          select campaign_id, email_hash, lead_id, enriched_lead_id, state, content_hash, decision from sends",
         "sends_once_per_step_key"),
        ("insert into sends (campaign_id, email_hash, lead_id, enriched_lead_id, step, state, content_hash, decision, slot_day)
          select campaign_id, email_hash, lead_id, enriched_lead_id, n, state, content_hash, decision, current_date
          from sends, generate_series(2, 3) n",
         "sends_mailbox_day_key"),
        ("update sends set state = 'unknown'", "sends_reason_given"),
        ("update sends set state = 'sent'", "sends_sent_at_given"),
        ("update sends set state = 'claimed'", "sends_lease_while_held"),
        ("update enriched_leads set score = 101", "enriched_leads_score_range"),
        ("update enriched_leads set sent = true", "enriched_leads_sent_is_contacted"),
        ("update recipients set suppressed_at = now()", "recipients_suppression_explained"),
        ("update leads set username = 'Ana'", "leads_username_normalised"),
    ];
    for (statement, constraint) in broken {
        let error = sqlx::query(sqlx::AssertSqlSafe(statement))
            .execute(&pool)
            .await
            .unwrap_err();
        let refused = error
            .as_database_error()
            .and_then(|e| e.constraint().map(str::to_owned));
        assert_eq!(refused.as_deref(), Some(constraint), "{statement}: {error}");
    }
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn a_campaign_made_active_is_owed_the_enrichments_it_never_had(pool: PgPool) {
    let campaign = testing::campaign(&pool, "c").await;
    let done = runners(1);
    planned(&pool, campaign, &done).await;
    sqlx::query("update leads set enrich_requested_at = null")
        .execute(&pool)
        .await
        .unwrap();
    let new = testing::leads(&pool, campaign, &[testing::new_lead("later")]).await;
    sqlx::query("update leads set enrich_requested_at = null")
        .execute(&pool)
        .await
        .unwrap();
    for status in ["paused", "active", "active"] {
        sqlx::query("update campaigns set status = $1")
            .bind(status)
            .execute(&pool)
            .await
            .unwrap();
    }
    let owed: Vec<i64> =
        sqlx::query_scalar("select id from leads where enrich_requested_at is not null")
            .fetch_all(&pool)
            .await
            .unwrap();
    assert_eq!(owed, [new[0].0]);
}
