//! The send ledger (invariants 7 to 10).

use std::{collections::HashSet, time::Duration};

use chrono::{DateTime, Utc};
use shared::{
    db::{self, PgPool, sends},
    domain::{lead::NewLead, quota::Quota, reason::Reason, send_state::SendState},
    testing,
};

use crate::ledger::{
    LIMITS, arm, armed, claim, end_leases, execute, granted, has_day, outcome, planned, row,
    runners, settle, stands, state, suppress, terms,
};

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn send_claimed_armed_settled_marks_lead(pool: PgPool) {
    let campaign = testing::campaign(&pool, "c").await;
    let ids = planned(&pool, campaign, &runners(1)).await;
    let granted = granted(&pool, &ids, &LIMITS).await;
    assert_eq!(state(&pool, ids[0]).await, "claimed");
    let arming = arm(&pool, &granted).await;
    assert_eq!(state(&pool, ids[0]).await, "calling");
    settle(&pool, &[outcome(&arming.armed[0], SendState::Sent, None)]).await;
    assert_eq!(state(&pool, ids[0]).await, "sent");
    let marked: (bool, bool) = sqlx::query_as("select sent, contacted from enriched_leads")
        .fetch_one(&pool)
        .await
        .unwrap();
    assert_eq!(marked, (true, true));
    let again = claim(&pool, &ids).await;
    assert!(again.claimed.is_empty() && again.deferred.is_empty());
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn claim_by_several_senders_holds_once(pool: PgPool) {
    let campaign = testing::campaign(&pool, "c").await;
    let ids = planned(&pool, campaign, &runners(40)).await;
    let (pool, ids) = (&pool, &ids);
    let claims = futures::future::join_all((0..8).map(async |_| claim(pool, ids).await)).await;
    let held = claims.iter().flat_map(|claims| &claims.claimed);
    let held: Vec<i64> = held.map(|claimed| claimed.candidate.send.0).collect();
    let distinct: HashSet<i64> = held.iter().copied().collect();
    assert_eq!((held.len(), distinct.len()), (40, 40));
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn arm_after_opt_out_refuses(pool: PgPool) {
    let campaign = testing::campaign(&pool, "c").await;
    let new = runners(2);
    let ids = planned(&pool, campaign, &new).await;
    let granted = granted(&pool, &ids, &LIMITS).await;
    suppress(&pool, new[0].email.as_ref().unwrap().1).await;
    let arming = arm(&pool, &granted).await;
    let called: Vec<i64> = arming.armed.iter().map(|armed| armed.send.0).collect();
    assert_eq!(called, [ids[1]], "only the other one");
    assert_eq!(stands(&pool, ids[0]).await, "refused suppressed");
    assert!(!has_day(&pool, ids[0]).await);
    let taken: i32 = sqlx::query_scalar("select taken from campaign_counters")
        .fetch_one(&pool)
        .await
        .unwrap();
    assert_eq!(taken, 1, "what it was granted is given back");
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn arm_waits_for_open_unsubscribe(pool: PgPool) {
    let campaign = testing::campaign(&pool, "c").await;
    let ids = planned(&pool, campaign, &runners(1)).await;
    let granted = granted(&pool, &ids, &LIMITS).await;

    let mut unsubscribing = pool.begin().await.unwrap();
    sqlx::query("update recipients set suppressed_at = now(), suppression_reason = 'unsubscribed'")
        .execute(&mut *unsubscribing)
        .await
        .unwrap();
    let opt_out = async {
        testing::until_waiting(&pool, Duration::ZERO).await;
        unsubscribing.commit().await.unwrap();
    };
    let (arming, ()) = tokio::join!(arm(&pool, &granted), opt_out);
    assert!(arming.armed.is_empty());
}

/// Of one person, found by two campaigns under two names.
async fn two_campaigns(pool: &PgPool) -> (i64, i64) {
    let one = testing::campaign(pool, "one").await;
    let two = testing::campaign(pool, "two").await;
    let new = runners(1);
    let other = NewLead {
        email: new[0].email.clone(),
        ..testing::new_lead("other")
    };
    let first = planned(pool, one, &new).await;
    let second = planned(pool, two, &[other]).await;
    (first[0], second[0])
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn grant_same_mailbox_twice_defers_second(pool: PgPool) {
    let (first, second) = two_campaigns(&pool).await;
    let granted = granted(&pool, &[first, second], &LIMITS).await;
    let quotas: Vec<Quota> = granted.quotas().map(|(_, quota)| quota).collect();
    assert!(matches!(quotas[0], Quota::Granted { .. }), "{quotas:?}");
    let Quota::Wait { reason, until } = quotas[1] else {
        panic!("{quotas:?}");
    };
    let tomorrow: DateTime<Utc> = sqlx::query_scalar(
        "select ((now() at time zone 'utc')::date + 1)::timestamp at time zone 'utc'",
    )
    .fetch_one(&pool)
    .await
    .unwrap();
    assert_eq!((reason, until), (Reason::RecipientDay, tomorrow));
}

/// Two senders, each with one of the two: the one that arms second sees the first.
#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn arm_mailbox_of_other_sender_defers(pool: PgPool) {
    let (first, second) = two_campaigns(&pool).await;
    let one = granted(&pool, &[first], &LIMITS).await;
    let other = granted(&pool, &[second], &LIMITS).await;
    let (one, other) = tokio::join!(arm(&pool, &one), arm(&pool, &other));
    assert_eq!(one.armed.len() + other.armed.len(), 1);
    let waits: String = sqlx::query_scalar(
        "select reason from sends where state = 'queued' and not_before > now()",
    )
    .fetch_one(&pool)
    .await
    .unwrap();
    assert_eq!(waits, "frequency_gap");
    let taken: i64 = sqlx::query_scalar("select sum(taken) from campaign_counters")
        .fetch_one(&pool)
        .await
        .unwrap();
    assert_eq!(taken, 1);
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn plan_second_profile_of_mailbox_refuses(pool: PgPool) {
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
async fn reap_requeues_claims_and_keeps_calls_unknown(pool: PgPool) {
    let campaign = testing::campaign(&pool, "c").await;
    let ids = planned(&pool, campaign, &runners(2)).await;
    armed(&pool, &ids[1..]).await;
    claim(&pool, &ids[..1]).await;
    end_leases(&pool).await;

    let mut conn = db::acquire(&pool).await.unwrap();
    let reaped = sends::reap(&mut conn, 10).await.unwrap();
    assert_eq!((reaped.requeued, reaped.unknown), (1, 1));
    assert_eq!(stands(&pool, ids[0]).await, "queued lease_expired");
    assert!(!has_day(&pool, ids[0]).await);
    assert_eq!(stands(&pool, ids[1]).await, "unknown lease_expired");
    assert!(has_day(&pool, ids[1]).await, "the mail may have left");
    assert_eq!(
        sends::reap(&mut conn, 10).await.unwrap(),
        sends::Reaped::default()
    );
    let minute = Duration::from_secs(60);
    let due = sends::take_due(&mut conn, minute, minute, 10).await;
    assert_eq!(
        due.unwrap(),
        [(ids[0], Duration::ZERO)],
        "only the one that never left is published again"
    );
    drop(conn);
    assert_eq!(claim(&pool, &ids).await.claimed.len(), 1);
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn settle_under_older_fence_changes_nothing(pool: PgPool) {
    let campaign = testing::campaign(&pool, "c").await;
    let ids = planned(&pool, campaign, &runners(1)).await;
    let stale = granted(&pool, &ids, &LIMITS).await;
    end_leases(&pool).await;
    sends::reap(&mut db::acquire(&pool).await.unwrap(), 10)
        .await
        .unwrap();
    let fresh = granted(&pool, &ids, &LIMITS).await;
    assert_eq!(row(&pool, ids[0]).await.2, 2, "each claim raises the fence");
    assert!(arm(&pool, &stale).await.armed.is_empty());

    let fresh = arm(&pool, &fresh).await.armed.remove(0);
    let mut older = outcome(&fresh, SendState::Sent, None);
    older.fence = 1;
    end_leases(&pool).await;
    sends::reap(&mut db::acquire(&pool).await.unwrap(), 10)
        .await
        .unwrap();
    settle(&pool, &[older]).await;
    assert_eq!(state(&pool, ids[0]).await, "unknown");
    settle(&pool, &[outcome(&fresh, SendState::Sent, None)]).await;
    assert_eq!(state(&pool, ids[0]).await, "sent", "a late answer settles");
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn settle_moves_back_only_by_definite_refusal(pool: PgPool) {
    let campaign = testing::campaign(&pool, "c").await;
    let ids = planned(&pool, campaign, &runners(1)).await;
    let held = armed(&pool, &ids).await.remove(0);
    let throttled = outcome(&held, SendState::Queued, Some(Reason::Throttled));
    settle(&pool, &[throttled]).await;
    assert_eq!(stands(&pool, ids[0]).await, "queued throttled");
    assert!(!has_day(&pool, ids[0]).await, "its day is free again");

    let held = armed(&pool, &ids).await.remove(0);
    settle(&pool, &[outcome(&held, SendState::Sent, None)]).await;
    for (late, reason) in [
        (SendState::Unknown, Some(Reason::NoAnswer)),
        (SendState::Queued, Some(Reason::Throttled)),
    ] {
        settle(&pool, &[outcome(&held, late, reason)]).await;
        assert_eq!(state(&pool, ids[0]).await, "sent", "{late} came late");
    }
}

/// A planned mail does not leave once the newest assessment blocks its person.
#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn claim_newest_assessment_blocks_planned_mail(pool: PgPool) {
    let campaign = testing::campaign(&pool, "c").await;
    let ids = planned(&pool, campaign, &runners(3)).await;
    let newer = "insert into enriched_leads (lead_id, campaign_id, niche, score, notes, compliant, enrichment_version,
                     ai_confidence, method, input_hash, outcome, reason, decision)
                 select lead_id, campaign_id, niche, $2, notes, $3, 2, ai_confidence, method, input_hash,
                        'refused', 'not_compliant', decision
                 from enriched_leads where lead_id = (select lead_id from sends where id = $1)";
    for (id, score, compliant) in [
        (ids[0], 100_i16, false),
        (ids[1], 10, true),
        (ids[2], 100, true),
    ] {
        sqlx::query(newer)
            .bind(id)
            .bind(score)
            .bind(compliant)
            .execute(&pool)
            .await
            .unwrap();
    }
    let claims = claim(&pool, &ids).await;
    assert_eq!(claims.claimed.len(), 1);
    assert_eq!(stands(&pool, ids[0]).await, "refused not_compliant");
    assert_eq!(stands(&pool, ids[1]).await, "refused low_score");
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn claim_gap_beyond_ninety_days_is_held(pool: PgPool) {
    let (first, second) = two_campaigns(&pool).await;
    armed(&pool, &[first]).await;
    execute(
        &pool,
        "update sends set slot_day = current_date - 100 where slot_day is not null",
    )
    .await;
    let mut terms = terms();
    terms.frequency.gap_days = 180;
    let mut conn = db::acquire(&pool).await.unwrap();
    let claims = sends::claim(&mut conn, &[second], &terms).await.unwrap();
    assert!(claims.claimed.is_empty());
    assert_eq!(stands(&pool, second).await, "queued frequency_gap");
    let days: i32 =
        sqlx::query_scalar("select not_before::date - current_date from sends where id = $1")
            .bind(second)
            .fetch_one(&pool)
            .await
            .unwrap();
    assert_eq!(days, 80);
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn claim_unknown_platform_fails_and_names_row(pool: PgPool) {
    let campaign = testing::campaign(&pool, "c").await;
    let ids = planned(&pool, campaign, &runners(1)).await;
    execute(
        &pool,
        "alter table leads drop constraint leads_source_known; update leads set source = 'myspace'",
    )
    .await;
    let mut conn = db::acquire(&pool).await.unwrap();
    let error = sends::claim(&mut conn, &ids, &terms()).await.unwrap_err();
    let lead: i64 = sqlx::query_scalar("select id from leads")
        .fetch_one(&pool)
        .await
        .unwrap();
    let expected = format!("leads.source of row {lead} ");
    assert!(error.to_string().starts_with(&expected), "{error}");
    assert_eq!(state(&pool, ids[0]).await, "queued");
}
