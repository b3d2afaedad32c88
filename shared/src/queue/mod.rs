//! SQS: what wakes a function, the one loop over a batch, faults and publishing.

mod drain;
mod fault;
mod publish;
mod trigger;

pub use drain::{Poison, Settled, drain};
pub use fault::{Classify, Fault, backoff};
pub use publish::{PublishError, Queue};
pub use trigger::{InvalidEvent, Trigger};
