//! One queue, as its users see it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::Notify;

use super::contents::{Counts, Delivery, QueueSettings};
use super::messages::{Handle, Messages, Stored};
use crate::http;

/// A standard queue in memory. A clone is the same queue.
#[derive(Clone, Debug)]
pub struct Queue(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    name: Arc<str>,
    settings: QueueSettings,
    state: Mutex<State>,
    changed: Notify,
}

#[derive(Debug)]
struct State {
    messages: Messages,
    copies: u32,
    visibility: Duration,
    counts: Counts,
    /// Every body ever sent.
    bodies: Vec<Arc<str>>,
}

impl Queue {
    pub(super) fn new(name: &str, settings: QueueSettings, seed: u64) -> Self {
        Self(Arc::new(Inner {
            name: name.into(),
            state: Mutex::new(State {
                messages: Messages::new(seed),
                copies: 1,
                visibility: settings.visibility_timeout,
                counts: Counts::default(),
                bodies: Vec::new(),
            }),
            settings,
            changed: Notify::new(),
        }))
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.0.name
    }

    /// Its ARN.
    pub fn arn(&self) -> String {
        format!("arn:aws:sqs:us-east-1:000000000000:{}", self.0.name)
    }

    /// From now on every message sent lies in the queue so many times.
    pub fn copies(&self, copies: u32) {
        self.state().copies = copies.max(1);
    }

    /// From now on messages come in an order drawn from the seed, or in the order sent.
    pub fn shuffle(&self, shuffle: bool) {
        self.state().messages.shuffle = shuffle;
    }

    /// From now on what is received stays hidden that long.
    pub fn visibility_timeout(&self, timeout: Duration) {
        self.state().visibility = timeout;
    }

    /// Sends a message; answers its id.
    pub fn send(&self, body: &str, delay: Duration) -> String {
        let body: Arc<str> = body.into();
        let mut state = self.state();
        state.counts.sent += 1;
        let message_id: Arc<str> = message_id(&self.0.name, state.counts.sent).into();
        state.bodies.push(Arc::clone(&body));
        let message = Stored::new(Arc::clone(&message_id), body, http::epoch_millis());
        let now = Instant::now();
        for _ in 0..state.copies {
            state.messages.put(message.clone(), delay, now);
        }
        drop(state);
        self.0.changed.notify_one();
        message_id.to_string()
    }

    /// What is there, up to `most` messages, without waiting.
    pub fn take(&self, most: usize) -> Vec<Delivery> {
        self.take_for(most, None)
    }

    /// As [`Self::take`], hidden that long instead of the queue's own time.
    fn take_for(&self, most: usize, visibility: Option<Duration>) -> Vec<Delivery> {
        let millis = http::epoch_millis();
        let max_receives = self.0.settings.dead_letters.as_ref().map(|(_, max)| *max);
        let mut state = self.state();
        let visibility = visibility.unwrap_or(state.visibility);
        let taken = state
            .messages
            .take(most, visibility, max_receives, Instant::now());
        state.counts.received += taken.delivered.len() as u64;
        state.counts.dead += taken.dead.len() as u64;
        let delivered = taken
            .delivered
            .into_iter()
            .map(|(handle, message)| Delivery {
                message_id: message.message_id.to_string(),
                receipt_handle: handle.to_string(),
                body: message.body.to_string(),
                receives: message.receives,
                sent_ms: message.sent_ms,
                first_received_ms: state.messages.note_first(handle, millis),
                dead_letter_source: message.source.as_deref().map(str::to_owned),
            })
            .collect();
        let more = state.messages.has_visible(Instant::now());
        drop(state);
        if more {
            // One message wakes one receiver; a receiver that leaves messages wakes the next.
            self.0.changed.notify_one();
        }
        if let Some((dead_letters, _)) = &self.0.settings.dead_letters {
            dead_letters.add_dead_letters(taken.dead, &self.arn());
        }
        delivered
    }

    /// Up to `most` messages; waits for the first one, at most `timeout`.
    pub async fn receive(&self, most: usize, timeout: Duration) -> Vec<Delivery> {
        self.receive_for(most, timeout, None).await
    }

    pub(super) async fn receive_for(
        &self,
        most: usize,
        timeout: Duration,
        visibility: Option<Duration>,
    ) -> Vec<Delivery> {
        let begun = Instant::now();
        loop {
            let delivered = self.take_for(most, visibility);
            let left = timeout.saturating_sub(begun.elapsed());
            if !delivered.is_empty() || left.is_zero() {
                return delivered;
            }
            self.changed(left).await;
        }
    }

