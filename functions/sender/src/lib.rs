//! Sends the mails that are due: claim, decide, wait, arm, call, settle.
//!
//! A send is claimed with its facts and with room within the limits, the gate decides, its place in
//! time is waited for, and arming writes the decision down before
//! any call, under a lock on the mailbox. SES is called once per armed send. Whatever stops this
//! function in between, a mail goes out at most once (invariants 7 and 8).

mod decide;
mod handover;
mod pace;
mod render;

use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

use chrono::{DateTime, Utc};
use decide::decide;
use futures::future::join_all;
use lambda_runtime::Diagnostic;
use render::render;
use serde_json::{Value, json};
use shared::{
    clients::{
        aws,
        mailer::{Handover, Mail, Mailer},
    },
    config,
    db::{
        self, DbError, PgConnection, PgPool,
        installation::{self, InstallationError},
        quarantine,
        sends::{self, Claim},
    },
    deadline::Deadline,
    domain::email::EmailAddress,
    faults,
    queue::{Batch, InvalidEvent, Queue, Settled, Trigger},
    telemetry,
};

/// How long a claim or a call is held: longer than the function may run.
const LEASE: Duration = Duration::from_secs(60);
/// A batch is not begun with less than this: statements, the wait for a place in time and one round
/// of calls fit in.
const MARGIN: Duration = Duration::from_secs(17);
/// How long SES's events have to resolve a call before a person is asked to.
const EVENT_PATIENCE: Duration = Duration::from_secs(900);
/// A sweep announces what will be due before the next one, each for its own moment.
const LOOK_AHEAD: Duration = Duration::from_secs(90);
/// Sends that a sweep announces, and leases that it ends, at most.
const SWEEP: i64 = 3_000;

/// What the function is wired to.
#[derive(Debug)]
pub struct Deps {
    pool: PgPool,
    database_address: String,
    queue: Queue,
    mailer: Mailer,
    config: config::Sender,
}

