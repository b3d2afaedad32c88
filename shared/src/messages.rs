//! What a queue carries: `{"v":1,"id":123}`. Ids and a version, never personal data (invariant 4):
//! the row is read again when the message arrives, so a late message does what is right by then.

use serde::{Deserialize, Serialize};

const VERSION: u32 = 1;

#[derive(Serialize, Deserialize)]
struct Body {
    v: u32,
    id: i64,
}

/// Why a body can never be worked on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidMessage {
    /// Not `{"v":…,"id":…}`.
    #[error("the body is not a message of ours")]
    Shape,
    /// From a version that this binary does not know. The row's own state brings it back.
    #[error("the message has version {0}, this function reads version 1")]
    Version(u32),
}

/// A message for the quarantine. Only a hash of its body is kept: whatever it holds, it is not ours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Poison {
    /// SQS's id.
    pub message_id: String,
    /// What is wrong with it; no personal data.
    pub reason: String,
    /// SHA-256 of the body.
    pub payload_hash: [u8; 32],
}

/// The body that says "look at row `id`".
pub fn encode(id: i64) -> String {
    format!(r#"{{"v":{VERSION},"id":{id}}}"#)
}

/// The row that a body speaks of.
pub fn decode(body: &str) -> Result<i64, InvalidMessage> {
    let body: Body = serde_json::from_str(body).map_err(|_| InvalidMessage::Shape)?;
    if body.v == VERSION {
        Ok(body.id)
    } else {
        Err(InvalidMessage::Version(body.v))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_reads_back() {
        assert_eq!(encode(7), r#"{"v":1,"id":7}"#);
        assert_eq!(decode(&encode(7)), Ok(7));
        assert_eq!(decode(r#"{ "id": 7, "v": 1, "later": true }"#), Ok(7));
    }

    #[test]
    fn anything_else_is_poison() {
        for body in [
            "",
            "null",
            "[]",
            "{}",
            r#"{"v":1}"#,
            r#"{"v":1,"id":"7"}"#,
            "\u{0}",
        ] {
            assert_eq!(decode(body), Err(InvalidMessage::Shape), "{body}");
        }
        assert_eq!(decode(r#"{"v":2,"id":7}"#), Err(InvalidMessage::Version(2)));
    }
}
