//! What every test stands on: a campaign, two queues of the test's own and a model over HTTP.

use std::{collections::BTreeMap, time::Duration};

use aws_config::SdkConfig;
use enricher::{Deps, EnrichError, handle};
use serde_json::Value;
use shared::{
    config,
    deadline::Deadline,
    domain::{ids::CampaignId, lead::NewLead},
    testing::{self, TestQueue},
};
use simulated::{Settings, Simulated};
use sqlx::PgPool;

/// Enough for both rounds of questions, as the function counts its time.
pub(crate) const AMPLE: Duration = Duration::from_secs(60);

pub(crate) struct Stage {
    pub(crate) pool: PgPool,
    pub(crate) sdk: SdkConfig,
    pub(crate) enrich: TestQueue,
    pub(crate) outreach: TestQueue,
    pub(crate) stand_ins: Simulated,
    pub(crate) campaign: CampaignId,
}

/// One row of `enriched_leads`, as far as tests look at it.
#[derive(Debug, Clone, PartialEq, sqlx::FromRow)]
pub(crate) struct Enriched {
    pub(crate) lead_id: i64,
    pub(crate) version: i32,
    pub(crate) method: String,
    pub(crate) outcome: String,
    pub(crate) reason: Option<String>,
    pub(crate) notes: String,
    pub(crate) cost: i64,
    /// State of the send that it planned.
    pub(crate) state: Option<String>,
}

impl Stage {
    pub(crate) async fn new(pool: PgPool) -> Self {
        let sdk = testing::sdk(None);
        Self {
            enrich: TestQueue::create(&sdk, &pool, "enrich").await,
            outreach: TestQueue::create(&sdk, &pool, "outreach").await,
            stand_ins: stand_ins(),
            campaign: testing::campaign(&pool, "demo").await,
            sdk,
            pool,
        }
    }

    /// The function as deployed, but for these variables.
    pub(crate) fn deps(&self, own: &[(&str, &str)]) -> Deps {
        self.deps_at(&self.stand_ins.openai_base(), own)
    }

    /// The function with the model at this address.
    pub(crate) fn deps_at(&self, model: &str, own: &[(&str, &str)]) -> Deps {
        self.deps_on(&self.sdk, model, own)
    }

    /// The function with its queues and its model at these addresses.
    pub(crate) fn deps_on(&self, sdk: &SdkConfig, model: &str, own: &[(&str, &str)]) -> Deps {
        let database = testing::database_url_of(&self.pool, "enricher");
        let mut table = vec![
            ("DATABASE_URL", database.expose()),
            ("ENRICH_QUEUE_URL", self.enrich.url.as_str()),
            ("OUTREACH_QUEUE_URL", self.outreach.url.as_str()),
            ("OPENAI_API_KEY", "sk-test"),
            ("OPENAI_BASE_URL", model),
            ("OPENAI_TIMEOUT_SECONDS", "1"),
        ];
        table.extend(own);
        let config = config::Enricher::from_lookup(&testing::lookup(&table)).unwrap();
        Deps::new(config, sdk).unwrap()
    }

    /// Stores good leads of these names.
    pub(crate) async fn leads(&self, names: &[&str]) -> Vec<i64> {
        let new: Vec<_> = names.iter().map(|name| testing::new_lead(name)).collect();
        self.store(&new).await
    }

    /// Stores so many good leads.
    pub(crate) async fn crowd(&self, name: &str, count: usize) -> Vec<i64> {
        let new: Vec<_> = (0..count)
            .map(|n| testing::new_lead(&format!("{name}{n}")))
            .collect();
        self.store(&new).await
    }

    /// Stores these leads and gives their ids in the same order.
    pub(crate) async fn store(&self, leads: &[NewLead]) -> Vec<i64> {
        testing::leads(&self.pool, self.campaign, leads).await;
        let keys: Vec<_> = leads.iter().map(|lead| lead.external_id.as_str()).collect();
        let sources: Vec<_> = leads.iter().map(|lead| lead.platform.as_str()).collect();
        sqlx::query_scalar(
            "select l.id from unnest($1::text[], $2::text[]) with ordinality as n (source, id, n)
             join leads l on l.source = n.source and l.external_id = n.id order by n.n",
        )
        .bind(sources)
        .bind(keys)
        .fetch_all(&self.pool)
        .await
        .unwrap()
    }

