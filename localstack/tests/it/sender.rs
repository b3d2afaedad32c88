//! The real sender in the Lambda service, with the stand-in SES and SQS and PostgreSQL.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use local::lambda::{Config, Function, FunctionSpec, Mapping, Simulator};
use serde_json::Value;
use shared::db::PgPool;
use shared::db::waiting::Waiting;
use shared::{messages, testing};
use simulated::{Queue, QueueSettings, SesFault, Settings, Simulated};

pub(crate) const LIMIT: Duration = Duration::from_secs(120);
/// What may be on its way at once.
const ENVIRONMENTS: usize = 6;

pub(crate) struct TestBed {
    pub(crate) simulator: Simulator,
    pub(crate) stand_ins: Simulated,
    pub(crate) sender: Function,
    pub(crate) queue: Queue,
    logs: tempfile::TempDir,
}

/// A function's own binary, which cargo builds for the function's tests.
pub(crate) fn binary(name: &str) -> PathBuf {
    let mut path = std::env::current_exe().unwrap();
    path.pop();
    path.pop();
    path.push(name);
    assert!(path.is_file(), "run `cargo build --bin {name}`");
    path
}

/// What the sender and the functions around it are configured with, their queues apart.
pub(crate) fn configured(name: &str, stand_ins: &Simulated, pool: &PgPool) -> FunctionSpec {
    let url = testing::database_url(pool);
    let keys = format!("k1:{}", "0f".repeat(32));
    let hash_key = testing::hash_key_text();
    let variables = [
        ("DATABASE_URL", url.expose()),
        ("UNSUBSCRIBE_KEYS", &keys),
        ("RECIPIENT_HASH_KEY", &hash_key),
        ("SES_MAX_PER_SECOND", "1000"),
        ("SES_MAX_PER_DAY", "100000"),
        ("RAMP_START", "100000"),
        ("DOMAIN_SPACING_SECONDS", "0"),
        ("SENDING_ENABLED", "true"),
        ("SENDER_ADDRESS", "partners@mail.example.com"),
        ("SENDER_NAME", "Bo at Example"),
        ("POSTAL_ADDRESS", "Example Ltd, 1 High Street, Lisbon"),
        ("PUBLIC_BASE_URL", "https://app.example.com"),
        ("SES_CONFIGURATION_SET", "simulated"),
        ("METRIC_NAMESPACE", "simulated"),
    ];
    let spec = FunctionSpec::new(name, binary(name))
        .aws(stand_ins.aws_base())
        .environments(ENVIRONMENTS);
    variables
        .into_iter()
        .fold(spec, |spec, (name, value)| spec.variable(name, value))
}

pub(crate) async fn test_bed(pool: &PgPool) -> TestBed {
    let logs = tempfile::tempdir().unwrap();
    let stand_ins = Simulated::start(Settings {
        leads: 1,
        ..Settings::default()
    })
    .unwrap();
    let queue = stand_ins.sqs().create("outreach", QueueSettings::default());
    let simulator = Simulator::start(Config::new(logs.path())).await.unwrap();
    let spec = configured("sender", &stand_ins, pool);
    let sender =
        simulator.function(spec.variable("OUTREACH_QUEUE_URL", stand_ins.queue_url(&queue)));
    TestBed {
        simulator,
        stand_ins,
        sender,
        queue,
        logs,
    }
}

/// Plans so many mails, due at any hour.
pub(crate) async fn plan(pool: &PgPool, mails: usize) -> Vec<i64> {
    let campaign = testing::campaign(pool, "c").await;
    let leads: Vec<_> = (0..mails)
        .map(|n| testing::new_lead(&format!("runner{n}")))
        .collect();
    let ids = testing::plan(pool, campaign, &leads).await;
    // As if called in vain before: a machine that is busy is then never too late.
    sqlx::query("update sends set attempts = 8 where attempts = 0")
        .execute(pool)
        .await
        .unwrap();
    ids
}

