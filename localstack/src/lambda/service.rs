//! What all functions of a simulator share.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use super::record::Invocation;
use super::runtime_api::RuntimeApi;

/// The state of the Lambda service, one for all functions.
#[derive(Debug)]
pub(super) struct Service {
    pub(super) api: Arc<RuntimeApi>,
    pub(super) logs: PathBuf,
    pub(super) init_timeout: Duration,
    pub(super) begun: Instant,
    pub(super) last_environment: AtomicU64,
    pub(super) last_request: AtomicU64,
    pub(super) running: AtomicUsize,
    pub(super) invocations: Mutex<Vec<Invocation>>,
}

/// Counts an invocation while it lasts, however it ends.
pub(super) struct Running<'a>(&'a AtomicUsize);

impl<'a> Running<'a> {
    pub(super) fn begin(count: &'a AtomicUsize) -> Self {
        count.fetch_add(1, Ordering::SeqCst);
        Self(count)
    }
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // No guarded value is left half changed, so a poisoned lock still guards a good one.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[expect(
    clippy::disallowed_methods,
    reason = "the deadline of an invocation is given on the wall clock"
)]
pub(super) fn epoch_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    u64::try_from(since.unwrap_or_default().as_millis()).unwrap_or(u64::MAX)
}
