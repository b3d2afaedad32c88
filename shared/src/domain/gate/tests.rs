mod waiting;

use std::time::Duration;

use super::*;
use crate::domain::{
    basis::{Basis, BasisRules},
    email::EmailAddress,
    hours::SendingHours,
    quota::Quota,
    score::{Confidence, Score},
};

/// An active campaign, an American with an address, a sure model: everything is right.
fn facts() -> Facts {
    Facts {
        sending_enabled: true,
        postal_address: true,
        campaign: CampaignFacts {
            status: CampaignStatus::Active,
            min_score: Score::new(70).unwrap(),
            min_confidence: Confidence::new(0.5).unwrap(),
            review_all: false,
            basis_rules: BasisRules::new(),
            hours: None,
            breaker_open: false,
        },
        recipient: RecipientFacts {
            country: "US".parse().ok(),
            ..RecipientFacts::default()
        },
        address: Address::Given(EmailAddress::parse("ana@example.org").unwrap()),
        verdict: Verdict {
            score: Score::new(70).unwrap(),
            confidence: Confidence::new(0.5).unwrap(),
            compliance: Compliance::Ok,
            method: Method::Model,
            reviewed: false,
        },
        content: ContentFacts::Sound,
        frequency: FrequencyCaps::DEFAULT,
        quota: Quota::Granted {
            wait: Duration::ZERO,
        },
    }
}

fn now() -> DateTime<Utc> {
    "2026-01-05T22:30:00Z".parse().unwrap()
}

#[track_caller]
fn check(change: impl FnOnce(&mut Facts), expected: Decision) {
    let mut facts = facts();
    change(&mut facts);
    assert_eq!(gate(&facts, now()).decision, expected);
}

fn refuse(reason: Reason) -> Decision {
    Decision::Refuse { reason }
}

fn review(reason: Reason) -> Decision {
    Decision::Review { reason }
}

fn address(text: &str) -> Address {
    Address::Given(EmailAddress::parse(text).unwrap())
}

#[test]
fn a_qualified_lawful_unsent_lead_is_mailed() {
    check(|_| {}, Decision::Send);
    check(
        |f| f.recipient.basis = Some(Basis::LegitimateInterest),
        Decision::Send,
    );
}

#[test]
fn a_no_of_the_person_stands_above_everything() {
    check(|f| f.recipient.erased = true, refuse(Reason::Erased));
    check(
        |f| f.recipient.suppressed = true,
        refuse(Reason::Suppressed),
    );
    check(
        |f| {
            f.recipient.suppressed = true;
            f.recipient.basis = Some(Basis::Consent);
            f.verdict.reviewed = true;
            f.sending_enabled = false;
        },
        refuse(Reason::Suppressed),
    );
}

#[test]
fn the_score_counts_from_the_campaigns_minimum_on() {
    check(
        |f| f.verdict.score = Score::new(69).unwrap(),
        refuse(Reason::LowScore),
    );
    check(
        |f| f.verdict.score = Score::new(100).unwrap(),
        Decision::Send,
    );
    check(
        |f| f.campaign.min_score = Score::new(71).unwrap(),
        refuse(Reason::LowScore),
    );
}

#[test]
fn a_block_is_never_lifted_not_even_by_a_reviewer() {
    let block = |f: &mut Facts| f.verdict.compliance = Compliance::Block;
    check(block, refuse(Reason::NotCompliant));
    check(
        |f| {
            block(f);
            f.verdict.reviewed = true;
        },
        refuse(Reason::NotCompliant),
    );
}

#[test]
fn an_address_must_be_a_persons() {
    check(|f| f.address = Address::Missing, refuse(Reason::NoEmail));
    check(
        |f| f.address = Address::Changed,
        refuse(Reason::AddressChanged),
    );
    check(
        |f| {
            f.address = Address::Missing;
            f.verdict.score = Score::MIN;
        },
        refuse(Reason::LowScore),
    );
    check(
        |f| f.address = Address::Invalid,
        refuse(Reason::InvalidAddress),
    );
    check(
        |f| f.address = address("info@example.org"),
        refuse(Reason::RoleAddress),
    );
    check(
        |f| f.address = address("ana@mailinator.com"),
        refuse(Reason::DisposableAddress),
    );
}

#[test]
fn a_country_that_asks_for_consent_gets_no_mail_without_it() {
    let german = |f: &mut Facts| f.recipient.country = "DE".parse().ok();
    check(german, refuse(Reason::ConsentNeeded));
    check(
        |f| {
            german(f);
            f.verdict.reviewed = true;
        },
        refuse(Reason::ConsentNeeded),
    );
    check(
        |f| {
            german(f);
            f.recipient.basis = Some(Basis::LegitimateInterest);
        },
        refuse(Reason::ConsentNeeded),
    );
    check(
        |f| {
            german(f);
            f.recipient.basis = Some(Basis::Consent);
        },
        Decision::Send,
    );
}

#[test]
fn a_doubt_goes_to_a_person_and_a_persons_word_lifts_it() {
    type Change = fn(&mut Facts);
    let doubts: [(Change, Reason); 7] = [
        (|f| f.verdict.method = Method::Rules, Reason::ScoredByRules),
        (
            |f| f.verdict.compliance = Compliance::Review,
            Reason::ComplianceReview,
        ),
        (
            |f| f.verdict.confidence = Confidence::new(0.49).unwrap(),
            Reason::LowConfidence,
        ),
        (|f| f.recipient.country = None, Reason::CountryUnknown),
        (
            |f| f.recipient.country = "FR".parse().ok(),
            Reason::CountryReview,
        ),
        (|f| f.campaign.review_all = true, Reason::ReviewAll),
        (|f| f.content = ContentFacts::Missing, Reason::NoMessage),
    ];
    for (change, reason) in doubts {
        check(change, review(reason));
        if reason != Reason::NoMessage {
            check(
                |f| {
                    change(f);
                    f.verdict.reviewed = true;
                },
                Decision::Send,
            );
        }
    }
}

#[test]
fn only_the_text_that_was_decided_on_is_sent() {
    check(
        |f| f.content = ContentFacts::Changed,
        refuse(Reason::ContentChanged),
    );
    check(
        |f| f.content = ContentFacts::Faulty,
        refuse(Reason::ContentFault),
    );
    check(
        |f| {
            f.content = ContentFacts::Missing;
            f.verdict.reviewed = true;
        },
        refuse(Reason::NoMessage),
    );
}
