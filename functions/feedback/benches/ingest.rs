//! How many events a core takes in: `cargo bench -p feedback`.
//!
//! One environment, batches of 100, on a database of its own beside `DATABASE_URL`. What counts is the
//! processor time of the function and of its PostgreSQL backend together, for mails as they mostly
//! are: settled by the sender, then `Send` and `Delivery`, one hard bounce in a hundred and one
//! complaint in a thousand. Linux, with PostgreSQL on this machine.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a measurement that cannot be taken should stop at once, and says its figures"
)]

use std::{
    fs,
    str::FromStr,
    time::{Duration, Instant},
};

use feedback::Deps;
use rand::{SeedableRng, rngs::StdRng, seq::SliceRandom};
use serde_json::{Value, json};
use shared::{
    config,
    db::{MIGRATOR, PgPool},
    queue::Queue,
    testing,
};
use sqlx::{
    ConnectOptions, Connection,
    postgres::{PgConnectOptions, PgConnection},
};

const SENDS: usize = 20_000;
const BATCH: usize = 100;
/// Clock ticks of a second in `/proc`.
const TICKS: f64 = 100.0;

fn main() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(measure());
}

async fn measure() {
    let here = PgConnectOptions::from_str(&config::variable("DATABASE_URL").unwrap()).unwrap();
    let mut server = here.connect().await.unwrap();
    let name = format!("feedback_throughput_{}", std::process::id());
    create(&mut server, &name).await;
    let pool = PgPool::connect_with(here.database(&name)).await.unwrap();
    MIGRATOR.run(&pool).await.unwrap();

    let ids = seed(&pool).await;
    let events = history(&ids);
    let deps = wired(&pool);
    // The connection and its plans are there before the clock starts.
    for batch in batches(&events[..BATCH * 10]) {
        feedback::handle(&deps, batch).await.unwrap();
    }
    let rest = batches(&events[BATCH * 10..]);
    let backend: i32 = sqlx::query_scalar(
        "select pid from pg_stat_activity where application_name = 'feedback' and datname = $1",
    )
    .bind(&name)
    .fetch_one(&pool)
    .await
    .unwrap();
    let (function, database) = (cpu("self"), cpu(&backend.to_string()));
    let begun = Instant::now();
    for batch in rest {
        feedback::handle(&deps, batch).await.unwrap();
    }
    let wall = begun.elapsed();
    let function = cpu("self") - function;
    let database = cpu(&backend.to_string()) - database;
    report(events.len() - BATCH * 10, wall, function, database);

    pool.close().await;
    drop(deps);
    let statement = format!("drop database {name} with (force)");
    sqlx::query(sqlx::AssertSqlSafe(statement))
        .execute(&mut server)
        .await
        .unwrap();
    server.close().await.unwrap();
}

#[expect(
    clippy::cast_precision_loss,
    reason = "a rate is shown in three digits"
)]
fn report(events: usize, wall: Duration, function: f64, database: f64) {
    let cpu = function + database;
    println!(
        "{events} events in {:.2} s: {:.0} events/s; processor {cpu:.2} s (function {function:.2}, PostgreSQL {database:.2}): {:.0} events per second and core",
        wall.as_secs_f64(),
        events as f64 / wall.as_secs_f64(),
        events as f64 / cpu,
    );
}

async fn create(server: &mut PgConnection, name: &str) {
    let statement = format!("create database {name}");
    sqlx::query(sqlx::AssertSqlSafe(statement))
        .execute(server)
        .await
        .unwrap();
}

/// Mails that the sender has settled, as it leaves them.
async fn seed(pool: &PgPool) -> Vec<i64> {
    let campaign = testing::campaign(pool, "c").await;
    let leads: Vec<_> = (0..SENDS)
        .map(|n| testing::new_lead(&format!("runner{n}")))
        .collect();
    let mut ids = Vec::new();
    for leads in leads.chunks(2_000) {
        ids.extend(testing::plan(pool, campaign, leads).await);
    }
    for statement in [
        "update sends set state = 'sent', fence = 1, sent_at = now(), ses_message_id = 'message-' || id",
        "update enriched_leads set sent = true, contacted = true",
        "insert into campaign_days (campaign_id, day, sent)
         select campaign_id, (now() at time zone 'utc')::date, count(*) from sends group by 1",
        // The breaker is no part of the work of an ordinary day.
        "update campaign_days set sent = 10000000",
        "vacuum analyze",
    ] {
        sqlx::query(statement).execute(pool).await.unwrap();
    }
    ids
}

