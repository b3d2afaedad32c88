//! The hot statements find their rows by index, however large the tables are.

use shared::{db::PgPool, testing};

use crate::ledger::{planned, runners};

/// Fills the ledger with copies until a scan would hurt, and lets the planner know.
async fn grow(pool: &PgPool) {
    let campaign = testing::campaign(pool, "c").await;
    planned(pool, campaign, &runners(1)).await;
    let statements = [
        "insert into leads (source, external_id, username)
         select 'x', 'n' || n, 'n' || n from generate_series(1, 20000) n",
        "insert into recipients (email_hash)
         select sha256(n::text::bytea) from generate_series(1, 20000) n",
        "insert into sends (campaign_id, email_hash, lead_id, enriched_lead_id, state, content_hash, decision, sent_at)
         select s.campaign_id, r.email_hash, s.lead_id, s.enriched_lead_id, 'sent', s.content_hash, '{}', now()
         from (select * from sends limit 1) s, recipients r
         where r.email_hash <> s.email_hash",
        "analyze",
    ];
    for statement in statements {
        sqlx::raw_sql(statement).execute(pool).await.unwrap();
    }
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn no_hot_statement_scans_a_large_table(pool: PgPool) {
    grow(&pool).await;
    let hot = [
        (
            "claim",
            "select id from sends where id = any('{1,2}') and state = 'queued' for no key update skip locked",
        ),
        (
            "due",
            "select id from sends where state = 'queued' and not_before <= now() order by not_before, id limit 100",
        ),
        (
            "reap",
            "select id from sends where state in ('claimed','calling') and lease_until < now() order by lease_until, id limit 100",
        ),
        (
            "owed",
            "select id from leads where enrich_requested_at < now() order by enrich_requested_at, id limit 100",
        ),
        (
            "known profile",
            "select id from leads where source = 'x' and external_id = 'n7'",
        ),
        (
            "known username",
            "select id from leads where source = 'x' and username = 'n7'",
        ),
        (
            "mails of today",
            "select count(*) from mail_days where day = current_date and campaign_id = 1",
        ),
        (
            "a recipient's sends",
            "select id from sends where email_hash = sha256('7')",
        ),
    ];
    for (name, statement) in hot {
        let explain = sqlx::AssertSqlSafe(format!("explain {statement}"));
        let plan: Vec<String> = sqlx::query_scalar(explain).fetch_all(&pool).await.unwrap();
        let plan = plan.join("\n");
        let scans = plan.contains("Seq Scan on sends") || plan.contains("Seq Scan on leads");
        assert!(!scans, "{name}:\n{plan}");
    }
}
