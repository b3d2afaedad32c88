//! Enriches leads: says what each is about and whether the programme fits, and plans the mail.
//!
//! Load the leads, score those that are new or have changed, decide what follows, store enrichment and
//! send together, and only then publish the sends.

mod answer;
mod ask;
#[cfg(fuzzing)]
pub mod fuzzing;
mod plan;
mod prompt;
mod red_flags;
mod redact;
mod rules;
mod score;

use std::{
    collections::{BTreeMap, HashMap},
    time::Duration,
};

pub use ask::AskError;
use ask::{Answers, Question, score};
use aws_config::SdkConfig;
use chrono::{DateTime, Utc};
use lambda_runtime::Diagnostic;
use prompt::Prompt;
use serde_json::{Value, json};
use shared::{
    clients::{
        aws,
        model::{Model, SetupError},
    },
    config,
    db::{
        self, DbError, PgConnection, PgPool, campaigns,
        enrichment::{self, LatestEnrichment, LeadResult, Task, Wait},
        leads, quarantine,
    },
    deadline::Deadline,
    domain::{gate::Method, model_outage::EnrichmentWait},
    queue::{Batch, InvalidEvent, Queue, Settled, Trigger},
    telemetry,
};

/// Leads that a sweep publishes at most, of either kind.
const SWEEP: i64 = 1_000;
/// Longest wait of a message; a longer one is the sweep's.
const A_MOMENT: Duration = Duration::from_secs(2 * 60);
/// Leads of an activated campaign that are locked at once.
const REQUEST_BATCH: i64 = 200;

/// What the function is wired to.
pub struct Deps {
    pool: PgPool,
    enrich_queue: Queue,
    outreach_queue: Queue,
    model: Option<Model>,
    republish_after: Duration,
}

