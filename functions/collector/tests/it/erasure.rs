use collector::CollectError;
use serde_json::{Value, json};
use shared::db::PgPool;
use shared::db::installation::{InstallationError, require_key};
use shared::domain::email::EmailAddress;
use shared::testing;

use crate::replay::Answer;
use crate::stage::{Stage, but, counts, person, run};

fn hash(address: &str) -> Vec<u8> {
    let address = EmailAddress::parse(address).unwrap();
    testing::hash_key().hash(&address).0.to_vec()
}

async fn recipients(pool: &PgPool) -> Vec<Value> {
    let sql = "select to_jsonb(r) from recipients r order by email_hash";
    sqlx::query_scalar(sql).fetch_all(pool).await.unwrap()
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn basis_and_suppression_are_left_alone(pool: PgPool) {
    let (stage, _) = Stage::with_list(pool).await;
    stage
        .stand_ins
        .then([Answer::page(&[person("ana"), person("bo")], None)]);
    stage.run_one().await;
    let decided = "insert into recipients
                       (email_hash, country, basis, basis_note, suppressed_at, suppression_reason)
                   values ($1, 'DE', 'consent', 'form of 2026-01-05', null, null),
                          ($2, null, null, null, now(), 'unsubscribed')";
    sqlx::query(decided)
        .bind(hash("ana@example.org"))
        .bind(hash("bo@example.org"))
        .execute(&stage.pool)
        .await
        .unwrap();
    let before = recipients(&stage.pool).await;

    let rows = ["ana", "bo"].map(|name| {
        but(
            person(name),
            &json!({"bio": "Another one.", "country": "FR", "location": "Paris"}),
        )
    });
    stage.stand_ins.then([Answer::page(&rows, None)]);
    assert_eq!(counts(&stage.run_one().await), [0, 2, 0, 0, 0, 0, 0]);
    assert_eq!(recipients(&stage.pool).await, before, "nor its revision");
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn an_erased_recipient_is_dropped_before_storage(pool: PgPool) {
    let (stage, _) = Stage::with_list(pool).await;
    let erased = "insert into recipients (email_hash, erased_at) values ($1, now())";
    sqlx::query(erased)
        .bind(hash("ana@example.org"))
        .execute(&stage.pool)
        .await
        .unwrap();

    let bio = |text: &str| json!({"email": null, "bio": text});
    let rows = [
        person("ana"),
        but(person("other"), &json!({"email": " Ana@EXAMPLE.org "})),
        but(
            person("third"),
            &bio("Coach. Write to ANA@example.org, please"),
        ),
        but(
            person("list"),
            &json!({"id": null, "email": "ana@example.org"}),
        ),
        person("bo"),
    ];
    stage.stand_ins.then([Answer::page(&rows, None)]);
    assert_eq!(counts(&stage.run_one().await), [1, 0, 0, 0, 4, 0, 0]);
    assert_eq!(stage.leads().await.len(), 1);
    let tables = "select string_agg(t::text, ' ') from (
                      select to_jsonb(l) from leads l union all select to_jsonb(s) from sources s
                      union all select to_jsonb(a) from audit_log a
                      union all select to_jsonb(r) from recipients r) t";
    let everything: String = sqlx::query_scalar(tables)
        .fetch_one(&stage.pool)
        .await
        .unwrap();
    assert!(!everything.to_lowercase().contains("ana@example.org"));
    assert!(everything.contains("bo@example.org"));
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn an_erased_lead_stays_empty_whatever_is_collected(pool: PgPool) {
    let (stage, _) = Stage::with_list(pool).await;
    stage.stand_ins.then([Answer::page(&[person("ana")], None)]);
    stage.run_one().await;
    stage.queue.published().await;
    let erase = "update leads set erased_at = now(), name = null, email = null, bio = null,
                     raw = null, website = null, location = null, profile_url = null,
                     follower_count = null, enrich_requested_at = null";
    sqlx::query(erase).execute(&stage.pool).await.unwrap();
    let before = stage.everything().await;

    // Again by its id, by its name alone, with another address, and for another campaign.
    let other = testing::campaign(&stage.pool, "other").await;
    testing::source(&stage.pool, other, "list", "simulated", json!({})).await;
    for row in [
        person("ana"),
        but(person("ana"), &json!({"id": null})),
        but(
            person("ana"),
            &json!({"email": "new@example.net", "username": "renamed"}),
        ),
    ] {
        let answers = [0, 1].map(|_| Answer::page(std::slice::from_ref(&row), None));
        stage.stand_ins.then(answers);
        for report in stage.run().await {
            assert_eq!(counts(&report), [0, 0, 0, 0, 1, 0, 0]);
        }
    }
    assert_eq!(stage.everything().await, before);
    assert_eq!(stage.queue.published().await, Vec::<i64>::new());
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn opt_out_of_one_alias_stops_the_others(pool: PgPool) {
    let (stage, _) = Stage::with_list(pool).await;
    let rows = [
        ("ana", "ana.fit@gmail.com"),
        ("anita", "anafit+ig@googlemail.com"),
        ("bo", "bo@example.org"),
        ("bob", "bo+list@example.org"),
        ("cy", "anafit@example.org"),
    ];
    let rows = rows.map(|(name, email)| but(person(name), &json!({"email": email})));
    stage.stand_ins.then([Answer::page(&rows, None)]);
    stage.run_one().await;
    assert_eq!(
        stage.lead("anita").await["email"],
        "anafit+ig@googlemail.com",
        "mail goes to the address as given"
    );

    for address in ["AnaFit@gmail.com", "bo@example.org"] {
        let opt_out = "insert into recipients (email_hash, suppressed_at, suppression_reason)
                       values ($1, now(), 'unsubscribed')";
        sqlx::query(opt_out)
            .bind(hash(address))
            .execute(&stage.pool)
            .await
            .unwrap();
    }
    let suppressed = "select username from leads join recipients using (email_hash)
                      where suppressed_at is not null order by username";
    let suppressed: Vec<String> = sqlx::query_scalar(suppressed)
        .fetch_all(&stage.pool)
        .await
        .unwrap();
    assert_eq!(suppressed, ["ana", "anita", "bo", "bob"]);
}

/// No opt-out and no erasure would be found under another key.
#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn collector_under_another_key_stores_nothing(pool: PgPool) {
    let (stage, _) = Stage::with_list(pool).await;
    let mut conn = stage.pool.acquire().await.unwrap();
    require_key(&mut conn, &[8; 32]).await.unwrap();
    drop(conn);
    stage.stand_ins.then([Answer::page(&[person("ana")], None)]);
    let refused = run(&stage.deps).await;
    assert!(
        matches!(
            refused,
            Err(CollectError::Installation(InstallationError::OtherKey))
        ),
        "{refused:?}"
    );
    assert_eq!(stage.leads().await, [json!({}); 0]);
}
