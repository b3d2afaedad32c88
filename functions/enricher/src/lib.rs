//! Enriches leads: says what each is about and whether the programme fits, and plans the mail.
//!
//! Load the leads, ask the model about those that are new or have changed, decide what follows,
//! and store enrichment and send together; only then are the sends announced.

mod ask;
mod judge;
mod objections;
mod plan;
mod prompt;
mod redact;
mod rules;
mod verdict;

use std::{
    collections::{HashMap, HashSet},
    time::Duration,
};

pub use ask::AskError;
use aws_config::SdkConfig;
use judge::{Judgement, judge};
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
        self, DbError, PgConnection, PgPool,
        enrichment::{self, Task},
        leads, quarantine,
    },
    deadline::Deadline,
    faults,
    queue::{Batch, InvalidEvent, Queue, Settled, Trigger},
    telemetry,
};

/// Leads a sweep announces at most.
const SWEEP: i64 = 1_000;

/// What the function is wired to.
pub struct Deps {
    pool: PgPool,
    enrich_queue: Queue,
    outreach_queue: Queue,
    model: Option<Model>,
    sweep_patience: Duration,
}

/// The function could not start or go on. The batch is delivered again.
#[derive(Debug, thiserror::Error)]
pub enum EnrichError {
    /// The event is not one of ours.
    #[error("the event cannot be read")]
    Event(#[from] InvalidEvent),
    /// The database did not do its part; what was stored stays stored.
    #[error("the enricher could not go on")]
    Database(#[from] DbError),
    /// The model cannot be asked.
    #[error("the enricher could not go on")]
    Ask(#[from] AskError),
    /// The model's client cannot be made.
    #[error("the enricher could not start")]
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
            sweep_patience: config.sweep_patience,
        })
    }
}

/// Works through a batch of the queue, or sweeps for leads that were forgotten.
///
/// # Errors
/// When a dependency fails: the batch is delivered again, later and later.
pub async fn handle(deps: &Deps, event: Value, deadline: Deadline) -> Result<Value, EnrichError> {
    let mut conn = db::acquire(&deps.pool).await?;
    faults::at("enricher.woken").await?;
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

/// Announces the leads that wait for an enrichment since long: a message was lost, or the budget
/// of a day was used up (invariant 3).
async fn sweep(deps: &Deps, conn: &mut PgConnection) -> Result<Value, EnrichError> {
    let owed = leads::take_unpublished(conn, deps.sweep_patience, SWEEP).await?;
    faults::at("enricher.swept").await?;
    if let Err(error) = deps.enrich_queue.publish(&owed).await {
        tracing::warn!("{error}");
    }
    faults::at("enricher.announced").await?;
    tracing::info!(
        leads = owed.len(),
        "swept for leads that wait for an enrichment"
    );
    Ok(json!({ "published": owed.len() }))
}

/// Enriches a batch of leads.
async fn enrich(
    deps: &Deps,
    conn: &mut PgConnection,
    ids: &[i64],
    deadline: Deadline,
) -> Result<HashMap<i64, Settled>, EnrichError> {
    let work = enrichment::load(conn, ids).await?;
    faults::at("enricher.loaded").await?;
    let model = deps.model.as_ref().map_or("rules", Model::name);
    let prompts: Vec<_> = work
        .tasks
        .iter()
        .map(|task| Prompt::new(&task.lead, &task.campaign, model))
        .collect();
    let (known, new): (Vec<_>, Vec<_>) = work
        .tasks
        .iter()
        .zip(prompts)
        .partition(|(task, prompt)| answered(task, prompt));

    let mut settled: HashMap<i64, Settled> = ids.iter().map(|id| (*id, no_such_lead())).collect();
    settled.extend(work.known.iter().map(|id| (*id, Settled::Done)));
    // A lead that another campaign still waits for stays owed.
    let waiting: HashSet<_> = new.iter().map(|(task, _)| task.lead.id).collect();
    let answered: Vec<_> = known
        .iter()
        .filter(|(task, _)| !waiting.contains(&task.lead.id))
        .map(|(task, _)| (task.lead.id, task.requested_at))
        .collect();
    if !answered.is_empty() {
        enrichment::clear_requests(conn, &answered).await?;
        faults::at("enricher.cleared").await?;
    }
    if new.is_empty() {
        return Ok(settled);
    }

    let judgements = judge(deps.model.as_ref(), conn, &new, deadline).await?;
    let now = now();
    let mut batch = Vec::with_capacity(new.len());
    let mut waiting = HashSet::new();
    for ((task, prompt), judgement) in new.into_iter().zip(judgements) {
        match judgement {
            Judgement::Judged(judged) => {
                faults::at("enricher.planned").await?;
                batch.push(plan::plan(task, &prompt, judged, now));
            }
            Judgement::Later(again) => {
                settled.insert(task.lead.id.0, again);
                waiting.insert(task.lead.id);
            }
        }
    }
    for new in batch.iter_mut().filter(|new| waiting.contains(&new.lead)) {
        new.requested_at = None;
    }
    if batch.is_empty() {
        return Ok(settled);
    }
    let mut tx = db::begin(conn).await?;
    let recorded = enrichment::record(&mut tx, &batch).await?;
    faults::at("enricher.recorded").await?;
    db::commit(tx).await?;
    faults::at("enricher.committed").await?;

    tracing::info!(
        leads = batch.len(),
        due = recorded.due.len(),
        duplicates = recorded.duplicates,
        "enriched a batch of leads"
    );
    // After the commit; what does not get through is found by the sender's sweep.
    let due: Vec<i64> = recorded.due.iter().map(|send| send.0).collect();
    if let Err(error) = deps.outreach_queue.publish(&due).await {
        tracing::warn!("{error}");
    }
    faults::at("enricher.published").await?;
    Ok(settled)
}

/// Whether nothing is owed: none was asked for since the last answer, as when a message comes twice,
/// or the last answer was made from exactly this.
fn answered(task: &Task, prompt: &Prompt) -> bool {
    let unchanged = |hash: &[u8]| hash == plan::basis_of(task, prompt).as_slice();
    task.requested_at.is_none()
        || task
            .latest
            .as_ref()
            .is_some_and(|(_, hash)| unchanged(hash))
}

fn no_such_lead() -> Settled {
    Settled::Poison("there is no lead of this id".to_owned())
}

#[expect(
    clippy::disallowed_methods,
    reason = "the shell reads the clock once and hands it on"
)]
fn now() -> chrono::DateTime<chrono::Utc> {
    chrono::Utc::now()
}
