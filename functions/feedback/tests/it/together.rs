//! Many at once: senders claim, arm and settle while events, unsubscribes and complaints come in for
//! the same mailboxes. No deadlocks, and no call after an opt-out.

use rand::{RngExt, SeedableRng, rngs::StdRng, seq::SliceRandom};
use serde_json::json;
use shared::{
    db::{
        PgPool,
        sends::{self, Outcome},
    },
    domain::{quota::Throttling, send_state::SendState},
    testing,
};

use crate::{
    fixture::{Fixture, mailbox_token, runners, wired},
    notifications::{at, complaint, delivery, hard, mail, received, send, soft},
};

/// Claims, arms and settles batches of these sends, in an order of its own.
async fn work(pool: &PgPool, ids: &[i64], seed: u64) -> usize {
    let mut random = StdRng::seed_from_u64(seed);
    let mut ids = ids.to_vec();
    ids.shuffle(&mut random);
    let mut conn = pool.acquire().await.unwrap();
    let mut called = 0;
    for batch in ids.chunks(10) {
        let armed = testing::arm(&mut conn, batch).await.unwrap();
        called += armed.len();
        let outcomes: Vec<_> = armed
            .iter()
            .map(|armed| Outcome {
                message_id: Some(format!("message-{}", armed.send)),
                ..testing::outcome(armed, SendState::Sent, None)
            })
            .collect();
        sends::settle(&mut conn, &outcomes, Throttling::default())
            .await
            .unwrap();
    }
    called
}

/// Events of these sends, most of them about mailboxes that several campaigns write to.
fn events(ids: &[i64], mailboxes: usize, seed: u64) -> Vec<String> {
    let mut random = StdRng::seed_from_u64(seed);
    let mut events = Vec::new();
    for id in ids {
        let mail = mail(*id, usize::try_from(*id).unwrap() % mailboxes);
        events.push(send(&mail).to_string());
        events.push(delivery(&mail, &at(2)).to_string());
        let more = match random.random_range(0..6) {
            0 => hard(&mail),
            1 => complaint(&mail, "abuse"),
            2 | 3 => soft(&mail, &at(random.random_range(0..100))),
            _ => {
                let mut notice = received(&format!("u+{}@example.com", mailbox_token(*id)));
                notice["mail"]["messageId"] = json!(format!("inbound-{id}"));
                notice
            }
        };
        events.push(more.to_string());
    }
    events.shuffle(&mut random);
    events
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn concurrent_senders_and_batches_do_not_deadlock(pool: PgPool) {
    const MAILBOXES: usize = 60;
    let f = Fixture::new(&pool).await;
    let mut ids = f.plan(MAILBOXES).await;
    for name in ["b", "d", "e"] {
        let campaign = testing::campaign(&pool, name).await;
        ids.extend(testing::plan(&pool, campaign, &runners(MAILBOXES)).await);
    }
    // Several campaigns plan for the same leads.
    ids.sort_unstable();
    ids.dedup();
    let feed = async |seed: u64, size: usize| {
        let deps = wired(&pool);
        for batch in events(&ids, MAILBOXES, seed).chunks(size) {
            let event = testing::sqs_event(batch);
            feedback::handle(&deps, event).await.unwrap();
        }
    };
    futures::join!(
        feed(1, 100),
        feed(2, 90),
        feed(3, 11),
        work(&pool, &ids, 4),
        work(&pool, &ids, 5),
        work(&pool, &ids, 6),
    );
    let moved = "select count(*) from sends where state < 'sent'";
    assert_eq!(f.number(moved).await, 0, "every mail has an event");
    let counted = "select sum(sent) from campaign_days";
    assert_eq!(f.number(counted).await, i64::try_from(ids.len()).unwrap());
    let figures = "select sum(bounced) - (select count(*) from sends where bounce = 'hard') from campaign_days";
    assert_eq!(f.number(figures).await, 0);
    let figures = "select sum(complained) - (select count(*) from sends where state = 'complained') from campaign_days";
    assert_eq!(f.number(figures).await, 0);
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn arm_after_opt_out_calls_nothing(pool: PgPool) {
    let f = Fixture::new(&pool).await;
    let ids = f.plan(40).await;
    for (n, id) in ids.iter().enumerate() {
        let token = mailbox_token(*id);
        let mut notice = received(&format!("u+{token}@example.com"));
        notice["mail"]["messageId"] = json!(format!("inbound-{n}"));
        f.report(&notice).await;
    }
    assert_eq!(work(&pool, &ids, 1).await, 0);
}

/// The fifth bounce and the delivery between them come in batches that run at once: the one that waits
/// for the mailbox sees what the other has stored.
#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn simultaneous_batches_of_one_mailbox_serialise(pool: PgPool) {
    let f = Fixture::new(&pool).await;
    let ids = f.plan(20).await;
    let other = wired(&pool);
    let mut bounces = Vec::new();
    let mut deliveries = Vec::new();
    for (n, id) in ids.iter().enumerate() {
        let mail = mail(*id, n);
        bounces.extend((0..5).map(|k| soft(&mail, &at(10 + 2 * k)).to_string()));
        deliveries.push(delivery(&mail, &at(if n % 2 == 0 { 13 } else { 30 })).to_string());
    }
    for round in 0..10 {
        f.execute("delete from send_events").await;
        f.execute("update recipients set suppressed_at = null, suppression_reason = null")
            .await;
        let (a, b) = futures::join!(
            feedback::handle(&f.deps, testing::sqs_event(&bounces)),
            feedback::handle(&other, testing::sqs_event(&deliveries)),
        );
        a.unwrap();
        b.unwrap();
        for (n, id) in ids.iter().enumerate() {
            let reason = (n % 2 == 1).then_some("soft_bounces");
            assert_eq!(
                f.suppression(*id).await.as_deref(),
                reason,
                "{n}, round {round}"
            );
        }
    }
}
