//! What is known of a lead once it is scored: by the model, or by the rules where it gives no answer.

use std::time::Duration;

use serde_json::Value;
use shared::domain::{content::Draft, gate::Assessment, lead::Lead};

use crate::rules;

/// A scored lead. Without a draft a person writes, or waits for the model.
#[derive(Debug, Clone)]
pub(crate) struct Scored {
    pub(crate) niche: String,
    pub(crate) summary: String,
    pub(crate) draft: Option<Draft>,
    pub(crate) assessment: Assessment,
    /// For a person who reviews it.
    pub(crate) reasons: Vec<String>,
    /// Claims about the lead with the words of the profile that back them.
    pub(crate) evidence: Value,
    /// The model's name, if it answered.
    pub(crate) model: Option<String>,
    pub(crate) cost_micros: i64,
}

/// A lead that has to wait; its request stays pending.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NotScored {
    /// Until its message comes again, not before this time if the model's server asked for that.
    Retry(Option<Duration>),
    /// Until the sweep finds it: the day's budget is used up.
    NextSweep,
}

/// Why the rules score a lead and not the model.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NoAnswer {
    Refused,
    Unusable,
    Unavailable,
    NoModel,
    OptedOut,
}

impl NoAnswer {
    fn as_str(self) -> &'static str {
        match self {
            Self::Refused => "the model refused to assess this profile",
            Self::Unusable => "the model gave no usable answer",
            Self::Unavailable => "the model was not available",
            Self::NoModel => "no model is configured",
            Self::OptedOut => "the model was not asked about a person who has opted out",
        }
    }
}

impl Scored {
    pub(crate) fn by_rules(lead: &Lead, why: NoAnswer) -> Self {
        let mut scored = rules::score(lead);
        scored.reasons.push(why.as_str().to_owned());
        scored
    }
}
