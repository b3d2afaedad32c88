//! Event source mappings: what reads a queue and invokes a function with batches of it.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use rand::rngs::ChaCha8Rng;
use rand::seq::SliceRandom as _;
use rand::{RngExt as _, SeedableRng as _};
use simulated::{Delivery, Queue};
use tokio::sync::watch;

use super::batch;
use super::function::Function;
use super::record::Source;
use super::service::lock;
use super::spec::Mapping;

/// How long a reader waits before it looks again by itself.
const POLL_LIMIT: Duration = Duration::from_secs(1);

/// What the readers of a mapping share.
#[derive(Debug)]
pub(super) struct Reading {
    pub(super) queue: Queue,
    function: Function,
    mapping: Mapping,
    random: Mutex<ChaCha8Rng>,
    /// Readers that hold a batch, also one that is still growing.
    pub(super) handling: AtomicUsize,
}

impl Reading {
    pub(super) fn new(queue: Queue, function: Function, mapping: Mapping, seed: u64) -> Self {
        Self {
            queue,
            function,
            mapping,
            random: Mutex::new(ChaCha8Rng::seed_from_u64(seed)),
            handling: AtomicUsize::new(0),
        }
    }

    /// Readers of this mapping.
    pub(super) fn readers(&self) -> usize {
        let most = self.function.environments();
        self.mapping
            .concurrency
            .map_or(most, |given| given.min(most))
    }

    /// Reads until the task is aborted; waits while `held` is set.
    pub(super) async fn run(self: Arc<Self>, mut held: watch::Receiver<bool>) {
        loop {
            // Fails only when the simulator is gone, and the task with it.
            let _ = held.wait_for(|held| !held).await;
            if !self.queue.wait(POLL_LIMIT).await || *held.borrow() {
                continue;
            }
            // Counted before anything is taken: a message taken from the queue always has a counted reader.
            self.handling.fetch_add(1, Ordering::SeqCst);
            self.handle().await;
            self.handling.fetch_sub(1, Ordering::SeqCst);
        }
    }

    async fn handle(&self) {
        let batch = self.gather().await;
        if batch.is_empty() {
            return;
        }
        let event = batch::event(&self.queue, &batch);
        let source = Source::Queue(self.queue.name().to_owned());
        let invocation = self.function.run(&event, source, batch.len()).await;
        for delivery in batch::done(&batch, invocation.outcome.answer()) {
            self.queue.delete(&delivery.receipt_handle);
        }
    }

    /// A batch: full, or what came within the window.
    async fn gather(&self) -> Vec<Delivery> {
        let most = self.draw_size();
        let mut batch = self.queue.take(most);
        let begun = Instant::now();
        while !batch.is_empty() && batch.len() < most {
            let left = self.mapping.window.saturating_sub(begun.elapsed());
            if left.is_zero() {
                break;
            }
            if self.queue.wait(left).await {
                batch.extend(self.queue.take(most - batch.len()));
            }
        }
        if self.mapping.vary {
            batch.shuffle(&mut *lock(&self.random));
        }
        batch
    }

    fn draw_size(&self) -> usize {
        let most = self.mapping.batch_size.max(1);
        if self.mapping.vary {
            lock(&self.random).random_range(1..=most)
        } else {
            most
        }
    }
}
