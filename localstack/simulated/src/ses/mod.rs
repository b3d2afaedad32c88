//! SES: the query protocol of its first API, with the limits, errors and events of the real one.
//!
//! A mail counts as accepted when its whole request is there, before anything is answered: what the
//! caller learns of it is another matter, see [`SesFault`]. Events go to a queue ([`Ses::publish_to`])
//! or to a callback ([`Ses::on_event`]).

mod behaviour;
mod event;
mod fault;
mod ledger;
mod limits;
mod wire;

use std::borrow::Cow;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use axum::response::Response;
use serde_json::Value;

pub use behaviour::SesBehaviour;
pub use event::Envelope;
pub use fault::{DeliveryResult, SesFault, Timing};
pub use ledger::{Handover, SesStats};

use crate::net::{self, Breaker};
use crate::sqs::Queue;
use crate::{digest, http};
use behaviour::Drawn;
use event::Sink;
use ledger::MailLedger;
use limits::Throttle;
use wire::{Form, Refusal};

/// Longer than any client of ours waits for an answer.
const SLOW: Duration = Duration::from_secs(7);

/// The stand-in SES. A clone is the same one.
#[derive(Clone)]
pub struct Ses(Arc<Inner>);

struct Inner {
    seed: u64,
    /// Ids of different runs differ, as their mails do.
    run: u64,
    behaviour: Mutex<SesBehaviour>,
    ledger: Mutex<MailLedger>,
    sinks: Mutex<Vec<Sink>>,
}

impl Ses {
    pub(crate) fn new(seed: u64) -> Self {
        Self(Arc::new(Inner {
            seed,
            run: http::epoch_millis(),
            behaviour: Mutex::new(SesBehaviour::new(seed)),
            ledger: Mutex::default(),
            sinks: Mutex::default(),
        }))
    }

    /// Changes SES's behaviour from the next request on.
    pub fn configure(&self, change: impl FnOnce(&mut SesBehaviour) -> &mut SesBehaviour) {
        change(&mut self.behaviour());
    }

    /// Every handover so far, in order.
    pub fn handovers(&self) -> Vec<Handover> {
        self.ledger().handovers()
    }

    /// Counters over the handovers.
    pub fn stats(&self) -> SesStats {
        self.ledger().stats()
    }

    /// Publishes every event to the queue, as a topic with a subscription does.
    pub fn publish_to(&self, queue: &Queue, envelope: Envelope) {
        let queue = queue.clone();
        self.on_event(move |event| {
            queue.send(&envelope.wrap(event), Duration::ZERO);
        });
    }

    /// Passes every event to `sink`, which must not block.
    pub fn on_event(&self, sink: impl Fn(&Value) + Send + Sync + 'static) {
        lock(&self.0.sinks).push(Arc::new(sink));
    }

    /// Publishes the events of this result for an accepted mail, now. For events that come days
    /// later, and for events that were withheld ([`Timing::Never`]).
    pub fn publish_events(&self, mail: &Handover, result: DeliveryResult) {
        self.publish(&event::events(mail, result, http::now()));
    }

    /// No faults and an empty ledger; rate, quota and receivers of events stay.
    pub(crate) fn reset(&self) {
        self.behaviour().clear();
        *self.ledger() = MailLedger::default();
    }

    fn publish(&self, events: &[Value]) {
        let sinks = lock(&self.0.sinks).clone();
        for event in events {
            for sink in &sinks {
                sink(event);
            }
        }
    }

    pub(crate) fn behaviour(&self) -> MutexGuard<'_, SesBehaviour> {
        lock(&self.0.behaviour)
    }

    fn ledger(&self) -> MutexGuard<'_, MailLedger> {
        lock(&self.0.ledger)
    }
}

