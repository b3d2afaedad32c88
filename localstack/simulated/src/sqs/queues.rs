//! All queues of the stand-in SQS.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::behaviour::SqsBehaviour;
use super::contents::{Counts, QueueSettings};
use super::queue::Queue;

/// The stand-in SQS. A clone is the same one.
#[derive(Clone, Debug)]
pub struct Sqs(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    seed: u64,
    queues: Mutex<BTreeMap<String, Queue>>,
    behaviour: Mutex<SqsBehaviour>,
}

impl Sqs {
    pub(crate) fn new(seed: u64) -> Self {
        Self(Arc::new(Inner {
            seed,
            queues: Mutex::default(),
            behaviour: Mutex::new(SqsBehaviour::new(seed)),
        }))
    }

    /// Creates a queue; one of that name that is already there is answered as it is.
    pub fn create(&self, name: &str, settings: QueueSettings) -> Queue {
        let mut queues = self.queues();
        let seed = self.0.seed.wrapping_add(queues.len() as u64);
        queues
            .entry(name.to_owned())
            .or_insert_with(|| Queue::new(name, settings, seed))
            .clone()
    }

    /// The queue of that name.
    pub fn queue(&self, name: &str) -> Option<Queue> {
        self.queues().get(name).cloned()
    }

    /// All queues, by name.
    pub fn all(&self) -> Vec<Queue> {
        self.queues().values().cloned().collect()
    }

    /// What every queue holds and has seen, by name.
    pub fn counts(&self) -> BTreeMap<String, Counts> {
        self.all()
            .iter()
            .map(|queue| (queue.name().to_owned(), queue.counts()))
            .collect()
    }

    /// Changes SQS's behaviour over HTTP from the next request on.
    pub fn faults(&self, change: impl FnOnce(&mut SqsBehaviour) -> &mut SqsBehaviour) {
        change(&mut self.behaviour());
    }

    /// The queue that a URL ends with.
    pub(super) fn at(&self, url: &str) -> Option<Queue> {
        self.queue(url.rsplit('/').next()?)
    }

    pub(super) fn behaviour(&self) -> MutexGuard<'_, SqsBehaviour> {
        self.0
            .behaviour
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Empty queues, and no faults.
    pub(crate) fn reset(&self) {
        for queue in self.all() {
            queue.clear();
        }
        self.behaviour().clear();
    }

    fn queues(&self) -> MutexGuard<'_, BTreeMap<String, Queue>> {
        self.0.queues.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
