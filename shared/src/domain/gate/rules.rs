//! The gate's rules, one question each, in the order they are asked.

use chrono::{DateTime, Days, TimeDelta, Utc};
use serde::Serialize;

use super::{
    Address, CampaignStatus, Compliance, ContentFacts, Decision, Facts, Method, PastMails,
};
use crate::domain::{
    basis::{Basis, BasisRule, basis_rule},
    email::EmailAddress,
    quota::Quota,
    reason::Reason,
};

/// One question of the gate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Rule {
    /// Was the person's data erased?
    Erasure,
    /// Did the person or the mailbox say no?
    Suppression,
    /// Is there an address that can be mailed, and is it still the one that was planned for?
    Address,
    /// Is the text or the person off limits?
    Compliance,
    /// Does the lead score enough?
    Score,
    /// Is the address a person's, and a lasting one?
    Mailbox,
    /// May somebody in this country be written to without having agreed?
    LawfulBasis,
    /// Is the campaign over?
    CampaignEnd,
    /// Is the text sound, and the one that was decided on?
    Content,
    /// Did the model score it?
    Scorer,
    /// Is there a text?
    Draft,
    /// Did the model ask for a person's eyes?
    ComplianceDoubt,
    /// Is the model sure enough?
    Confidence,
    /// Is the country known, and one that needs no judgement?
    Country,
    /// Does a person approve every mail of this campaign?
    Approval,
    /// Is the kill switch off?
    KillSwitch,
    /// Can the mail say who sends it?
    Imprint,
    /// Is the campaign under way?
    CampaignStatus,
    /// Did bounces or complaints stop the campaign?
    Breaker,
    /// Did this mailbox have a mail lately, or too many?
    Frequency,
    /// Is it day where the recipient is?
    QuietHours,
    /// Is there room within every limit of speed and volume?
    Quota,
}

/// The order: what nothing overrides, what a person judges, what only waits.
pub const RULES: &[Rule] = &[
    Rule::Erasure,
    Rule::Suppression,
    Rule::Address,
    Rule::Compliance,
    Rule::Score,
    Rule::Mailbox,
    Rule::LawfulBasis,
    Rule::CampaignEnd,
    Rule::Content,
    Rule::Scorer,
    Rule::Draft,
    Rule::ComplianceDoubt,
    Rule::Confidence,
    Rule::Country,
    Rule::Approval,
    Rule::KillSwitch,
    Rule::Imprint,
    Rule::CampaignStatus,
    Rule::Breaker,
    Rule::Frequency,
    Rule::QuietHours,
    Rule::Quota,
];

impl Rule {
    /// What this rule has against the mail.
    pub(super) fn ask(self, facts: &Facts, now: DateTime<Utc>) -> Option<Decision> {
        match self {
            Self::Erasure => refuse_if(facts.recipient.erased, Reason::Erased),
            Self::Suppression => refuse_if(facts.recipient.suppressed, Reason::Suppressed),
            Self::Address => unusable_address(facts).map(refuse),
            Self::Compliance => refuse_if(
                facts.verdict.compliance == Compliance::Block,
                Reason::NotCompliant,
            ),
            Self::Score => refuse_if(scores_too_low(facts), Reason::LowScore),
            Self::Mailbox => given(facts).and_then(unwelcome_mailbox).map(refuse),
            Self::LawfulBasis => refuse_if(lacks_consent(facts), Reason::ConsentNeeded),
            Self::CampaignEnd => refuse_if(
                facts.campaign.status == CampaignStatus::Ended,
                Reason::CampaignEnded,
            ),
            Self::Content => unfit_content(facts).map(refuse),
            Self::Scorer
            | Self::Draft
            | Self::ComplianceDoubt
            | Self::Confidence
            | Self::Country
            | Self::Approval => {
                let doubt = self.doubt(facts).filter(|_| !facts.verdict.reviewed);
                doubt.map(|reason| Decision::Review { reason })
            }
            Self::KillSwitch => {
                defer_if(!facts.sending_enabled, soon(now), Reason::SendingDisabled)
            }
            Self::Imprint => defer_if(!facts.postal_address, soon(now), Reason::NoPostalAddress),
            Self::CampaignStatus => {
                let waits = matches!(
                    facts.campaign.status,
                    CampaignStatus::Draft | CampaignStatus::Paused
                );
                defer_if(waits, soon(now), Reason::CampaignPaused)
            }
            Self::Breaker => defer_if(facts.campaign.breaker_open, soon(now), Reason::BreakerOpen),
            Self::Frequency => too_often(facts, now),
            Self::QuietHours => {
                let hours = facts.campaign.hours?;
                let until = hours.closed_until(facts.recipient.country, now)?;
                defer_if(true, until, Reason::QuietHours)
            }
            Self::Quota => match facts.quota {
                Quota::Granted { .. } | Quota::NotAsked => None,
                Quota::Wait { until, reason } => Some(Decision::Defer { until, reason }),
            },
        }
    }

