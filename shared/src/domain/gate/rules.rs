//! The gate's rules, one question each, in the order they are asked.

use chrono::{DateTime, Days, NaiveTime, TimeDelta, Utc};
use serde::Serialize;

use super::{
    Address, Approval, CampaignStatus, Compliance, ContentFacts, Decision, Facts, Method,
    PastMails,
    facts::{A_HUNDRED_YEARS, FREQUENCY_DAYS},
};
use crate::domain::{
    basis::{Basis, BasisRule, basis_rule},
    reason::Reason,
};

/// A rule's name, as decisions record it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Rule {
    Erasure,
    Suppression,
    Address,
    Compliance,
    Score,
    Mailbox,
    LawfulBasis,
    ExcludedCountry,
    CampaignEnd,
    Content,
    Scorer,
    Draft,
    ComplianceDoubt,
    Confidence,
    AddressDoubt,
    Country,
    ApprovedProfile,
    Approval,
    KillSwitch,
    Imprint,
    CampaignStatus,
    Breaker,
    Frequency,
    QuietHours,
}

/// A rule's objection to a mail, if it has one.
pub(super) type AskRule = fn(&Facts, DateTime<Utc>) -> Option<Decision>;

/// What nothing overrides; then what a person decides, unless one has; then what only waits.
pub(super) const RULES: &[(Rule, AskRule)] = &[
    (Rule::Erasure, |f, _| {
        refuse_if(f.recipient.erased, Reason::Erased)
    }),
    (Rule::Suppression, |f, _| {
        refuse_if(f.recipient.suppressed, Reason::Suppressed)
    }),
    (Rule::Address, |f, _| unusable_address(f).map(refuse)),
    (Rule::Compliance, |f, _| {
        let blocked = f.assessment.compliance == Compliance::Block;
        refuse_if(blocked, Reason::NotCompliant)
    }),
    (Rule::Score, |f, _| {
        refuse_if(scores_too_low(f), Reason::LowScore)
    }),
    (Rule::Mailbox, |f, _| unwelcome_mailbox(f).map(refuse)),
    (Rule::LawfulBasis, |f, _| {
        refuse_if(lacks_consent(f), Reason::ConsentNeeded)
    }),
    (Rule::ExcludedCountry, |f, _| {
        refuse_if(is_excluded(f), Reason::CountryExcluded)
    }),
    (Rule::CampaignEnd, |f, _| {
        let ended = f.campaign.status == CampaignStatus::Ended;
        refuse_if(ended, Reason::CampaignEnded)
    }),
    (Rule::Content, |f, _| unfit_content(f).map(refuse)),
    (Rule::Scorer, |f, _| {
        let by_rules = f.assessment.method == Method::Rules;
        review_if(f, by_rules, Reason::ScoredByRules)
    }),
    (Rule::Draft, |f, _| {
        let missing = f.content == ContentFacts::Missing;
        review_if(f, missing, Reason::NoMessage)
    }),
    (Rule::ComplianceDoubt, |f, _| {
        let doubt = f.assessment.compliance == Compliance::Review;
        review_if(f, doubt, Reason::ComplianceReview)
    }),
    (Rule::Confidence, |f, _| {
        let unsure = f.assessment.confidence < f.campaign.min_confidence;
        review_if(f, unsure, Reason::LowConfidence)
    }),
    (Rule::AddressDoubt, |f, _| {
        let doubtful = matches!(&f.address, Address::Given(address) if address.is_look_alike());
        review_if(f, doubtful, Reason::DoubtfulAddress)
    }),
    (Rule::Country, |f, _| {
        let reason = doubtful_country(f)?;
        review_if(f, true, reason)
    }),
    (Rule::ApprovedProfile, |f, _| {
        let outdated = f.assessment.approval == Approval::Outdated;
        outdated.then_some(Decision::Review {
            reason: Reason::ProfileChanged,
        })
    }),
    (Rule::Approval, |f, _| {
        review_if(f, f.campaign.review_all, Reason::ReviewAll)
    }),
    (Rule::KillSwitch, |f, now| {
        defer_if(!f.sending_enabled, soon(now), Reason::SendingDisabled)
    }),
    (Rule::Imprint, |f, now| {
        defer_if(!f.postal_address, soon(now), Reason::NoPostalAddress)
    }),
    (Rule::CampaignStatus, |f, now| {
        let waits = matches!(
            f.campaign.status,
            CampaignStatus::Draft | CampaignStatus::Paused
        );
        defer_if(waits, soon(now), Reason::CampaignPaused)
    }),
    (Rule::Breaker, |f, now| {
        defer_if(f.campaign.breaker_open, soon(now), Reason::BreakerOpen)
    }),
    (Rule::Frequency, too_often),
    (Rule::QuietHours, |f, now| {
        let until = f.campaign.hours?.closed_until(f.recipient.country, now)?;
        defer_if(true, until, Reason::QuietHours)
    }),
];

