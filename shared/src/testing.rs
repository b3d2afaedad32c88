//! What tests of several crates need: seeds, and the way to the local cloud. Feature `testing`;
//! never part of a deployed binary.

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test that cannot be set up should stop at once"
)]

mod ledger;
mod statements;
mod waiting;

use std::collections::HashMap;

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_sqs::config::Credentials;
pub use ledger::{LIMITS, arm, outcome, plan, result, terms};
use serde_json::{Value, json};
use sqlx::{ConnectOptions, PgPool};
pub use statements::Statements;
pub use waiting::until_waiting;

use crate::{
    config::{Secret, variable},
    db::{
        campaigns::{self, NewCampaign},
        sources::{self, Run},
    },
    domain::{
        email::{EmailAddress, HashKey},
        ids::{CampaignId, LeadId, SourceId},
        lead::{NewLead, Platform},
    },
    messages,
};

/// A key for addresses, the same in every test.
pub fn hash_key() -> HashKey {
    HashKey::new(vec![7; 32]).expect("32 bytes are a key")
}

/// The same key as `RECIPIENT_HASH_KEY` would hold it.
pub fn hash_key_text() -> String {
    "07".repeat(32)
}

/// The address of the database that a test was given.
pub fn database_url(pool: &PgPool) -> Secret {
    Secret::new(pool.connect_options().to_url_lossy().to_string())
}

/// The same, with what the function of this name may do (migrations, roles).
pub fn database_url_of(pool: &PgPool, function: &str) -> Secret {
    let url = database_url(pool);
    let separator = if url.expose().contains('?') { '&' } else { '?' };
    Secret::new(format!(
        "{}{separator}options[role]=outreach_{function}",
        url.expose()
    ))
}

/// A table of variables as a configuration reads it.
pub fn lookup(table: &[(&str, &str)]) -> impl Fn(&str) -> Option<String> + use<> {
    let table: HashMap<String, String> = table
        .iter()
        .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()))
        .collect();
    move |name| table.get(name).cloned()
}

/// The AWS clients' set-up for the local cloud, or for whatever answers at `endpoint`.
pub fn sdk(endpoint: Option<&str>) -> SdkConfig {
    let cloud = || {
        variable("AWS_ENDPOINT_URL").expect("AWS_ENDPOINT_URL is not set: use `cargo local test`")
    };
    let endpoint = endpoint.map_or_else(cloud, str::to_owned);
    let host = endpoint.split("://").nth(1).unwrap_or_default();
    assert!(
        host.starts_with("127.0.0.1:"),
        "tests speak to this machine only, not to {endpoint}"
    );
    SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::from_static("us-east-1"))
        .endpoint_url(endpoint)
        .credentials_provider(aws_sdk_sqs::config::SharedCredentialsProvider::new(
            Credentials::new("test", "test", None, None, "tests"),
        ))
        .build()
}

/// An address on this machine at which nothing listens: the system never gives port 1 to a process that asks for
/// a free one.
pub const CLOSED: &str = "http://127.0.0.1:1";

/// A word that no other test uses, nor this one when it is run again: the local cloud remembers. Drawn
/// at random, because two tests may read the clock in the same moment.
pub async fn unique(pool: &PgPool) -> String {
    sqlx::query_scalar("select replace(gen_random_uuid()::text, '-', '')")
        .fetch_one(pool)
        .await
        .expect("PostgreSQL draws a random word")
}

/// A queue of the test's own in the local cloud.
#[derive(Debug)]
pub struct TestQueue {
    client: aws_sdk_sqs::Client,
    /// Its address.
    pub url: String,
}

impl TestQueue {
    /// Makes a queue that no other test uses.
    pub async fn create(sdk: &SdkConfig, pool: &PgPool, name: &str) -> Self {
        let client = aws_sdk_sqs::Client::new(sdk);
        let own = unique(pool).await;
        let reply = client
            .create_queue()
            .queue_name(format!("{name}-{own}"))
            .send()
            .await;
        let url = reply
            .expect("the local cloud makes a queue")
            .queue_url
            .expect("with an address");
        Self { client, url }
    }

    /// How many messages are held back.
    pub async fn delayed(&self) -> usize {
        use aws_sdk_sqs::types::QueueAttributeName::ApproximateNumberOfMessagesDelayed as Delayed;
        let request = self.client.get_queue_attributes().queue_url(&self.url);
        let reply = request.attribute_names(Delayed).send().await;
        let attributes = reply
            .expect("the local cloud counts")
            .attributes
            .unwrap_or_default();
        attributes
            .get(&Delayed)
            .and_then(|n| n.parse().ok())
            .expect("a count")
    }

    /// Has another queue take what could not be worked on.
    pub async fn dead_letters_go_to(&self, other: &Self) {
        use aws_sdk_sqs::types::QueueAttributeName as Name;
        let request = self.client.get_queue_attributes().queue_url(&other.url);
        let reply = request.attribute_names(Name::QueueArn).send().await;
        let attributes = reply.expect("a queue has a name").attributes;
        let arn = attributes.and_then(|mut all| all.remove(&Name::QueueArn));
        let policy = json!({"deadLetterTargetArn": arn, "maxReceiveCount": 10});
        let request = self.client.set_queue_attributes().queue_url(&self.url);
        let set = request.attributes(Name::RedrivePolicy, policy.to_string());
        set.send().await.expect("a queue can have dead letters");
    }