    /// What a person should judge.
    fn doubt(self, facts: &Facts) -> Option<Reason> {
        let (verdict, campaign) = (&facts.verdict, &facts.campaign);
        let if_so = |so: bool, reason| so.then_some(reason);
        match self {
            Self::Scorer => if_so(verdict.method == Method::Rules, Reason::ScoredByRules),
            Self::Draft => if_so(facts.content == ContentFacts::Missing, Reason::NoMessage),
            Self::ComplianceDoubt => if_so(
                verdict.compliance == Compliance::Review,
                Reason::ComplianceReview,
            ),
            Self::Confidence => if_so(
                verdict.confidence < campaign.min_confidence,
                Reason::LowConfidence,
            ),
            Self::Country => doubtful_country(facts),
            Self::Approval => if_so(campaign.review_all, Reason::ReviewAll),
            Self::Erasure
            | Self::Suppression
            | Self::Address
            | Self::Compliance
            | Self::Score
            | Self::Mailbox
            | Self::LawfulBasis
            | Self::CampaignEnd
            | Self::Content
            | Self::KillSwitch
            | Self::Imprint
            | Self::CampaignStatus
            | Self::Breaker
            | Self::Frequency
            | Self::QuietHours
            | Self::Quota => None,
        }
    }
}

fn refuse(reason: Reason) -> Decision {
    Decision::Refuse { reason }
}

fn refuse_if(so: bool, reason: Reason) -> Option<Decision> {
    so.then_some(refuse(reason))
}

fn defer_if(so: bool, until: DateTime<Utc>, reason: Reason) -> Option<Decision> {
    so.then_some(Decision::Defer { until, reason })
}

fn given(facts: &Facts) -> Option<&EmailAddress> {
    match &facts.address {
        Address::Given(address) => Some(address),
        Address::Missing | Address::Invalid | Address::Changed => None,
    }
}

fn unusable_address(facts: &Facts) -> Option<Reason> {
    match &facts.address {
        Address::Given(_) => None,
        // What it scores says more about the lead than the address it lacks.
        Address::Missing if scores_too_low(facts) => Some(Reason::LowScore),
        Address::Missing => Some(Reason::NoEmail),
        Address::Invalid => Some(Reason::InvalidAddress),
        Address::Changed => Some(Reason::AddressChanged),
    }
}

fn scores_too_low(facts: &Facts) -> bool {
    facts.verdict.score < facts.campaign.min_score
}

fn unwelcome_mailbox(address: &EmailAddress) -> Option<Reason> {
    if address.is_role() {
        Some(Reason::RoleAddress)
    } else {
        address.is_disposable().then_some(Reason::DisposableAddress)
    }
}

fn lacks_consent(facts: &Facts) -> bool {
    let recipient = &facts.recipient;
    let agreed = matches!(recipient.basis, Some(Basis::Consent | Basis::Contract));
    !agreed && basis_rule(recipient.country, &facts.campaign.basis_rules) == BasisRule::Consent
}

fn unfit_content(facts: &Facts) -> Option<Reason> {
    match facts.content {
        ContentFacts::Sound => None,
        ContentFacts::Changed => Some(Reason::ContentChanged),
        ContentFacts::Faulty => Some(Reason::ContentFault),
        // The rules write no text; a reviewer does.
        ContentFacts::Missing => facts.verdict.reviewed.then_some(Reason::NoMessage),
    }
}

fn doubtful_country(facts: &Facts) -> Option<Reason> {
    let recipient = &facts.recipient;
    if recipient.basis.is_some() {
        return None;
    }
    if recipient.country.is_none() {
        return Some(Reason::CountryUnknown);
    }
    let rule = basis_rule(recipient.country, &facts.campaign.basis_rules);
    (rule == BasisRule::Review).then_some(Reason::CountryReview)
}

/// The gap counts whole days (UTC) between two mails; the cap, those of the last 90 days.
fn too_often(facts: &Facts, now: DateTime<Utc>) -> Option<Decision> {
    let caps = facts.frequency;
    let PastMails {
        count,
        latest,
        earliest,
    } = facts.recipient.past;
    let after = |day: Option<DateTime<Utc>>, days: u32| {
        day.and_then(|day| day.checked_add_days(Days::new(days.into())))
            .filter(|until| *until > now)
    };
    let gap = after(latest, caps.gap_days);
    if let Some(until) = gap {
        return defer_if(true, until, Reason::FrequencyGap);
    }
    let full = count >= caps.max_90_days;
    let until = after(earliest, 90).unwrap_or_else(|| next_day(now));
    defer_if(full, until, Reason::FrequencyCap)
}

fn soon(now: DateTime<Utc>) -> DateTime<Utc> {
    now + TimeDelta::minutes(15)
}

/// The start of the next day in UTC, which is the ledger's day.
fn next_day(now: DateTime<Utc>) -> DateTime<Utc> {
    now.date_naive()
        .checked_add_days(Days::new(1))
        .map_or(now, |day| day.and_time(chrono::NaiveTime::MIN).and_utc())
}
