//! The settings of the stand-ins.

use chrono::{DateTime, Utc};

use crate::issuer::Client;

/// Everything that decides what the stand-ins answer.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The seed of the population and of every random choice.
    pub seed: u64,
    /// How many different profiles the list of leads holds, over all platforms. Broken and repeated
    /// rows come on top of it.
    pub leads: usize,
    /// The time on the simulated clock: posts were made in the six days before it. It
    /// moves only on request, so that identifiers and cursors hold from one run to the next.
    pub now: DateTime<Utc>,
    /// The only bearer token that X accepts; without it any token will do.
    pub x_token: Option<String>,
    /// The only key that the model accepts; without it any key will do.
    pub openai_key: Option<String>,
    /// The client that the issuer knows.
    pub client: Client,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            seed: 1,
            leads: 200,
            now: start_of_time(),
            x_token: None,
            openai_key: None,
            client: Client::default(),
        }
    }
}

/// The evening of 5 January 2026.
fn start_of_time() -> DateTime<Utc> {
    DateTime::from_timestamp(1_767_639_600, 0).unwrap_or(DateTime::UNIX_EPOCH)
}
