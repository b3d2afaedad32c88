//! May this go out now? What every mail must pass: when it is planned, when it is claimed, and when
//! it is armed.

mod facts;
mod record;
mod rules;

use chrono::{DateTime, Utc};
pub use facts::{
    Address, Approval, Assessment, CampaignFacts, CampaignStatus, Compliance, ContentFacts, Facts,
    FrequencyCaps, Method, PastMails, RecipientFacts, RulesHash,
};
pub use record::DecisionRecord;
pub use rules::Rule;
use rules::{AskRule, RULES};
use serde::Serialize;

use super::reason::Reason;

/// Kept with each decision. Raised with every change of a rule, which a test watches.
pub const GATE_VERSION: u32 = 6;

/// The gate's answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "outcome")]
pub enum Decision {
    Send,
    /// Ask again at `until`.
    Defer {
        until: DateTime<Utc>,
        reason: Reason,
    },
    /// A person decides.
    Review {
        reason: Reason,
    },
    /// It never goes out.
    Refuse {
        reason: Reason,
    },
}

impl Decision {
    pub fn reason(&self) -> Option<Reason> {
        match self {
            Self::Send => None,
            Self::Defer { reason, .. } | Self::Review { reason } | Self::Refuse { reason } => {
                Some(*reason)
            }
        }
    }
}

/// A decision, and how many rules were asked for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ruling {
    pub decision: Decision,
    passed: usize,
}

impl Ruling {
    /// The rules that had no objection, in the order they were asked.
    pub fn passed(&self) -> impl Iterator<Item = Rule> {
        RULES.iter().take(self.passed).map(|(rule, _)| *rule)
    }

    /// The rule that answered; none for `Send`.
    pub fn stopped_by(&self) -> Option<Rule> {
        RULES.get(self.passed).map(|(rule, _)| *rule)
    }
}

/// May this go out now? The first rule of `RULES` with an objection answers.
pub fn gate(facts: &Facts, now: DateTime<Utc>) -> Ruling {
    let objection = |(n, (_, ask)): (usize, &(Rule, AskRule))| Some((n, ask(facts, now)?));
    match RULES.iter().enumerate().find_map(objection) {
        Some((passed, decision)) => Ruling { decision, passed },
        None => Ruling {
            decision: Decision::Send,
            passed: RULES.len(),
        },
    }
}

#[cfg(test)]
mod tests;
