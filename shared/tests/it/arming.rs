//! What may change between the decision and the call (invariants 8 and 10).

use std::time::Duration;

use shared::{
    db::{self, PgPool, operator, sends},
    domain::{ids::SendId, lead::NewLead, quota::Quota, reason::Reason, send_state::SendState},
    testing,
};

use crate::ledger::{
    LEASE, LIMITS, arm, claim, end_leases, ended, has_slot, planned, row, runners, settle, to_call,
};

async fn execute(pool: &PgPool, statement: &'static str) {
    sqlx::raw_sql(statement).execute(pool).await.unwrap();
}

/// Arms one claimed send while its mailbox is held, and does something meanwhile.
async fn armed_after(pool: &PgPool, meanwhile: &'static str) -> bool {
    let campaign = testing::campaign(pool, "c").await;
    let ids = planned(pool, campaign, &runners(1)).await;
    let claimed = claim(pool, &ids).await.remove(0);
    let mut holding = pool.begin().await.unwrap();
    sqlx::query("select 1 from recipients for update")
        .execute(&mut *holding)
        .await
        .unwrap();
    let arming = tokio::spawn({
        let (pool, decided) = (pool.clone(), [to_call(&claimed)]);
        async move { arm(&pool, &decided).await }
    });
    testing::until_waiting(pool, Duration::ZERO).await;
    execute(pool, meanwhile).await;
    holding.commit().await.unwrap();
    !arming.await.unwrap().is_empty()
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn waiting_for_a_mailbox_alone_changes_nothing(pool: PgPool) {
    assert!(armed_after(&pool, "select 1").await);
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn a_pause_that_commits_while_arming_waits_is_seen(pool: PgPool) {
    assert!(!armed_after(&pool, "update campaigns set status = 'paused'").await);
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn a_breaker_that_opens_while_arming_waits_is_seen(pool: PgPool) {
    let open = "insert into breakers (campaign_id, opened_at, reason, figures)
                select id, now(), 'bounce_rate', '{}' from campaigns";
    assert!(!armed_after(&pool, open).await);
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn an_erasure_of_the_lead_alone_that_commits_while_arming_waits_is_seen(pool: PgPool) {
    let erase =
        "update leads set erased_at = now(), name = null, email = null, bio = null, raw = null,
                     website = null, location = null, profile_url = null, follower_count = null,
                     enrich_requested_at = null";
    assert!(!armed_after(&pool, erase).await);
}

/// On either side of midnight each has a day of its own: only what the other holds tells of it.
#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn a_day_that_is_taken_while_a_claim_waits_is_among_the_past_mails(pool: PgPool) {
    let one = testing::campaign(&pool, "one").await;
    let two = testing::campaign(&pool, "two").await;
    let new = runners(1);
    let other = NewLead {
        email: new[0].email.clone(),
        ..testing::new_lead("other")
    };
    let first = planned(&pool, one, &new).await;
    let second = planned(&pool, two, &[other]).await;
    let mut claiming = pool.begin().await.unwrap();
    sends::claim(&mut claiming, &first, LEASE, &LIMITS)
        .await
        .unwrap();
    sqlx::query("update mail_days set day = day - 1")
        .execute(&mut *claiming)
        .await
        .unwrap();
    let waiting = tokio::spawn({
        let pool = pool.clone();
        async move { claim(&pool, &second).await }
    });
    testing::until_waiting(&pool, Duration::ZERO).await;
    claiming.commit().await.unwrap();
    let claims = waiting.await.unwrap();
    assert!(matches!(claims[0].quota, Quota::Granted { .. }));
    assert_eq!(claims[0].recipient.past.count, 1);
}

/// A sender that waited so long is dead by then: what it would arm, nobody calls.
#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn a_sender_that_waited_for_longer_than_it_lives_arms_nothing(pool: PgPool) {
    let campaign = testing::campaign(&pool, "c").await;
    let ids = planned(&pool, campaign, &runners(1)).await;
    let claims = claim(&pool, &ids).await;
    execute(
        &pool,
        "update sends set lease_until = lease_until - interval '31 s'",
    )
    .await;
    assert!(arm(&pool, &[to_call(&claims[0])]).await.is_empty());
    let (state, reason, _) = row(&pool, ids[0]).await;
    assert_eq!(
        (state.as_str(), reason.as_deref()),
        ("queued", Some("facts_changed"))
    );
}

/// The first mail may have left: whatever becomes of the second, its day stays taken.
#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn the_day_of_a_lost_call_stays_taken_when_it_is_sent_again(pool: PgPool) {
    let campaign = testing::campaign(&pool, "c").await;
    let ids = planned(&pool, campaign, &runners(1)).await;
    let first = claim(&pool, &ids).await.remove(0);
    arm(&pool, &[to_call(&first)]).await;
    settle(
        &pool,
        &[ended(&first, SendState::Unknown, Some(Reason::NoAnswer))],
    )
    .await;
    let mut conn = db::acquire(&pool).await.unwrap();
    operator::resolve(
        &mut conn,
        SendId(ids[0]),
        operator::Resolution::Resend,
        None,
    )
    .await
    .unwrap();

    let second = claim(&pool, &ids).await.remove(0);
    assert!(matches!(second.quota, Quota::Granted { .. }));
    let mut refused = to_call(&second);
    refused.state = SendState::Refused;
    refused.reason = Some(Reason::Suppressed);
    arm(&pool, &[refused]).await;
    assert_eq!(row(&pool, ids[0]).await.0, "refused");
    assert!(has_slot(&pool, ids[0]).await);
}

/// Claims that overlap, arms, and a reaper: they take their locks in one order.
#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn senders_that_want_the_same_sends_do_not_lock_each_other_out(pool: PgPool) {
    let campaign = testing::campaign(&pool, "c").await;
    let ids = planned(&pool, campaign, &runners(40)).await;
    let (pool, ids) = (&pool, &ids);
    let senders = (0..8).map(async |n| {
        let mut called = 0;
        for round in 0..6 {
            let mut batch = ids.clone();
            batch.rotate_left((n * 5 + round * 7) % 40);
            batch.truncate(20);
            let claims = claim(pool, &batch).await;
            // Every other one is given back, and comes again.
            let decided: Vec<_> = claims
                .iter()
                .map(|claim| {
                    let mut decided = to_call(claim);
                    if (claim.send.0 + claim.fence) % 2 == 0 {
                        decided.state = SendState::Queued;
                        decided.reason = Some(Reason::Pace);
                    }
                    decided
                })
                .collect();
            let armed = arm(pool, &decided).await;
            let outcomes: Vec<_> = claims
                .iter()
                .filter(|claim| armed.contains(&claim.send))
                .map(|claim| ended(claim, SendState::Sent, None))
                .collect();
            settle(pool, &outcomes).await;
            let mut conn = db::acquire(pool).await.unwrap();
            sends::reap(&mut conn, 100).await.unwrap();
            called += armed.len();
        }
        called
    });
    let called: usize = futures::future::join_all(senders).await.into_iter().sum();
    end_leases(pool).await;
    let sent: i64 = sqlx::query_scalar("select count(*) from sends where state = 'sent'")
        .fetch_one(pool)
        .await
        .unwrap();
    assert_eq!(
        usize::try_from(sent).unwrap(),
        called,
        "each was called once"
    );
    let taken: i32 = sqlx::query_scalar("select taken from campaign_counters")
        .fetch_one(pool)
        .await
        .unwrap();
    assert_eq!(i64::from(taken), sent, "the counts are those of what left");
}
