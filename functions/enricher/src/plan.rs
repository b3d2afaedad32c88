//! What follows from an enrichment: a mail, a person's look, or a refusal with its reason.

use chrono::{DateTime, Utc};
use sha2::{Digest, Sha256};
use shared::{
    db::enrichment::{NewEnrichment, Plan, Task},
    domain::{
        content::{ContentHash, Draft},
        email::EmailAddress,
        gate::{
            Address, Compliance, ContentFacts, Decision, DecisionRecord, Facts, FrequencyCaps,
            Method, gate,
        },
    },
};

use crate::{prompt::Prompt, score::Scored};

/// Names what an enrichment is made from: what the model is asked, and what the gate looks at
/// besides. A lead that gains an address, a campaign that changes its rules and a recorded consent plan
/// anew, and the model is not asked again.
pub(crate) fn input_hash(task: &Task, prompt: &Prompt) -> [u8; 32] {
    let mut hash = Sha256::new();
    hash.update(prompt.key);
    hash.update(task.campaign.facts.rules_hash());
    let basis: Option<&'static str> = task.recipient.basis.map(Into::into);
    hash.update(basis.unwrap_or_default());
    hash.update(task.email_hash.map_or([0; 32], |hash| hash.0));
    hash.update(
        task.lead
            .country
            .as_ref()
            .map_or("", |country| country.as_str()),
    );
    hash.finalize().into()
}

/// Plans what follows for one lead and campaign.
pub(crate) fn plan(
    task: &Task,
    prompt: &Prompt,
    scored: Scored,
    now: DateTime<Utc>,
) -> NewEnrichment {
    let address = match &task.lead.email {
        None => Address::Missing,
        Some(text) => EmailAddress::parse(text).map_or(Address::Invalid, Address::Given),
    };
    let facts = Facts {
        // Whether anything may leave now is asked when it is about to.
        sending_enabled: true,
        postal_address: true,
        campaign: task.campaign.facts.clone(),
        recipient: task.recipient.clone(),
        address,
        assessment: scored.assessment,
        content: match &scored.draft {
            None => ContentFacts::Missing,
            Some(draft) if draft.fault().is_some() => ContentFacts::Faulty,
            Some(_) => ContentFacts::Sound,
        },
        frequency: FrequencyCaps::DEFAULT,
    };
    let ruling = gate(&facts, now);
    let decision = ruling.decision;
    let review = match decision {
        Decision::Send | Decision::Defer { .. } => Some(false),
        Decision::Review { .. } => Some(true),
        Decision::Refuse { .. } => None,
    };
    let plan = review
        .zip(task.email_hash)
        .map(|(review, email_hash)| Plan {
            email_hash,
            country: task.recipient.country,
            review,
            content_hash: scored
                .draft
                .as_ref()
                .map_or(ContentHash::default(), Draft::hash),
        });
    let record = DecisionRecord::new(&facts, ruling, now);
    NewEnrichment {
        campaign: task.campaign.id,
        niche: scored.niche,
        score: scored.assessment.score,
        notes: scored.summary,
        draft: scored.draft,
        // What a reviewer may still allow is not refused.
        compliant: scored.assessment.compliance != Compliance::Block,
        compliance_notes: scored.reasons.join("; "),
        confidence: scored.assessment.confidence,
        evidence: scored.evidence,
        method: scored.assessment.method,
        model: scored.model,
        assessed: (scored.assessment.method == Method::Model).then(|| prompt.assessed.clone()),
        rules: task.campaign.facts.rules_hash(),
        input_hash: input_hash(task, prompt),
        cost_micros: scored.cost_micros,
        reason: match decision {
            Decision::Send | Decision::Defer { .. } => None,
            Decision::Review { reason } | Decision::Refuse { reason } => Some(reason),
        },
        decision: serde_json::to_value(record).unwrap_or_default(),
        plan,
    }
}