pub(crate) async fn states(pool: &PgPool) -> Vec<(String, i64)> {
    sqlx::query_as("select state::text, count(*) from sends group by 1 order by 1")
        .fetch_all(pool)
        .await
        .unwrap()
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn duplicate_deliveries_send_every_mail_once(pool: PgPool) {
    let bed = test_bed(&pool).await;
    let ids = plan(&pool, 60).await;
    bed.queue.copies(3);
    bed.queue.shuffle(true);
    let mapping = Mapping {
        vary: true,
        ..Mapping::default()
    };
    bed.simulator.map(&bed.queue, &bed.sender, mapping);
    for id in &ids {
        bed.queue.send(&messages::encode(*id), Duration::ZERO);
    }
    bed.simulator.quiesce(LIMIT).await.unwrap();
    let stats = bed.stand_ins.ses().stats();
    let outcomes = bed.simulator.outcomes();
    assert_eq!((stats.handovers, stats.accepted), (60, 60), "{outcomes:?}");
    assert!(stats.accepted_twice.is_empty());
    assert_eq!(stats.accepted_untagged, 0);
    assert_eq!(states(&pool).await, [("sent".to_owned(), 60)]);
    assert_eq!(
        outcomes.keys().map(|(_, how)| *how).collect::<Vec<_>>(),
        ["answered"]
    );
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn kills_and_lost_answers_send_nothing_twice(pool: PgPool) {
    let bed = test_bed(&pool).await;
    let ids = plan(&pool, 40).await;
    bed.stand_ins.ses().configure(|ses| {
        ses.share(SesFault::AcceptReset, 0.1)
            .share(SesFault::Reset, 0.1)
            .latency_ms(20)
    });
    bed.simulator
        .map(&bed.queue, &bed.sender, Mapping::default());
    for id in &ids {
        bed.queue.send(&messages::encode(*id), Duration::ZERO);
    }
    let killing = async {
        let mut ticks = tokio::time::interval(Duration::from_millis(20));
        let mut killed = 0;
        while killed < 3 && !bed.simulator.is_quiet() {
            ticks.tick().await;
            killed += usize::from(bed.simulator.kill_random_busy().is_some());
        }
    };
    let (quiesced, ()) = tokio::join!(bed.simulator.quiesce(LIMIT), killing);
    quiesced.unwrap();
    // The time that a lease takes to end, for a sender that was killed while it sent a mail.
    sqlx::query(
        "update sends set lease_until = now() - interval '1 s' where lease_until is not null",
    )
    .execute(&pool)
    .await
    .unwrap();
    bed.sender.sweep().await;
    bed.simulator.quiesce(LIMIT).await.unwrap();
    let stats = bed.stand_ins.ses().stats();
    assert!(stats.accepted_twice.is_empty(), "{stats:?}");
    assert!(stats.accepted_unconfirmed > 0, "the plan has lost answers");
    let states = states(&pool).await;
    let total: i64 = states.iter().map(|(_, count)| count).sum();
    assert_eq!(total, 40);
    let sent = states.iter().find(|(state, _)| state == "sent");
    let confirmed = i64::try_from(stats.accepted - stats.accepted_unconfirmed).unwrap();
    assert!(
        sent.is_some_and(|(_, count)| *count <= confirmed),
        "{states:?} {stats:?}"
    );
}

/// The lines of a folder's logs that CloudWatch makes metrics of.
fn metrics(logs: &Path) -> Vec<Value> {
    let files = fs::read_dir(logs).unwrap();
    let texts = files.map(|file| fs::read_to_string(file.unwrap().path()).unwrap());
    let lines: Vec<String> = texts
        .flat_map(|text| text.lines().map(str::to_owned).collect::<Vec<_>>())
        .collect();
    let parsed = lines
        .iter()
        .filter_map(|line| serde_json::from_str(line).ok());
    parsed
        .filter(|line: &Value| line["_aws"].is_object())
        .collect()
}

/// Alarms ring by these lines, and stop ringing by their zeros.
#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn sweep_reports_what_waits_as_metrics(pool: PgPool) {
    let bed = test_bed(&pool).await;
    testing::campaign(&pool, "c").await;
    bed.sender.sweep().await;
    let open = "insert into breakers (campaign_id, opened_at, reason, figures)
                select id, now(), 'bounce_rate', '{}' from campaigns";
    sqlx::query(open).execute(&pool).await.unwrap();
    bed.sender.sweep().await;

    let lines = metrics(bed.logs.path());
    for (name, _) in Waiting::default().metrics() {
        let counts: Vec<_> = lines.iter().map(|line| line[name].as_i64()).collect();
        let waiting = i64::from(name == "OpenBreakers");
        assert_eq!(counts, [Some(0), Some(waiting)], "{name}: {lines:?}");
    }
    for line in &lines {
        let about = &line["_aws"]["CloudWatchMetrics"][0];
        assert_eq!(about["Namespace"], "simulated");
    }
}
