//! Sends the mails that are due: claim, grant, wait, arm, call, settle.
//!
//! The gate is asked and what it lets pass is claimed; room within the limits is granted; the slot is
//! waited for; the gate is asked again under a lock on the mailbox, and what it lets pass is armed:
//! durable before SES is called, once. Whatever stops this function in between, a mail goes out at
//! most once (invariants 7 and 8).

mod outcome;
pub mod render;

use std::{collections::HashMap, time::Duration};

use chrono::{DateTime, Utc};
use futures::future::join_all;
use lambda_runtime::Diagnostic;
use outcome::{Answer, Called};
use render::{Letter, render};
use serde_json::{Value, json};
use shared::{
    clients::{
        aws,
        mailer::{Mail, Mailer},
    },
    config,
    db::{
        self, DbError, PgConnection, PgPool,
        console::figures::{self, Folded},
        installation::{self, InstallationError},
        operator, quarantine,
        sends::{self, Armed, Deferred, Granted, Terms},
        waiting,
    },
    deadline::Deadline,
    domain::{letter::Addressee, quota::is_late},
    queue::{Batch, InvalidEvent, LONGEST_DELAY, Queue, Settled, Trigger},
    telemetry,
};

/// How long a claim or a call is held: longer than the function may run.
const LEASE: Duration = Duration::from_secs(60);
/// A batch is not begun with less than this: statements, the wait for a slot and one round of calls
/// fit in.
const BATCH_TIME: Duration = Duration::from_secs(17);
/// What adding facts to the figures once takes at most.
const FIGURES_TIME: Duration = Duration::from_secs(15);
/// How long SES's events have to resolve a call before a person is asked to.
const EVENT_TIMEOUT: Duration = Duration::from_secs(900);
/// What no one can mark as seen waits for a person this long: an alarm has rung by then.
const RECENT: Duration = Duration::from_secs(24 * 60 * 60);
/// A sweep publishes what will be due before the next one, each for its own moment.
const LOOK_AHEAD: Duration = Duration::from_secs(90);
/// Sends that a sweep publishes, and leases that it ends, at most.
const SWEEP: i64 = 3_000;

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
    #[error("the event cannot be read")]
    Event(#[from] InvalidEvent),
    /// The database did not do its part; SES was called for nothing that is not on record.
    #[error("the sender could not use the database")]
    Database(#[from] DbError),
    /// The database belongs to another key, or may be a restored copy.
    #[error(transparent)]
    Installation(#[from] InstallationError),
    /// SES takes nothing from this account or set-up. The sends wait.
    #[error("SES refuses this account or set-up ({code}); the mails wait until it is mended")]
    AccountRefused { code: String },
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

    fn terms(&self) -> Terms<'_> {
        Terms {
            sending_enabled: self.config.sending_enabled,
            postal_address: !self.config.identity.postal_address.is_empty(),
            frequency: self.config.frequency,
            hash_key: &self.config.hash_key,
            lease: LEASE,
            longest_delay: LONGEST_DELAY,
        }
    }
}

/// Works through a batch of the queue, or sweeps for sends that were left behind or are due.
///
/// # Errors
/// When a dependency fails: the batch is delivered again, later and later.
pub async fn handle(deps: &Deps, event: Value, deadline: Deadline) -> Result<Value, SendError> {
    let mut conn = db::acquire(&deps.pool).await?;
    let key = deps.config.hash_key.fingerprint();
    installation::require_key_and_origin(&mut conn, &key, &deps.database_address).await?;
    match Trigger::from_event(event)? {
        Trigger::Schedule(_) => {
            let swept = Box::pin(sweep(deps, &mut conn)).await?;
            add_up_figures(&mut conn, deadline).await;
            Ok(swept)
        }
        Trigger::Batch(messages) => {
            let batch = Batch::decode(messages);
            let settled = Box::pin(send(deps, &mut conn, &batch.ids(), deadline)).await?;
            let answer = batch.settle(&settled);
            quarantine::insert(&mut conn, deps.queue.name(), answer.poison()).await?;
            Ok(json!(answer.finish(&deps.queue).await))
        }
    }
}

/// Ends what a sender left behind and publishes what is due.
async fn sweep(deps: &Deps, conn: &mut PgConnection) -> Result<Value, SendError> {
    let reaped = sends::reap(conn, SWEEP).await?;
    sends::forget_domains(conn).await?;
    let waiting = waiting::count(conn, EVENT_TIMEOUT, RECENT).await?;
    // Each minute, zeros too: an alarm rings by them, and stops.
    if let Some(namespace) = &deps.config.metric_namespace {
        telemetry::report_metrics(namespace, &waiting.metrics(), now());
    }
    for (what, count) in waiting.metrics() {
        if count > 0 {
            tracing::error!(
                what,
                count,
                "a person is needed: `outreach doctor` says what for"
            );
        }
    }
    // With the kill switch on, what is planned waits where it is, untouched.
    if !deps.config.sending_enabled || installation::stop(conn).await?.is_some() {
        return Ok(json!({"published": 0, "requeued": reaped.requeued, "unknown": reaped.unknown}));
    }
    match deps.mailer.account_quota().await {
        Ok(quota) => sends::remember_quota(conn, quota).await?,
        Err(error) => tracing::warn!("{error}; the last answer goes on to count"),
    }
    let pulled = sends::pull_forward(conn, &deps.config.limits).await?;
    let republish_after = deps.config.republish_after;
    let due = sends::take_due(conn, republish_after, LOOK_AHEAD, SWEEP).await?;
    publish(&deps.queue, &due).await;
    tracing::info!(
        published = due.len(),
        requeued = reaped.requeued,
        pulled_forward = pulled,
        "swept for sends that are due"
    );
    Ok(json!({
        "published": due.len(),
        "requeued": reaped.requeued,
        "unknown": reaped.unknown,
    }))
}

/// Adds facts to the console's figures while there is time. No mail waits for them: what is left is counted
/// by the pages, and added by the next sweep.
async fn add_up_figures(conn: &mut PgConnection, deadline: Deadline) {
    let until = match operator::clock(conn).await {
        Ok(now) => figures::Until::at(now),
        Err(error) => {
            tracing::error!(
                error = telemetry::chain(&error),
                "could not ask up to when facts can be added to the figures"
            );
            return;
        }
    };
    while deadline.allows(FIGURES_TIME) {
        match figures::fold(conn, until, figures::AT_ONCE).await {
            Ok(Folded::Until(folded)) if folded < until.settled => {}
            Ok(Folded::Until(_) | Folded::Busy) => return,
            Err(error) => {
                tracing::error!(
                    error = telemetry::chain(&error),
                    "could not add facts to the figures"
                );
                return;
            }
        }
    }
}

/// Sends a batch. A send that is not due, or that another sender holds, needs nothing from us.
async fn send(
    deps: &Deps,
    conn: &mut PgConnection,
    ids: &[i64],
    deadline: Deadline,
) -> Result<HashMap<i64, Settled>, SendError> {
    let all = |settled: Settled| ids.iter().map(|id| (*id, settled.clone())).collect();
    if !deadline.allows(BATCH_TIME) {
        return Ok(all(Settled::Retry { after: None }));
    }
    let terms = deps.terms();
    let claims = sends::claim(conn, ids, &terms).await?;
    let mut deferred = claims.deferred.clone();
    let mut called = Vec::new();
    if !claims.claimed.is_empty() {
        let granted = sends::grant(conn, &deps.config.limits, &claims).await?;
        pause(granted.wait()).await;
        let arming = sends::arm(conn, &granted, &terms).await?;
        deferred.extend(arming.deferred);
        called = call(deps, arming.armed, &granted).await;
    }
    if !called.is_empty() {
        let now = now();
        let outcomes: Vec<_> = called.iter().map(|called| called.outcome(now)).collect();
        sends::settle(conn, &outcomes, outcome::throttling(&called)).await?;
    }
    tracing::info!(
        claimed = claims.claimed.len(),
        deferred = deferred.len(),
        called = called.len(),
        "worked through a batch of sends"
    );
    // Last of all: a slow queue costs messages, not slots.
    republish(&deps.queue, &deferred, &called).await;
    match called.iter().find_map(Called::account_refusal) {
        Some(code) => Err(SendError::AccountRefused { code }),
        None => Ok(all(Settled::Done)),
    }
}

/// Calls SES for armed sends, all at once, each one time.
async fn call(deps: &Deps, armed: Vec<Armed>, granted: &Granted) -> Vec<Called> {
    let calls = armed.into_iter().map(async |armed| {
        let now = granted.now();
        // Held up for too long, it would call together with those whose slot it is.
        let answer = if is_late(armed.slot_at, now, armed.attempts) {
            Answer::TooLate
        } else {
            hand_over(deps, &armed, now).await
        };
        Called { armed, answer }
    });
    join_all(calls).await
}

async fn hand_over(deps: &Deps, armed: &Armed, now: DateTime<Utc>) -> Answer {
    let letter = Letter {
        send: armed.send,
        fence: armed.fence,
        to: &armed.to,
        draft: &armed.draft,
        addressee: Addressee {
            name: armed.name.as_deref(),
            language: armed.language.as_deref(),
            platform: armed.platform,
            origin: armed.origin,
            username: &armed.username,
            offer: &armed.offer,
        },
    };
    let (identity, keys) = (&deps.config.identity, &deps.config.unsubscribe_keys);
    match render(&letter, identity, keys, now) {
        Ok(mime) => {
            let mail = Mail {
                send: armed.send,
                from: deps.config.identity.address.clone(),
                to: armed.to.clone(),
                mime,
            };
            Answer::Ses(deps.mailer.hand_over(mail).await)
        }
        Err(error) => {
            tracing::error!(
                send.id = %armed.send,
                error = telemetry::chain(&error),
                "could not write a mail"
            );
            Answer::NotWritten
        }
    }
}

/// Waits for a slot.
#[expect(
    clippy::disallowed_methods,
    reason = "a slot of the rate is what is waited for"
)]
async fn pause(wait: Duration) {
    if !wait.is_zero() {
        tokio::time::sleep(wait).await;
    }
}

/// Sends the messages of what comes back soon, so that its turn is not lost to the clock of the sweep.
async fn republish(queue: &Queue, deferred: &[Deferred], called: &[Called]) {
    let soon = deferred.iter().filter_map(|d| Some((d.send.0, d.delay?)));
    let late = called.iter().filter(|called| called.is_late());
    let late = late.map(|called| (called.armed.send.0, Duration::ZERO));
    let messages: Vec<(i64, Duration)> = soon.chain(late).collect();
    publish(queue, &messages).await;
}

/// Publishes; what is missing is found by the next sweep.
async fn publish(queue: &Queue, delayed: &[(i64, Duration)]) {
    if let Err(error) = queue.publish_later(delayed).await {
        tracing::warn!("{error}");
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "the shell reads the clock and hands it on"
)]
fn now() -> DateTime<Utc> {
    Utc::now()
}