#[cfg(test)]
mod tests {
    use shared::domain::{
        email::EmailHash,
        gate::{Approval, Assessment, RecipientFacts},
        reason::Reason,
        score::{Confidence, Score},
    };

    use super::*;
    use crate::{
        prompt::tests::{campaign, lead},
        score::NoAnswer,
    };

    fn task() -> Task {
        Task {
            lead: lead(),
            email_hash: Some(EmailHash([1; 32])),
            requested_at: None,
            campaign: campaign(),
            recipient: RecipientFacts {
                country: "US".parse().ok(),
                ..Default::default()
            },
            again_at: None,
            latest: None,
            inactive: vec![],
        }
    }

    fn by_model(score: i64, compliance: Compliance) -> Scored {
        Scored {
            niche: "running".to_owned(),
            summary: "Runs.".to_owned(),
            draft: Some(Draft {
                subject: "Running".to_owned(),
                message: "Shall we talk?".to_owned(),
            }),
            assessment: Assessment {
                score: Score::new(score).unwrap(),
                confidence: Confidence::new(0.9).unwrap(),
                compliance,
                method: Method::Model,
                approval: Approval::Missing,
            },
            reasons: vec!["because".to_owned()],
            evidence: serde_json::json!([]),
            model: Some("m".to_owned()),
            cost_micros: 7,
        }
    }

    fn planned(task: &Task, scored: Scored) -> NewEnrichment {
        let now = "2026-01-05T10:00:00Z".parse().unwrap();
        plan(
            task,
            &Prompt::new(&task.lead, &task.campaign, "m"),
            scored,
            now,
        )
    }

    #[test]
    fn qualified_lead_is_planned_with_exact_text() {
        let new = planned(&task(), by_model(70, Compliance::Ok));
        let plan = new.plan.unwrap();
        assert!(!plan.review && new.reason.is_none() && new.compliant);
        assert_eq!(plan.content_hash, new.draft.unwrap().hash());
        assert_eq!(new.cost_micros, 7);
    }

    #[test]
    fn rules_result_goes_to_review_whatever_score() {
        let new = planned(&task(), Scored::by_rules(&lead(), NoAnswer::Refused));
        assert_eq!(new.reason, Some(Reason::ScoredByRules));
        assert!(new.plan.unwrap().review && new.draft.is_none());
        assert_eq!(new.method, Method::Rules);
        assert!(new.compliance_notes.contains("refused"));
    }

    /// What is scored for want of an answer is no verdict, unless the campaign says so.
    #[test]
    fn low_score_of_rules_refuses_only_where_wanted() {
        let poor = shared::domain::lead::Lead {
            website: None,
            bio: None,
            follower_count: None,
            verified: false,
            ..lead()
        };
        let reason = |rules_decide| {
            let mut task = task();
            task.campaign.facts.rules_decide = rules_decide;
            planned(&task, Scored::by_rules(&poor, NoAnswer::Unavailable)).reason
        };
        assert_eq!(reason(false), Some(Reason::ScoredByRules));
        assert_eq!(reason(true), Some(Reason::LowScore));
    }

    #[test]
    fn a_refusal_plans_nothing_and_says_why() {
        let new = planned(&task(), by_model(69, Compliance::Ok));
        assert!(new.plan.is_none() && new.reason == Some(Reason::LowScore));
        assert_eq!(new.decision["reason"], "low_score");
        let new = planned(&task(), by_model(90, Compliance::Block));
        assert!(new.plan.is_none() && !new.compliant);
        let silent = Task {
            email_hash: None,
            lead: shared::domain::lead::Lead {
                email: None,
                ..lead()
            },
            ..task()
        };
        assert_eq!(
            planned(&silent, by_model(90, Compliance::Ok)).reason,
            Some(Reason::NoEmail)
        );
    }

    #[test]
    fn a_decision_names_nobody() {
        let text = planned(&task(), by_model(90, Compliance::Ok))
            .decision
            .to_string();
        assert!(!text.contains("ana") && !text.contains('@'), "{text}");
    }
}
