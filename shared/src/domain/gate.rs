//! May this go out now? The one rule that every mail passes, when it is planned and again when it
//! is armed.

mod facts;
mod record;
mod rules;

use chrono::{DateTime, Utc};
pub use facts::{
    Address, CampaignFacts, CampaignStatus, Compliance, ContentFacts, Facts, FrequencyCaps, Method,
    PastMails, RecipientFacts, Verdict,
};
pub use record::DecisionRecord;
pub use rules::{RULES, Rule};
use serde::Serialize;

use super::reason::Reason;

/// Raised with every change of a rule, and kept with each decision.
pub const GATE_VERSION: u32 = 2;

/// The gate's answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "outcome")]
pub enum Decision {
    /// It may go out now.
    Send,
    /// Not yet.
    Defer {
        /// When to ask again.
        until: DateTime<Utc>,
        /// Why it waits.
        reason: Reason,
    },
    /// A person decides.
    Review {
        /// Why.
        reason: Reason,
    },
    /// Never.
    Refuse {
        /// Why.
        reason: Reason,
    },
}

impl Decision {
    /// What the rule that answered says; none for `Send`.
    pub fn reason(&self) -> Option<Reason> {
        match self {
            Self::Send => None,
            Self::Defer { reason, .. } | Self::Review { reason } | Self::Refuse { reason } => {
                Some(*reason)
            }
        }
    }
}

/// A decision, and how it came about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ruling {
    /// The answer.
    pub decision: Decision,
    /// The rules that had nothing against it, in the order they were asked.
    pub passed: &'static [Rule],
    /// The rule that answered; none for `Send`.
    pub stopped_by: Option<Rule>,
}

/// May this go out now?
///
/// A "no" of the person or the law comes first and nothing overrides it; then what a person must
/// judge, unless one has; then what only waits. The first rule of [`RULES`] that has something
/// against it answers.
pub fn gate(facts: &Facts, now: DateTime<Utc>) -> Ruling {
    for (n, rule) in RULES.iter().enumerate() {
        if let Some(decision) = rule.ask(facts, now) {
            return Ruling {
                decision,
                passed: RULES.get(..n).unwrap_or_default(),
                stopped_by: Some(*rule),
            };
        }
    }
    Ruling {
        decision: Decision::Send,
        passed: RULES,
        stopped_by: None,
    }
}

#[cfg(test)]
mod tests;
