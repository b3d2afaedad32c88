//! What the ledger keeps of a decision.

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::{
    Approval, CampaignStatus, Compliance, Decision, Facts, GATE_VERSION, Method, PastMails, Rule,
    Ruling,
};
use crate::domain::{
    basis::{Basis, BasisRule, basis_rule},
    country::Country,
    quota::Quota,
    score::{Confidence, Score},
};

/// A decision with the rules that were asked and the facts they saw (invariant 15). No personal data.
#[derive(Debug, Serialize)]
pub struct DecisionRecord {
    gate: u32,
    at: DateTime<Utc>,
    #[serde(flatten)]
    decision: Decision,
    passed: Vec<Rule>,
    #[serde(skip_serializing_if = "Option::is_none")]
    stopped_by: Option<Rule>,
    score: Score,
    min_score: Score,
    confidence: Confidence,
    min_confidence: Confidence,
    compliance: Compliance,
    method: Method,
    approval: Approval,
    country: Option<Country>,
    basis: Option<Basis>,
    basis_rule: BasisRule,
    suppressed: bool,
    erased: bool,
    past_mails: PastMails,
    campaign: CampaignStatus,
    breaker_open: bool,
    /// Under a key of its own: it has an outcome and a reason too.
    #[serde(skip_serializing_if = "Option::is_none")]
    quota: Option<Quota>,
    sending_enabled: bool,
}

impl DecisionRecord {
    pub fn new(facts: &Facts, ruling: Ruling, now: DateTime<Utc>) -> Self {
        let Facts {
            campaign,
            recipient,
            assessment,
            ..
        } = facts;
        Self {
            gate: GATE_VERSION,
            at: now,
            decision: ruling.decision,
            passed: ruling.passed().collect(),
            stopped_by: ruling.stopped_by(),
            score: assessment.score,
            min_score: campaign.min_score,
            confidence: assessment.confidence,
            min_confidence: campaign.min_confidence,
            compliance: assessment.compliance,
            method: assessment.method,
            approval: assessment.approval,
            country: recipient.country,
            basis: recipient.basis,
            basis_rule: basis_rule(recipient.country, &campaign.basis_rules),
            suppressed: recipient.suppressed,
            erased: recipient.erased,
            past_mails: recipient.past,
            campaign: campaign.status,
            breaker_open: campaign.breaker_open,
            quota: None,
            sending_enabled: facts.sending_enabled,
        }
    }
    /// With what the mail was granted, or the limit it waits for.
    #[must_use]
    pub fn with_quota(self, quota: Quota) -> Self {
        Self {
            quota: Some(quota),
            ..self
        }
    }
}
