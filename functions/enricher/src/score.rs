//! What is known of a lead once it is scored: by the model, or by the rules where it gives no answer.

use std::time::Duration;

use chrono::{DateTime, Days, NaiveTime, Utc};
use serde_json::Value;
use shared::{
    db::enrichment::Wait,
    domain::{
        content::Draft, gate::Assessment, lead::Lead, model_calls::CallFault,
        model_outage::EnrichmentWait,
    },
};

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
pub(crate) struct NotScored {
    pub(crate) reason: EnrichmentWait,
    pub(crate) until: Until,
}

/// When it is asked about again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Until {
    /// So long from when the batch ends.
    After(Duration),
    At(DateTime<Utc>),
    /// When the next day's budget is there, or the day's is raised.
    Budget,
}

impl NotScored {
    pub(crate) fn wait(self, now: DateTime<Utc>) -> Wait {
        let until = match self.until {
            Until::After(pause) => now + pause,
            Until::At(moment) => moment.max(now),
            Until::Budget => {
                let tomorrow = now.date_naive() + Days::new(1);
                let tomorrow = tomorrow.and_time(NaiveTime::MIN).and_utc();
                tomorrow.min(now + BUDGET_PAUSE)
            }
        };
        Wait {
            reason: self.reason,
            until,
        }
    }
}

/// The owner may raise the budget of a day at any time.
const BUDGET_PAUSE: Duration = Duration::from_secs(60 * 60);

/// Why the rules score a lead and not the model.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NoAnswer {
    Refused,
    Unusable,
    Declined,
    Unclear,
    Lost,
    Unavailable,
    NoModel,
    OptedOut,
    RedFlag,
}

impl NoAnswer {
    fn as_str(self) -> &'static str {
        match self {
            Self::Refused => "the model refused to assess this profile",
            Self::Unusable => "the model gave no usable answer",
            Self::Declined => {
                "the model's server does not take this profile: it is too long, or caught by a filter"
            }
            Self::Unclear => {
                "the model's server refused this profile three times and did not say why"
            }
            Self::Lost => "the model's answer about this profile was lost three times",
            Self::Unavailable => "the model was not available",
            Self::NoModel => "no model is configured",
            Self::OptedOut => "the model was not asked about a person who has opted out",
            Self::RedFlag => "the model was not asked",
        }
    }
}

impl From<Option<CallFault>> for NoAnswer {
    /// What a question's last fault means once it is given up.
    fn from(fault: Option<CallFault>) -> Self {
        match fault {
            Some(CallFault::Declined) => Self::Declined,
            Some(CallFault::Unclear) => Self::Unclear,
            Some(CallFault::Crashed) | None => Self::Lost,
            Some(
                CallFault::CutOff
                | CallFault::Empty
                | CallFault::NoJson
                | CallFault::Form
                | CallFault::Draft
                | CallFault::Evidence,
            ) => Self::Unusable,
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wait_for_budget_ends_with_the_day() {
        let wait = |now: &str| {
            let waiting = NotScored {
                reason: EnrichmentWait::ModelBudget,
                until: Until::Budget,
            };
            waiting.wait(now.parse().unwrap()).until.to_rfc3339()
        };
        assert_eq!(wait("2026-01-05T10:00:00Z"), "2026-01-05T11:00:00+00:00");
        assert_eq!(wait("2026-01-05T23:40:00Z"), "2026-01-06T00:00:00+00:00");
    }
}
