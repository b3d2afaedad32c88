//! What the ledger keeps of a decision.

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::{
    CampaignStatus, Compliance, Decision, Facts, GATE_VERSION, Method, PastMails, Rule, Ruling,
};
use crate::domain::{
    basis::{Basis, BasisRule, basis_rule},
    country::Country,
    quota::Quota,
    score::{Confidence, Score},
};

/// A decision with the rules that were asked and the facts they saw (invariant 15). Names nobody.
#[derive(Debug, Serialize)]
pub struct DecisionRecord {
    gate: u32,
    at: DateTime<Utc>,
    #[serde(flatten)]
    decision: Decision,
    passed: &'static [Rule],
    #[serde(skip_serializing_if = "Option::is_none")]
    stopped_by: Option<Rule>,
    score: Score,
    min_score: Score,
    confidence: Confidence,
    min_confidence: Confidence,
    compliance: Compliance,
    method: Method,
    reviewed: bool,
    country: Option<Country>,
    basis: Option<Basis>,
    basis_rule: BasisRule,
    suppressed: bool,
    erased: bool,
    past_mails: PastMails,
    campaign: CampaignStatus,
    breaker_open: bool,
    #[serde(flatten)]
    quota: Quota,
    sending_enabled: bool,
}

impl DecisionRecord {
    /// The record of this ruling.
    pub fn new(facts: &Facts, ruling: Ruling, now: DateTime<Utc>) -> Self {
        let Facts {
            campaign,
            recipient,
            verdict,
            ..
        } = facts;
        Self {
            gate: GATE_VERSION,
            at: now,
            decision: ruling.decision,
            passed: ruling.passed,
            stopped_by: ruling.stopped_by,
            score: verdict.score,
            min_score: campaign.min_score,
            confidence: verdict.confidence,
            min_confidence: campaign.min_confidence,
            compliance: verdict.compliance,
            method: verdict.method,
            reviewed: verdict.reviewed,
            country: recipient.country,
            basis: recipient.basis,
            basis_rule: basis_rule(recipient.country, &campaign.basis_rules),
            suppressed: recipient.suppressed,
            erased: recipient.erased,
            past_mails: recipient.past,
            campaign: campaign.status,
            breaker_open: campaign.breaker_open,
            quota: facts.quota,
            sending_enabled: facts.sending_enabled,
        }
    }
}