    /// Waits until something is visible, at most `timeout`; whether something is.
    pub async fn wait(&self, timeout: Duration) -> bool {
        let begun = Instant::now();
        loop {
            if self.state().messages.has_visible(Instant::now()) {
                return true;
            }
            let left = timeout.saturating_sub(begun.elapsed());
            if left.is_zero() {
                return false;
            }
            self.changed(left).await;
        }
    }

    /// Waits until something may have become visible, at most `timeout`.
    async fn changed(&self, timeout: Duration) {
        let due = self
            .state()
            .messages
            .next_due()
            .map_or(timeout, |due| due.saturating_duration_since(Instant::now()));
        // A timeout is an answer too: then a hidden message's time has come.
        let _ = tokio::time::timeout(due.min(timeout), self.0.changed.notified()).await;
    }

    /// Deletes the message of a delivery; false when it is gone or was delivered again since.
    pub fn delete(&self, receipt_handle: &str) -> bool {
        let mut state = self.state();
        let deleted =
            Handle::parse(receipt_handle).is_some_and(|handle| state.messages.delete(handle));
        state.counts.deleted += u64::from(deleted);
        deleted
    }

    /// Hides the message of a delivery for that long from now on; false when it is not in flight.
    pub fn hide(&self, receipt_handle: &str, wait: Duration) -> bool {
        let changed = Handle::parse(receipt_handle).is_some_and(|handle| {
            self.state()
                .messages
                .change_visibility(handle, wait, Instant::now())
        });
        self.0.changed.notify_one();
        changed
    }

    /// Makes everything visible that is delayed or in flight, as if the time had passed; answers
    /// how many messages that were. A function that still works on one meets a second delivery.
    pub fn release_all(&self) -> usize {
        self.release(|_| true)
    }

    /// As [`Self::release_all`], of what was received: as if the visibility timeout had passed.
    pub fn release_in_flight(&self) -> usize {
        self.release(|message| message.receives > 0)
    }

    /// As [`Self::release_all`], of what was never received: as if the delay had passed.
    pub fn release_delayed(&self) -> usize {
        self.release(|message| message.receives == 0)
    }

    fn release(&self, which: impl Fn(&Stored) -> bool) -> usize {
        let released = self.state().messages.release(which);
        self.0.changed.notify_one();
        released
    }

    /// How many messages it holds and has seen.
    pub fn counts(&self) -> Counts {
        let mut state = self.state();
        let (visible, in_flight, delayed) = state.messages.counts(Instant::now());
        Counts {
            visible,
            in_flight,
            delayed,
            ..state.counts
        }
    }

    /// Every body ever sent, in order, also of what is deleted since.
    pub fn bodies(&self) -> Vec<String> {
        self.state()
            .bodies
            .iter()
            .map(ToString::to_string)
            .collect()
    }

    /// Throws every message away, and forgets bodies and counters.
    pub fn clear(&self) {
        let mut state = self.state();
        state.messages.clear();
        state.bodies.clear();
        // Ids must not come a second time.
        state.counts = Counts {
            sent: state.counts.sent,
            ..Counts::default()
        };
    }

    /// Sends every message of this queue to `target`, as a redrive of dead letters does; answers
    /// how many.
    pub fn redrive_to(&self, target: &Self) -> usize {
        let messages = self.state().messages.clear();
        let moved = messages.len();
        let mut state = target.state();
        for mut message in messages {
            message.receives = 0;
            state.messages.put(message, Duration::ZERO, Instant::now());
        }
        drop(state);
        target.0.changed.notify_one();
        moved
    }

    /// The time a received message stays hidden.
    pub(super) fn visibility(&self) -> Duration {
        self.state().visibility
    }

    fn add_dead_letters(&self, dead: Vec<Stored>, source: &str) {
        if dead.is_empty() {
            return;
        }
        let source: Arc<str> = source.into();
        let mut state = self.state();
        for mut message in dead {
            message.receives = 0;
            message.source = Some(Arc::clone(&source));
            state.messages.put(message, Duration::ZERO, Instant::now());
        }
        drop(state);
        self.0.changed.notify_one();
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Looks like SQS's, and is the same for the same message of the same run.
fn message_id(queue: &str, number: u64) -> String {
    let name = queue.bytes().fold(0x811c_9dc5_u32, |hash, byte| {
        (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193)
    });
    format!("{name:08x}-0000-4000-8000-{number:012x}")
}
