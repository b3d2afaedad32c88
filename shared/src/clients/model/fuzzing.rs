//! What the fuzzer puts to this client.

use super::{Content, reply};

/// Any body of a reply of success.
pub fn reply(body: &str) -> Option<Content> {
    reply::read(body).ok().map(|answer| answer.content)
}