/// The function could not start or go on; the batch is delivered again.
#[derive(Debug, thiserror::Error)]
pub enum EnrichError {
    #[error("the event cannot be read")]
    Event(#[from] InvalidEvent),
    #[error(transparent)]
    Database(#[from] DbError),
    #[error(transparent)]
    Ask(#[from] AskError),
    #[error(transparent)]
    Setup(#[from] SetupError),
}

impl From<EnrichError> for Diagnostic {
    fn from(error: EnrichError) -> Self {
        telemetry::diagnostic(&error)
    }
}

impl Deps {
    /// Wires the function; nothing is contacted yet.
    ///
    /// # Errors
    /// When a client cannot be made.
    pub async fn connect(config: config::Enricher) -> Result<Self, EnrichError> {
        Self::new(config, &aws::load().await)
    }

    /// Wires the function to these AWS services.
    ///
    /// # Errors
    /// When a client cannot be made.
    pub fn new(config: config::Enricher, sdk: &SdkConfig) -> Result<Self, EnrichError> {
        let sqs = aws_sdk_sqs::Client::new(sdk);
        Ok(Self {
            pool: db::connect_lazily(&config.database_url, "enricher")?,
            enrich_queue: Queue::new(sqs.clone(), config.enrich_queue_url),
            outreach_queue: Queue::new(sqs, config.outreach_queue_url),
            model: config.model.map(Model::new).transpose()?,
            republish_after: config.republish_after,
        })
    }
}

/// Works through a batch of the queue, or sweeps for leads that were forgotten.
///
/// # Errors
/// When a dependency fails: the batch is delivered again, later and later.
pub async fn handle(deps: &Deps, event: Value, deadline: Deadline) -> Result<Value, EnrichError> {
    let mut conn = db::acquire(&deps.pool).await?;
    match Trigger::from_event(event)? {
        Trigger::Schedule(_) => Box::pin(sweep(deps, &mut conn)).await,
        Trigger::Batch(messages) => {
            let batch = Batch::decode(messages);
            let settled = Box::pin(enrich(deps, &mut conn, &batch.ids(), deadline)).await?;
            let answer = batch.settle(&settled);
            let queue = &deps.enrich_queue;
            quarantine::insert(&mut conn, queue.name(), answer.poison()).await?;
            Ok(json!(answer.finish(queue).await))
        }
    }
}

/// Publishes the leads whose enrichment is pending for long, since a message was lost or the budget of
/// a day was used up, and those that an activated campaign wants (invariant 3).
async fn sweep(deps: &Deps, conn: &mut PgConnection) -> Result<Value, EnrichError> {
    let mut pending: Vec<i64> = Vec::new();
    for _ in 0..SWEEP / REQUEST_BATCH {
        let requested = campaigns::request_leads(conn, REQUEST_BATCH).await?;
        if requested.is_empty() {
            break;
        }
        pending.extend(requested.iter().map(|lead| lead.0));
    }
    pending.extend(leads::take_unpublished(conn, deps.republish_after, SWEEP).await?);
    if let Err(error) = deps.enrich_queue.publish(&pending).await {
        tracing::warn!(
            error = telemetry::chain(&error),
            "leads could not be published: the next sweep finds them"
        );
    }
    tracing::info!(leads = pending.len(), "swept for pending enrichments");
    Ok(json!({ "published": pending.len() }))
}

/// Enriches a batch of leads.
async fn enrich(
    deps: &Deps,
    conn: &mut PgConnection,
    ids: &[i64],
    deadline: Deadline,
) -> Result<HashMap<i64, Settled>, EnrichError> {
    let work = enrichment::load(conn, ids).await?;
    let mut settled: HashMap<i64, Settled> = ids.iter().map(|id| (*id, no_such_lead())).collect();
    settled.extend(work.known.iter().map(|id| (*id, Settled::Done)));

    let model = deps.model.as_ref();
    let name = model.map_or("rules", Model::name);
    let (mut questions, mut results) = (Vec::new(), BTreeMap::new());
    for task in &work.tasks {
        results.entry(task.lead.id).or_insert_with(|| LeadResult {
            lead: task.lead.id,
            requested_at: task.requested_at,
            complete: task.requested_at.is_some(),
            inactive: task.inactive.clone(),
            enrichments: Vec::new(),
            wait: None,
        });
        let prompt = Prompt::new(&task.lead, &task.campaign, name).or_answered(task);
        if !is_answered(task, &prompt) {
            questions.push(Question { task, prompt });
        }
    }
    let Answers { scores, refused } = score(model, conn, &questions, deadline).await?;
    let now = now();
    for (Question { task, prompt }, score) in questions.iter().zip(scores) {
        let result = results.entry(task.lead.id);
        match score {
            Ok(scored) => {
                let enrichment = plan::plan(task, prompt, scored, now);
                result.and_modify(|result| result.enrichments.push(enrichment));
            }
            Err(waits) => {
                let wait = waits.wait(now);
                settled.insert(task.lead.id.0, comes_again(wait, now));
                // A campaign still waits for an answer.
                result.and_modify(|result| {
                    result.complete = false;
                    // Who is asked about right now waits for nothing but the answer.
                    if wait.reason != EnrichmentWait::ModelBusy {
                        result.wait = Some(wait);
                    }
                });
            }
        }
    }
    let results: Vec<LeadResult> = results
        .into_values()
        .filter(|result| result.complete || result.wait.is_some() || !result.enrichments.is_empty())
        .collect();
    if !results.is_empty() {
        store(deps, conn, &results).await?;
    }
    match refused {
        // An alarm rings: a person has to put something right.
        Some(error) => Err(AskError::Refused(error).into()),
        None => Ok(settled),
    }
}

/// Stores a batch, then publishes the sends that are due.
async fn store(
    deps: &Deps,
    conn: &mut PgConnection,
    results: &[LeadResult],
) -> Result<(), DbError> {
    let recorded = enrichment::record(conn, results).await?;
    tracing::info!(
        leads = results.len(),
        stored = recorded.stored,
        due = recorded.due.len(),
        duplicates = recorded.duplicates,
        superseded = recorded.superseded,
        "enriched a batch of leads"
    );
    let due: Vec<i64> = recorded.due.iter().map(|send| send.0).collect();
    if let Err(error) = deps.outreach_queue.publish(&due).await {
        tracing::warn!(
            error = telemetry::chain(&error),
            "sends could not be published: the sender's sweep finds them"
        );
    }
    Ok(())
}

/// What waits for a moment comes again as its message; what waits longer is found by the sweep, so that
/// an outage leads no message to the dead letters.
fn comes_again(wait: Wait, now: DateTime<Utc>) -> Settled {
    let after = (wait.until - now).to_std().unwrap_or_default();
    match after <= A_MOMENT {
        true => Settled::Retry { after: Some(after) },
        false => Settled::Done,
    }
}

/// Whether nothing is pending: no request since the last answer, as when a message comes twice, or the
/// last answer was made from exactly this.
fn is_answered(task: &Task, prompt: &Prompt) -> bool {
    let input = plan::input_hash(task, prompt);
    let answers = |latest: &LatestEnrichment| {
        let wanted_again = latest.method == Method::Rules
            && task.again_at.is_some_and(|again_at| again_at > latest.at);
        latest.input_hash == input && !wanted_again
    };
    task.requested_at.is_none() || task.latest.as_ref().is_some_and(answers)
}

fn no_such_lead() -> Settled {
    Settled::Poison("there is no lead of this id".to_owned())
}

#[expect(
    clippy::disallowed_methods,
    reason = "the shell reads the clock once and hands it on"
)]
fn now() -> DateTime<Utc> {
    Utc::now()
}
