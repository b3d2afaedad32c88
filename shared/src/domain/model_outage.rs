//! A model's server that answers no question: when it is asked again, by whom, and what its leads wait for.

use std::time::Duration;

use chrono::{DateTime, Utc};
use strum::{EnumIter, EnumString, IntoStaticStr};

/// What an enrichment waits for. Its word is that of the columns `model_outages.reason` and
/// `leads.enrich_waits_for`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, EnumIter, EnumString, IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub enum EnrichmentWait {
    ModelUnavailable,
    ModelSilent,
    ModelThrottled,
    ModelKey,
    ModelCredit,
    ModelName,
    ModelParameter,
    ModelAddress,
    ModelAccess,
    ModelUnclear,
    ModelBudget,
    /// Another worker asks, or this one had no time left.
    ModelBusy,
}

impl EnrichmentWait {
    pub fn as_str(self) -> &'static str {
        self.into()
    }

    pub fn from_word(word: &str) -> Option<Self> {
        word.parse().ok()
    }

    /// What it means, in one or two sentences.
    pub fn explain(self) -> &'static str {
        match self {
            Self::ModelUnavailable => {
                "The model's server is not available. The lead is enriched once it is."
            }
            Self::ModelSilent => {
                "The model's server takes questions and does not answer. The lead is enriched once it does."
            }
            Self::ModelThrottled => "The model's server asked us to slow down.",
            Self::ModelKey => "The model's server does not take the key: check OPENAI_API_KEY.",
            Self::ModelCredit => {
                "The account at the model's provider has no credit or quota left: add credit there."
            }
            Self::ModelName => "The model's server has no such model: check OPENAI_MODEL.",
            Self::ModelParameter => {
                "The model does not take a parameter of the request; the enricher's log names it."
            }
            Self::ModelAddress => "There is no model at OPENAI_BASE_URL.",
            Self::ModelAccess => {
                "The model's provider does not serve this account or place: check the account there."
            }
            Self::ModelUnclear => {
                "The model's server refuses and does not say why: check key, credit, model and address."
            }
            Self::ModelBudget => {
                "The day's budget for the model is used up (MODEL_DAILY_BUDGET_USD)."
            }
            Self::ModelBusy => "The model is being asked.",
        }
    }
}

/// A server that answered no question when it was last asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outage {
    pub reason: EnrichmentWait,
    pub since: DateTime<Utc>,
    /// How often it was asked in vain since.
    pub failures: u32,
    pub next_try_at: DateTime<Utc>,
}

/// Whether questions may be put to the model now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Admission {
    Open,
    /// One question, to see whether it is back.
    Probe,
    Closed {
        reason: EnrichmentWait,
        until: DateTime<Utc>,
    },
}

/// While a server is away one worker asks it one question now and then, however many want to.
pub fn admit(outage: Option<&Outage>, now: DateTime<Utc>) -> Admission {
    match outage {
        None => Admission::Open,
        Some(outage) if outage.next_try_at <= now => Admission::Probe,
        Some(outage) => Admission::Closed {
            reason: outage.reason,
            until: outage.next_try_at,
        },
    }
}

/// How long a server is left alone that was asked in vain so often: from half a minute to a quarter of an
/// hour, and at least as long as it `asked` for.
pub fn pause(failures: u32, asked: Option<Duration>) -> Duration {
    const FIRST: Duration = Duration::from_secs(30);
    const LONGEST: Duration = Duration::from_secs(15 * 60);
    let doublings = failures.saturating_sub(1).min(10);
    let grown = FIRST.saturating_mul(2_u32.saturating_pow(doublings));
    grown.min(LONGEST).max(asked.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use strum::IntoEnumIterator;

    use super::*;

    #[test]
    fn admit_lets_one_question_through_when_due() {
        let now: DateTime<Utc> = "2026-01-05T10:00:00Z".parse().unwrap();
        let outage = |seconds: i64| Outage {
            reason: EnrichmentWait::ModelCredit,
            since: now,
            failures: 1,
            next_try_at: now + chrono::TimeDelta::seconds(seconds),
        };
        assert_eq!(admit(None, now), Admission::Open);
        assert_eq!(admit(Some(&outage(0)), now), Admission::Probe);
        let closed = outage(1);
        assert_eq!(
            admit(Some(&closed), now),
            Admission::Closed {
                reason: EnrichmentWait::ModelCredit,
                until: closed.next_try_at
            }
        );
    }

    #[test]
    fn pause_grows_to_its_cap() {
        let seconds = Duration::from_secs;
        let pauses: Vec<_> = [0, 1, 2, 3, 5, 6, 99].map(|n| pause(n, None)).into();
        assert_eq!(pauses, [30, 30, 60, 120, 480, 900, 900].map(seconds));
        assert_eq!(pause(1, Some(seconds(3_600))), seconds(3_600));
    }

    #[test]
    fn every_wait_has_its_own_sentence() {
        let mut sentences: Vec<_> = EnrichmentWait::iter()
            .map(EnrichmentWait::explain)
            .collect();
        sentences.sort_unstable();
        sentences.dedup();
        assert_eq!(sentences.len(), EnrichmentWait::iter().count());
        for wait in EnrichmentWait::iter() {
            assert_eq!(EnrichmentWait::from_word(wait.as_str()), Some(wait));
        }
    }
}
