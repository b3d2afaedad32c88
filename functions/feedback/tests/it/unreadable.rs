//! What can never be read: quarantined with its reason, kept among the dead letters, and read once it can be.

use serde_json::json;
use shared::db::PgPool;
use simulated::{QueueSettings, Settings, Simulated};

use crate::{
    fixture::{Fixture, TOPIC, wired_to},
    notifications::{complaint, envelope, example, mail, send},
};

fn stand_ins() -> Simulated {
    Simulated::start(Settings {
        leads: 0,
        ..Settings::default()
    })
    .unwrap()
}

/// Bodies that say nothing about any mail of ours.
fn unreadable(send_id: i64) -> Vec<String> {
    let foreign = "arn:aws:sns:us-east-1:000000000000:other";
    vec![
        "null".to_owned(),
        "not a notice".to_owned(),
        json!({"v": 1, "id": 7}).to_string(),
        json!({"eventType": "Send"}).to_string(),
        json!({"eventType": "Send", "mail": {"messageId": "a\u{0}b"}}).to_string(),
        json!({"eventType": 7, "mail": mail(send_id, 0)}).to_string(),
        envelope(&send(&mail(send_id, 0)).to_string(), foreign),
        example("envelope_foreign_topic"),
        envelope("{}", TOPIC),
    ]
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn unreadable_bodies_are_kept_and_named(pool: PgPool) {
    let stand_ins = stand_ins();
    let kept = stand_ins.sqs().create("kept", QueueSettings::default());
    let mut f = Fixture::new(&pool).await;
    f.deps = wired_to(&pool, &stand_ins.aws_base(), &stand_ins.queue_url(&kept));
    let ids = f.plan(2).await;
    let unreadable = unreadable(ids[0]);
    let mut bodies = vec![send(&mail(ids[0], 0)).to_string()];
    bodies.extend(unreadable.iter().cloned());
    bodies.push(send(&mail(ids[1], 1)).to_string());
    let answer = f.deliver(&bodies).await;
    assert_eq!(answer["batchItemFailures"], json!([]), "each is kept");
    assert_eq!(f.state(ids[0]).await, "sent");
    assert_eq!(f.state(ids[1]).await, "sent");
    let reasons = f.number("select count(*) from quarantine").await;
    assert_eq!(usize::try_from(reasons).unwrap(), unreadable.len());
    let mut bodies = kept.bodies();
    let mut expected = unreadable;
    bodies.sort();
    expected.sort();
    assert_eq!(bodies, expected, "as they came");
}

/// A dead-letter queue that is away: the message comes again, and its neighbours do not.
#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn unreadable_body_comes_again_until_kept(pool: PgPool) {
    let mut f = Fixture::new(&pool).await;
    let ids = f.plan(1).await;
    let bodies = [
        send(&mail(ids[0], 0)).to_string(),
        "not a notice".to_owned(),
    ];
    for _ in 0..2 {
        let answer = f.deliver(&bodies).await;
        assert_eq!(
            answer["batchItemFailures"],
            json!([{"itemIdentifier": "message-1"}])
        );
        assert_eq!(f.number("select count(*) from quarantine").await, 1);
    }
    let stand_ins = stand_ins();
    let kept = stand_ins.sqs().create("kept", QueueSettings::default());
    f.deps = wired_to(&pool, &stand_ins.aws_base(), &stand_ins.queue_url(&kept));
    let answer = f.deliver(&bodies).await;
    assert_eq!(answer["batchItemFailures"], json!([]));
    assert_eq!(kept.bodies(), ["not a notice"]);
}

/// A wrapping that an older version could not read: moved back, the complaint takes effect.
#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn dead_letter_moved_back_takes_effect(pool: PgPool) {
    let stand_ins = stand_ins();
    let kept = stand_ins.sqs().create("kept", QueueSettings::default());
    let mut f = Fixture::new(&pool).await;
    let id = f.plan(1).await[0];
    let body = complaint(&mail(id, 0), "abuse").to_string();
    kept.send(&body, std::time::Duration::ZERO);
    f.deps = wired_to(&pool, &stand_ins.aws_base(), &stand_ins.queue_url(&kept));
    let moved = kept.bodies();
    f.deliver(&moved).await;
    assert_eq!(f.suppression(id).await.as_deref(), Some("complained"));
    assert_eq!(f.state(id).await, "complained");
}
