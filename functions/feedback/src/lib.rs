//! Stores what SES reports about our mails, and all that follows: a state rises, a mailbox is
//! suppressed, a campaign is stopped.
//!
//! Each body is parsed by itself, and the events of a batch are one transaction. What cannot be read exists
//! nowhere else: it is kept among the dead letters, where an alarm tells of it. Events come in any
//! order and more than once; the rows end alike (invariant 12). An event that carries our tag also
//! resolves what a sender could not know (9).

mod envelope;
mod event;
mod field;
#[cfg(fuzzing)]
pub mod fuzzing;
mod key;
mod notification;

use chrono::{DateTime, Utc};
use event::{Parsed, Parser};
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
    queue::{Batch, InvalidEvent, Queue, Trigger},
    telemetry,
};

#[derive(Debug)]
pub struct Deps {
    pool: PgPool,
    queue: Queue,
    /// Where a body that cannot be read is kept.
    dead_letters: Queue,
    config: config::Feedback,
}

/// The function could not start or go on. The batch is delivered again.
#[derive(Debug, thiserror::Error)]
pub enum FeedbackError {
    #[error("the event cannot be read")]
    Event(#[from] InvalidEvent),
    /// The database belongs to another key.
    #[error(transparent)]
    Installation(#[from] InstallationError),
    /// Nothing of the batch was stored.
    #[error("the events could not be stored")]
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
        let dead_letters = queue.beside(config.feedback_dead_letter_queue_url.clone());
        Ok(Self {
            pool,
            queue,
            dead_letters,
            config,
        })
    }
}

/// Handles a batch of the feedback queue.
///
/// # Errors
/// When the database fails: the batch is delivered again, later and later.
pub async fn handle(deps: &Deps, event: Value) -> Result<Value, FeedbackError> {
    let Trigger::Batch(messages) = Trigger::from_event(event)? else {
        tracing::warn!("invoked without messages: there is nothing to do");
        return Ok(json!({}));
    };
    let parser = Parser {
        topic_arn: &deps.config.feedback_topic_arn,
        hash_key: &deps.config.hash_key,
        unsubscribe_keys: &deps.config.unsubscribe_keys,
        now: now(),
    };
    let mut conn = db::acquire(&deps.pool).await?;
    installation::require_key(&mut conn, &deps.config.hash_key.fingerprint()).await?;
    let (parsed, mut answer) = Batch::read(messages, |body| parser.parse(body)).split();
    ingest(&mut conn, parsed).await?;
    quarantine::insert(&mut conn, deps.queue.name(), answer.poison()).await?;
    answer.keep_unreadable(&deps.dead_letters).await;
    Ok(json!(answer.finish(&deps.queue).await))
}

#[expect(
    clippy::disallowed_methods,
    reason = "the shell reads the clock and hands it on"
)]
fn now() -> DateTime<Utc> {
    Utc::now()
}

/// Stores what was parsed, and logs what it led to.
async fn ingest(conn: &mut PgConnection, parsed: Vec<Parsed>) -> Result<(), FeedbackError> {
    let mut events = Vec::with_capacity(parsed.len());
    let (mut unknown, mut set_ups, mut other_mails) = (0, 0, 0);
    for parsed in parsed {
        match parsed {
            Parsed::Events(parsed) => events.extend(parsed),
            Parsed::UnknownType(event) => {
                tracing::warn!(event.kind, "SES reports a type of event that is new");
                unknown += 1;
                events.push(event);
            }
            Parsed::SetUp => set_ups += 1,
            Parsed::OtherMail => other_mails += 1,
        }
    }
    let ingested = feedback::ingest(conn, &events).await?;
    if ingested.unmatched_opt_outs > 0 {
        tracing::error!(
            messages = ingested.unmatched_opt_outs,
            "opt-outs by mail name sends that are not on record: no recipient was suppressed"
        );
    }
    for campaign in &ingested.opened {
        tracing::error!(
            campaign.id = %campaign,
            "opened a breaker: too many bounces or complaints; the campaign waits for an operator"
        );
    }
    tracing::info!(
        events = events.len(),
        new = ingested.stored,
        unmatched = ingested.unmatched,
        linked = ingested.linked,
        sends = ingested.sends,
        suppressions = ingested.suppressions,
        unknown,
        set_ups,
        other_mails,
        unmatched_opt_outs = ingested.unmatched_opt_outs,
        "stored a batch of events"
    );
    Ok(())
}
