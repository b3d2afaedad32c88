//! The send ledger (invariants 7 to 10).

use std::{collections::HashSet, time::Duration};

use chrono::{DateTime, Utc};
use shared::{
    db::{self, PgPool, sends},
    domain::{lead::NewLead, quota::Quota, reason::Reason, send_state::SendState},
    testing,
};

use crate::ledger::{
    LEASE, arm, claim, end_leases, ended, has_slot, planned, row, runners, settle, state, suppress,
    to_call,
};

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn a_mail_goes_through_claim_arm_and_settle_and_marks_its_lead(pool: PgPool) {
    let campaign = testing::campaign(&pool, "c").await;
    let ids = planned(&pool, campaign, &runners(1)).await;
    let claims = claim(&pool, &ids).await;
    assert_eq!(state(&pool, ids[0]).await, "claimed");
    assert_eq!(arm(&pool, &[to_call(&claims[0])]).await, [claims[0].send]);
    assert_eq!(state(&pool, ids[0]).await, "calling");
    settle(&pool, &[ended(&claims[0], SendState::Sent, None)]).await;
    assert_eq!(state(&pool, ids[0]).await, "sent");
    let marked: (bool, bool) = sqlx::query_as("select sent, contacted from enriched_leads")
        .fetch_one(&pool)
        .await
        .unwrap();
    assert_eq!(marked, (true, true));
    assert!(
        claim(&pool, &ids).await.is_empty(),
        "what was sent is never claimed again"
    );
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn two_senders_at_once_never_hold_the_same_send(pool: PgPool) {
    let campaign = testing::campaign(&pool, "c").await;
    let ids = planned(&pool, campaign, &runners(40)).await;
    let (pool, ids) = (&pool, &ids);
    let claims = futures::future::join_all((0..8).map(async |_| claim(pool, ids).await)).await;
    let held: Vec<i64> = claims.iter().flatten().map(|claim| claim.send.0).collect();
    let distinct: HashSet<i64> = held.iter().copied().collect();
    assert_eq!(held.len(), distinct.len(), "held twice");
    assert_eq!(distinct.len(), 40, "all are held by somebody");
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn whoever_unsubscribes_before_the_call_is_armed_gets_no_mail(pool: PgPool) {
    let campaign = testing::campaign(&pool, "c").await;
    let new = runners(2);
    let ids = planned(&pool, campaign, &new).await;
    let claims = claim(&pool, &ids).await;
    suppress(&pool, new[0].email.as_ref().unwrap().1).await;
    let decided: Vec<_> = claims.iter().map(to_call).collect();
    assert_eq!(
        arm(&pool, &decided).await,
        [claims[1].send],
        "only the other one"
    );
    let (state, reason, _) = row(&pool, ids[0]).await;
    assert_eq!(
        (state.as_str(), reason.as_deref()),
        ("queued", Some("facts_changed"))
    );
    assert!(!has_slot(&pool, ids[0]).await);
    let again = claim(&pool, &ids).await;
    assert!(
        again[0].recipient.suppressed,
        "and the next claim tells the gate"
    );
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn an_unsubscribe_under_way_is_waited_for(pool: PgPool) {
    let campaign = testing::campaign(&pool, "c").await;
    let new = runners(1);
    let ids = planned(&pool, campaign, &new).await;
    let claims = claim(&pool, &ids).await;

    let mut unsubscribing = pool.begin().await.unwrap();
    sqlx::query("update recipients set suppressed_at = now(), suppression_reason = 'unsubscribed'")
        .execute(&mut *unsubscribing)
        .await
        .unwrap();
    let mut arming = tokio::spawn({
        let (pool, decided) = (pool.clone(), [to_call(&claims[0])]);
        async move { arm(&pool, &decided).await }
    });
    tokio::select! {
        () = testing::until_waiting(&pool, Duration::ZERO) => {}
        _ = &mut arming => panic!("armed without waiting for the unsubscribe"),
    }
    unsubscribing.commit().await.unwrap();
    assert!(
        arming.await.unwrap().is_empty(),
        "armed after a committed unsubscribe"
    );
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn a_recipient_gets_one_mail_a_day_across_campaigns(pool: PgPool) {
    let new = runners(1);
    let one = testing::campaign(&pool, "one").await;
    let two = testing::campaign(&pool, "two").await;
    let first = planned(&pool, one, &new).await;
    // The same person, found by another campaign under another name.
    let other = NewLead {
        email: new[0].email.clone(),
        ..testing::new_lead("other")
    };
    let second = planned(&pool, two, &[other]).await;
    let ids = [first[0], second[0]];
    let claims = claim(&pool, &ids).await;
    let quotas: Vec<Quota> = claims.iter().map(|claim| claim.quota).collect();
    assert!(matches!(quotas[0], Quota::Granted { .. }), "{quotas:?}");
    let Quota::Wait { reason, until } = quotas[1] else {
        panic!("{quotas:?}");
    };
    assert_eq!(reason, Reason::RecipientDay);
    let tomorrow: DateTime<Utc> = sqlx::query_scalar(
        "select ((now() at time zone 'utc')::date + 1)::timestamp at time zone 'utc'",
    )
    .fetch_one(&pool)
    .await
    .unwrap();
    assert_eq!(until, tomorrow);
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn a_recipient_gets_one_mail_of_a_campaign_however_many_profiles(pool: PgPool) {
    let campaign = testing::campaign(&pool, "c").await;
    let first = testing::new_lead("first");
    let twin = NewLead {
        email: first.email.clone(),
        ..testing::new_lead("twin")
    };
    assert_eq!(planned(&pool, campaign, &[first, twin]).await.len(), 1);
    let refused: Vec<String> =
        sqlx::query_scalar("select reason from enriched_leads where outcome = 'refused'")
            .fetch_all(&pool)
            .await
            .unwrap();
    assert_eq!(refused, ["duplicate_recipient"]);
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn a_sender_gone_before_the_call_costs_nothing_and_after_it_is_unknown(pool: PgPool) {
    let campaign = testing::campaign(&pool, "c").await;
    let ids = planned(&pool, campaign, &runners(2)).await;
    let claims = claim(&pool, &ids).await;
    arm(&pool, &[to_call(&claims[1])]).await;
    end_leases(&pool).await;

    let mut conn = db::acquire(&pool).await.unwrap();
    let reaped = sends::reap(&mut conn, 10).await.unwrap();
    assert_eq!((reaped.requeued, reaped.unknown), (1, 1));
    assert_eq!(state(&pool, ids[0]).await, "queued");
    assert!(!has_slot(&pool, ids[0]).await, "its day is free again");
    assert_eq!(state(&pool, ids[1]).await, "unknown");
    assert!(has_slot(&pool, ids[1]).await, "the mail may have left");
    assert_eq!(
        sends::reap(&mut conn, 10).await.unwrap(),
        sends::Reaped::default()
    );
    let due = sends::take_due(&mut conn, LEASE, LEASE, 10).await.unwrap();
    assert_eq!(
        due,
        [(ids[0], Duration::ZERO)],
        "only the one that never left is announced again"
    );
    drop(conn);
    assert_eq!(
        claim(&pool, &ids).await.len(),
        1,
        "an unknown is never claimed"
    );
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn a_late_answer_settles_an_unknown_and_an_older_fence_changes_nothing(pool: PgPool) {
    let campaign = testing::campaign(&pool, "c").await;
    let ids = planned(&pool, campaign, &runners(1)).await;
    let stale = claim(&pool, &ids).await.remove(0);
    end_leases(&pool).await;
    assert!(claim(&pool, &ids).await.is_empty(), "the reaper frees it");
    sends::reap(&mut db::acquire(&pool).await.unwrap(), 10)
        .await
        .unwrap();
    let fresh = claim(&pool, &ids).await.remove(0);
    assert_eq!(fresh.fence, stale.fence + 1);

    assert!(
        arm(&pool, &[to_call(&stale)]).await.is_empty(),
        "the older holder arms nothing"
    );
    settle(&pool, &[ended(&stale, SendState::Sent, None)]).await;
    assert_eq!(state(&pool, ids[0]).await, "claimed");

    arm(&pool, &[to_call(&fresh)]).await;
    end_leases(&pool).await;
    sends::reap(&mut db::acquire(&pool).await.unwrap(), 10)
        .await
        .unwrap();
    assert_eq!(state(&pool, ids[0]).await, "unknown");
    settle(&pool, &[ended(&stale, SendState::Sent, None)]).await;
    assert_eq!(state(&pool, ids[0]).await, "unknown");
    settle(&pool, &[ended(&fresh, SendState::Sent, None)]).await;
    assert_eq!(state(&pool, ids[0]).await, "sent");
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn a_state_only_moves_up_but_for_a_definite_refusal(pool: PgPool) {
    let campaign = testing::campaign(&pool, "c").await;
    let ids = planned(&pool, campaign, &runners(1)).await;
    let held = claim(&pool, &ids).await.remove(0);
    arm(&pool, &[to_call(&held)]).await;
    settle(
        &pool,
        &[ended(&held, SendState::Queued, Some(Reason::Throttled))],
    )
    .await;
    let (now, reason, _) = row(&pool, ids[0]).await;
    assert_eq!(
        (now.as_str(), reason.as_deref()),
        ("queued", Some("throttled"))
    );
    assert!(!has_slot(&pool, ids[0]).await, "its day is free again");

    let held = claim(&pool, &ids).await.remove(0);
    arm(&pool, &[to_call(&held)]).await;
    settle(&pool, &[ended(&held, SendState::Sent, None)]).await;
    for (late, reason) in [
        (SendState::Unknown, Some(Reason::NoAnswer)),
        (SendState::Queued, Some(Reason::Throttled)),
    ] {
        settle(&pool, &[ended(&held, late, reason)]).await;
        assert_eq!(row(&pool, ids[0]).await.0, "sent", "{late} came late");
    }
}
