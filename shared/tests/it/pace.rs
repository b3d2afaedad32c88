//! Every limit of speed and volume holds across all senders (invariant 11).

mod domains;
mod volume;

use chrono::{DateTime, Utc};
use shared::{
    db::{self, PgPool, sends},
    domain::{
        quota::{Limits, Quota, burst},
        reason::Reason,
        send_state::SendState,
    },
    testing,
};

use crate::ledger::{
    LIMITS, arm, claim_within, end_leases, ended, planned, runners, settle, to_call,
};

/// How many were granted, and what the others wait for.
fn tally(quotas: impl IntoIterator<Item = Quota>) -> (usize, Vec<Reason>) {
    let mut granted = 0;
    let mut reasons = Vec::new();
    for quota in quotas {
        match quota {
            Quota::Granted { .. } => granted += 1,
            Quota::Wait { reason, .. } => reasons.push(reason),
            Quota::NotAsked => unreachable!("a claim always asks"),
        }
    }
    (granted, reasons)
}

async fn granted(pool: &PgPool, ids: &[i64], limits: &Limits) -> (usize, Vec<Reason>) {
    tally(
        claim_within(pool, ids, limits)
            .await
            .iter()
            .map(|c| c.quota),
    )
}

async fn execute(pool: &PgPool, statement: &'static str) {
    sqlx::raw_sql(statement).execute(pool).await.unwrap();
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn places_in_time_are_never_closer_than_the_rate(pool: PgPool) {
    let campaign = testing::campaign(&pool, "c").await;
    let ids = planned(&pool, campaign, &runners(120)).await;
    let limits = Limits {
        per_second: Some(40.0),
        ..LIMITS
    };
    let begun: DateTime<Utc> = now(&pool).await;
    let (pool, limits) = (&pool, &limits);
    let batches = ids.chunks(6).map(async |batch| {
        let claims = claim_within(pool, batch, limits).await;
        let at = now(pool).await;
        claims
            .into_iter()
            .filter_map(move |claim| match claim.quota {
                Quota::Granted { wait } => Some(at + wait),
                Quota::Wait { .. } | Quota::NotAsked => None,
            })
    });
    let mut places: Vec<DateTime<Utc>> = futures::future::join_all(batches)
        .await
        .into_iter()
        .flatten()
        .collect();
    assert_eq!(places.len(), 120, "five seconds hold two hundred");
    places.sort();
    // The places themselves are exact; what was read of the clock after each statement is later by
    // as long as its answer took.
    for (n, place) in places.iter().enumerate() {
        let earliest = n as f64 / 40.0 - 0.1;
        let since = (*place - begun).as_seconds_f64();
        assert!(
            since >= earliest,
            "place {n} is at {since} s, before {earliest} s"
        );
    }
    let next: f64 = sqlx::query_scalar(
        "select extract(epoch from next_at - $1)::double precision from rate_limits",
    )
    .bind(begun)
    .fetch_one(pool)
    .await
    .unwrap();
    assert!(
        (2.9..=4.0).contains(&next),
        "120 mails take three seconds: {next}"
    );
}

async fn now(pool: &PgPool) -> DateTime<Utc> {
    sqlx::query_scalar("select clock_timestamp()")
        .fetch_one(pool)
        .await
        .unwrap()
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn a_batch_takes_half_a_seconds_worth(pool: PgPool) {
    let campaign = testing::campaign(&pool, "c").await;
    let ids = planned(&pool, campaign, &runners(30)).await;
    for (rate, batch) in [(1.0, &ids[..10]), (7.0, &ids[10..20]), (14.0, &ids[20..])] {
        execute(
            &pool,
            "update rate_limits set next_at = now(), queue_at = now()",
        )
        .await;
        let limits = Limits {
            per_second: Some(rate),
            ..LIMITS
        };
        let (granted, waiting) = granted(&pool, batch, &limits).await;
        assert_eq!(granted, burst(rate) as usize, "{rate}/s");
        assert!(waiting.iter().all(|reason| *reason == Reason::Pace));
    }
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn what_is_not_used_is_given_back(pool: PgPool) {
    let campaign = testing::campaign(&pool, "c").await;
    let ids = planned(&pool, campaign, &runners(8)).await;
    let counts = async || -> (i32, i32, i32, i64) {
        sqlx::query_as(
            "select r.hours[1], r.day_taken, c.taken, (select count(*) from mail_days)
             from rate_limits r, campaign_counters c",
        )
        .fetch_one(&pool)
        .await
        .unwrap()
    };
    let claims = claim_within(&pool, &ids, &LIMITS).await;
    assert_eq!(counts().await, (8, 8, 8, 8));
    // Three are refused, five go out; one of those is throttled, one rejected.
    let decided: Vec<_> = claims
        .iter()
        .enumerate()
        .map(|(n, claim)| {
            let mut decided = to_call(claim);
            if n < 3 {
                decided.state = SendState::Refused;
                decided.reason = Some(Reason::ConsentNeeded);
            }
            decided
        })
        .collect();
    assert_eq!(arm(&pool, &decided).await.len(), 5);
    assert_eq!(counts().await, (5, 5, 5, 5));
    settle(
        &pool,
        &[
            ended(&claims[3], SendState::Queued, Some(Reason::Throttled)),
            ended(&claims[4], SendState::Rejected, Some(Reason::MailRejected)),
            ended(&claims[5], SendState::Sent, None),
            ended(&claims[6], SendState::Unknown, Some(Reason::NoAnswer)),
        ],
    )
    .await;
    assert_eq!(counts().await, (3, 3, 3, 3));
    end_leases(&pool).await;
    sends::reap(&mut db::acquire(&pool).await.unwrap(), 10)
        .await
        .unwrap();
    assert_eq!(
        counts().await,
        (3, 3, 3, 3),
        "what may have left keeps its place"
    );
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn a_claim_that_was_left_frees_the_day_and_burns_the_rate(pool: PgPool) {
    let campaign = testing::campaign(&pool, "c").await;
    let ids = planned(&pool, campaign, &runners(2)).await;
    claim_within(&pool, &ids, &LIMITS).await;
    end_leases(&pool).await;
    sends::reap(&mut db::acquire(&pool).await.unwrap(), 10)
        .await
        .unwrap();
    let counts: (i32, i32, i64) = sqlx::query_as(
        "select r.day_taken, c.taken, (select count(*) from mail_days) from rate_limits r, campaign_counters c",
    )
    .fetch_one(&pool)
    .await
    .unwrap();
    assert_eq!(counts, (2, 0, 0));
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn however_many_are_throttled_at_once_the_speed_is_halved_once(pool: PgPool) {
    let campaign = testing::campaign(&pool, "c").await;
    let ids = planned(&pool, campaign, &runners(8)).await;
    let claims = claim_within(&pool, &ids, &LIMITS).await;
    arm(&pool, &claims.iter().map(to_call).collect::<Vec<_>>()).await;
    let throttled = sends::Throttling {
        rate: true,
        quota: false,
    };
    let pool = &pool;
    let settling = claims.iter().map(async |claim| {
        let outcome = ended(claim, SendState::Queued, Some(Reason::Throttled));
        let mut conn = db::acquire(pool).await.unwrap();
        sends::settle(&mut conn, &[outcome], throttled)
            .await
            .unwrap();
    });
    futures::future::join_all(settling).await;
    let pace: f64 = sqlx::query_scalar("select pace from rate_limits")
        .fetch_one(pool)
        .await
        .unwrap();
    assert!((pace - 0.5).abs() < 0.01, "{pace}");
}
