use serde_json::json;

use super::*;
use crate::domain::{
    gate::Method,
    score::{Confidence, Score},
};

const LEAD: LeadId = LeadId(1);
const CAMPAIGN: CampaignId = CampaignId(7);

fn at(second: i64) -> Option<DateTime<Utc>> {
    DateTime::from_timestamp(second, 0)
}

fn enrichment(input: u8, mailbox: Option<u8>) -> NewEnrichment {
    NewEnrichment {
        campaign: CAMPAIGN,
        niche: "running".to_owned(),
        score: Score::MAX,
        notes: String::new(),
        draft: None,
        compliant: true,
        compliance_notes: String::new(),
        confidence: Confidence::MAX,
        evidence: json!([]),
        method: Method::Model,
        model: None,
        assessed: None,
        rules: [0; 32],
        input_hash: [input; 32],
        cost_micros: 0,
        reason: None,
        decision: json!({}),
        plan: mailbox.map(|mailbox| Plan {
            email_hash: EmailHash([mailbox; 32]),
            country: None,
            review: false,
            content_hash: [0; 32],
        }),
    }
}

fn result(lead: LeadId, requested: i64, enrichments: Vec<NewEnrichment>) -> LeadResult {
    LeadResult {
        lead,
        requested_at: at(requested),
        complete: true,
        inactive: vec![CampaignId(8)],
        enrichments,
        wait: None,
    }
}

fn locked(requested_at: Option<DateTime<Utc>>, erased: bool) -> HashMap<LeadId, LockedLead> {
    let lead = LockedLead {
        requested_at,
        erased,
    };
    HashMap::from([(LEAD, lead), (LeadId(2), lead)])
}

fn mailbox(erased: bool) -> HashMap<EmailHash, Mailbox> {
    HashMap::from([(EmailHash([5; 32]), Mailbox { erased })])
}

fn standing(version: i32, input: u8, planned: bool) -> HashMap<(LeadId, CampaignId), Standing> {
    let standing = Standing {
        version,
        input_hash: (version > 0).then(|| vec![input; 32]),
        by_model: true,
        planned,
        send: None,
    };
    HashMap::from([((LEAD, CAMPAIGN), standing)])
}

#[test]
fn decide_keeps_only_the_current_answer() {
    let cases = [
        ("the same request", locked(at(1), false), true),
        ("a newer request", locked(at(2), false), false),
        ("an answered request", locked(None, false), false),
        ("an erased lead", locked(at(1), true), false),
        ("no lead", HashMap::new(), false),
    ];
    let results = [result(LEAD, 1, vec![enrichment(1, Some(5))])];
    for (what, leads, kept) in cases {
        let decided = decide(
            &results,
            &HashSet::new(),
            &leads,
            &mailbox(false),
            &standing(0, 0, false),
        );
        assert_eq!(decided.kept.len(), usize::from(kept), "{what}");
        assert_eq!(decided.cleared.len(), usize::from(kept), "{what}");
        assert_eq!(decided.superseded, usize::from(!kept), "{what}");
    }
}

#[test]
fn decide_drops_a_plan_for_an_erased_mailbox() {
    let results = [result(LEAD, 1, vec![enrichment(1, Some(5))])];
    let leads = locked(at(1), false);
    for mailboxes in [mailbox(true), HashMap::new()] {
        let decided = decide(
            &results,
            &HashSet::new(),
            &leads,
            &mailboxes,
            &standing(0, 0, false),
        );
        assert!(decided.kept.is_empty() && decided.cleared.is_empty());
    }
}

#[test]
fn decide_numbers_versions_under_the_lock() {
    let results = [result(LEAD, 1, vec![enrichment(1, None)])];
    let leads = locked(at(1), false);
    let version = |standing| {
        let decided = decide(
            &results,
            &HashSet::new(),
            &leads,
            &HashMap::new(),
            &standing,
        );
        decided.kept.first().map(|kept| kept.version)
    };
    assert_eq!(version(HashMap::new()), Some(1));
    assert_eq!(version(standing(3, 9, false)), Some(4));
    assert_eq!(
        version(standing(3, 1, false)),
        None,
        "the same answer is there"
    );
}

#[test]
fn decide_plans_one_mail_per_mailbox_and_campaign() {
    let leads = locked(at(1), false);
    let results = [
        result(LEAD, 1, vec![enrichment(1, Some(5))]),
        result(LeadId(2), 1, vec![enrichment(2, Some(5))]),
    ];
    let outcomes = |standing| {
        let decided = decide(
            &results,
            &HashSet::new(),
            &leads,
            &mailbox(false),
            &standing,
        );
        let kept = decided.kept.iter();
        kept.map(|kept| (kept.outcome(), kept.reason()))
            .collect::<Vec<_>>()
    };
    let planned = (EnrichmentOutcome::Planned, None);
    let duplicate = (EnrichmentOutcome::Refused, Some(Reason::DuplicateRecipient));
    assert_eq!(outcomes(standing(0, 0, false)), [planned, duplicate]);
    assert_eq!(outcomes(standing(0, 0, true))[0], duplicate);
}

#[test]
fn decide_keeps_the_request_of_an_incomplete_lead() {
    let results = [LeadResult {
        complete: false,
        ..result(LEAD, 1, vec![enrichment(1, None)])
    }];
    let decided = decide(
        &results,
        &HashSet::new(),
        &locked(at(1), false),
        &HashMap::new(),
        &HashMap::new(),
    );
    assert!(decided.kept.len() == 1 && decided.cleared.is_empty());
}

#[test]
fn decide_keeps_the_request_for_an_activated_campaign() {
    let results = [result(LEAD, 1, vec![enrichment(1, None)])];
    let leads = locked(at(1), false);
    for (activated, cleared) in [(8, 0), (9, 1)] {
        let activated = HashSet::from([CampaignId(activated)]);
        let decided = decide(
            &results,
            &activated,
            &leads,
            &HashMap::new(),
            &HashMap::new(),
        );
        assert_eq!((decided.kept.len(), decided.cleared.len()), (1, cleared));
    }
}

#[test]
fn mail_gives_way_unless_person_had_a_say() {
    use SendState::{Queued, Refused, Review};
    let new = NewEnrichment {
        draft: Some(crate::domain::content::Draft {
            subject: "Running".to_owned(),
            message: "Shall we talk?".to_owned(),
        }),
        ..enrichment(1, Some(1))
    };
    for (state, by_person, has_text, expected) in [
        (Review, false, true, true),
        (Review, false, false, true),
        (Review, true, true, false),
        // It waits for a text, also where a person took it back.
        (Review, true, false, true),
        (Refused, false, true, true),
        (Refused, true, false, false),
        (Queued, false, true, false),
    ] {
        let send = PlannedSend {
            id: SendId(1),
            fence: 1,
            state,
            by_person,
            may_have_left: false,
            has_text,
        };
        assert_eq!(send.gives_way_to(&new), expected, "{send:?}");
    }
}
