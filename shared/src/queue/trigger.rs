//! What woke the function: a queue's batch, or a schedule.

use aws_lambda_events::sqs::{SqsEvent, SqsMessage};
use serde_json::Value;

/// The two ways a function is woken.
#[derive(Debug)]
pub enum Trigger {
    /// SQS delivers a batch.
    Batch(Vec<SqsMessage>),
    /// A schedule, or a person with any JSON: the event as it came.
    Schedule(Value),
}

/// The event says `Records`, but they are not SQS's.
#[derive(Debug, thiserror::Error)]
#[error("the event has Records that are not SQS messages; subscribe the function to SQS only")]
pub struct InvalidEvent(#[source] serde_json::Error);

impl Trigger {
    /// Reads an event. Bodies are left alone: one bad body must not fail a batch.
    pub fn from_event(event: Value) -> Result<Self, InvalidEvent> {
        if event.get("Records").is_some() {
            let event: SqsEvent = serde_json::from_value(event).map_err(InvalidEvent)?;
            Ok(Self::Batch(event.records))
        } else {
            Ok(Self::Schedule(event))
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn event_with_records_is_a_batch() {
        let batch = json!({"Records": [{"messageId": "m", "body": "not json"}]});
        assert!(matches!(Trigger::from_event(batch), Ok(Trigger::Batch(r)) if r.len() == 1));
        for event in [
            json!(null),
            json!({}),
            json!({"detail-type": "Scheduled Event"}),
        ] {
            assert!(matches!(
                Trigger::from_event(event),
                Ok(Trigger::Schedule(_))
            ));
        }
        assert!(Trigger::from_event(json!({"Records": 7})).is_err());
    }
}
