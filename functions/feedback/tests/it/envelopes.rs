//! Envelopes, and how much a batch costs.

use serde_json::{Value, json};
use shared::{db::PgPool, testing::Statements};

use crate::{
    fixture::{Fixture, TOPIC},
    notifications::{at, delivery, envelope, example, hard, mail, send, soft, untagged},
};

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn event_in_other_envelopes_is_stored_once(pool: PgPool) {
    let f = Fixture::new(&pool).await;
    let id = f.plan(1).await[0];
    let at = at(2);
    let raw = delivery(&mail(id, 0), &at);
    // As LocalStack writes times.
    let mut offset = raw.clone();
    offset["delivery"]["timestamp"] = json!(at.replace('Z', "000+00:00"));
    f.deliver(&[
        untagged(&raw).to_string(),
        raw.to_string(),
        envelope(&raw.to_string(), TOPIC),
        offset.to_string(),
    ])
    .await;
    assert_eq!(f.number("select count(*) from send_events").await, 1);
    assert_eq!(f.state(id).await, "delivered");
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn odd_words_are_stored_as_plain_text(pool: PgPool) {
    let f = Fixture::new(&pool).await;
    let ids = f.plan(1).await;
    let mut odd = crate::notifications::bounce(
        &mail(ids[0], 0),
        "Transient\u{0}",
        "ana@example.org; drop table",
        &crate::notifications::at(3),
    );
    odd["bounce"]["feedbackId"] = json!("\u{0}\u{1}");
    f.report(&odd).await;
    let mut long = send(&mail(ids[0], 0));
    long["eventType"] = json!("Ünknown\u{0}".repeat(100));
    f.report(&long).await;
    assert_eq!(f.number("select count(*) from send_events").await, 2);
    assert_eq!(
        f.number("select count(*) from send_events where detail like '%@%'")
            .await,
        0
    );
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn statements_do_not_grow_with_the_batch(pool: PgPool) {
    let f = Fixture::new(&pool).await;
    let ids = f.plan(300).await;
    // No breaker opens.
    f.execute("insert into campaign_days (campaign_id, day, sent) select id, now(), 1000000 from campaigns")
        .await;
    // The first batch marks the database with its key.
    f.deliver(&[example("validation")]).await;
    let mut seen = Vec::new();
    for (turn, size) in [1, 10, 100].into_iter().enumerate() {
        let first = turn * 100;
        let bodies = |event: fn(&Value, usize) -> Value| -> Vec<String> {
            (first..first + size)
                .map(|n| event(&mail(ids[n], n), n).to_string())
                .collect()
        };
        // Mails that their sender has not settled, then all that can follow, then nothing new.
        let sent = bodies(|mail, _| send(mail));
        let mut rest = bodies(|mail, n| match n % 3 {
            0 => soft(mail, &at(3)),
            1 => hard(mail),
            _ => delivery(mail, &at(2)),
        });
        rest.push(soft(&mail(ids[first], first), &at(4)).to_string());
        rest.push(hard(&mail(ids[first], first)).to_string());
        let mut counts = Vec::new();
        for batch in [&sent, &rest, &rest] {
            let statements = Statements::count();
            f.deliver(batch).await;
            counts.push(statements.seen());
        }
        seen.push(counts);
    }
    assert_eq!(seen, [seen[0].clone(), seen[0].clone(), seen[0].clone()]);
    assert!(seen[0].iter().all(|count| *count <= 16), "{:?}", seen[0]);
    let statements = Statements::count();
    f.deliver(&[example("validation")]).await;
    assert_eq!(statements.seen(), 1, "the key, and nothing to store");
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn event_without_messages_does_nothing(pool: PgPool) {
    let f = Fixture::new(&pool).await;
    let answer = feedback::handle(&f.deps, json!({})).await.unwrap();
    assert_eq!(answer, json!({}));
    assert!(
        feedback::handle(&f.deps, json!({"Records": 7}))
            .await
            .is_err()
    );
}
