//! The servers of one domain get their mails one by one.

use std::time::Duration;

use shared::{
    db::PgPool,
    domain::{
        quota::{Limits, Quota},
        reason::Reason,
        send_state::SendState,
    },
    testing,
};

use super::tally;
use crate::ledger::{LIMITS, arm, claim_within, ended, planned, settle, to_call};

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn the_servers_of_one_domain_get_one_mail_a_while(pool: PgPool) {
    let campaign = testing::campaign(&pool, "c").await;
    let at = testing::new_lead_at;
    let new = [
        at("a", "one.example"),
        at("b", "ONE.example"),
        at("c", "two.example"),
        at("d", "one.example"),
    ];
    let mut ids = planned(&pool, campaign, &new).await;
    ids.sort_unstable();
    let limits = Limits {
        domain_spacing: Duration::from_secs(60),
        ..LIMITS
    };
    let claims = claim_within(&pool, &ids, &limits).await;
    let (granted_now, reasons) = tally(claims.iter().map(|claim| claim.quota));
    assert_eq!((granted_now, reasons), (2, vec![Reason::DomainSpacing; 2]));
    let mut turns: Vec<i64> = claims
        .iter()
        .filter_map(|claim| match claim.quota {
            Quota::Wait { until, .. } => Some(until.timestamp()),
            Quota::Granted { .. } | Quota::NotAsked => None,
        })
        .collect();
    turns.sort_unstable();
    assert_eq!(turns[1] - turns[0], 60, "one after the other");
}

/// Who comes back with the domain's place still its own moves it along: the next waits from then on.
#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn a_mail_that_takes_its_place_late_moves_the_next_one(pool: PgPool) {
    let campaign = testing::campaign(&pool, "c").await;
    let new = ["a", "b"].map(|name| testing::new_lead_at(name, "one.example"));
    let ids = planned(&pool, campaign, &new).await;
    let limits = Limits {
        domain_spacing: Duration::from_secs(60),
        ..LIMITS
    };
    let first = claim_within(&pool, &ids[..1], &limits).await.remove(0);
    arm(&pool, &[to_call(&first)]).await;
    let late = ended(&first, SendState::Queued, Some(Reason::LateForSlot));
    settle(&pool, &[late]).await;
    // Nearly a minute later.
    let pass = "update recipient_domains set next_at = now() + interval '1 s'";
    sqlx::query(pass).execute(&pool).await.unwrap();
    let again = claim_within(&pool, &ids[..1], &limits).await.remove(0);
    assert!(matches!(again.quota, Quota::Granted { .. }));
    let left: f64 = sqlx::query_scalar(
        "select extract(epoch from next_at - now())::float8 from recipient_domains",
    )
    .fetch_one(&pool)
    .await
    .unwrap();
    assert!(left > 55.0, "the next mail may leave in {left} s");
}
