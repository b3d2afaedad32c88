//! Writes down what SES reports about our mails, and draws the consequences: a state rises, a mailbox
//! is left alone, a campaign is stopped.
//!
//! Each body is read by itself, and the events of a batch are one statement. Events come in any order
//! and more than once; the rows end alike (invariant 12). An event that carries our tag also settles
//! what a sender could not know (9).

mod event;
mod notice;
mod words;
mod wrapping;

use event::{Reader, Reading};
use lambda_runtime::Diagnostic;
use serde_json::{Value, json};
use shared::{
    clients::aws,
    config,
    db::{
        self, DbError, PgConnection, PgPool, feedback,
        installation::{self, InstallationError},
        quarantine,
    },
    faults,
    queue::{Batch, InvalidEvent, Queue, Trigger},
    telemetry,
};

/// What the function is wired to.
#[derive(Debug)]
pub struct Deps {
    pool: PgPool,
    queue: Queue,
    config: config::Feedback,
}

/// The function could not start or go on. The batch is delivered again.
#[derive(Debug, thiserror::Error)]
pub enum FeedbackError {
    /// The event is not one of ours.
    #[error("the event cannot be read")]
    Event(#[from] InvalidEvent),
    /// The database belongs to another key.
    #[error(transparent)]
    Installation(#[from] InstallationError),
    /// The database did not do its part; nothing of the batch was stored.
    #[error("the events could not be written down")]
    Database(#[from] DbError),
}

impl From<FeedbackError> for Diagnostic {
    fn from(error: FeedbackError) -> Self {
        telemetry::diagnostic(&error)
    }
}

impl Deps {
    /// Wires the function; nothing is contacted yet.
    ///
    /// # Errors
    /// When the database's address cannot be read.
    pub async fn connect(config: config::Feedback) -> Result<Self, FeedbackError> {
        let sqs = aws_sdk_sqs::Client::new(&aws::load().await);
        let queue = Queue::new(sqs, config.feedback_queue_url.clone());
        Self::new(config, queue)
    }

    /// Wires the function to this queue.
    ///
    /// # Errors
    /// When the database's address cannot be read.
    pub fn new(config: config::Feedback, queue: Queue) -> Result<Self, FeedbackError> {
        let pool = db::connect_lazily(&config.database_url, "feedback")?;
        Ok(Self {
            pool,
            queue,
            config,
        })
    }
}

/// Works through a batch of the feedback queue.
///
/// # Errors
/// When the database fails: the batch is delivered again, later and later.
pub async fn handle(deps: &Deps, event: Value) -> Result<Value, FeedbackError> {
    let Trigger::Batch(messages) = Trigger::from_event(event)? else {
        tracing::warn!("woken without messages: there is nothing to do");
        return Ok(json!({}));
    };
    let reader = Reader {
        topic_arn: &deps.config.feedback_topic_arn,
        hash_key: &deps.config.hash_key,
        unsubscribe_keys: &deps.config.unsubscribe_keys,
    };
    let mut conn = db::acquire(&deps.pool).await?;
    installation::require_key(&mut conn, &deps.config.hash_key.fingerprint()).await?;
    let (readings, answer) = Batch::read(messages, |body| reader.read(body)).split();
    ingest(&mut conn, readings).await?;
    quarantine::insert(&mut conn, deps.queue.name(), answer.poison()).await?;
    Ok(json!(answer.finish(&deps.queue).await))
}

/// Stores what was read, and says what it led to.
async fn ingest(conn: &mut PgConnection, readings: Vec<Reading>) -> Result<(), FeedbackError> {
    let mut events = Vec::with_capacity(readings.len());
    let (mut unknown, mut validations, mut other_mails) = (0, 0, 0);
    for reading in readings {
        faults::at("feedback.read").await?;
        match reading {
            Reading::Events(read) => events.extend(read),
            Reading::Unknown(event) => {
                tracing::warn!(event.kind, "SES reports something new");
                unknown += 1;
                events.push(event);
            }
            Reading::Validation => validations += 1,
            Reading::OtherMail => other_mails += 1,
        }
    }
    let ingested = if events.is_empty() {
        feedback::Ingested::default()
    } else {
        faults::at("feedback.connected").await?;
        feedback::ingest(conn, &events).await?
    };
    faults::at("feedback.ingested").await?;
    if ingested.lost_noes > 0 {
        tracing::error!(
            messages = ingested.lost_noes,
            "somebody said no by mail, for a send that is not on record: nobody was suppressed"
        );
    }
    for campaign in &ingested.opened {
        tracing::error!(
            campaign.id = %campaign,
            "opened a breaker: too many bounces or complaints; the campaign waits for a person"
        );
    }
    tracing::info!(
        events = events.len(),
        new = ingested.stored,
        unmatched = ingested.unmatched,
        moved = ingested.moved,
        suppressions = ingested.suppressions,
        unknown,
        validations,
        other_mails,
        "wrote down a batch of events"
    );
    Ok(())
}
