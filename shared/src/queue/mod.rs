//! SQS: what wakes a function, the one loop over a batch, and publishing.

mod backoff;
mod drain;
mod publish;
mod trigger;

pub use backoff::backoff;
pub use drain::{Poison, Settled, drain, drain_foreign};
pub use publish::{LONGEST_DELAY, PublishError, Queue};
pub use trigger::{InvalidEvent, Trigger};
