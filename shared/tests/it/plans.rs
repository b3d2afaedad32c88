//! The statements of every batch find their rows by index, however large the tables are.
//!
//! `PLAN_ROWS=1000000 cargo local test -p shared plans` looks at a million sends; the default is
//! as large as it takes for a scan to be worth it.

use shared::{config, db::PgPool, testing};

const TABLES: [&str; 7] = [
    "sends",
    "leads",
    "recipients",
    "enriched_leads",
    "mail_days",
    "send_events",
    "recipient_domains",
];

/// Fills the tables until a scan would hurt, and lets the planner know.
async fn grow(pool: &PgPool) {
    testing::campaign(pool, "c").await;
    let rows: i64 = config::variable("PLAN_ROWS").map_or(20_000, |rows| rows.parse().unwrap());
    let statements = [
        // Nobody asks what these rows were before.
        "set session_replication_role = replica",
        "insert into leads (source, external_id, username, email, email_hash)
         select 'x', 'n' || n, 'n' || n, 'n' || n || '@example.org', sha256(n::text::bytea)
         from generate_series(1, ROWS) n",
        "insert into recipients (email_hash) select sha256(n::text::bytea) from generate_series(1, ROWS) n",
        "insert into enriched_leads (lead_id, campaign_id, niche, score, notes, compliant, enrichment_version,
                                     ai_confidence, method, prompt_hash, outcome, decision)
         select id, 1, '', 80, '', true, 1, 1, 'model', '', 'planned', '{}' from leads",
        "insert into sends (campaign_id, email_hash, lead_id, enriched_lead_id, state, content_hash, decision,
                            sent_at, ses_message_id)
         select 1, l.email_hash, l.id, e.id, (case when l.id % 3 = 0 then 'queued' else 'sent' end)::send_state,
                '', '{}', now(), 'm' || l.id
         from leads l join enriched_leads e on e.lead_id = l.id",
        "insert into mail_days (email_hash, day, send_id, campaign_id)
         select email_hash, current_date - (id % 60)::integer, id, 1 from sends",
        "insert into send_events (event_key, send_id, ses_message_id, kind, email_hash, at)
         select sha256(id::text::bytea), id, 'm' || id, 'delivery', email_hash, now() from sends",
        "insert into recipient_domains (domain_hash, next_at, queue_at, send_id)
         select sha256(id::text::bytea), now(), now(), id from sends",
        "analyze",
    ];
    let script = statements.join(";\n").replace("ROWS", &rows.to_string());
    let script = sqlx::AssertSqlSafe(script);
    sqlx::raw_sql(script).execute(pool).await.unwrap();
}

/// Every statement of a batch: its name, its parameters, its text, and arguments for ten rows.
fn hot() -> Vec<(&'static str, &'static str, &'static str, String)> {
    let ids = "'{3,6,9,12,15,18,21,24,27,30}'";
    let ten = |value: &str| format!("array_fill({value}, array[10])");
    let times = ten("now()");
    vec![
        (
            "claim",
            "bigint[], float8, float8, int, float8, float8, float8, float8, float8",
            include_str!("../../src/db/claim_sends.sql"),
            format!("{ids}, 60, 100, null, 100000, 1.1, 100000, 5, 5"),
        ),
        (
            "arm",
            "bigint[], bigint[], bigint[], timestamptz[], text[], text[], timestamptz[], boolean[], jsonb[], float8, timestamptz",
            include_str!("../../src/db/arm_sends.sql"),
            format!(
                "{ids}, {one}, {one}, {times}, {}, {}, {times}, {}, {}, 60, now()",
                ten("'calling'::text"),
                ten("null::text"),
                ten("false"),
                ten("'{}'::jsonb"),
                one = ten("1::bigint"),
            ),
        ),
        (
            "settle",
            "bigint[], bigint[], text[], text[], text[], timestamptz[], boolean, boolean",
            include_str!("../../src/db/settle_sends.sql"),
            format!(
                "{ids}, {}, {}, {}, {}, {times}, true, true",
                ten("1::bigint"),
                ten("'sent'::text"),
                ten("null::text"),
                ten("'m'::text"),
            ),
        ),
        (
            "ingest",
            "bytea[], bigint[], text[], text[], text[], bytea[], timestamptz[], timestamptz[], text[], text[], text[], int, text, bigint, bigint, bigint, int",
            include_str!("../../src/db/ingest_events.sql"),
            format!(
                "{keys}, {ids}, {}, {}, {}, {keys}, {times}, {times}, {}, {}, {}, 5, 'mail_rejected', 200, 8, 400, 7",
                ten("'m'::text"),
                ten("'bounce'::text"),
                ten("'soft Transient/MailboxFull'::text"),
                ten("'bounced'::text"),
                ten("'soft'::text"),
                ten("'bounced'::text"),
                keys = ten("sha256('7')"),
            ),
        ),
    ]
}

/// Smaller statements, with their arguments in place.
const ALSO: [(&str, &str); 6] = [
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
        "a recipient's sends",
        "select id from sends where email_hash = sha256('7')",
    ),
];

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn no_hot_statement_scans_a_large_table(pool: PgPool) {
    grow(&pool).await;
    // Prepared statements and their settings belong to a connection.
    let mut conn = pool.acquire().await.unwrap();
    let mut explained = Vec::new();
    for (name, parameters, text, arguments) in hot() {
        let prepare = sqlx::AssertSqlSafe(format!("prepare {name} ({parameters}) as {text}"));
        sqlx::raw_sql(prepare).execute(&mut *conn).await.unwrap();
        // As it is planned at first, and as it is planned once for all.
        for mode in ["force_custom_plan", "force_generic_plan"] {
            explained.push((name, mode, format!("execute {name}({arguments})")));
        }
    }
    explained.extend(ALSO.map(|(name, text)| (name, "auto", text.to_owned())));
    for (name, mode, statement) in explained {
        let set = sqlx::AssertSqlSafe(format!("set plan_cache_mode = {mode}"));
        sqlx::raw_sql(set).execute(&mut *conn).await.unwrap();
        let explain = sqlx::AssertSqlSafe(format!("explain {statement}"));
        let plan: Vec<String> = sqlx::query_scalar(explain)
            .persistent(false)
            .fetch_all(&mut *conn)
            .await
            .unwrap();
        let plan = plan.join("\n");
        for table in TABLES {
            let scan = format!("Seq Scan on {table} ");
            assert!(
                !plan.contains(&scan),
                "{name} ({mode}) scans {table}:\n{plan}"
            );
        }
    }
}
