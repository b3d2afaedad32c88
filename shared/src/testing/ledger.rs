//! A campaign with planned sends.

use serde_json::json;
use sqlx::PgPool;

use crate::{
    db::{
        self,
        enrichment::{self, NewEnrichment, Plan},
    },
    domain::{
        content::Draft,
        gate::Method,
        ids::{CampaignId, LeadId},
        lead::NewLead,
        score::{Confidence, Score},
    },
};

/// Plans a mail of the same text to each lead, and gives the sends in the leads' order.
pub async fn plan(pool: &PgPool, campaign: CampaignId, new: &[NewLead]) -> Vec<i64> {
    let leads = super::leads(pool, campaign, new).await;
    let draft = Draft {
        subject: "Running".to_owned(),
        message: "Shall we talk?".to_owned(),
    };
    let enrichment = |(lead, new): (&LeadId, &NewLead)| NewEnrichment {
        lead: *lead,
        requested_at: None,
        campaign,
        version: 1,
        niche: "running".to_owned(),
        score: Score::MAX,
        notes: "Runs.".to_owned(),
        draft: Some(draft.clone()),
        compliant: true,
        compliance_notes: String::new(),
        confidence: Confidence::MAX,
        evidence: json!([]),
        method: Method::Model,
        model: Some("m".to_owned()),
        prompt_hash: [1; 32],
        cost_micros: 0,
        reason: None,
        decision: json!({"outcome": "send"}),
        plan: Some(Plan {
            email_hash: new.email.as_ref().expect("a mail needs an address").1,
            country: new.country,
            review: false,
            content_hash: draft.hash(),
        }),
    };
    let batch: Vec<_> = leads.iter().zip(new).map(enrichment).collect();
    let mut conn = db::acquire(pool).await.expect("the ledger takes a plan");
    let mut tx = db::begin(&mut conn).await.expect("the ledger takes a plan");
    let recorded = enrichment::record(&mut tx, &batch)
        .await
        .expect("the ledger takes a plan");
    db::commit(tx).await.expect("the ledger takes a plan");
    assert!(recorded.due.len() <= leads.len());
    let ids: Vec<i64> = leads.iter().map(|lead| lead.0).collect();
    sqlx::query_scalar(
        "select id from sends where lead_id = any($1) order by array_position($1, lead_id)",
    )
    .bind(ids)
    .fetch_all(pool)
    .await
    .expect("the ledger takes a plan")
}