/// The function could not start or go on. The batch is delivered again.
#[derive(Debug, thiserror::Error)]
pub enum SendError {
    /// The event is not one of ours.
    #[error("the event cannot be read")]
    Event(#[from] InvalidEvent),
    /// The database did not do its part; nothing was called that is not on record.
    #[error("the sender could not go on")]
    Database(#[from] DbError),
    /// The database may be a restored copy.
    #[error(transparent)]
    Installation(#[from] InstallationError),
    /// SES takes nothing from this account or set-up. The sends wait.
    #[error("SES refuses this account or set-up ({code}); the mails wait until it is mended")]
    AccountRefused {
        /// SES's error code.
        code: String,
    },
}

impl From<SendError> for Diagnostic {
    fn from(error: SendError) -> Self {
        telemetry::diagnostic(&error)
    }
}

impl Deps {
    /// Wires the function; nothing is contacted yet.
    ///
    /// # Errors
    /// When the database's address cannot be read.
    pub async fn connect(config: config::Sender) -> Result<Self, SendError> {
        let sdk = aws::load().await;
        let sqs = aws_sdk_sqs::Client::new(&sdk);
        let queue = Queue::new(sqs, config.outreach_queue_url.clone());
        let mailer = Mailer::new(&sdk, config.configuration_set.clone());
        Self::new(config, queue, mailer)
    }

    /// Wires the function to this queue and this SES.
    ///
    /// # Errors
    /// When the database's address cannot be read.
    pub fn new(config: config::Sender, queue: Queue, mailer: Mailer) -> Result<Self, SendError> {
        let pool = db::connect_lazily(&config.database_url, "sender")?;
        Ok(Self {
            pool,
            database_address: db::address(&config.database_url)?,
            queue,
            mailer,
            config,
        })
    }
}

/// Works through a batch of the queue, or sweeps for sends that were left behind or are due.
///
/// # Errors
/// When a dependency fails: the batch is delivered again, later and later.
pub async fn handle(deps: &Deps, event: Value, deadline: Deadline) -> Result<Value, SendError> {
    let mut conn = db::acquire(&deps.pool).await?;
    faults::at("sender.woken").await?;
    installation::require_origin(&mut conn, &deps.database_address).await?;
    match Trigger::from_event(event)? {
        Trigger::Schedule(_) => Box::pin(sweep(deps, &mut conn)).await,
        Trigger::Batch(messages) => {
            let batch = Batch::decode(messages);
            let settled = Box::pin(send(deps, &mut conn, &batch.ids(), deadline)).await?;
            let answer = batch.settle(&settled);
            quarantine::insert(&mut conn, deps.queue.name(), answer.poison()).await?;
            Ok(json!(answer.finish(&deps.queue).await))
        }
    }
}

/// Ends what a sender left behind and announces what is due.
async fn sweep(deps: &Deps, conn: &mut PgConnection) -> Result<Value, SendError> {
    let reaped = sends::reap(conn, SWEEP).await?;
    faults::at("sender.reaped").await?;
    let waiting = sends::waiting_for_a_person(conn, EVENT_PATIENCE).await?;
    // The alarm listens for these words (template.yaml, PersonNeededFilter).
    if waiting.unresolved > 0 {
        tracing::error!(
            sends = waiting.unresolved,
            "sends are unresolved: `cargo local sends --unknown` shows them"
        );
    }
    if waiting.breakers > 0 {
        tracing::error!(
            campaigns = waiting.breakers,
            "breakers are open: `cargo local breaker` shows why"
        );
    }
    // With the kill switch on, what is planned waits where it is, untouched.
    if !deps.config.sending_enabled {
        return Ok(json!({"published": 0, "requeued": reaped.requeued, "unknown": reaped.unknown}));
    }
    match deps.mailer.account_quota().await {
        Ok(quota) => sends::remember_quota(conn, quota).await?,
        Err(error) => tracing::warn!("{error}; the last answer goes on to count"),
    }
    let patience = deps.config.sweep_patience;
    let due = sends::take_due(conn, patience, LOOK_AHEAD, SWEEP).await?;
    faults::at("sender.taken").await?;
    pace::publish(&deps.queue, &due).await;
    faults::at("sender.published").await?;
    tracing::info!(
        published = due.len(),
        requeued = reaped.requeued,
        "swept for sends that are due"
    );
    Ok(json!({
        "published": due.len(),
        "requeued": reaped.requeued,
        "unknown": reaped.unknown,
    }))
}

/// Sends a batch. A send that is not due, or that another sender holds, needs nothing from us.
async fn send(
    deps: &Deps,
    conn: &mut PgConnection,
    ids: &[i64],
    deadline: Deadline,
) -> Result<HashMap<i64, Settled>, SendError> {
    let now = now();
    if !deadline.allows(MARGIN) {
        return Ok(ids
            .iter()
            .map(|id| (*id, Settled::Retry { after: None }))
            .collect());
    }
    let done = ids.iter().map(|id| (*id, Settled::Done)).collect();
    let claims = sends::claim(conn, ids, LEASE, &deps.config.limits).await?;
    faults::at("sender.claimed").await?;
    if claims.is_empty() {
        return Ok(done);
    }
    let claimed = Instant::now();
    let decided: Vec<_> = claims
        .iter()
        .map(|claim| decide(claim, &deps.config, now))
        .collect();

    let wait = pace::wait_for(&claims, &decided);
    pace::pause(wait).await;
    faults::at("sender.waited").await?;
    let armed = sends::arm(conn, &decided, LEASE).await?;
    faults::at("sender.armed").await?;

    let waited = claimed.elapsed();
    let calls = claims.iter().filter(|claim| armed.contains(&claim.send));
    let answers = join_all(calls.map(async |claim| {
        // Held up for too long, it would call together with those whose turn it is.
        if pace::is_too_late(claim, wait, waited) {
            return (claim, None);
        }
        // What goes wrong here is no answer of SES: only the process or the connection can go.
        faults::at("sender.calling").await.ok();
        let answer = hand_over(deps, claim, now).await;
        faults::at("sender.called").await.ok();
        (claim, Some(answer))
    }))
    .await;
    if answers.is_empty() {
        pace::announce(&deps.queue, &decided, now).await;
        return Ok(done);
    }
    let outcomes: Vec<_> = answers
        .iter()
        .map(|(claim, answer)| match answer {
            Some(answer) => handover::outcome(claim, answer, now),
            None => handover::too_late(claim, now),
        })
        .collect();
    let said = || answers.iter().filter_map(|(_, answer)| answer.as_ref());
    faults::at("sender.answered").await?;
    sends::settle(conn, &outcomes, handover::throttling(said())).await?;
    faults::at("sender.settled").await?;

    tracing::info!(
        claimed = claims.len(),
        armed = answers.len(),
        "worked through a batch of sends"
    );
    // Only now: whoever is armed is called without delay, and a slow queue costs messages, not mails.
    pace::announce(&deps.queue, &decided, now).await;
    pace::announce_late(&deps.queue, &outcomes).await;
    faults::at("sender.announced").await?;
    match said().find_map(handover::account_refusal) {
        Some(code) => Err(SendError::AccountRefused { code }),
        None => Ok(done),
    }
}

/// Writes the mail of an armed send and calls SES, once.
async fn hand_over(deps: &Deps, claim: &Claim, now: DateTime<Utc>) -> Handover {
    // The gate saw both: they are there.
    let to = claim
        .email
        .as_deref()
        .and_then(|text| EmailAddress::parse(text).ok());
    let Some((draft, to)) = claim.draft.as_ref().zip(to) else {
        return Handover::MailRefused {
            code: "NoAddressOrText".to_owned(),
        };
    };
    match render(claim, draft, &to, &deps.config, now) {
        Ok(mime) => {
            let from = deps.config.identity.address.clone();
            deps.mailer
                .hand_over(Mail {
                    send: claim.send,
                    from,
                    to,
                    mime,
                })
                .await
        }
        Err(error) => {
            tracing::error!(send.id = %claim.send, error = telemetry::chain(&error), "could not write a mail");
            Handover::MailRefused {
                code: "NotRendered".to_owned(),
            }
        }
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "the shell reads the clock once and hands it on"
)]
fn now() -> DateTime<Utc> {
    Utc::now()
}
