//! The servers of one domain get their mails one by one.

use std::time::Duration;

use shared::{
    db::{self, PgPool, sends},
    domain::{
        quota::{Limits, Quota},
        reason::Reason,
    },
    testing,
};

use crate::ledger::{LIMITS, execute, granted, planned};

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn grant_same_domain_spaces_mails(pool: PgPool) {
    let campaign = testing::campaign(&pool, "c").await;
    let at = testing::new_lead_at;
    let new = [
        at("a", "one.example"),
        at("b", "ONE.example"),
        at("c", "two.example"),
        at("d", "one.example"),
    ];
    let ids = planned(&pool, campaign, &new).await;
    let limits = Limits {
        domain_spacing: Duration::from_secs(60),
        ..LIMITS
    };
    let granted = granted(&pool, &ids, &limits).await;
    let mut turns: Vec<i64> = granted
        .quotas()
        .filter_map(|(_, quota)| match quota {
            Quota::Wait { until, reason } => {
                assert_eq!(reason, Reason::DomainSpacing);
                Some(until.timestamp())
            }
            Quota::Granted { .. } => None,
        })
        .collect();
    turns.sort_unstable();
    assert_eq!(turns.len(), 2);
    assert_eq!(turns[1] - turns[0], 60, "one after the other");
}

/// A domain may be one person's: it is kept by keyed hash, and not for long.
#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn domains_are_keyed_and_forgotten_after_a_day(pool: PgPool) {
    let campaign = testing::campaign(&pool, "c").await;
    let new = [testing::new_lead_at("a", "one.example")];
    let ids = planned(&pool, campaign, &new).await;
    let limits = Limits {
        domain_spacing: Duration::from_secs(60),
        ..LIMITS
    };
    granted(&pool, &ids, &limits).await;
    let kept = async || -> Vec<Vec<u8>> {
        sqlx::query_scalar("select domain_hash from recipient_domains")
            .fetch_all(&pool)
            .await
            .unwrap()
    };
    let address = &new[0].email.as_ref().unwrap().0;
    assert_eq!(kept().await, [testing::hash_key().hash_domain(address)]);
    let mut conn = db::acquire(&pool).await.unwrap();
    sends::forget_domains(&mut conn).await.unwrap();
    assert_eq!(kept().await.len(), 1);
    execute(
        &pool,
        "update recipient_domains set next_at = now() - interval '25 hours',
                reserved_until = now() - interval '25 hours'",
    )
    .await;
    sends::forget_domains(&mut conn).await.unwrap();
    assert!(kept().await.is_empty());
}
