//! Every limit of speed and volume holds across all senders (invariant 11).

mod domains;
mod volume;

use chrono::{DateTime, Utc};
use shared::{
    db::{self, PgPool, sends},
    domain::{
        quota::{Limits, Quota, Throttling, burst},
        reason::Reason,
        send_state::SendState,
    },
    testing,
};

use crate::ledger::{
    LIMITS, arm, armed, end_leases, execute, granted, outcome, planned, runners, settle, suppress,
};

/// How many were granted, and what the others wait for.
async fn tally(pool: &PgPool, ids: &[i64], limits: &Limits) -> (usize, Vec<Reason>) {
    let mut mails = 0;
    let mut reasons = Vec::new();
    for (_, quota) in granted(pool, ids, limits).await.quotas() {
        match quota {
            Quota::Granted { .. } => mails += 1,
            Quota::Wait { reason, .. } => reasons.push(reason),
        }
    }
    (mails, reasons)
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn grant_by_many_senders_keeps_rate(pool: PgPool) {
    let campaign = testing::campaign(&pool, "c").await;
    let ids = planned(&pool, campaign, &runners(120)).await;
    let limits = Limits {
        per_second: Some(40.0),
        ..LIMITS
    };
    let begun: DateTime<Utc> = sqlx::query_scalar("select clock_timestamp()")
        .fetch_one(&pool)
        .await
        .unwrap();
    let (pool, limits) = (&pool, &limits);
    let batches = ids
        .chunks(6)
        .map(async |batch| granted(pool, batch, limits).await);
    let mut slots: Vec<DateTime<Utc>> = Vec::new();
    for batch in futures::future::join_all(batches).await {
        slots.extend(batch.quotas().filter_map(|(_, quota)| match quota {
            Quota::Granted { slot_at } => Some(slot_at),
            Quota::Wait { .. } => None,
        }));
    }
    assert_eq!(slots.len(), 120, "five seconds hold two hundred");
    slots.sort();
    for (n, slot) in slots.iter().enumerate() {
        let earliest = n as f64 / 40.0 - 0.1 - 0.001;
        let since = (*slot - begun).as_seconds_f64();
        assert!(since >= earliest, "slot {n} is at {since} s");
    }
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn grant_batch_takes_half_a_second(pool: PgPool) {
    let campaign = testing::campaign(&pool, "c").await;
    let ids = planned(&pool, campaign, &runners(30)).await;
    for (rate, batch) in [(1.0, &ids[..10]), (7.0, &ids[10..20]), (14.0, &ids[20..])] {
        execute(
            &pool,
            "update rate_limits set next_at = now(), reserved_until = now()",
        )
        .await;
        let limits = Limits {
            per_second: Some(rate),
            ..LIMITS
        };
        let (mails, waits) = tally(&pool, batch, &limits).await;
        assert_eq!(mails, burst(rate) as usize, "{rate}/s");
        assert!(waits.iter().all(|reason| *reason == Reason::Rate));
    }
}

/// What the ramp's day, the hour, and the campaign's day count, and the mailboxes' days.
async fn counts(pool: &PgPool) -> (i32, i32, i32, i64) {
    sqlx::query_as(
        "select r.hours[1], r.day_taken, c.taken, (select count(*) from sends where slot_day is not null)
         from rate_limits r, campaign_counters c",
    )
    .fetch_one(pool)
    .await
    .unwrap()
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn unused_grants_are_released(pool: PgPool) {
    let campaign = testing::campaign(&pool, "c").await;
    let new = runners(8);
    let ids = planned(&pool, campaign, &new).await;
    let granted = granted(&pool, &ids, &LIMITS).await;
    assert_eq!(counts(&pool).await, (8, 8, 8, 0));
    // Three opt out, five are called; one of those is throttled, one rejected.
    for lead in &new[..3] {
        suppress(&pool, lead.email.as_ref().unwrap().1).await;
    }
    let mut armed = arm(&pool, &granted).await.armed;
    armed.sort_by_key(|armed| armed.send);
    assert_eq!(armed.len(), 5);
    assert_eq!(counts(&pool).await, (5, 5, 5, 5));
    settle(
        &pool,
        &[
            outcome(&armed[0], SendState::Queued, Some(Reason::Throttled)),
            outcome(&armed[1], SendState::Rejected, Some(Reason::MailRejected)),
            outcome(&armed[2], SendState::Sent, None),
            outcome(&armed[3], SendState::Unknown, Some(Reason::NoAnswer)),
        ],
    )
    .await;
    assert_eq!(counts(&pool).await, (3, 3, 3, 3));
    end_leases(&pool).await;
    sends::reap(&mut db::acquire(&pool).await.unwrap(), 10)
        .await
        .unwrap();
    assert_eq!(
        counts(&pool).await,
        (3, 3, 3, 3),
        "what may have left stays"
    );
}

/// Given back to the hour in which it was granted, not to the one in which its answer came.
#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn release_counts_for_hour_of_grant(pool: PgPool) {
    let campaign = testing::campaign(&pool, "c").await;
    let ids = planned(&pool, campaign, &runners(2)).await;
    let called = armed(&pool, &ids).await;
    execute(
        &pool,
        "update sends set slot_at = slot_at - interval '1 hour';
         update rate_limits set hours = array[5, 2] || hours[3:25]",
    )
    .await;
    let outcomes = called
        .iter()
        .map(|armed| outcome(armed, SendState::Queued, Some(Reason::Throttled)));
    settle(&pool, &outcomes.collect::<Vec<_>>()).await;
    let hours: Vec<i32> = sqlx::query_scalar("select hours[1:2] from rate_limits")
        .fetch_one(&pool)
        .await
        .unwrap();
    assert_eq!(hours, [5, 0]);
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn grant_without_arm_burns_its_room(pool: PgPool) {
    let campaign = testing::campaign(&pool, "c").await;
    let ids = planned(&pool, campaign, &runners(2)).await;
    granted(&pool, &ids, &LIMITS).await;
    end_leases(&pool).await;
    sends::reap(&mut db::acquire(&pool).await.unwrap(), 10)
        .await
        .unwrap();
    assert_eq!(counts(&pool).await, (2, 2, 2, 0));
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn settle_throttled_at_once_halves_rate_once(pool: PgPool) {
    let campaign = testing::campaign(&pool, "c").await;
    let ids = planned(&pool, campaign, &runners(8)).await;
    let called = armed(&pool, &ids).await;
    let throttling = Throttling {
        rate: true,
        quota: false,
    };
    let pool = &pool;
    let settling = called.iter().map(async |armed| {
        let outcome = outcome(armed, SendState::Queued, Some(Reason::Throttled));
        let mut conn = db::acquire(pool).await.unwrap();
        sends::settle(&mut conn, &[outcome], throttling)
            .await
            .unwrap();
    });
    futures::future::join_all(settling).await;
    let factor: f64 = sqlx::query_scalar("select throttle_factor from rate_limits")
        .fetch_one(pool)
        .await
        .unwrap();
    assert!((factor - 0.5).abs() < 0.01, "{factor}");
}
