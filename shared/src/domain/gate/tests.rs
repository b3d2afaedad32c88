mod waiting;

use super::*;
use chrono::TimeDelta;

use crate::domain::{
    basis::{Basis, BasisRules},
    email::EmailAddress,
    hours::SendingHours,
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
            rules_decide: false,
            basis_rules: BasisRules::new(),
            hours: None,
            breaker_open: false,
        },
        recipient: RecipientFacts {
            country: "US".parse().ok(),
            ..RecipientFacts::default()
        },
        address: Address::Given(EmailAddress::parse("ana@example.org").unwrap()),
        assessment: Assessment {
            score: Score::new(70).unwrap(),
            confidence: Confidence::new(0.5).unwrap(),
            compliance: Compliance::Ok,
            method: Method::Model,
            approval: Approval::Missing,
        },
        content: ContentFacts::Sound,
        frequency: FrequencyCaps::DEFAULT,
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
fn gate_lawful_qualified_lead_sends() {
    check(|_| {}, Decision::Send);
    check(
        |f| f.recipient.basis = Some(Basis::LegitimateInterest),
        Decision::Send,
    );
}

#[test]
fn gate_erased_or_suppressed_always_refuses() {
    check(|f| f.recipient.erased = true, refuse(Reason::Erased));
    check(
        |f| f.recipient.suppressed = true,
        refuse(Reason::Suppressed),
    );
    check(
        |f| {
            f.recipient.suppressed = true;
            f.recipient.basis = Some(Basis::Consent);
            f.assessment.approval = Approval::Valid;
            f.sending_enabled = false;
        },
        refuse(Reason::Suppressed),
    );
}

#[test]
fn gate_score_below_minimum_refuses() {
    check(
        |f| f.assessment.score = Score::new(69).unwrap(),
        refuse(Reason::LowScore),
    );
    check(
        |f| f.assessment.score = Score::new(100).unwrap(),
        Decision::Send,
    );
    check(
        |f| f.campaign.min_score = Score::new(71).unwrap(),
        refuse(Reason::LowScore),
    );
}

#[test]
fn gate_blocked_refuses_despite_review() {
    let block = |f: &mut Facts| f.assessment.compliance = Compliance::Block;
    check(block, refuse(Reason::NotCompliant));
    check(
        |f| {
            block(f);
            f.assessment.approval = Approval::Valid;
        },
        refuse(Reason::NotCompliant),
    );
}

#[test]
fn gate_unusable_address_refuses() {
    check(|f| f.address = Address::Missing, refuse(Reason::NoEmail));
    check(
        |f| f.address = Address::Changed,
        refuse(Reason::AddressChanged),
    );
    check(
        |f| {
            f.address = Address::Missing;
            f.assessment.score = Score::MIN;
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
fn gate_look_alike_address_waits_for_person() {
    for text in ["ana@gmial.com", "ana@exаmple.org"] {
        let expected = Decision::Review {
            reason: Reason::DoubtfulAddress,
        };
        check(|f| f.address = address(text), expected);
        check(
            |f| {
                f.address = address(text);
                f.assessment.approval = Approval::Valid;
            },
            Decision::Send,
        );
    }
}

#[test]
fn gate_consent_country_refuses_without_consent() {
    let german = |f: &mut Facts| f.recipient.country = "DE".parse().ok();
    check(german, refuse(Reason::ConsentNeeded));
    check(
        |f| {
            german(f);
            f.assessment.approval = Approval::Valid;
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
fn gate_doubt_reviews_until_approved() {
    type Change = fn(&mut Facts);
    let doubts: [(Change, Reason); 7] = [
        (
            |f| f.assessment.method = Method::Rules,
            Reason::ScoredByRules,
        ),
        (
            |f| f.assessment.compliance = Compliance::Review,
            Reason::ComplianceReview,
        ),
        (
            |f| f.assessment.confidence = Confidence::new(0.49).unwrap(),
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
                    f.assessment.approval = Approval::Valid;
                },
                Decision::Send,
            );
        }
    }
}

#[test]
fn gate_approval_is_for_its_profile() {
    let cases = [
        (None, Decision::Send),
        (Some(-1), Decision::Send),
        (Some(0), Decision::Send),
        (Some(1), review(Reason::ProfileChanged)),
    ];
    for (changed_after, expected) in cases {
        check(
            |f| {
                f.campaign.review_all = true;
                let changed_at = changed_after.map(|minutes| now() + TimeDelta::minutes(minutes));
                f.assessment.approval = Approval::of(now(), changed_at);
            },
            expected,
        );
    }
}

#[test]
fn gate_changed_or_faulty_content_refuses() {
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
            f.assessment.approval = Approval::Valid;
        },
        refuse(Reason::NoMessage),
    );
}

#[test]
fn newer_assessment_only_makes_stricter() {
    let planned = facts().assessment;
    let score = |n| Score::new(n).unwrap();
    let blocked = planned.restricted_by(Score::MAX, Compliance::Block);
    assert_eq!(
        (blocked.score, blocked.compliance),
        (planned.score, Compliance::Block)
    );
    let lower = planned.restricted_by(score(10), Compliance::Ok);
    assert_eq!(
        (lower.score, lower.compliance),
        (score(10), planned.compliance)
    );
}

#[test]
fn words_of_database_read_back() {
    for word in ["draft", "active", "paused", "ended"] {
        let status = CampaignStatus::from_word(word).unwrap();
        assert_eq!(serde_json::to_value(status).unwrap(), word);
    }
    for word in ["model", "rules"] {
        assert_eq!(Method::from_word(word).unwrap().as_str(), word);
    }
    assert_eq!(Method::from_word(""), None);
}

/// When this fails, a rule has changed: raise `GATE_VERSION` and keep the new hash beside it.
#[test]
fn changed_rules_raise_gate_version() {
    use sha2::{Digest, Sha256};
    let code: String = include_str!("rules.rs")
        .lines()
        .filter(|line| !line.trim_start().starts_with("//"))
        .flat_map(|line| line.chars().filter(|c| !c.is_whitespace()))
        .collect();
    let hash: String = Sha256::digest(code.as_bytes())
        .iter()
        .take(4)
        .map(|byte| format!("{byte:02x}"))
        .collect();
    assert_eq!((GATE_VERSION, hash.as_str()), (6, "475299a7"));
}