/// Notices as large as SES's own.
fn history(ids: &[i64]) -> Vec<String> {
    let mut events = Vec::new();
    for (n, id) in ids.iter().enumerate() {
        let to = format!("runner{n}@example.org");
        let at = "2026-01-05T10:00:00.000Z";
        let mail = json!({
            "timestamp": at, "source": "partners@mail.example.com", "sendingAccountId": "000000000000",
            "sourceArn": "arn:aws:ses:us-east-1:000000000000:identity/mail.example.com",
            "messageId": format!("message-{id}"), "destination": [to], "headersTruncated": false,
            "headers": [
                {"name": "From", "value": "Bo at Example <partners@mail.example.com>"},
                {"name": "To", "value": to}, {"name": "Subject", "value": "Running"},
                {"name": "List-Unsubscribe", "value": "<https://app.example.com/u/AQJrMQAAAAAAAAAqAAECAwQFBgcICQoLDA0ODw>"},
                {"name": "List-Unsubscribe-Post", "value": "List-Unsubscribe=One-Click"},
                {"name": "MIME-Version", "value": "1.0"}
            ],
            "commonHeaders": {"from": ["Bo at Example <partners@mail.example.com>"], "to": [to], "subject": "Running"},
            "tags": {
                "ses:configuration-set": ["outreach"], "ses:source-ip": ["203.0.113.5"],
                "ses:from-domain": ["mail.example.com"], "ses:caller-identity": ["sender"],
                "send_id": [id.to_string()]
            },
        });
        let mut tell = |event: Value| {
            let mut event = event;
            event["mail"] = mail.clone();
            events.push(event.to_string());
        };
        tell(json!({"eventType": "Send", "send": {}}));
        if n % 100 == 7 {
            tell(json!({"eventType": "Bounce", "bounce": {
                "bounceType": "Permanent", "bounceSubType": "General", "timestamp": at,
                "feedbackId": format!("f{id}"), "bouncedRecipients": [{"emailAddress": to, "action": "failed", "status": "5.1.1"}]
            }}));
        } else {
            tell(json!({"eventType": "Delivery", "delivery": {
                "timestamp": at, "processingTimeMillis": 1900, "recipients": [to],
                "smtpResponse": "250 2.6.0 queued", "reportingMTA": "a1-2.smtp-out.us-east-1.amazonses.com"
            }}));
        }
        if n % 1_000 == 9 {
            tell(json!({"eventType": "Complaint", "complaint": {
                "complaintFeedbackType": "abuse", "timestamp": at, "feedbackId": format!("c{id}"),
                "complainedRecipients": [{"emailAddress": to}]
            }}));
        }
    }
    // Neighbours in a batch are of many mails, as those of a busy hour are.
    events.shuffle(&mut StdRng::seed_from_u64(1));
    events
}

fn batches(events: &[String]) -> Vec<Value> {
    events.chunks(BATCH).map(testing::sqs_event).collect()
}

fn wired(pool: &PgPool) -> Deps {
    let url = testing::database_url(pool);
    let key = testing::hash_key_text();
    let keys = format!("k1:{}", "0f".repeat(32));
    let table = [
        ("DATABASE_URL", url.expose()),
        ("RECIPIENT_HASH_KEY", &key),
        ("FEEDBACK_QUEUE_URL", "http://127.0.0.1/q/outreach-feedback"),
        (
            "FEEDBACK_DEAD_LETTER_QUEUE_URL",
            "http://127.0.0.1/q/outreach-feedback-dlq",
        ),
        (
            "FEEDBACK_TOPIC_ARN",
            "arn:aws:sns:us-east-1:000000000000:outreach-feedback",
        ),
        ("UNSUBSCRIBE_KEYS", &keys),
    ];
    let config = config::Feedback::from_lookup(&testing::lookup(&table)).unwrap();
    let sqs = aws_sdk_sqs::Client::new(&testing::sdk(Some("http://127.0.0.1:9")));
    let queue = Queue::new(sqs, config.feedback_queue_url.clone());
    Deps::new(config, queue).unwrap()
}

/// Processor time of a process so far, in seconds.
fn cpu(process: &str) -> f64 {
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).unwrap();
    // The name may hold blanks; what follows its bracket does not.
    let fields = stat.rsplit(')').next().unwrap();
    let ticks = fields.split_whitespace().skip(11).take(2);
    ticks
        .map(|ticks| ticks.parse::<f64>().unwrap())
        .sum::<f64>()
        / TICKS
}
