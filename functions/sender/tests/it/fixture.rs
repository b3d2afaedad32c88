//! A sender with sends to work on.

use std::time::Duration;

use aws_config::SdkConfig;
use sender::{Deps, SendError};
use serde_json::Value;
use shared::{
    clients::mailer::Mailer,
    config,
    db::PgPool,
    deadline::Deadline,
    domain::{ids::CampaignId, lead::NewLead},
    queue::Queue,
    testing::{self, TestQueue},
};

/// What the test's sender is configured with, unless a test says otherwise.
const VARIABLES: &[(&str, &str)] = &[
    // Fast enough that a test never waits; what the limits do has tests of its own.
    ("SES_MAX_PER_SECOND", "1000"),
    ("SES_MAX_PER_DAY", "100000"),
    ("RAMP_START", "100000"),
    ("DOMAIN_SPACING_SECONDS", "0"),
    ("SENDING_ENABLED", "true"),
    ("SENDER_ADDRESS", "partners@mail.example.com"),
    ("SENDER_NAME", "Bo at Example"),
    ("POSTAL_ADDRESS", "Example Ltd, 1 High Street, Lisbon"),
    ("PUBLIC_BASE_URL", "https://app.example.com"),
    ("SES_CONFIGURATION_SET", "sender-tests"),
];

/// A sender, its queue and its database.
pub(crate) struct Fixture {
    pub(crate) deps: Deps,
    pub(crate) queue: TestQueue,
    pub(crate) pool: PgPool,
    pub(crate) campaign: CampaignId,
    pub(crate) sdk: SdkConfig,
}

impl Fixture {
    /// A sender that reaches SES through `sdk`.
    pub(crate) async fn new(pool: &PgPool, sdk: SdkConfig, changes: &[(&str, &str)]) -> Self {
        let cloud = testing::sdk(None);
        let queue = TestQueue::create(&cloud, pool, "outreach").await;
        let campaign = testing::campaign(pool, "c").await;
        let deps = wired(pool, &queue, &sdk, changes);
        Self {
            deps,
            queue,
            pool: pool.clone(),
            campaign,
            sdk,
        }
    }

    /// Another environment of the same function.
    pub(crate) fn another(&self) -> Deps {
        self.configured(&[])
    }

    /// The function deployed with other settings.
    pub(crate) fn configured(&self, changes: &[(&str, &str)]) -> Deps {
        wired(&self.pool, &self.queue, &self.sdk, changes)
    }

    /// Plans a mail to each and gives the sends in this order.
    pub(crate) async fn plan(&self, new: &[NewLead]) -> Vec<i64> {
        let ids = testing::plan(&self.pool, self.campaign, new).await;
        // As if called in vain before: a machine that is busy is then never too late.
        self.execute("update sends set attempts = 8 where attempts = 0")
            .await;
        ids
    }

    /// Delivers these rows to the sender.
    pub(crate) async fn deliver(&self, ids: &[i64]) -> Result<Value, SendError> {
        sender::handle(&self.deps, testing::rows_event(ids), in_time()).await
    }

    /// State and reason of a send.
    pub(crate) async fn send(&self, id: i64) -> (String, Option<String>) {
        sqlx::query_as("select state::text, reason from sends where id = $1")
            .bind(id)
            .fetch_one(&self.pool)
            .await
            .unwrap()
    }

    pub(crate) async fn execute(&self, statement: &'static str) {
        sqlx::query(statement).execute(&self.pool).await.unwrap();
    }
}

fn wired(pool: &PgPool, queue: &TestQueue, sdk: &SdkConfig, changes: &[(&str, &str)]) -> Deps {
    let url = testing::database_url_of(pool, "sender");
    let keys = format!("k1:{}", "0f".repeat(32));
    let hash_key = testing::hash_key_text();
    let own = [
        ("RECIPIENT_HASH_KEY", hash_key.as_str()),
        ("DATABASE_URL", url.expose()),
        ("OUTREACH_QUEUE_URL", &queue.url),
        ("UNSUBSCRIBE_KEYS", &keys),
    ];
    let table = [VARIABLES, &own, changes].concat();
    let config = config::Sender::from_lookup(&testing::lookup(&table)).unwrap();
    let sqs = aws_sdk_sqs::Client::new(&testing::sdk(None));
    let mailer = Mailer::new(sdk, config.configuration_set.clone());
    Deps::new(config, Queue::new(sqs, queue.url.clone()), mailer).unwrap()
}

/// A deadline as far away as the function's timeout.
pub(crate) fn in_time() -> Deadline {
    Deadline::within(Duration::from_secs(30))
}

/// `count` runners, each with a mailbox of its own. `prefix` keeps tests apart in SES's ledger.
pub(crate) fn runners(prefix: &str, count: usize) -> Vec<NewLead> {
    (0..count)
        .map(|n| testing::new_lead(&format!("{prefix}{n}")))
        .collect()
}
