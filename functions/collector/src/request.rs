//! What an event asks for.

use serde::Deserialize;
use serde_json::Value;

/// Which sources to run; without names all that are due.
#[derive(Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Request {
    pub(crate) campaign: Option<String>,
    pub(crate) source: Option<String>,
}

#[derive(Debug, thiserror::Error)]
#[error("`campaign` and `source` are names, as in {{\"campaign\":\"demo\"}}: {0}")]
pub struct InvalidRequest(#[source] serde_json::Error);

impl Request {
    /// Reads an event: a rule's, which asks for everything, or a person's own.
    pub(crate) fn from_event(event: Value) -> Result<Self, InvalidRequest> {
        // A scheduled event has a `source` of its own, which is not ours.
        if event.get("detail-type").is_some() || !event.is_object() {
            return Ok(Self::default());
        }
        serde_json::from_value(event).map_err(InvalidRequest)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_schedule_asks_for_everything() {
        let rule = json!({"detail-type": "Scheduled Event", "source": "aws.events", "detail": {}});
        for event in [rule, json!(null), json!({}), json!("now")] {
            assert_eq!(Request::from_event(event).unwrap(), Request::default());
        }
    }

    #[test]
    fn a_person_names_a_campaign_and_a_source() {
        let request = Request::from_event(json!({"campaign": "demo", "source": "list"})).unwrap();
        assert_eq!(request.campaign.as_deref(), Some("demo"));
        assert_eq!(request.source.as_deref(), Some("list"));
        assert!(Request::from_event(json!({"campaign": 7})).is_err());
        let typo = Request::from_event(json!({"campaing": "demo"})).unwrap_err();
        assert!(
            typo.to_string().contains("unknown field `campaing`"),
            "{typo}"
        );
    }
}
