//! What goes out, once, and what does not.

use sender::SendError;
use serde_json::json;
use shared::{
    db::{
        self, PgPool,
        installation::{self, InstallationError},
    },
    domain::{gate::GATE_VERSION, lead::NewLead},
    testing,
};

use crate::{
    fixture::{Fixture, in_time, runners},
    ses::{self, FailingSes, Fault},
};

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn planned_mail_delivered_often_sent_once(pool: PgPool) {
    let f = Fixture::new(&pool, ses::local().await, &[]).await;
    let once = format!("once{}x", testing::unique(&pool).await);
    let ids = f.plan(&runners(&once, 10)).await;
    let (other, third) = (f.another(), f.another());
    let event = || testing::rows_event(&[ids.clone(), ids.clone()].concat());
    let (a, b, c) = tokio::join!(
        sender::handle(&f.deps, event(), in_time()),
        sender::handle(&other, event(), in_time()),
        sender::handle(&third, event(), in_time()),
    );
    for response in [a, b, c] {
        assert_eq!(response.unwrap(), json!({"batchItemFailures": []}));
    }
    f.deliver(&ids).await.unwrap();
    for (n, id) in ids.iter().enumerate() {
        assert_eq!(f.send(*id).await, ("sent".to_owned(), None));
        assert_eq!(
            ses::mails_to(&f.sdk, &format!("{once}{n}@example.org")).await,
            1,
            "mail {n}"
        );
    }
    let marked: i64 =
        sqlx::query_scalar("select count(*) from enriched_leads where sent and contacted")
            .fetch_one(&pool)
            .await
            .unwrap();
    assert_eq!(marked, 10);
    let message_ids: i64 = sqlx::query_scalar("select count(distinct ses_message_id) from sends")
        .fetch_one(&pool)
        .await
        .unwrap();
    assert_eq!(message_ids, 10);
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn sender_under_another_key_sends_nothing(pool: PgPool) {
    let quiet = FailingSes::start(Fault::None).await;
    let f = Fixture::new(&pool, quiet.sdk(), &[]).await;
    let ids = f.plan(&runners("key", 2)).await;
    // The first invocation marks the database with the key.
    sender::handle(&f.deps, json!({}), in_time()).await.unwrap();
    let other = f.configured(&[("RECIPIENT_HASH_KEY", &"08".repeat(32))]);
    for event in [testing::rows_event(&ids), json!({})] {
        for _ in 0..2 {
            let refused = sender::handle(&other, event.clone(), in_time()).await;
            assert!(matches!(
                refused,
                Err(SendError::Installation(InstallationError::OtherKey))
            ));
        }
    }
    assert_eq!(quiet.calls(), 0);
    assert_eq!(f.send(ids[0]).await, ("queued".to_owned(), None));
    f.deliver(&ids).await.unwrap();
    assert_eq!(quiet.calls(), 2, "the old key works as before");
}

/// A restored backup does not know what left after it was taken.
#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn sender_on_restored_database_sends_nothing(pool: PgPool) {
    let quiet = FailingSes::start(Fault::None).await;
    let f = Fixture::new(&pool, quiet.sdk(), &[]).await;
    let ids = f.plan(&runners("restored", 2)).await;
    // The first invocation marks the database with its place.
    sender::handle(&f.deps, json!({}), in_time()).await.unwrap();
    f.execute("update installation set origin = 'another server'")
        .await;
    for event in [testing::rows_event(&ids), json!({})] {
        let refused = sender::handle(&f.deps, event, in_time()).await;
        assert!(
            matches!(
                refused,
                Err(SendError::Installation(InstallationError::Moved))
            ),
            "{refused:?}"
        );
    }
    assert_eq!(quiet.calls(), 0);
    assert_eq!(f.send(ids[0]).await, ("queued".to_owned(), None));
    let mut conn = db::acquire(&pool).await.unwrap();
    let address = db::address(&testing::database_url(&pool)).unwrap();
    let (_, now) = installation::origin(&mut conn, &address).await.unwrap();
    installation::confirm_origin(&mut conn, &now, "operator:dana")
        .await
        .unwrap();
    f.deliver(&ids).await.unwrap();
    assert_eq!(quiet.calls(), 2, "a person has confirmed");
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn refusal_records_rule_and_facts(pool: PgPool) {
    let quiet = FailingSes::start(Fault::None).await;
    let f = Fixture::new(&pool, quiet.sdk(), &[]).await;
    let german = NewLead {
        country: "DE".parse().ok(),
        ..testing::new_lead("german")
    };
    let french = NewLead {
        country: "FR".parse().ok(),
        ..testing::new_lead("french")
    };
    let gone = testing::new_lead("gone");
    let edited = testing::new_lead("edited");
    let bare = testing::new_lead("bare");
    let ids = f.plan(&[german, french, gone, edited, bare]).await;
    sqlx::query("update recipients set suppressed_at = now(), suppression_reason = 'unsubscribed' where email_hash = $1")
        .bind(testing::new_lead("gone").email.unwrap().1.0)
        .execute(&pool)
        .await
        .unwrap();
    f.execute("update enriched_leads e set message = 'Another text.' from leads l where l.id = e.lead_id and l.username = 'edited'").await;
    f.execute("update leads set email = null, email_hash = null where username = 'bare'")
        .await;

    f.deliver(&ids).await.unwrap();
    let expected = [
        ("refused", "consent_needed"),
        ("review", "country_review"),
        ("refused", "suppressed"),
        ("refused", "content_changed"),
        ("refused", "address_changed"),
    ];
    for (id, (state, reason)) in ids.iter().zip(expected) {
        assert_eq!(
            f.send(*id).await,
            (state.to_owned(), Some(reason.to_owned()))
        );
        let (rule, version): (String, i64) = sqlx::query_as(
            "select decision ->> 'reason', (decision ->> 'gate')::bigint from sends where id = $1",
        )
        .bind(id)
        .fetch_one(&pool)
        .await
        .unwrap();
        assert_eq!((rule.as_str(), version), (reason, GATE_VERSION.into()));
    }
    assert_eq!(quiet.calls(), 0);
    let slots: i64 = sqlx::query_scalar("select coalesce(sum(day_taken), 0) from rate_limits")
        .fetch_one(&pool)
        .await
        .unwrap();
    assert_eq!(slots, 0, "nothing is granted to what is refused");
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn deferred_send_is_due_later(pool: PgPool) {
    let quiet = FailingSes::start(Fault::None).await;
    let off = Fixture::new(&pool, quiet.sdk(), &[("SENDING_ENABLED", "false")]).await;
    let ids = off.plan(&runners("wait", 3)).await;
    off.deliver(&ids[..1]).await.unwrap();
    assert_eq!(
        off.send(ids[0]).await,
        ("queued".to_owned(), Some("sending_disabled".to_owned()))
    );

    let on = Fixture::new(&pool, quiet.sdk(), &[]).await;
    on.deliver(&ids[..1]).await.unwrap();
    assert_eq!(quiet.calls(), 0, "it is not due yet");
    on.execute("update campaigns set daily_cap = 1").await;
    on.deliver(&ids[1..]).await.unwrap();
    let mut left: Vec<_> = [on.send(ids[1]).await, on.send(ids[2]).await].into();
    left.sort();
    assert_eq!(left[0], ("queued".to_owned(), Some("daily_cap".to_owned())));
    assert_eq!(left[1], ("sent".to_owned(), None));
    assert_eq!(quiet.calls(), 1);
    let in_the_future: bool =
        sqlx::query_scalar("select bool_and(not_before > now()) from sends where state = 'queued'")
            .fetch_one(&pool)
            .await
            .unwrap();
    assert!(in_the_future);
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn junk_message_is_quarantined_alone(pool: PgPool) {
    let quiet = FailingSes::start(Fault::None).await;
    let f = Fixture::new(&pool, quiet.sdk(), &[]).await;
    let ids = f.plan(&runners("junk", 1)).await;
    let good = format!(r#"{{"v":1,"id":{}}}"#, ids[0]);
    let event = testing::sqs_event(&["junk", r#"{"v":9,"id":1}"#, &good, r#"{"v":1,"id":999999}"#]);
    for _ in 0..2 {
        let response = sender::handle(&f.deps, event.clone(), in_time())
            .await
            .unwrap();
        assert_eq!(response, json!({"batchItemFailures": []}));
    }
    assert_eq!(f.send(ids[0]).await.0, "sent");
    let reasons: Vec<String> =
        sqlx::query_scalar("select reason from quarantine order by message_id")
            .fetch_all(&pool)
            .await
            .unwrap();
    assert_eq!(reasons.len(), 2, "{reasons:?}");
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn batch_near_deadline_is_not_begun(pool: PgPool) {
    let quiet = FailingSes::start(Fault::None).await;
    let f = Fixture::new(&pool, quiet.sdk(), &[]).await;
    let ids = f.plan(&runners("late", 1)).await;
    let soon = shared::deadline::Deadline::within(std::time::Duration::from_secs(5));
    let response = sender::handle(&f.deps, testing::rows_event(&ids), soon)
        .await
        .unwrap();
    assert_eq!(
        response,
        json!({"batchItemFailures": [{"itemIdentifier": "message-0"}]})
    );
    assert_eq!(
        (f.send(ids[0]).await.0.as_str(), quiet.calls()),
        ("queued", 0)
    );
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn batch_costs_same_statements_at_any_size(pool: PgPool) {
    let quiet = FailingSes::start(Fault::None).await;
    let f = Fixture::new(&pool, quiet.sdk(), &[]).await;
    let ids = f.plan(&runners("many", 112)).await;
    // The first batch confirms where the database is, and begins to count its campaign.
    f.deliver(&ids[111..]).await.unwrap();
    for batch in [&ids[..1], &ids[1..11], &ids[11..111]] {
        let counted = testing::Statements::count();
        f.deliver(batch).await.unwrap();
        let plain = counted.texts();
        let plain = plain
            .iter()
            .filter(|t| !matches!(t.as_str(), "BEGIN" | "COMMIT"));
        assert_eq!(
            plain.count(),
            15,
            "for {} sends: {:#?}",
            batch.len(),
            counted.texts()
        );
    }
    assert_eq!(quiet.calls(), 112);
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn changed_address_refuses_planned_mail(pool: PgPool) {
    let quiet = FailingSes::start(Fault::None).await;
    let f = Fixture::new(&pool, quiet.sdk(), &[]).await;
    let ids = f.plan(&runners("moved", 1)).await;
    // The profile names another address by now, and its owner has opted out.
    let other = testing::new_lead("other").email.unwrap();
    sqlx::query("insert into recipients (email_hash, suppressed_at, suppression_reason) values ($1, now(), 'unsubscribed')")
        .bind(other.1.0)
        .execute(&pool)
        .await
        .unwrap();
    sqlx::query("update leads set email = $1, email_hash = $2")
        .bind(other.0.as_str())
        .bind(other.1.0)
        .execute(&pool)
        .await
        .unwrap();
    f.deliver(&ids).await.unwrap();
    let refused = ("refused".to_owned(), Some("address_changed".to_owned()));
    assert_eq!((f.send(ids[0]).await, quiet.calls()), (refused, 0));
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn repeated_messages_keep_daily_cap(pool: PgPool) {
    let quiet = FailingSes::start(Fault::None).await;
    let f = Fixture::new(&pool, quiet.sdk(), &[]).await;
    let ids = f.plan(&runners("cap", 6)).await;
    f.execute("update campaigns set daily_cap = 3").await;
    f.deliver(&ids[..3]).await.unwrap();
    f.deliver(&ids).await.unwrap();
    assert_eq!(quiet.calls(), 3);
}
