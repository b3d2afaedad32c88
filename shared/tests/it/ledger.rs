//! A campaign with planned sends, and what a test asks of them.

use std::time::Duration;

use serde_json::json;
pub(crate) use shared::testing::plan as planned;
use shared::{
    db::{
        self, PgPool,
        sends::{self, Claim, Outcome, Throttling, Verdicts},
    },
    domain::{
        email::EmailHash,
        ids::SendId,
        lead::NewLead,
        quota::{Limits, Ramp},
        reason::Reason,
        send_state::SendState,
    },
    testing,
};

pub(crate) const LEASE: Duration = Duration::from_secs(60);

/// Room for everything.
pub(crate) const LIMITS: Limits = Limits {
    per_second: Some(1_000.0),
    per_day: None,
    ramp: Ramp {
        start: 100_000,
        growth: 1.0,
        cap: 100_000,
    },
    domain_spacing: Duration::ZERO,
};

/// `count` leads, each with a mailbox of its own.
pub(crate) fn runners(count: usize) -> Vec<NewLead> {
    (0..count)
        .map(|n| testing::new_lead(&format!("runner{n}")))
        .collect()
}

/// Claims, in the order of `ids`.
pub(crate) async fn claim(pool: &PgPool, ids: &[i64]) -> Vec<Claim> {
    claim_within(pool, ids, &LIMITS).await
}

/// Claims within these limits, in the order of `ids`.
pub(crate) async fn claim_within(pool: &PgPool, ids: &[i64], limits: &Limits) -> Vec<Claim> {
    let mut conn = db::acquire(pool).await.unwrap();
    let mut claims = sends::claim(&mut conn, ids, LEASE, limits).await.unwrap();
    claims.sort_by_key(|claim| ids.iter().position(|id| *id == claim.send.0));
    claims
}

pub(crate) fn to_call(claim: &Claim) -> Verdicts {
    Verdicts {
        send: claim.send,
        fence: claim.fence,
        revision: claim.revision,
        campaign_seen: claim.campaign_seen,
        places_end: claim.places_end,
        announced: false,
        state: SendState::Calling,
        reason: None,
        not_before: None,
        decision: json!({"outcome": "send"}),
    }
}

pub(crate) async fn arm(pool: &PgPool, decided: &[Verdicts]) -> Vec<SendId> {
    let mut conn = db::acquire(pool).await.unwrap();
    sends::arm(&mut conn, decided, LEASE).await.unwrap()
}

pub(crate) fn ended(claim: &Claim, state: SendState, reason: Option<Reason>) -> Outcome {
    let message_id = (state == SendState::Sent).then(|| format!("ses-{}", claim.send));
    Outcome {
        send: claim.send,
        fence: claim.fence,
        state,
        reason,
        message_id,
        not_before: None,
    }
}

pub(crate) async fn settle(pool: &PgPool, outcomes: &[Outcome]) {
    let mut conn = db::acquire(pool).await.unwrap();
    sends::settle(&mut conn, outcomes, Throttling::default())
        .await
        .unwrap();
}

/// State, reason and fence of a send.
pub(crate) async fn row(pool: &PgPool, id: i64) -> (String, Option<String>, i64) {
    sqlx::query_as("select state::text, reason, fence from sends where id = $1")
        .bind(id)
        .fetch_one(pool)
        .await
        .unwrap()
}

pub(crate) async fn state(pool: &PgPool, id: i64) -> String {
    row(pool, id).await.0
}

/// Whether the send holds its mailbox's slot of today.
pub(crate) async fn has_slot(pool: &PgPool, id: i64) -> bool {
    sqlx::query_scalar("select exists (select 1 from mail_days where send_id = $1)")
        .bind(id)
        .fetch_one(pool)
        .await
        .unwrap()
}

/// The lease of whatever is held ends now.
pub(crate) async fn end_leases(pool: &PgPool) {
    sqlx::query(
        "update sends set lease_until = now() - interval '1 s' where lease_until is not null",
    )
    .execute(pool)
    .await
    .unwrap();
}

pub(crate) async fn suppress(pool: &PgPool, hash: EmailHash) {
    sqlx::query(
        "update recipients set suppressed_at = now(), suppression_reason = 'unsubscribed'
         where email_hash = $1",
    )
    .bind(hash.0)
    .execute(pool)
    .await
    .unwrap();
}
