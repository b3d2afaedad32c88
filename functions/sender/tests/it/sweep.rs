//! What was left behind is found again.

use std::time::Duration;

use chrono::NaiveDate;
use serde_json::json;
use shared::db::{self, PgPool, console::figures, waiting};

use crate::{
    fixture::{Fixture, in_time, runners},
    ses::{FailingSes, Fault},
};

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn lost_message_is_published_again_once(pool: PgPool) {
    let quiet = FailingSes::start(Fault::None).await;
    let f = Fixture::new(&pool, quiet.sdk(), &[]).await;
    let ids = f.plan(&runners("lost", 3)).await;
    let sweep = async || sender::handle(&f.deps, json!({}), in_time()).await.unwrap();
    assert_eq!(sweep().await["published"], 0, "published a moment ago");
    f.execute("update sends set send_requested_at = now() - interval '11 min'")
        .await;
    assert_eq!(sweep().await["published"], 3);
    assert_eq!(sweep().await["published"], 0);
    assert_eq!(f.queue.published().await, ids);
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn what_waited_is_announced_when_it_is_due(pool: PgPool) {
    let slow = FailingSes::start(Fault::Error(400, "Throttling", "Slow down.")).await;
    let f = Fixture::new(&pool, slow.sdk(), &[]).await;
    let ids = f.plan(&runners("due", 2)).await;
    f.deliver(&ids).await.unwrap();
    let sweep = async || sender::handle(&f.deps, json!({}), in_time()).await.unwrap();
    f.execute("update sends set not_before = now() + interval '2 min'")
        .await;
    assert_eq!(
        sweep().await["published"],
        0,
        "not due before the next sweep"
    );
    f.execute("update sends set not_before = now() + interval '1 min'")
        .await;
    assert_eq!(sweep().await["published"], 2);
    assert_eq!(f.queue.delayed().await, 2, "each for its own moment");
    assert_eq!(sweep().await["published"], 0, "once");
    // As if the wait were over: published before it, due since a second.
    f.execute("update sends set send_requested_at = now() - interval '1 min', not_before = now() - interval '1 s'").await;
    assert_eq!(sweep().await["published"], 2);
    let mut published = f.queue.published().await;
    published.sort_unstable();
    assert_eq!(published, {
        let mut ids = ids;
        ids.sort_unstable();
        ids
    });
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn sweep_twice_adds_figures_once(pool: PgPool) {
    let quiet = FailingSes::start(Fault::None).await;
    let f = Fixture::new(&pool, quiet.sdk(), &[]).await;
    f.plan(&runners("counted", 3)).await;
    // As if an hour had passed.
    for statement in [
        "update figures_state set folded_until = now() - interval '2 hours'",
        "update lead_sources set found_at = found_at - interval '1 hour'",
        "update enriched_leads set created_at = created_at - interval '1 hour'",
        "update audit_log set at = at - interval '1 hour'",
    ] {
        f.execute(statement).await;
    }
    // A moment old: the pages count them.
    f.plan(&runners("young", 2)).await;
    for _ in 0..2 {
        sender::handle(&f.deps, json!({}), in_time()).await.unwrap();
        let added: (i64, i64) =
            sqlx::query_as("select sum(found)::bigint, sum(planned)::bigint from figures_hours")
                .fetch_one(&pool)
                .await
                .unwrap();
        assert_eq!(added, (3, 3));
    }
    let mut conn = db::acquire(&pool).await.unwrap();
    let days: Vec<NaiveDate> =
        sqlx::query_scalar("select distinct (found_at at time zone 'utc')::date from lead_sources")
            .fetch_all(&pool)
            .await
            .unwrap();
    for day in days {
        assert_eq!(figures::recount(&mut conn, day).await.unwrap(), []);
    }
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn abandoned_claim_is_due_at_once(pool: PgPool) {
    let quiet = FailingSes::start(Fault::None).await;
    let f = Fixture::new(&pool, quiet.sdk(), &[]).await;
    let ids = f.plan(&runners("left", 1)).await;
    f.execute(
        "update sends set state = 'claimed', fence = 1, lease_until = now() - interval '1 s'",
    )
    .await;
    let swept = sender::handle(&f.deps, json!({}), in_time()).await.unwrap();
    assert_eq!(swept, json!({"published": 1, "requeued": 1, "unknown": 0}));
    assert_eq!(f.queue.published().await, ids);
    f.deliver(&ids).await.unwrap();
    assert_eq!(f.send(ids[0]).await.0, "sent");
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn unknown_send_waits_until_a_person_decides(pool: PgPool) {
    let quiet = FailingSes::start(Fault::None).await;
    let f = Fixture::new(&pool, quiet.sdk(), &[]).await;
    f.plan(&runners("who", 2)).await;
    let waiting = async || {
        let mut conn = db::acquire(&pool).await.unwrap();
        let (timeout, recent) = (Duration::from_secs(900), Duration::from_secs(86_400));
        let waiting = waiting::count(&mut conn, timeout, recent).await.unwrap();
        (waiting.unresolved_sends, waiting.open_breakers)
    };
    f.execute("update sends set state = 'unknown', reason = 'no_answer', updated_at = now()")
        .await;
    assert_eq!(waiting().await, (0, 0), "an event may still come");
    f.execute("update sends set updated_at = now() - interval '16 min'")
        .await;
    f.execute("insert into breakers (campaign_id, opened_at, reason, figures) select id, now(), 'bounce_rate', '{}' from campaigns").await;
    assert_eq!(waiting().await, (2, 1));
    f.execute("update sends set reason = 'given_up', updated_at = now() - interval '16 min' where id = (select min(id) from sends)").await;
    assert_eq!(waiting().await, (1, 1));
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn waiting_counts_each_kind_while_it_waits(pool: PgPool) {
    let quiet = FailingSes::start(Fault::None).await;
    let f = Fixture::new(&pool, quiet.sdk(), &[("METRIC_NAMESPACE", "outreach")]).await;
    f.plan(&runners("wait", 1)).await;
    let waiting = async || {
        // As the sender, which sees no more than it has to.
        sender::handle(&f.deps, json!({}), in_time()).await.unwrap();
        let mut conn = db::acquire(&pool).await.unwrap();
        let (timeout, recent) = (Duration::from_secs(900), Duration::from_secs(86_400));
        let waiting = waiting::count(&mut conn, timeout, recent).await.unwrap();
        waiting.metrics().map(|(_, count)| count)
    };
    assert_eq!(waiting().await, [0; 5]);
    for statement in [
        "update sends set state = 'unknown', reason = 'no_answer', updated_at = now() - interval '16 min'",
        "insert into breakers (campaign_id, opened_at, reason, figures) select id, now(), 'bounce_rate', '{}' from campaigns",
        "update sources set needs_attention = true",
        "insert into quarantine (queue, message_id, reason, payload_hash) values ('q', 'm', 'r', '')",
        "insert into send_events (event_key, ses_message_id, kind, at, suppression) values ('k', 'm', 'received', now(), 'unsubscribed')",
    ] {
        f.execute(statement).await;
    }
    assert_eq!(waiting().await, [1; 5]);
    for statement in [
        "update sends set reason = 'given_up'",
        "update breakers set opened_at = null",
        "update sources set enabled = false",
        "update quarantine set created_at = now() - interval '25 h'",
        "update send_events set received_at = now() - interval '25 h'",
    ] {
        f.execute(statement).await;
    }
    assert_eq!(waiting().await, [0; 5]);
}
