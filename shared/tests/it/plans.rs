//! The statements of the hot paths find their rows by index, however large the tables are.
//!
//! `PLAN_ROWS=1000000 cargo local test -- plans` looks at a million leads, sends and model calls; the
//! default is as large as it takes for a scan to be worth it.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::json;
use shared::{
    config,
    db::{
        self, PgConnection, PgPool,
        console::figures,
        enrichment,
        feedback::{self, NewEvent},
        leads,
        model_calls::{self, Inquiry, OutageChange, SettledCall},
        recipients, sends, sources, waiting,
    },
    domain::{
        content::Draft,
        email::EmailHash,
        feedback::{BounceClass, Effect, OptOutWay, Suppression},
        ids::SendId,
        model_calls::CallState,
        quota::{AccountQuota, Limits, Throttling},
        reason::Reason,
        send_state::SendState,
    },
    testing::{self, Statements},
};

use crate::ledger::{LIMITS, execute, outcome, runners, terms};

const MINUTE: Duration = Duration::from_secs(60);

const TABLES: [&str; 9] = [
    "sends",
    "leads",
    "lead_sources",
    "recipients",
    "enriched_leads",
    "model_calls",
    "send_events",
    "recipient_domains",
    "audit_log",
];

/// Fills the tables until a scan would hurt, and lets the planner know.
async fn grow(pool: &PgPool) {
    let campaign = testing::campaign(pool, "c").await;
    testing::source(pool, campaign, "seed", "csv", json!({"file": "seed.csv"})).await;
    testing::campaign(pool, "booked").await;
    let rows: i64 = config::variable("PLAN_ROWS").map_or(20_000, |rows| rows.parse().unwrap());
    let statements = [
        // The audit of these rows is of no interest here.
        "set session_replication_role = replica",
        "insert into leads (source, external_id, username, email, email_hash, country, enrich_requested_at)
         select 'x', 'n' || n, 'n' || n, 'n' || n || '@example.org', sha256(n::text::bytea), 'US',
                case when n % 100 = 0 then now() - interval '1 hour' end
         from generate_series(1, ROWS) n",
        "insert into lead_sources (lead_id, source_id) select id, 1 from leads",
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
        // A campaign with nothing but mails of later days.
        "insert into sends (campaign_id, email_hash, lead_id, enriched_lead_id, state, content_hash, decision,
                            not_before, reason)
         select 2, email_hash, lead_id, enriched_lead_id, 'queued', content_hash, '{}',
                now() + interval '1 day', 'daily_cap'
         from sends where id % 1000 = 0",
        "insert into audit_log (at, actor, table_name, row_key, action, after)
         select now() - interval '1 day' * (1 - id / ROWS.0), 'enricher', 'sends', id::text, 'insert',
                jsonb_build_object('state', state, 'reason', reason)
         from sends order by id",
        "insert into campaign_counters (campaign_id) select id from campaigns",
        "insert into model_calls (request_key, attempt, state, lease_until, model, reserved_micros)
         select sha256(n::text::bytea), 1, 'answered', now(), 'm', 1 from generate_series(1, ROWS) n",
        "insert into send_events (event_key, send_id, ses_message_id, kind, email_hash, at)
         select sha256(id::text::bytea), id, 'm' || id, 'delivery', email_hash, now() from sends where campaign_id = 1",
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

/// The statements of each path.
#[derive(Debug, Default)]
struct Seen(BTreeMap<&'static str, BTreeSet<String>>);

impl Seen {
    /// Does a part of the path, and notes what it sends.
    async fn of<T, E: std::fmt::Debug>(
        &mut self,
        path: &'static str,
        work: impl Future<Output = Result<T, E>>,
    ) -> T {
        let counted = Statements::count();
        let result = work.await.unwrap();
        let plain = |text: &String| !matches!(text.as_str(), "BEGIN" | "COMMIT");
        let texts = counted.texts().into_iter().filter(plain);
        self.0.entry(path).or_default().extend(texts);
        result
    }
}

/// Claim, grant, arm, settle and release, and the sender's sweep.
async fn send(conn: &mut PgConnection, pool: &PgPool, seen: &mut Seen) {
    let spaced = Limits {
        domain_spacing: Duration::from_secs(1),
        ..LIMITS
    };
    let terms = terms();
    let ids: Vec<i64> = sqlx::query_scalar(
        "select id from sends where state = 'queued' and not_before < now() order by id limit 30",
    )
    .fetch_all(&mut *conn)
    .await
    .unwrap();
    // Of one domain and one second apart, most wait; without spacing all are armed.
    for (ids, limits) in [(&ids[..10], spaced), (&ids[10..20], LIMITS)] {
        let claims = seen.of("claim", sends::claim(conn, ids, &terms)).await;
        let granted = seen.of("grant", sends::grant(conn, &limits, &claims)).await;
        let arming = seen.of("arm", sends::arm(conn, &granted, &terms)).await;
        let outcomes: Vec<_> = arming
            .armed
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
        let settled = sends::settle(conn, &outcomes, throttling);
        seen.of("settle and release", settled).await;
    }
    sends::claim(conn, &ids[20..], &terms).await.unwrap();
    execute(
        pool,
        "update sends set lease_until = now() - interval '1 s' where lease_until is not null",
    )
    .await;
    let quota = AccountQuota {
        per_second: 14.0,
        per_day: Some(50_000),
        sent_last_day: 1,
    };
    let sweep = "the sender's sweep";
    seen.of(sweep, sends::reap(conn, 100)).await;
    seen.of(sweep, sends::forget_domains(conn)).await;
    let counted = waiting::count(conn, MINUTE, MINUTE);
    seen.of(sweep, counted).await;
    seen.of(sweep, sends::remember_quota(conn, quota)).await;
    let now: DateTime<Utc> = sqlx::query_scalar("select now()")
        .fetch_one(&mut *conn)
        .await
        .unwrap();
    let until = figures::Until {
        settled: now - TimeDelta::seconds(1),
        counted: now,
    };
    seen.of(sweep, figures::fold(conn, until, figures::AT_ONCE))
        .await;
    let pulled = seen.of(sweep, sends::pull_forward(conn, &LIMITS)).await;
    assert!(pulled > 0);
    let due = sends::take_due(conn, MINUTE, MINUTE, 100);
    assert!(!seen.of(sweep, due).await.is_empty());
}

/// Events of sent mails, found by tag and by SES's id; one of a mail that was never called; an opt-out
/// of a mailbox without a send.
async fn feed(conn: &mut PgConnection, seen: &mut Seen) {
    let mails: Vec<(i64, Option<String>)> = sqlx::query_as(
        "(select id, ses_message_id from sends where state = 'sent' and slot_day is not null order by id limit 9)
         union all
         (select id, 'new' from sends where state = 'queued' order by id desc limit 1)",
    )
    .fetch_all(&mut *conn)
    .await
    .unwrap();
    let event = |n: usize, send: Option<i64>, message_id: &str, effect: (_, _, _)| NewEvent {
        key: [u8::try_from(n).unwrap(); 32],
        send: send.map(SendId),
        message_id: message_id.to_owned(),
        kind: "bounce".to_owned(),
        detail: None,
        mailbox: send.is_none().then_some(EmailHash([9; 32])),
        at: DateTime::UNIX_EPOCH,
        mailed_at: Some(DateTime::UNIX_EPOCH),
        effect: Effect {
            state: effect.0,
            bounce: effect.1,
            suppression: effect.2,
        },
    };
    let mut events = Vec::new();
    for (n, (send, message_id)) in mails.iter().enumerate() {
        let effect = match n % 3 {
            0 => (Some(SendState::Sent), Some(BounceClass::Soft), None),
            1 => (
                Some(SendState::Bounced),
                Some(BounceClass::Hard),
                Some(Suppression::Bounced),
            ),
            _ => (Some(SendState::Delivered), None, None),
        };
        let message_id = message_id.as_deref().unwrap_or_default();
        events.push(event(n, Some(*send), message_id, effect));
        events.push(event(100 + n, None, message_id, effect));
    }
    let complained = (None, None, Some(Suppression::Complained));
    events.push(event(200, None, "another's", complained));
    seen.of("feedback", feedback::ingest(conn, &events)).await;
    let (send, _) = mails[9];
    let unsubscribed = recipients::unsubscribe(conn, SendId(send), OptOutWay::OneClick);
    seen.of("unsubscribe", unsubscribed).await;
}

/// A page of new leads, the same once more, and what is made of them.
async fn collect_and_enrich(conn: &mut PgConnection, seen: &mut Seen) {
    let runs = sources::begin_runs(conn, None, None, MINUTE);
    let run = seen.of("page store", runs).await.remove(0);
    let page = runners(20);
    let cursor = json!({});
    let mut pending = Vec::new();
    for _ in 0..2 {
        let stored = leads::store_page(conn, &run, &page, &cursor, MINUTE);
        let stored = seen.of("page store", stored).await.unwrap();
        pending.extend(stored.pending);
    }
    let end = sources::RunEnd {
        cut_short: false,
        needs_attention: false,
        refused_most: Some(false),
        rests: sources::Rest::Not,
        report: Some(&cursor),
    };
    let ended = sources::end_run(conn, &run, &end);
    seen.of("page store", ended).await;

    let work = seen.of("enrichment load", enrichment::load(conn, &pending));
    let work = work.await;
    assert_eq!(work.tasks.len(), page.len());
    let mut results = Vec::new();
    for task in &work.tasks {
        let of_page = page.iter().find(|new| new.username == task.lead.username);
        let request = (task.lead.id, task.requested_at);
        results.push(testing::result(run.campaign, request, of_page.unwrap()));
    }
    let recorded = enrichment::record(conn, &results);
    let recorded = seen.of("enrichment record", recorded).await;
    assert_eq!(recorded.due.len(), page.len());
    let unpublished = leads::take_unpublished(conn, MINUTE, 100);
    seen.of("the enricher's sweep", unpublished).await;
}

/// Questions with and without room in the budget, and calls whose caller is gone.
async fn ask(conn: &mut PgConnection, seen: &mut Seen) {
    let terms = |daily_budget_micros, lease| model_calls::Terms {
        model: "m",
        setup: [0; 32],
        call_micros: 10,
        daily_budget_micros,
        lease,
    };
    let keys: Vec<[u8; 32]> = (0..10).map(|n| [n; 32]).collect();
    let inquiries: Vec<Inquiry> = keys.iter().copied().map(Inquiry::from).collect();
    let path = "model-call reservation";
    for terms in [
        terms(0, MINUTE),
        terms(1_000, Duration::ZERO),
        terms(1_000, MINUTE),
    ] {
        let reserved = model_calls::reserve(conn, &inquiries, terms);
        seen.of(path, reserved).await;
    }
    let settled = |key: &[u8; 32]| SettledCall {
        key: *key,
        attempt: 2,
        state: CallState::Answered,
        fault: None,
        answer: Some("{}".to_owned()),
        input_tokens: 1,
        output_tokens: 1,
        cost_micros: 5,
    };
    let calls: Vec<_> = keys.iter().map(settled).collect();
    seen.of(
        "model-call settle",
        model_calls::settle(conn, &calls, OutageChange::Ends, terms(1_000, MINUTE)),
    )
    .await;
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn hot_statements_never_scan_large_tables(pool: PgPool) {
    grow(&pool).await;
    let mut conn = db::acquire(&pool).await.unwrap();
    let mut seen = Seen::default();
    send(&mut conn, &pool, &mut seen).await;
    feed(&mut conn, &mut seen).await;
    collect_and_enrich(&mut conn, &mut seen).await;
    ask(&mut conn, &mut seen).await;

    let mut scans = Vec::new();
    for (path, statements) in &seen.0 {
        for statement in statements {
            let explain = sqlx::AssertSqlSafe(format!("explain (generic_plan) {statement}"));
            let rows = sqlx::raw_sql(explain).fetch_all(&pool).await.unwrap();
            let plan: Vec<String> = rows.iter().map(|row| sqlx::Row::get(row, 0)).collect();
            let plan = plan.join("\n");
            let scanned = |table: &&&str| plan.contains(&format!("Seq Scan on {table} "));
            if let Some(table) = TABLES.iter().find(scanned) {
                scans.push(format!("{path} scans {table}: {statement}\n{plan}"));
            }
        }
    }
    assert!(scans.is_empty(), "{}", scans.join("\n\n"));
    // Fewer would mean that a path was not taken.
    let statements: usize = seen.0.values().map(BTreeSet::len).sum();
    assert!(statements >= 74, "{statements}: {seen:#?}");
}
