//! What the fuzzer puts to this crate.

use chrono::{DateTime, Utc};
use shared::domain::{email::HashKey, unsubscribe::UnsubscribeKeys};

use crate::event::Parser;

/// Any body of the queue.
pub fn event(body: &str) {
    let (Some(hash_key), Ok(unsubscribe_keys)) = (
        HashKey::new(vec![7; 32]),
        UnsubscribeKeys::parse(&format!("a:{}", "07".repeat(32))),
    ) else {
        return;
    };
    let parser = Parser {
        topic_arn: "arn:aws:sns:eu-central-1:000000000000:outreach-mail-events",
        hash_key: &hash_key,
        unsubscribe_keys: &unsubscribe_keys,
        now: DateTime::<Utc>::UNIX_EPOCH,
    };
    drop(parser.parse(body));
}
