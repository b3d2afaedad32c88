//! Envelopes, greetings, and what can never be read.

use serde_json::json;
use shared::{db::PgPool, testing::Statements};

use crate::{
    fixture::{Fixture, TOPIC},
    notices::{delivery, envelope, example, mail, send, text, untagged},
};

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn the_same_event_in_other_wrappings_is_one(pool: PgPool) {
    let f = Fixture::new(&pool).await;
    let id = f.plan(1).await[0];
    let at = crate::notices::at(2);
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
async fn poison_is_put_aside_and_its_neighbours_go_on(pool: PgPool) {
    let f = Fixture::new(&pool).await;
    let ids = f.plan(2).await;
    let poison = [
        String::new(),
        "null".to_owned(),
        "not a notice".to_owned(),
        json!({"v": 1, "id": 7}).to_string(),
        json!({"eventType": "Send"}).to_string(),
        json!({"eventType": "Send", "mail": {"messageId": "m"}}).to_string(),
        json!({"eventType": "Send", "mail": {"messageId": "a\u{0}b", "timestamp": text(chrono::DateTime::UNIX_EPOCH)}})
            .to_string(),
        json!({"eventType": 7, "mail": mail(ids[0], 0)}).to_string(),
        envelope(&send(&mail(ids[0], 0)).to_string(), "arn:aws:sns:us-east-1:000000000000:other"),
        example("envelope_foreign_topic"),
        example("envelope_subscription_confirmation"),
        envelope("{}", TOPIC),
    ];
    let mut bodies = vec![send(&mail(ids[0], 0)).to_string()];
    bodies.extend(poison.iter().cloned());
    bodies.push(send(&mail(ids[1], 1)).to_string());
    for _ in 0..2 {
        let answer = f.deliver(&bodies).await;
        assert_eq!(answer["batchItemFailures"], json!([]));
        assert_eq!(f.state(ids[0]).await, "sent");
        assert_eq!(f.state(ids[1]).await, "sent");
        let put_aside = f.number("select count(*) from quarantine").await;
        assert_eq!(usize::try_from(put_aside).unwrap(), poison.len());
    }
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn words_that_are_no_words_are_stored_harmlessly(pool: PgPool) {
    let f = Fixture::new(&pool).await;
    let ids = f.plan(1).await;
    let mut odd = crate::notices::bounce(
        &mail(ids[0], 0),
        "Transient\u{0}",
        "ana@example.org; drop table",
        &crate::notices::at(3),
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
async fn a_batch_is_one_statement_whatever_its_size(pool: PgPool) {
    let f = Fixture::new(&pool).await;
    let ids = f.plan(100).await;
    // The first batch marks the database with its key.
    f.deliver(&[example("validation")]).await;
    for size in [1, 10, 100] {
        let bodies: Vec<_> = (0..size)
            .map(|n| delivery(&mail(ids[n], n), &crate::notices::at(2)).to_string())
            .collect();
        let statements = Statements::count();
        f.deliver(&bodies).await;
        assert_eq!(statements.seen(), 2, "{:?}", statements.texts());
    }
    let statements = Statements::count();
    f.deliver(&[example("validation")]).await;
    assert_eq!(statements.seen(), 1, "the key, and nothing to store");
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn being_woken_without_messages_does_nothing(pool: PgPool) {
    let f = Fixture::new(&pool).await;
    let answer = feedback::handle(&f.deps, json!({})).await.unwrap();
    assert_eq!(answer, json!({}));
    assert!(
        feedback::handle(&f.deps, json!({"Records": 7}))
            .await
            .is_err()
    );
}
