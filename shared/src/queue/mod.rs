//! SQS: what wakes a function, a batch of messages, and publishing.

mod backoff;
mod batch;
pub mod inspect;
mod publish;
mod trigger;

pub use backoff::backoff;
pub use batch::{Answer, Batch, Settled};
pub use publish::{LONGEST_DELAY, PublishError, Queue};
pub use trigger::{InvalidEvent, Trigger};
