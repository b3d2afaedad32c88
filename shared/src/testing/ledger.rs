//! A campaign with planned sends, and what a sender does with them.

use std::{sync::LazyLock, time::Duration};

use chrono::{DateTime, Utc};
use serde_json::json;
use sqlx::{PgConnection, PgPool};

use crate::{
    db::{
        self, DbError,
        enrichment::{self, LeadResult, NewEnrichment, Plan},
        sends::{self, Armed, Outcome, Terms},
    },
    domain::{
        content::Draft,
        email::HashKey,
        gate::{FrequencyCaps, Method},
        ids::{CampaignId, LeadId},
        lead::NewLead,
        quota::{Limits, Ramp},
        reason::Reason,
        score::{Confidence, Score},
        send_state::SendState,
    },
    queue::LONGEST_DELAY,
};

/// Room for everything.
pub const LIMITS: Limits = Limits {
    per_second: Some(1_000.0),
    per_day: None,
    ramp: Ramp {
        start: 100_000,
        growth: 1.0,
        cap: 100_000,
    },
    domain_spacing: Duration::ZERO,
};

/// A sender that may send, with the key of [`super::hash_key`].
pub fn terms() -> Terms<'static> {
    static KEY: LazyLock<HashKey> = LazyLock::new(super::hash_key);
    Terms {
        sending_enabled: true,
        postal_address: true,
        frequency: FrequencyCaps::DEFAULT,
        hash_key: &KEY,
        lease: Duration::from_secs(60),
        longest_delay: LONGEST_DELAY,
    }
}

/// Claims, grants and arms without waiting for a slot. Gives what SES may be called for, in the order
/// of `ids`.
pub async fn arm(conn: &mut PgConnection, ids: &[i64]) -> Result<Vec<Armed>, DbError> {
    let terms = terms();
    let claims = sends::claim(conn, ids, &terms).await?;
    let granted = sends::grant(conn, &LIMITS, &claims).await?;
    let mut armed = sends::arm(conn, &granted, &terms).await?.armed;
    armed.sort_by_key(|armed| ids.iter().position(|id| *id == armed.send.0));
    Ok(armed)
}

/// What is settled when a call ended so.
pub fn outcome(armed: &Armed, state: SendState, reason: Option<Reason>) -> Outcome {
    let message_id = (state == SendState::Sent).then(|| format!("ses-{}", armed.send));
    Outcome {
        send: armed.send,
        fence: armed.fence,
        state,
        reason,
        message_id,
        not_before: None,
    }
}

/// Plans a mail of the same text to each lead, and gives the sends in the leads' order.
pub async fn plan(pool: &PgPool, campaign: CampaignId, new: &[NewLead]) -> Vec<i64> {
    let leads = super::leads(pool, campaign, new).await;
    let requests = sqlx::query_scalar(
        "select l.enrich_requested_at from unnest($1::bigint[]) with ordinality as i (id, n)
         join leads l using (id) order by i.n",
    );
    let requests: Vec<Option<DateTime<Utc>>> = requests
        .bind(leads.iter().map(|lead| lead.0).collect::<Vec<_>>())
        .fetch_all(pool)
        .await
        .expect("the ledger takes a plan");
    let batch: Vec<_> = leads
        .iter()
        .zip(requests)
        .zip(new)
        .map(|((lead, requested_at), new)| result(campaign, (*lead, requested_at), new))
        .collect();
    let mut conn = db::acquire(pool).await.expect("the ledger takes a plan");
    let recorded = enrichment::record(&mut conn, &batch)
        .await
        .expect("the ledger takes a plan");
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

/// What an enricher made of a lead and its request: a mail of the same text for everybody.
pub fn result(
    campaign: CampaignId,
    (lead, requested_at): (LeadId, Option<DateTime<Utc>>),
    new: &NewLead,
) -> LeadResult {
    let draft = Draft {
        subject: "Running".to_owned(),
        message: "Shall we talk?".to_owned(),
    };
    let enrichment = NewEnrichment {
        campaign,
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
        assessed: None,
        rules: [0; 32],
        input_hash: [1; 32],
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
    LeadResult {
        lead,
        requested_at,
        complete: true,
        inactive: Vec::new(),
        enrichments: vec![enrichment],
        wait: None,
    }
}
