//! The messages of one queue: a pure data structure over messages and the time.

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant};

use rand::rngs::ChaCha8Rng;
use rand::{RngExt as _, SeedableRng as _};

/// A message as the queue stores it. A message with copies is stored several times, each under a
/// number of its own and all with the same id, as a standard queue's duplicates.
#[derive(Clone, Debug)]
pub(super) struct Stored {
    pub(super) message_id: Arc<str>,
    pub(super) body: Arc<str>,
    pub(super) sent_ms: u64,
    pub(super) first_received_ms: Option<u64>,
    pub(super) receives: u32,
    /// The queue it was given up in.
    pub(super) source: Option<Arc<str>>,
    hidden_until: Option<Instant>,
}

impl Stored {
    pub(super) fn new(message_id: Arc<str>, body: Arc<str>, sent_ms: u64) -> Self {
        Self {
            message_id,
            body,
            sent_ms,
            first_received_ms: None,
            receives: 0,
            source: None,
            hidden_until: None,
        }
    }
}

/// Which delivery of which copy a receipt handle stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Handle {
    copy: u64,
    receives: u32,
}

impl Handle {
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (copy, receives) = text.strip_prefix("simulated-")?.split_once('-')?;
        Some(Self {
            copy: copy.parse().ok()?,
            receives: receives.parse().ok()?,
        })
    }
}

impl std::fmt::Display for Handle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "simulated-{}-{}", self.copy, self.receives)
    }
}

/// The result of a request for messages.
#[derive(Debug, Default)]
pub(super) struct Taken {
    pub(super) delivered: Vec<(Handle, Stored)>,
    /// Received too often: they belong in the queue for dead letters.
    pub(super) dead: Vec<Stored>,
}

#[derive(Debug)]
pub(super) struct Messages {
    stored: HashMap<u64, Stored>,
    /// May hold numbers that are gone or hidden again; they are skipped.
    visible: VecDeque<u64>,
    hidden: BTreeSet<(Instant, u64)>,
    last: u64,
    random: ChaCha8Rng,
    pub(super) shuffle: bool,
}

impl Messages {
    pub(super) fn new(seed: u64) -> Self {
        Self {
            stored: HashMap::new(),
            visible: VecDeque::new(),
            hidden: BTreeSet::new(),
            last: 0,
            random: ChaCha8Rng::seed_from_u64(seed),
            shuffle: false,
        }
    }

    pub(super) fn put(&mut self, message: Stored, delay: Duration, now: Instant) {
        self.last += 1;
        let copy = self.last;
        self.stored.insert(copy, message);
        if delay.is_zero() {
            self.visible.push_back(copy);
        } else {
            self.hide(copy, now + delay);
        }
    }

    /// Takes up to `most` messages that are visible and hides them for `visibility`.
    pub(super) fn take(
        &mut self,
        most: usize,
        visibility: Duration,
        max_receives: Option<u32>,
        now: Instant,
    ) -> Taken {
        self.surface(now);
        let mut taken = Taken::default();
        while taken.delivered.len() < most {
            let Some(copy) = self.pop() else { break };
            let Some(message) = self.stored.get_mut(&copy) else {
                continue;
            };
            if max_receives.is_some_and(|max| message.receives >= max) {
                taken.dead.extend(self.stored.remove(&copy));
                continue;
            }
            message.receives += 1;
            let handle = Handle {
                copy,
                receives: message.receives,
            };
            let delivered = message.clone();
            self.hide(copy, now + visibility);
            taken.delivered.push((handle, delivered));
        }
        taken
    }

    /// Notes when a message was received first.
    pub(super) fn note_first(&mut self, handle: Handle, millis: u64) -> u64 {
        self.stored.get_mut(&handle.copy).map_or(millis, |message| {
            *message.first_received_ms.get_or_insert(millis)
        })
    }

    /// Whether the message was there: a handle of an earlier delivery deletes nothing.
    pub(super) fn delete(&mut self, handle: Handle) -> bool {
        if self.current(handle).is_none() {
            return false;
        }
        let Some(message) = self.stored.remove(&handle.copy) else {
            return false;
        };
        if let Some(until) = message.hidden_until {
            self.hidden.remove(&(until, handle.copy));
        }
        true
    }

    /// Hides a message that is in flight for that long from now on; zero makes it visible.
    pub(super) fn change_visibility(
        &mut self,
        handle: Handle,
        wait: Duration,
        now: Instant,
    ) -> bool {
        self.surface(now);
        let Some(until) = self
            .current(handle)
            .and_then(|message| message.hidden_until)
        else {
            return false;
        };
        self.hidden.remove(&(until, handle.copy));
        self.hide(handle.copy, now + wait);
        self.surface(now);
        true
    }

    /// Makes what is hidden and wanted visible, as if the time had passed; answers how many.
    pub(super) fn release(&mut self, wanted: impl Fn(&Stored) -> bool) -> usize {
        let (shown, kept) = std::mem::take(&mut self.hidden)
            .into_iter()
            .partition(|(_, copy)| self.stored.get(copy).is_some_and(&wanted));
        self.hidden = kept;
        let shown: BTreeSet<(Instant, u64)> = shown;
        for (_, copy) in &shown {
            self.show(*copy);
        }
        shown.len()
    }

    /// When the next hidden message becomes visible.
    pub(super) fn next_due(&self) -> Option<Instant> {
        self.hidden.first().map(|(until, _)| *until)
    }

    pub(super) fn has_visible(&mut self, now: Instant) -> bool {
        self.surface(now);
        let Self {
            visible, stored, ..
        } = self;
        while let Some(copy) = visible.front() {
            if stored
                .get(copy)
                .is_some_and(|message| message.hidden_until.is_none())
            {
                return true;
            }
            visible.pop_front();
        }
        false
    }

    /// How many are visible, received and not answered for, and delayed.
    pub(super) fn counts(&mut self, now: Instant) -> (usize, usize, usize) {
        self.surface(now);
        let received = self
            .hidden
            .iter()
            .filter_map(|(_, copy)| self.stored.get(copy))
            .filter(|message| message.receives > 0)
            .count();
        let hidden = self.hidden.len();
        (self.stored.len() - hidden, received, hidden - received)
    }

    pub(super) fn clear(&mut self) -> Vec<Stored> {
        self.visible.clear();
        self.hidden.clear();
        std::mem::take(&mut self.stored).into_values().collect()
    }

    fn current(&self, handle: Handle) -> Option<&Stored> {
        self.stored
            .get(&handle.copy)
            .filter(|message| message.receives == handle.receives)
    }

    fn hide(&mut self, copy: u64, until: Instant) {
        if let Some(message) = self.stored.get_mut(&copy) {
            message.hidden_until = Some(until);
            self.hidden.insert((until, copy));
        }
    }

    fn show(&mut self, copy: u64) {
        if let Some(message) = self.stored.get_mut(&copy) {
            message.hidden_until = None;
            self.visible.push_back(copy);
        }
    }

    /// Shows what has been hidden long enough.
    fn surface(&mut self, now: Instant) {
        while let Some((until, copy)) = self.hidden.first().copied() {
            if until > now {
                break;
            }
            self.hidden.pop_first();
            self.show(copy);
        }
    }

    fn pop(&mut self) -> Option<u64> {
        if self.shuffle && self.visible.len() > 1 {
            let at = self.random.random_range(0..self.visible.len());
            self.visible.swap(0, at);
        }
        self.visible.pop_front()
    }
}

#[cfg(test)]
mod tests;