impl std::fmt::Debug for Ses {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Ses").field("seed", &self.0.seed).finish()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Answers an action of the SDK.
pub(crate) async fn answer(ses: &Ses, breaker: &Breaker, body: &[u8]) -> Response {
    let form = Form::parse(body);
    let action = form.get("Action").unwrap_or_default();
    ses.ledger().count(&action);
    match &*action {
        "SendRawEmail" => hand_over(ses, breaker, &form).await,
        "GetSendQuota" => {
            let (rate, day, sent) = ses.behaviour().quota(Instant::now());
            let result = format!(
                "<Max24HourSend>{day:.1}</Max24HourSend><SentLast24Hours>{sent}.0</SentLast24Hours>\
                 <MaxSendRate>{rate:.1}</MaxSendRate>"
            );
            wire::ok(wire::result(&action, &result))
        }
        "GetAccountSendingEnabled" => {
            let enabled = !ses.behaviour().is_paused();
            wire::ok(wire::result(
                &action,
                &format!("<Enabled>{enabled}</Enabled>"),
            ))
        }
        _ => Refusal::ACTION.into_response(),
    }
}

async fn hand_over(ses: &Ses, breaker: &Breaker, form: &Form<'_>) -> Response {
    let (mail, drawn) = match decide(ses, form) {
        Ok(decided) => decided,
        Err(refusal) => return refusal.into_response(),
    };
    if let Some(throttle) = drawn.throttle {
        return match throttle {
            Throttle::Rate => Refusal::RATE,
            Throttle::Day => Refusal::DAY,
        }
        .into_response();
    }
    if mail.accepted {
        publish_when_due(ses, &mail, &drawn).await;
    }
    http::pause(drawn.latency).await;
    let id = mail.message_id.as_deref().unwrap_or_default();
    let good = wire::result("SendRawEmail", &format!("<MessageId>{id}</MessageId>"));
    let Some(fault) = drawn.fault else {
        return wire::ok(good);
    };
    if let Some(refusal) = Refusal::played(fault) {
        return refusal.into_response();
    }
    match fault {
        SesFault::AcceptHang | SesFault::Hang => std::future::pending().await,
        SesFault::AcceptCutOff => net::cut_off("text/xml", &good),
        SesFault::AcceptGarbage => wire::ok("<html><body>It works!</body></html>".to_owned()),
        SesFault::AcceptSlow => {
            http::pause(SLOW).await;
            wire::ok(good)
        }
        _ => {
            breaker.pull();
            Response::default()
        }
    }
}

/// Decides about the mail and writes it down, before anything can be answered or given up.
fn decide(ses: &Ses, form: &Form<'_>) -> Result<(Handover, Drawn), Refusal> {
    let destinations: Vec<String> = form
        .list("Destinations")
        .into_iter()
        .map(|address| address.to_lowercase())
        .collect();
    let bytes = form.mime_bytes();
    let tags = form.tags();
    let send_id = tags.get("send_id").cloned();
    let destination_hash =
        digest::hex(&destinations.iter().map(String::as_str).collect::<Vec<_>>());
    let valid = bytes.is_some() && !destinations.is_empty();
    let drawn = valid.then(|| {
        let content = send_id.as_deref().unwrap_or(&destination_hash);
        ses.behaviour().draw(content, Instant::now())
    });
    let outcome = match &drawn {
        None => "invalid",
        Some(Drawn {
            throttle: Some(Throttle::Rate),
            ..
        }) => "throttled_rate",
        Some(Drawn {
            throttle: Some(Throttle::Day),
            ..
        }) => "throttled_day",
        Some(drawn) => drawn.fault.map_or("ok", SesFault::name),
    };
    let accepted = drawn
        .as_ref()
        .is_some_and(|drawn| drawn.throttle.is_none() && drawn.fault.is_none_or(SesFault::accepts));
    let mut ledger = ses.ledger();
    let message_id = accepted.then(|| ledger.next_id(ses.0.run));
    let keeps_mime = drawn.as_ref().is_some_and(|drawn| drawn.keeps_mime);
    let mail = Handover {
        number: 0,
        at: http::now(),
        accepted,
        outcome: outcome.to_owned(),
        fault: drawn.as_ref().and_then(|drawn| drawn.fault),
        result: drawn
            .as_ref()
            .filter(|_| accepted)
            .map(|drawn| drawn.result),
        timing: drawn
            .as_ref()
            .filter(|_| accepted)
            .map(|drawn| drawn.timing),
        send_id,
        tags,
        source: form.get("Source").unwrap_or_default().into_owned(),
        destinations,
        destination_hash,
        configuration_set: form.get("ConfigurationSetName").map(Cow::into_owned),
        bytes: bytes.unwrap_or_default(),
        message_id,
        mime: keeps_mime.then(|| form.mime()).flatten(),
    };
    ledger.append(mail.clone());
    drawn.map(|drawn| (mail, drawn)).ok_or(Refusal::new(
        "InvalidParameterValue",
        "Missing destination or message.",
    ))
}

/// Publishes the events of an accepted mail, or sees to it that they come.
async fn publish_when_due(ses: &Ses, mail: &Handover, drawn: &Drawn) {
    if lock(&ses.0.sinks).is_empty() {
        return;
    }
    let mut events = event::events(mail, drawn.result, mail.at);
    match drawn.timing {
        Timing::Never => return,
        Timing::Before => {
            ses.publish(&events);
            http::pause(drawn.lead).await;
            return;
        }
        Timing::After => {}
        Timing::Twice => events = events.into_iter().flat_map(|e| [e.clone(), e]).collect(),
        Timing::Backwards => events.reverse(),
    }
    let (ses, wait) = (ses.clone(), drawn.latency + drawn.lag);
    // On its own: the caller may hang up, the events come all the same.
    tokio::spawn(async move {
        http::pause(wait).await;
        ses.publish(&events);
    });
}
