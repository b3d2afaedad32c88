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
