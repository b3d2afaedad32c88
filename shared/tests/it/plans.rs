//! The statements of the send path find their rows by index, however large the tables are.
//!
//! `PLAN_ROWS=1000000 cargo local test -p shared plans` looks at a million sends; the default is
//! as large as it takes for a scan to be worth it.

use std::{collections::BTreeSet, time::Duration};

use shared::{
    config,
    db::{PgPool, sends},
    domain::{
        content::Draft,
        quota::{Limits, Throttling},
        reason::Reason,
        send_state::SendState,
    },
    testing::{self, Statements},
};

use crate::ledger::{LIMITS, armed, execute, outcome, terms};

const TABLES: [&str; 6] = [
    "sends",
    "leads",
    "recipients",
    "enriched_leads",
    "send_events",
    "recipient_domains",
];

/// Fills the tables until a scan would hurt, and lets the planner know.
async fn grow(pool: &PgPool) {
    testing::campaign(pool, "c").await;
    let rows: i64 = config::variable("PLAN_ROWS").map_or(20_000, |rows| rows.parse().unwrap());
    let statements = [
        // The audit of these rows is of no interest here.
        "set session_replication_role = replica",
        "insert into leads (source, external_id, username, email, email_hash, country)
         select 'x', 'n' || n, 'n' || n, 'n' || n || '@example.org', sha256(n::text::bytea), 'US'
         from generate_series(1, ROWS) n",
        "insert into recipients (email_hash) select sha256(n::text::bytea) from generate_series(1, ROWS) n",
        "insert into enriched_leads (lead_id, campaign_id, niche, score, notes, compliant, enrichment_version,
                                     ai_confidence, method, input_hash, outcome, decision, subject, message)
         select id, 1, '', 80, '', true, 1, 1, 'model', '', 'planned', '{}', 'Runs', 'Shall we talk?' from leads",
        "insert into sends (campaign_id, email_hash, lead_id, enriched_lead_id, state, content_hash, decision,
                            sent_at, ses_message_id, not_before, slot_day, reason)
         select 1, l.email_hash, l.id, e.id, (case when l.id % 3 = 0 then 'queued' else 'sent' end)::send_state,
                decode('HASH', 'hex'), '{}', now(), 'm' || l.id, now() + (l.id % 7 - 3) * interval '1 day',
                case when l.id % 3 > 0 then current_date - (l.id % 60)::integer - 1 end,
                case when l.id % 6 = 0 then 'daily_cap' end
         from leads l join enriched_leads e on e.lead_id = l.id",
        "insert into send_events (event_key, send_id, ses_message_id, kind, email_hash, at)
         select sha256(id::text::bytea), id, 'm' || id, 'delivery', email_hash, now() from sends",
        "insert into recipient_domains (domain_hash, next_at, reserved_until)
         select sha256(id::text::bytea), now(), now() from sends",
        "analyze",
    ];
    let draft = Draft {
        subject: "Runs".to_owned(),
        message: "Shall we talk?".to_owned(),
    };
    let hash: String = draft.hash().iter().map(|b| format!("{b:02x}")).collect();
    let script = statements.join(";\n").replace("ROWS", &rows.to_string());
    let script = script.replace("HASH", &hash);
    let script = sqlx::AssertSqlSafe(script);
    sqlx::raw_sql(script).execute(pool).await.unwrap();
}

/// Every statement that a batch and a sweep send.
async fn sent(pool: &PgPool) -> BTreeSet<String> {
    let spaced = Limits {
        domain_spacing: Duration::from_secs(1),
        ..LIMITS
    };
    let terms = terms();
    let mut conn = pool.acquire().await.unwrap();
    let ids: Vec<i64> = sqlx::query_scalar(
        "select id from sends where state = 'queued' and not_before < now() order by id limit 20",
    )
    .fetch_all(&mut *conn)
    .await
    .unwrap();
    let counted = Statements::count();
    let claims = sends::claim(&mut conn, &ids[..10], &terms).await.unwrap();
    let granted = sends::grant(&mut conn, &spaced, &claims).await.unwrap();
    sends::arm(&mut conn, &granted, &terms).await.unwrap();
    let called = armed(pool, &ids[10..]).await;
    let outcomes: Vec<_> = called
        .iter()
        .enumerate()
        .map(|(n, armed)| match n {
            0 => outcome(armed, SendState::Queued, Some(Reason::Throttled)),
            _ => outcome(armed, SendState::Sent, None),
        })
        .collect();
    let throttling = Throttling {
        rate: true,
        quota: false,
    };
    sends::settle(&mut conn, &outcomes, throttling)
        .await
        .unwrap();
    execute(pool, "update campaigns set daily_cap = 1000000").await;
    sends::pull_forward(&mut conn, &LIMITS).await.unwrap();
    let minute = Duration::from_secs(60);
    sends::take_due(&mut conn, minute, minute, 100)
        .await
        .unwrap();
    sends::claim(&mut conn, &ids[..10], &terms).await.unwrap();
    execute(
        pool,
        "update sends set lease_until = now() - interval '1 s' where lease_until is not null",
    )
    .await;
    sends::reap(&mut conn, 100).await.unwrap();
    let by_key = |text: &String| text.contains("$1") && !text.contains("set_config");
    counted.texts().into_iter().filter(by_key).collect()
}

/// Smaller statements, with their arguments in place.
const ALSO: [(&str, &str); 7] = [
    (
        "pending",
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
        "mails of events",
        "select id from sends where id = any(array[1, 2]::bigint[])
         union select id from sends where ses_message_id = any(array['m', 'n'])",
    ),
    (
        "events to link",
        "select 1 from send_events e, unnest(array['m', 'n']) as d (message_id)
         where e.send_id is null and e.ses_message_id = d.message_id",
    ),
    (
        "bounces of mailboxes",
        "select at from send_events where email_hash = any(array[sha256('7')])
         and kind in ('bounce', 'delivery') and (kind = 'delivery' or bounce = 'soft')",
    ),
    (
        "a recipient's sends",
        "select id from sends where email_hash = sha256('7')",
    ),
];

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn hot_statements_never_scan_large_tables(pool: PgPool) {
    grow(&pool).await;
    let sent = sent(&pool).await;
    assert!(sent.len() >= 15, "{sent:#?}");
    let also = ALSO.iter().map(|(_, text)| (*text).to_owned());
    for statement in sent.into_iter().chain(also) {
        let explain = sqlx::AssertSqlSafe(format!("explain (generic_plan) {statement}"));
        let rows = sqlx::raw_sql(explain).fetch_all(&pool).await.unwrap();
        let plan: Vec<String> = rows.iter().map(|row| sqlx::Row::get(row, 0)).collect();
        let plan = plan.join("\n");
        for table in TABLES {
            let scan = format!("Seq Scan on {table} ");
            assert!(!plan.contains(&scan), "{statement} scans:\n{plan}");
        }
    }
}
