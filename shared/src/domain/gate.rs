//! May this go out now? The one rule that every mail passes, when it is planned and again when it
//! is armed.

mod facts;

use chrono::{DateTime, Days, Utc};
use serde::Serialize;

pub use facts::{
    Address, CampaignFacts, CampaignStatus, Compliance, ContentFacts, Facts, Method,
    RecipientFacts, Verdict,
};

use super::{
    basis::{Basis, BasisRule, basis_rule},
    country::Country,
    reason::Reason,
    score::{Confidence, Score},
};

/// Raised with every change of a rule, and kept with each decision.
pub const GATE_VERSION: u32 = 1;

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
    /// The rule that answered; none for `Send`.
    pub fn reason(&self) -> Option<Reason> {
        match self {
            Self::Send => None,
            Self::Defer { reason, .. } | Self::Review { reason } | Self::Refuse { reason } => {
                Some(*reason)
            }
        }
    }
}

/// A decision with the facts it was taken on, as the ledger keeps it. Names nobody.
#[derive(Debug, Serialize)]
pub struct DecisionRecord {
    gate: u32,
    at: DateTime<Utc>,
    #[serde(flatten)]
    decision: Decision,
    score: Score,
    min_score: Score,
    confidence: Confidence,
    compliance: Compliance,
    method: Method,
    reviewed: bool,
    country: Option<Country>,
    basis: Option<Basis>,
    basis_rule: BasisRule,
    suppressed: bool,
    erased: bool,
    campaign: CampaignStatus,
    left_today: i64,
    sending_enabled: bool,
}

impl DecisionRecord {
    /// The record of this decision.
    pub fn new(facts: &Facts, decision: Decision, now: DateTime<Utc>) -> Self {
        let Facts {
            campaign,
            recipient,
            verdict,
            ..
        } = facts;
        Self {
            gate: GATE_VERSION,
            at: now,
            decision,
            score: verdict.score,
            min_score: campaign.min_score,
            confidence: verdict.confidence,
            compliance: verdict.compliance,
            method: verdict.method,
            reviewed: verdict.reviewed,
            country: recipient.country,
            basis: recipient.basis,
            basis_rule: basis_rule(recipient.country, &campaign.basis_rules),
            suppressed: recipient.suppressed,
            erased: recipient.erased,
            campaign: campaign.status,
            left_today: campaign.left_today,
            sending_enabled: facts.sending_enabled,
        }
    }
}

/// May this go out now?
///
/// A "no" of the person or the law comes first and nothing overrides it; then what a person must
/// judge, unless one has; then what only waits.
pub fn gate(facts: &Facts, now: DateTime<Utc>) -> Decision {
    if let Some(reason) = refusal(facts) {
        return Decision::Refuse { reason };
    }
    if !facts.verdict.reviewed
        && let Some(reason) = doubt(facts)
    {
        return Decision::Review { reason };
    }
    match facts.campaign.status {
        _ if !facts.sending_enabled => Decision::Defer {
            until: soon(now),
            reason: Reason::SendingDisabled,
        },
        CampaignStatus::Draft | CampaignStatus::Paused => Decision::Defer {
            until: soon(now),
            reason: Reason::CampaignPaused,
        },
        _ if facts.campaign.left_today <= 0 => Decision::Defer {
            until: next_day(now),
            reason: Reason::DailyCap,
        },
        CampaignStatus::Active | CampaignStatus::Ended => Decision::Send,
    }
}

fn refusal(facts: &Facts) -> Option<Reason> {
    let Facts {
        recipient,
        verdict,
        campaign,
        ..
    } = facts;
    if recipient.erased {
        return Some(Reason::Erased);
    }
    if recipient.suppressed {
        return Some(Reason::Suppressed);
    }
    let address = match &facts.address {
        Address::Given(address) => address,
        // What it scores says more about the lead than the address it lacks.
        Address::Missing if verdict.score < campaign.min_score => return Some(Reason::LowScore),
        Address::Missing => return Some(Reason::NoEmail),
        Address::Invalid => return Some(Reason::InvalidAddress),
        Address::Changed => return Some(Reason::AddressChanged),
    };
    if verdict.compliance == Compliance::Block {
        return Some(Reason::NotCompliant);
    }
    if verdict.score < campaign.min_score {
        return Some(Reason::LowScore);
    }
    if address.is_role() {
        return Some(Reason::RoleAddress);
    }
    if address.is_disposable() {
        return Some(Reason::DisposableAddress);
    }
    let agreed = matches!(recipient.basis, Some(Basis::Consent | Basis::Contract));
    if !agreed && basis_rule(recipient.country, &campaign.basis_rules) == BasisRule::Consent {
        return Some(Reason::ConsentNeeded);
    }
    if campaign.status == CampaignStatus::Ended {
        return Some(Reason::CampaignEnded);
    }
    match facts.content {
        ContentFacts::Sound => None,
        ContentFacts::Changed => Some(Reason::ContentChanged),
        ContentFacts::Faulty => Some(Reason::ContentFault),
        // The rules write no text; a reviewer does.
        ContentFacts::Missing if !verdict.reviewed => None,
        ContentFacts::Missing => Some(Reason::NoMessage),
    }
}

fn doubt(facts: &Facts) -> Option<Reason> {
    let Facts {
        recipient,
        verdict,
        campaign,
        ..
    } = facts;
    if verdict.method == Method::Rules {
        return Some(Reason::ScoredByRules);
    }
    if facts.content == ContentFacts::Missing {
        return Some(Reason::NoMessage);
    }
    if verdict.compliance == Compliance::Review {
        return Some(Reason::ComplianceReview);
    }
    if verdict.confidence < campaign.min_confidence {
        return Some(Reason::LowConfidence);
    }
    if recipient.basis.is_none() {
        match (
            recipient.country,
            basis_rule(recipient.country, &campaign.basis_rules),
        ) {
            (None, _) => return Some(Reason::CountryUnknown),
            (Some(_), BasisRule::Review) => return Some(Reason::CountryReview),
            (Some(_), BasisRule::Allow | BasisRule::Consent) => {}
        }
    }
    campaign.review_all.then_some(Reason::ReviewAll)
}

fn soon(now: DateTime<Utc>) -> DateTime<Utc> {
    now + chrono::TimeDelta::minutes(15)
}

/// The start of the next day in UTC, which is the database's day.
fn next_day(now: DateTime<Utc>) -> DateTime<Utc> {
    now.date_naive()
        .checked_add_days(Days::new(1))
        .map_or(now, |day| day.and_time(chrono::NaiveTime::MIN).and_utc())
}

#[cfg(test)]
mod tests;
