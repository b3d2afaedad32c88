//! A feedback function with sends that events are about.

use feedback::{Deps, FeedbackError};
use serde_json::Value;
use shared::{
    config,
    db::PgPool,
    domain::{
        ids::{CampaignId, SendId},
        lead::NewLead,
        unsubscribe::UnsubscribeKeys,
    },
    queue::Queue,
    testing,
};

pub(crate) const TOPIC: &str = "arn:aws:sns:us-east-1:000000000000:outreach-feedback";

/// A feedback function and its database.
pub(crate) struct Fixture {
    pub(crate) deps: Deps,
    pub(crate) pool: PgPool,
    pub(crate) campaign: CampaignId,
}

impl Fixture {
    pub(crate) async fn new(pool: &PgPool) -> Self {
        Self {
            deps: wired(pool),
            pool: pool.clone(),
            campaign: testing::campaign(pool, "c").await,
        }
    }

    /// Plans a mail to each of `count` mailboxes: `runner0@example.org` and so on.
    pub(crate) async fn plan(&self, count: usize) -> Vec<i64> {
        testing::plan(&self.pool, self.campaign, &runners(count)).await
    }

    /// Delivers these bodies to the function.
    pub(crate) async fn deliver<B: AsRef<str>>(&self, bodies: &[B]) -> Value {
        self.try_deliver(bodies).await.unwrap()
    }

    pub(crate) async fn try_deliver<B: AsRef<str>>(
        &self,
        bodies: &[B],
    ) -> Result<Value, FeedbackError> {
        feedback::handle(&self.deps, testing::sqs_event(bodies)).await
    }

    /// Delivers one notice.
    pub(crate) async fn report(&self, notification: &Value) {
        self.deliver(&[notification.to_string()]).await;
    }

    pub(crate) async fn execute(&self, statement: &'static str) {
        sqlx::query(statement).execute(&self.pool).await.unwrap();
    }

    pub(crate) async fn text(&self, question: &'static str) -> Option<String> {
        sqlx::query_scalar(question)
            .fetch_one(&self.pool)
            .await
            .unwrap()
    }

    pub(crate) async fn number(&self, question: &'static str) -> i64 {
        sqlx::query_scalar(question)
            .fetch_one(&self.pool)
            .await
            .unwrap()
    }

    /// State of a send.
    pub(crate) async fn state(&self, id: i64) -> String {
        sqlx::query_scalar("select state::text from sends where id = $1")
            .bind(id)
            .fetch_one(&self.pool)
            .await
            .unwrap()
    }

    /// Why the mailbox of a send is suppressed.
    pub(crate) async fn suppression(&self, id: i64) -> Option<String> {
        sqlx::query_scalar(
            "select suppression_reason from recipients r join sends s using (email_hash)
             where s.id = $1",
        )
        .bind(id)
        .fetch_one(&self.pool)
        .await
        .unwrap()
    }
}

/// The function's wiring, once more, where no queue is reached.
pub(crate) fn wired(pool: &PgPool) -> Deps {
    wired_to(
        pool,
        "http://127.0.0.1:9",
        "http://127.0.0.1/q/outreach-feedback-dlq",
    )
}

/// The function's wiring with a dead-letter queue.
pub(crate) fn wired_to(pool: &PgPool, endpoint: &str, dead_letters: &str) -> Deps {
    let url = testing::database_url_of(pool, "feedback");
    let key = testing::hash_key_text();
    let keys = format!("k1:{}", "0f".repeat(32));
    let table = [
        ("DATABASE_URL", url.expose()),
        ("RECIPIENT_HASH_KEY", &key),
        ("FEEDBACK_QUEUE_URL", "http://127.0.0.1/q/outreach-feedback"),
        ("FEEDBACK_DEAD_LETTER_QUEUE_URL", dead_letters),
        ("FEEDBACK_TOPIC_ARN", TOPIC),
        ("UNSUBSCRIBE_KEYS", &keys),
    ];
    let config = config::Feedback::from_lookup(&testing::lookup(&table)).unwrap();
    // Nothing is published, and a message is never delayed.
    let sqs = aws_sdk_sqs::Client::new(&testing::sdk(Some(endpoint)));
    let queue = Queue::new(sqs, config.feedback_queue_url.clone());
    Deps::new(config, queue).unwrap()
}

/// The local part's token of a send.
pub(crate) fn mailbox_token(id: i64) -> String {
    let keys = UnsubscribeKeys::parse(&format!("k1:{}", "0f".repeat(32))).unwrap();
    keys.sign_for_mailbox(SendId(id))
}

/// `count` runners, each with a mailbox of its own.
pub(crate) fn runners(count: usize) -> Vec<NewLead> {
    (0..count)
        .map(|n| testing::new_lead(&format!("runner{n}")))
        .collect()
}
