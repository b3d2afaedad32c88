//! What an event asks for.

use serde::Deserialize;
use serde_json::Value;
use shared::trial::TrialRequest;

/// What to do.
#[derive(Debug, PartialEq)]
pub(crate) enum Request {
    Run(Which),
    /// Show what a source holds, and store nothing.
    Try(TrialRequest),
}

/// Which sources to run; without names all that are due.
#[derive(Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Which {
    pub(crate) campaign: Option<String>,
    pub(crate) source: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Trial {
    r#try: TrialRequest,
}

#[derive(Debug, thiserror::Error)]
pub enum InvalidRequest {
    #[error("`campaign` and `source` are names, as in {{\"campaign\":\"demo\"}}: {0}")]
    Run(#[source] serde_json::Error),
    #[error(
        "`try` is a source, as in {{\"try\":{{\"kind\":\"csv\",\"params\":{{\"file\":\"s3://lists/a.csv\"}}}}}}: {0}"
    )]
    Try(#[source] serde_json::Error),
}

impl Request {
    /// Reads an event: a rule's, which asks for everything, or a person's own.
    pub(crate) fn from_event(event: Value) -> Result<Self, InvalidRequest> {
        // A scheduled event has a `source` of its own, which is not ours.
        if event.get("detail-type").is_some() || !event.is_object() {
            return Ok(Self::Run(Which::default()));
        }
        if event.get("try").is_some() {
            let Trial { r#try } = serde_json::from_value(event).map_err(InvalidRequest::Try)?;
            return Ok(Self::Try(r#try));
        }
        let which = serde_json::from_value(event).map_err(InvalidRequest::Run)?;
        Ok(Self::Run(which))
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
            let all = Request::Run(Which::default());
            assert_eq!(Request::from_event(event).unwrap(), all);
        }
    }

    #[test]
    fn a_person_names_a_campaign_and_a_source() {
        let request = Request::from_event(json!({"campaign": "demo", "source": "list"})).unwrap();
        let named = |name: &str| Some(name.to_owned());
        let which = Which {
            campaign: named("demo"),
            source: named("list"),
        };
        assert_eq!(request, Request::Run(which));
        assert!(Request::from_event(json!({"campaign": 7})).is_err());
        let typo = Request::from_event(json!({"campaing": "demo"})).unwrap_err();
        assert!(
            typo.to_string().contains("unknown field `campaing`"),
            "{typo}"
        );
    }

    #[test]
    fn a_source_is_tried_whole_or_not() {
        let event = json!({"try": {"kind": "x", "params": {"query": "runners"}}});
        let Request::Try(wanted) = Request::from_event(event).unwrap() else {
            panic!("it runs");
        };
        assert_eq!(wanted.kind, "x");
        for event in [
            json!({"try": "list"}),
            json!({"try": {"kind": "x", "params": {}}, "source": "list"}),
        ] {
            let error = Request::from_event(event).unwrap_err();
            assert!(error.to_string().contains("`try` is a source"), "{error}");
        }
    }
}
