//! What may change between the claim and the call (invariants 8 and 10).

use std::time::Duration;

use shared::{
    db::{self, PgPool, operator, sends},
    domain::{ids::SendId, reason::Reason, send_state::SendState},
    testing,
};

use crate::ledger::{
    LIMITS, arm, armed, claim, end_leases, execute, granted, has_day, outcome, planned, runners,
    settle, stands, suppress,
};

/// Arms one granted send while its mailbox is locked, and does something meanwhile. Gives what became
/// of it.
async fn armed_after(pool: &PgPool, meanwhile: &'static str) -> String {
    let campaign = testing::campaign(pool, "c").await;
    let ids = planned(pool, campaign, &runners(1)).await;
    let granted = granted(pool, &ids, &LIMITS).await;
    let mut holding = pool.begin().await.unwrap();
    sqlx::query("select 1 from recipients for update")
        .execute(&mut *holding)
        .await
        .unwrap();
    let change = async {
        testing::until_waiting(pool, Duration::ZERO).await;
        execute(pool, meanwhile).await;
        holding.commit().await.unwrap();
    };
    tokio::join!(arm(pool, &granted), change);
    stands(pool, ids[0]).await
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn arm_after_mere_wait_calls(pool: PgPool) {
    assert_eq!(armed_after(&pool, "select 1").await, "calling");
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn arm_campaign_paused_meanwhile_defers(pool: PgPool) {
    let pause = "update campaigns set status = 'paused'";
    assert_eq!(armed_after(&pool, pause).await, "queued campaign_paused");
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn arm_breaker_opened_meanwhile_defers(pool: PgPool) {
    let open = "insert into breakers (campaign_id, opened_at, reason, figures)
                select id, now(), 'bounce_rate', '{}' from campaigns";
    assert_eq!(armed_after(&pool, open).await, "queued breaker_open");
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn arm_lead_erased_meanwhile_refuses(pool: PgPool) {
    let erase =
        "update leads set erased_at = now(), name = null, email = null, bio = null, raw = null,
                     website = null, location = null, profile_url = null, follower_count = null,
                     enrich_requested_at = null";
    assert_eq!(armed_after(&pool, erase).await, "refused erased");
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn arm_newer_assessment_meanwhile_refuses(pool: PgPool) {
    let block = "insert into enriched_leads (lead_id, campaign_id, niche, score, notes, compliant, enrichment_version,
                     ai_confidence, method, input_hash, outcome, reason, decision)
                 select lead_id, campaign_id, niche, score, notes, false, 2, ai_confidence, method, input_hash,
                        'refused', 'not_compliant', decision from enriched_leads";
    assert_eq!(armed_after(&pool, block).await, "refused not_compliant");
}

/// A sender that waited so long may be dead by then: what it would arm is called by nothing.
#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn arm_with_short_lease_left_defers(pool: PgPool) {
    let campaign = testing::campaign(&pool, "c").await;
    let ids = planned(&pool, campaign, &runners(1)).await;
    let granted = granted(&pool, &ids, &LIMITS).await;
    execute(
        &pool,
        "update sends set lease_until = lease_until - interval '31 s'",
    )
    .await;
    assert!(arm(&pool, &granted).await.armed.is_empty());
    assert_eq!(stands(&pool, ids[0]).await, "queued late_for_slot");
}

/// The first mail may have left: whatever becomes of the second, its day stays taken.
#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn settle_resent_mail_keeps_day_of_lost_call(pool: PgPool) {
    let campaign = testing::campaign(&pool, "c").await;
    let ids = planned(&pool, campaign, &runners(1)).await;
    let first = armed(&pool, &ids).await.remove(0);
    let lost = outcome(&first, SendState::Unknown, Some(Reason::NoAnswer));
    settle(&pool, &[lost]).await;
    let mut conn = db::acquire(&pool).await.unwrap();
    operator::resolve(
        &mut conn,
        SendId(ids[0]),
        operator::Resolution::Resend,
        None,
    )
    .await
    .unwrap();
    assert!(has_day(&pool, ids[0]).await);

    let second = armed(&pool, &ids).await.remove(0);
    let throttled = outcome(&second, SendState::Queued, Some(Reason::Throttled));
    settle(&pool, &[throttled]).await;
    assert_eq!(stands(&pool, ids[0]).await, "queued throttled");
    assert!(has_day(&pool, ids[0]).await);
    let taken: i32 = sqlx::query_scalar("select taken from campaign_counters")
        .fetch_one(&pool)
        .await
        .unwrap();
    assert_eq!(taken, 1, "the second call is given back, the first is not");
}

/// Opt-outs and arms of the same mailboxes at once: compared by the order of their commits.
#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn arm_racing_opt_outs_never_follows_one(pool: PgPool) {
    let campaign = testing::campaign(&pool, "c").await;
    let new = runners(60);
    let ids = planned(&pool, campaign, &new).await;
    let (pool, ids) = (&pool, &ids);
    let senders = (0..3).map(async |n| {
        let mut called = Vec::new();
        for batch in ids.chunks(5).skip(n).step_by(3) {
            called.extend(armed(pool, batch).await.into_iter().map(|a| a.send.0));
        }
        called
    });
    let opt_outs = async {
        let mut before_arm = Vec::new();
        for (id, lead) in ids.iter().zip(&new).rev() {
            let mut tx = pool.begin().await.unwrap();
            sqlx::query("update recipients set suppressed_at = now(), suppression_reason = 'unsubscribed' where email_hash = $1")
                .bind(lead.email.as_ref().unwrap().1.0)
                .execute(&mut *tx)
                .await
                .unwrap();
            // The mailbox is locked here: what is not armed by now never is.
            let state: String = sqlx::query_scalar("select state::text from sends where id = $1")
                .bind(id)
                .fetch_one(&mut *tx)
                .await
                .unwrap();
            tx.commit().await.unwrap();
            if state != "calling" {
                before_arm.push(*id);
            }
        }
        before_arm
    };
    let (called, opted_out) = tokio::join!(futures::future::join_all(senders), opt_outs);
    let called: Vec<i64> = called.into_iter().flatten().collect();
    assert!(opted_out.iter().all(|id| !called.contains(id)));
    let states: i64 = sqlx::query_scalar("select count(*) from sends where state = 'calling'")
        .fetch_one(pool)
        .await
        .unwrap();
    assert_eq!(usize::try_from(states).unwrap(), called.len());
    let armed_days: i64 = sqlx::query_scalar("select taken from campaign_counters")
        .fetch_one(pool)
        .await
        .map(|taken: i32| taken.into())
        .unwrap();
    assert_eq!(armed_days, states, "what was not armed is given back");
}

/// Claims that overlap, arms, answers of all kinds, opt-outs and a sweep: they take their locks in one
/// order, and the counters end as what left.
#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn senders_on_same_sends_never_deadlock(pool: PgPool) {
    let campaign = testing::campaign(&pool, "c").await;
    let new = runners(40);
    let ids = planned(&pool, campaign, &new).await;
    let (pool, ids, new) = (&pool, &ids, &new);
    let senders = (0..8).map(async |n| {
        for (round, person) in new.iter().take(6).enumerate() {
            let mut batch = ids.clone();
            batch.rotate_left((n * 5 + round * 7) % 40);
            batch.truncate(20);
            let called = armed(pool, &batch).await;
            let outcomes: Vec<_> = called
                .iter()
                .map(|armed| match (armed.send.0 + armed.fence) % 4 {
                    0 => outcome(armed, SendState::Queued, Some(Reason::Throttled)),
                    1 => outcome(armed, SendState::Rejected, Some(Reason::MailRejected)),
                    _ => outcome(armed, SendState::Sent, None),
                })
                .collect();
            settle(pool, &outcomes).await;
            if n == 0 {
                suppress(pool, person.email.as_ref().unwrap().1).await;
            }
            let mut conn = db::acquire(pool).await.unwrap();
            sends::reap(&mut conn, 100).await.unwrap();
        }
    });
    futures::future::join_all(senders).await;
    end_leases(pool).await;
    assert!(claim(pool, ids).await.claimed.len() <= ids.len());
    let (sent, taken, granted, days, marked): (i64, i32, i32, i64, i64) = sqlx::query_as(
        "select (select count(*) from sends where state = 'sent'), k.taken, a.day_taken,
                (select sum(sent) from campaign_days), (select count(*) from enriched_leads where sent)
         from campaign_counters k, rate_limits a",
    )
    .fetch_one(pool)
    .await
    .unwrap();
    assert!(sent > 0);
    assert_eq!((i64::from(taken), i64::from(granted)), (sent, sent));
    assert_eq!((days, marked), (sent, sent));
}