    /// Puts a message of ours there.
    pub async fn put(&self, id: i64) {
        let request = self.client.send_message().queue_url(&self.url);
        let sent = request.message_body(messages::encode(id)).send().await;
        sent.expect("the local cloud takes messages");
    }

    /// Every row id that was published, sorted; empties the queue.
    pub async fn published(&self) -> Vec<i64> {
        let mut ids = Vec::new();
        loop {
            let reply = self.client.receive_message().queue_url(&self.url);
            let reply = reply.max_number_of_messages(10).send().await;
            let messages = reply
                .expect("the local cloud gives messages")
                .messages
                .unwrap_or_default();
            if messages.is_empty() {
                ids.sort_unstable();
                return ids;
            }
            for message in messages {
                let body = message.body.unwrap_or_default();
                ids.push(messages::decode(&body).expect("a message of ours"));
                let handle = message.receipt_handle.unwrap_or_default();
                let delete = self.client.delete_message().queue_url(&self.url);
                delete
                    .receipt_handle(handle)
                    .send()
                    .await
                    .expect("a message can be deleted");
            }
        }
    }
}

/// An SQS event with a message per body, as Lambda delivers it.
pub fn sqs_event<B: AsRef<str>>(bodies: &[B]) -> Value {
    let record = |(n, body): (usize, &B)| {
        json!({
            "messageId": format!("message-{n}"),
            "receiptHandle": format!("handle-{n}"),
            "body": body.as_ref(),
            "attributes": {"ApproximateReceiveCount": "1"},
            "messageAttributes": {},
            "eventSource": "aws:sqs",
            "eventSourceARN": "arn:aws:sqs:us-east-1:000000000000:queue",
            "awsRegion": "us-east-1",
        })
    };
    json!({"Records": bodies.iter().enumerate().map(record).collect::<Vec<_>>()})
}

/// An SQS event that says "look at these rows".
pub fn rows_event(ids: &[i64]) -> Value {
    sqs_event(
        &ids.iter()
            .map(|id| messages::encode(*id))
            .collect::<Vec<_>>(),
    )
}

/// An active campaign with generous limits.
pub async fn campaign(pool: &PgPool, name: &str) -> CampaignId {
    let mut conn = pool.acquire().await.expect("a connection");
    let new = NewCampaign {
        name,
        offer: "20 % of every sale of running shoes",
        audience: "people who run and write about it",
        daily_cap: 1_000_000,
        basis_rules: &json!({}),
        hours: None,
    };
    campaigns::upsert(&mut conn, &new)
        .await
        .expect("a campaign is stored")
}

/// A source of a campaign.
pub async fn source(
    pool: &PgPool,
    campaign: CampaignId,
    name: &str,
    kind: &str,
    params: Value,
) -> SourceId {
    let mut conn = pool.acquire().await.expect("a connection");
    sources::upsert(&mut conn, campaign, name, kind, &params)
        .await
        .expect("a source is stored")
}

/// A runner from the United States with an address and everything that a good lead has.
pub fn new_lead(username: &str) -> NewLead {
    new_lead_at(username, "example.org")
}

/// The same, with a mailbox at this domain.
pub fn new_lead_at(username: &str, domain: &str) -> NewLead {
    let address = EmailAddress::parse(&format!("{username}@{domain}")).expect("an address");
    NewLead {
        platform: Platform::X,
        external_id: format!("id-{username}"),
        username: username.to_owned(),
        name: Some("Ana Fit".to_owned()),
        email: Some((address.clone(), hash_key().hash(&address))),
        profile_url: Some(format!("https://x.com/{username}")),
        follower_count: Some(15_200),
        bio: Some("Trail runner and coach. I write about shoes and long runs.".to_owned()),
        verified: Some(true),
        location: Some("Austin, TX".to_owned()),
        website: Some(format!("https://{username}.example/")),
        country: "US".parse().ok(),
        language: Some("en".to_owned()),
        raw: None,
    }
}

/// Stores leads as a source of kind `csv` named `seed` of this campaign would, and gives their ids in
/// this order.
pub async fn leads(pool: &PgPool, campaign: CampaignId, leads: &[NewLead]) -> Vec<LeadId> {
    let source = source(pool, campaign, "seed", "csv", json!({"file": "seed.csv"})).await;
    let mut conn = pool.acquire().await.expect("a connection");
    let number = sqlx::query_scalar::<_, i64>("select run from sources where id = $1")
        .bind(source.0)
        .fetch_one(&mut *conn)
        .await
        .expect("the source is there");
    let run = Run {
        source,
        campaign,
        name: "seed".to_owned(),
        kind: "csv".to_owned(),
        params: json!({}),
        cursor: json!({}),
        number,
        cut_short: false,
    };
    let lease = std::time::Duration::from_secs(60);
    let page = crate::db::leads::store_page(&mut conn, &run, leads, &json!({}), lease).await;
    page.expect("leads are stored").expect("the run is ours");
    let names: Vec<&str> = leads.iter().map(|lead| lead.username.as_str()).collect();
    let ids = sqlx::query_scalar::<_, i64>(
        "select id from leads where username = any($1) order by array_position($1, username)",
    )
    .bind(&names)
    .fetch_all(&mut *conn)
    .await
    .expect("the leads are there");
    ids.into_iter().map(LeadId).collect()
}
