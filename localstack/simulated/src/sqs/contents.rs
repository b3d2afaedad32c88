//! How a queue is set up, what is in it, and what comes out of it.

use std::time::Duration;

use serde::Serialize;

use super::queue::Queue;

/// How a queue is set up.
#[derive(Clone, Debug)]
pub struct QueueSettings {
    /// How long a message that was received stays hidden.
    pub visibility_timeout: Duration,
    /// Where a message goes that was received so many times, and how many times that is.
    pub dead_letters: Option<(Queue, u32)>,
}

impl Default for QueueSettings {
    /// As SQS: thirty seconds, and no end of deliveries.
    fn default() -> Self {
        Self {
            visibility_timeout: Duration::from_secs(30),
            dead_letters: None,
        }
    }
}

/// How many messages a queue holds. Copies count one by one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// Waiting to be received.
    pub visible: usize,
    /// Received, and neither deleted nor visible again.
    pub in_flight: usize,
    /// Sent with a delay that has not passed.
    pub delayed: usize,
    /// Sent so far, not counting copies.
    pub sent: u64,
    /// Deliveries so far.
    pub received: u64,
    /// Deleted so far.
    pub deleted: u64,
    /// Given up so far: moved to the queue for dead letters.
    pub dead: u64,
}

impl Counts {
    /// Whether nothing is left, also nothing hidden.
    pub fn is_empty(&self) -> bool {
        self.visible + self.in_flight + self.delayed == 0
    }
}

/// One delivery of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery {
    /// The same for every delivery and every copy.
    pub message_id: String,
    /// Stands for this delivery.
    pub receipt_handle: String,
    /// What was sent.
    pub body: String,
    /// How often this copy was received, with this time.
    pub receives: u32,
    /// When it was sent, in milliseconds since 1970.
    pub sent_ms: u64,
    /// When it was received first, in milliseconds since 1970.
    pub first_received_ms: u64,
    /// The ARN of the queue that gave it up.
    pub dead_letter_source: Option<String>,
}
