//! What the feedback function reads.

use super::{InvalidEnvironment, Reader, Secret, hash_key};
use crate::domain::{email::HashKey, unsubscribe::UnsubscribeKeys};

/// What the feedback function reads.
#[derive(Debug, Clone)]
pub struct Feedback {
    /// PostgreSQL.
    pub database_url: Secret,
    /// Key of the address hash.
    pub hash_key: HashKey,
    /// Its own queue.
    pub feedback_queue_url: String,
    /// Where a body that cannot be read is kept.
    pub feedback_dead_letter_queue_url: String,
    /// The topic that SES publishes to: an envelope from another one is refused.
    pub feedback_topic_arn: String,
    /// Keys of the tokens that come back as mailboxes.
    pub unsubscribe_keys: UnsubscribeKeys,
}

impl Feedback {
    /// Reads through `lookup`.
    pub fn from_lookup(
        lookup: &dyn Fn(&str) -> Option<String>,
    ) -> Result<Self, InvalidEnvironment> {
        let mut r = Reader::new(lookup);
        let database_url = Secret(r.required("DATABASE_URL"));
        let hash_key = hash_key(&mut r);
        let feedback_queue_url = r.required("FEEDBACK_QUEUE_URL");
        let feedback_dead_letter_queue_url = r.required("FEEDBACK_DEAD_LETTER_QUEUE_URL");
        let feedback_topic_arn = r.required("FEEDBACK_TOPIC_ARN");
        let unsubscribe_keys = r.parsed("UNSUBSCRIBE_KEYS", UnsubscribeKeys::parse);
        let config = hash_key
            .zip(unsubscribe_keys)
            .map(|(hash_key, unsubscribe_keys)| Self {
                database_url,
                hash_key,
                feedback_queue_url,
                feedback_dead_letter_queue_url,
                feedback_topic_arn,
                unsubscribe_keys,
            });
        r.finish(config)
    }
}
