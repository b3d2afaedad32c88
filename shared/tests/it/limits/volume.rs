//! How many mails a day: the campaign's cap, the ramp, SES's quota of 24 hours.

use shared::{
    db::{self, PgPool, sends},
    domain::{
        quota::{AccountQuota, Limits, Ramp},
        reason::Reason,
    },
    testing,
};

use super::tally;
use crate::ledger::{LIMITS, execute, planned, runners};

/// The account's row goes back in time, as if so much of it had passed.
async fn pass(pool: &PgPool, hours: i32) {
    sqlx::query(
        "update rate_limits set next_at = next_at - $1 * interval '1 hour',
                reserved_until = reserved_until - $1 * interval '1 hour',
                hour_at = hour_at - $1 * interval '1 hour', day = day - $1 / 24",
    )
    .bind(hours)
    .execute(pool)
    .await
    .unwrap();
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn grant_by_many_senders_keeps_daily_cap(pool: PgPool) {
    let campaign = testing::campaign(&pool, "c").await;
    let ids = planned(&pool, campaign, &runners(60)).await;
    execute(&pool, "update campaigns set daily_cap = 17").await;
    let pool = &pool;
    let batches = ids
        .chunks(5)
        .map(async |batch| tally(pool, batch, &LIMITS).await);
    let all = futures::future::join_all(batches).await;
    assert_eq!(all.iter().map(|(granted, _)| granted).sum::<usize>(), 17);
    let mut reasons = all.iter().flat_map(|(_, reasons)| reasons);
    assert!(reasons.all(|reason| *reason == Reason::DailyCap));
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn grant_over_days_follows_ramp(pool: PgPool) {
    let campaign = testing::campaign(&pool, "c").await;
    let ids = planned(&pool, campaign, &runners(80)).await;
    let ramp = Ramp {
        start: 3,
        growth: 1.7,
        cap: 20,
    };
    let limits = Limits { ramp, ..LIMITS };
    let mut left = ids.as_slice();
    for day in 0..6 {
        let (mails, reasons) = tally(&pool, &left[..left.len().min(25)], &limits).await;
        assert_eq!(mails, ramp.allowed(day) as usize, "day {day}");
        assert!(
            reasons.iter().all(|reason| *reason == Reason::Ramp),
            "{reasons:?}"
        );
        // What waits is due again; a day without mails does not count.
        execute(
            &pool,
            "update sends set state = 'queued', lease_until = null, not_before = now()",
        )
        .await;
        left = &left[mails..];
        pass(&pool, 24).await;
        if day == 2 {
            pass(&pool, 72).await;
        }
    }
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn grant_over_hours_keeps_daily_quota(pool: PgPool) {
    let campaign = testing::campaign(&pool, "c").await;
    let ids = planned(&pool, campaign, &runners(40)).await;
    let limits = Limits {
        per_day: Some(10),
        ..LIMITS
    };
    let rows = [
        (0, 0..6, 6),
        (12, 6..14, 4),
        (11, 14..22, 0),
        (2, 22..40, 6),
        (30, 0..0, 0),
    ];
    for (hours, batch, mails) in rows {
        pass(&pool, hours).await;
        let (granted, reasons) = tally(&pool, &ids[batch], &limits).await;
        assert_eq!(granted, mails, "{hours} hours later");
        assert!(
            reasons.iter().all(|reason| *reason == Reason::DailyQuota),
            "{reasons:?}"
        );
    }
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn grant_leaves_room_for_other_senders(pool: PgPool) {
    let campaign = testing::campaign(&pool, "c").await;
    let ids = planned(&pool, campaign, &runners(10)).await;
    let quota = AccountQuota {
        per_second: 100.0,
        per_day: Some(50),
        sent_last_day: 46,
    };
    let mut conn = db::acquire(&pool).await.unwrap();
    sends::remember_quota(&mut conn, quota).await.unwrap();
    let limits = Limits {
        per_second: None,
        ..LIMITS
    };
    let (mails, reasons) = tally(&pool, &ids, &limits).await;
    assert_eq!((mails, reasons[0]), (4, Reason::DailyQuota));
    // Our own four are in SES's count by now: they are not counted twice.
    let quota = AccountQuota {
        sent_last_day: 50,
        ..quota
    };
    sends::remember_quota(&mut conn, quota).await.unwrap();
    let others: i32 = sqlx::query_scalar("select sent_elsewhere from rate_limits")
        .fetch_one(&pool)
        .await
        .unwrap();
    assert_eq!(others, 46);
}

/// Each waits for the day of its turn, and is not touched before: a queue of many days is not rewritten
/// each day.
#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn grant_over_cap_defers_by_position(pool: PgPool) {
    let campaign = testing::campaign(&pool, "c").await;
    let ids = planned(&pool, campaign, &runners(35)).await;
    execute(&pool, "update campaigns set daily_cap = 10").await;
    for batch in ids.chunks(7) {
        let granted = crate::ledger::granted(&pool, batch, &LIMITS).await;
        crate::ledger::arm(&pool, &granted).await;
    }
    let days = async || -> Vec<(i32, i64)> {
        sqlx::query_as(
            "select (not_before at time zone 'utc')::date - (now() at time zone 'utc')::date, count(*)
             from sends where state = 'queued' group by 1 order by 1",
        )
        .fetch_all(&pool)
        .await
        .unwrap()
    };
    assert_eq!(days().await, [(1, 10), (2, 10), (3, 5)]);

    // A raised cap is used on the same day.
    execute(&pool, "update campaigns set daily_cap = 16").await;
    let mut conn = db::acquire(&pool).await.unwrap();
    assert_eq!(sends::pull_forward(&mut conn, &LIMITS).await.unwrap(), 6);
    assert_eq!(days().await, [(0, 6), (1, 4), (2, 10), (3, 5)]);
    assert_eq!(
        sends::pull_forward(&mut conn, &LIMITS).await.unwrap(),
        0,
        "something is due"
    );
}