fn refuse(reason: Reason) -> Decision {
    Decision::Refuse { reason }
}

fn refuse_if(so: bool, reason: Reason) -> Option<Decision> {
    so.then_some(refuse(reason))
}

/// What one person has approved, no person is asked about again.
fn review_if(facts: &Facts, so: bool, reason: Reason) -> Option<Decision> {
    (so && !facts.assessment.approval.is_given()).then_some(Decision::Review { reason })
}

fn defer_if(so: bool, until: DateTime<Utc>, reason: Reason) -> Option<Decision> {
    so.then_some(Decision::Defer { until, reason })
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

/// What the rules score for want of an answer of the model is no verdict, unless the campaign says so.
fn scores_too_low(facts: &Facts) -> bool {
    let counts = facts.assessment.method == Method::Model || facts.campaign.rules_decide;
    counts && facts.assessment.score < facts.campaign.min_score
}

fn unwelcome_mailbox(facts: &Facts) -> Option<Reason> {
    match &facts.address {
        Address::Given(address) if address.is_role() => Some(Reason::RoleAddress),
        Address::Given(address) => address.is_disposable().then_some(Reason::DisposableAddress),
        Address::Missing | Address::Invalid | Address::Changed => None,
    }
}

fn lacks_consent(facts: &Facts) -> bool {
    let recipient = &facts.recipient;
    let agreed = matches!(recipient.basis, Some(Basis::Consent | Basis::Contract));
    !agreed && basis_rule(recipient.country, &facts.campaign.basis_rules) == BasisRule::Consent
}

fn is_excluded(facts: &Facts) -> bool {
    let country = facts.recipient.country;
    basis_rule(country, &facts.campaign.basis_rules) == BasisRule::Never
}

fn unfit_content(facts: &Facts) -> Option<Reason> {
    match facts.content {
        ContentFacts::Sound => None,
        ContentFacts::Changed => Some(Reason::ContentChanged),
        ContentFacts::Faulty => Some(Reason::ContentFault),
        // The rules write no text; a reviewer does.
        ContentFacts::Missing => {
            (facts.assessment.approval.is_given()).then_some(Reason::NoMessage)
        }
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

/// One mail a day; whole days (UTC) between two mails; so many within 90 days.
fn too_often(facts: &Facts, now: DateTime<Utc>) -> Option<Decision> {
    let caps = facts.frequency;
    let PastMails {
        count,
        latest,
        earliest,
    } = facts.recipient.past;
    // A gap that no calendar holds never ends.
    let after = |day: DateTime<Utc>, days: u32| {
        day.checked_add_days(Days::new(days.min(A_HUNDRED_YEARS).into()))
            .unwrap_or(DateTime::<Utc>::MAX_UTC)
    };
    if let Some(latest) = latest {
        let reason = match caps.gap_days {
            0 => Reason::RecipientDay,
            _ => Reason::FrequencyGap,
        };
        let until = after(latest, caps.gap_days.max(1));
        if until > now {
            return defer_if(true, until, reason);
        }
    }
    let full = count >= caps.max_90_days;
    let until = earliest.map(|day| after(day, FREQUENCY_DAYS));
    let until = until.filter(|until| *until > now);
    defer_if(
        full,
        until.unwrap_or_else(|| next_day(now)),
        Reason::FrequencyCap,
    )
}

fn soon(now: DateTime<Utc>) -> DateTime<Utc> {
    now + TimeDelta::minutes(15)
}

/// The start of the next day in UTC, which is the ledger's day.
fn next_day(now: DateTime<Utc>) -> DateTime<Utc> {
    now.date_naive()
        .checked_add_days(Days::new(1))
        .map_or(now, |day| day.and_time(NaiveTime::MIN).and_utc())
}