    /// Every enrichment, oldest first.
    pub(crate) async fn enriched(&self) -> Vec<Enriched> {
        sqlx::query_as(
            "select e.lead_id, e.enrichment_version as version, e.method, e.outcome, e.reason,
                    e.compliance_notes as notes, e.cost_micros as cost, s.state::text as state
             from enriched_leads e
             left join sends s on s.enriched_lead_id = e.id
             order by e.lead_id, e.campaign_id, e.enrichment_version",
        )
        .fetch_all(&self.pool)
        .await
        .unwrap()
    }

    /// The enrichments of these leads.
    pub(crate) async fn enriched_of(&self, leads: &[i64]) -> Vec<Enriched> {
        let mut all = self.enriched().await;
        all.retain(|row| leads.contains(&row.lead_id));
        all
    }

    /// Leads that an enrichment is pending for.
    pub(crate) async fn pending(&self) -> Vec<i64> {
        let query = "select id from leads where enrich_requested_at is not null order by id";
        sqlx::query_scalar(query)
            .fetch_all(&self.pool)
            .await
            .unwrap()
    }

    /// What a pending lead waits for; its next time is known.
    pub(crate) async fn waits_for(&self, lead: i64) -> String {
        let query = "select coalesce(enrich_waits_for, 'nothing') from leads
                     where id = $1 and enrich_requested_at is not null
                       and (enrich_waits_for is null) = (enrich_next_at is null)";
        sqlx::query_scalar(query)
            .bind(lead)
            .fetch_one(&self.pool)
            .await
            .unwrap()
    }

    /// Lets the time pass until a model that is away is asked again.
    pub(crate) async fn next_try_is_due(&self, model: &str) {
        sqlx::query("update model_outages set next_try_at = now() where model = $1")
            .bind(model)
            .execute(&self.pool)
            .await
            .unwrap();
    }

    /// Calls on record by state, of the model of this name.
    pub(crate) async fn calls(&self, model: &str) -> BTreeMap<String, i64> {
        let rows: Vec<(String, i64)> = sqlx::query_as(
            "select state, count(*) from model_calls where model = $1 group by state",
        )
        .bind(model)
        .fetch_all(&self.pool)
        .await
        .unwrap();
        rows.into_iter().collect()
    }

    /// A number from the database.
    pub(crate) async fn number(&self, query: &'static str) -> i64 {
        sqlx::query_scalar(query)
            .fetch_one(&self.pool)
            .await
            .unwrap()
    }

    /// Changes the database behind the function's back.
    pub(crate) async fn run(&self, statement: &'static str) {
        sqlx::raw_sql(statement).execute(&self.pool).await.unwrap();
    }
}

/// Stand-ins without any people: the tests bring their own leads.
pub(crate) fn stand_ins() -> Simulated {
    Simulated::start(Settings {
        leads: 0,
        ..Settings::default()
    })
    .unwrap()
}

/// What the calls on record say was or may have been paid.
pub(crate) fn paid(calls: &BTreeMap<String, i64>) -> i64 {
    ["answered", "refused", "unusable", "lost"]
        .iter()
        .filter_map(|state| calls.get(*state))
        .sum()
}

/// A deadline so far from now.
pub(crate) fn within(time: Duration) -> Deadline {
    Deadline::within(time)
}

/// Hands these rows to the function, with ample time.
pub(crate) async fn deliver(deps: &Deps, ids: &[i64]) -> Result<Value, EnrichError> {
    handle(deps, testing::rows_event(ids), within(AMPLE)).await
}

/// The messages that come again, by their place in the batch.
pub(crate) fn come_again(response: &Value) -> Vec<usize> {
    let failures = response["batchItemFailures"].as_array().unwrap();
    let place = |failure: &Value| {
        let id = failure["itemIdentifier"].as_str().unwrap();
        id.trim_start_matches("message-").parse().unwrap()
    };
    failures.iter().map(place).collect()
}
