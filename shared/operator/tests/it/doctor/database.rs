//! The doctor on a database: out of reach, of another version or key, or with work for a person.

use shared::db::{MIGRATOR, PgPool};
use shared::testing;
use url::Url;

use super::{HEALTHY, Stack, assert_finds};

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn doctor_names_fault_of_database(pool: PgPool) {
    let stack = Stack::new(&pool).await;
    let execute = async |statement: String| {
        sqlx::query(sqlx::AssertSqlSafe(statement))
            .execute(&pool)
            .await
            .unwrap();
    };
    let wrong = ("fail", "hash key", "is not the key");
    execute(format!(
        "update installation set key_fingerprint = '\\x{}'",
        "00".repeat(32)
    ))
    .await;
    assert_finds(&stack.settings, HEALTHY, wrong);
    execute("update installation set key_fingerprint = null, origin = 'elsewhere'".to_owned())
        .await;
    assert_finds(
        &stack.settings,
        HEALTHY,
        ("fail", "origin", "moved or restored"),
    );
    execute("update installation set origin = null".to_owned()).await;
    execute(
        "insert into quarantine (queue, message_id, reason, payload_hash) values ('q', 'm', 'r', '')"
            .to_owned(),
    )
    .await;
    assert_finds(
        &stack.settings,
        HEALTHY,
        ("warn", "waiting", "in quarantine"),
    );

    let newest = MIGRATOR
        .iter()
        .map(|migration| migration.version)
        .max()
        .unwrap();
    execute(format!(
        "delete from _sqlx_migrations where version = {newest}"
    ))
    .await;
    assert_finds(
        &stack.settings,
        HEALTHY,
        ("fail", "schema", "1 migration not applied"),
    );

    execute(
        "insert into _sqlx_migrations (version, description, success, checksum, execution_time)
             values (9999, 'later', true, '\\x01', 1)"
            .to_owned(),
    )
    .await;
    let newer = ("fail", "schema", "is not the one of this version");
    assert_finds(&stack.settings, HEALTHY, newer);
    execute("drop table _sqlx_migrations".to_owned()).await;
    assert_finds(&stack.settings, HEALTHY, newer);
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn doctor_tells_why_database_is_out_of_reach(pool: PgPool) {
    let stack = Stack::new(&pool).await;
    let url = Url::parse(&stack.settings["DATABASE_URL"]).unwrap();
    let mut other_role = url.clone();
    other_role.set_username("nobody_we_know").unwrap();
    let mut other_name = url;
    other_name.set_path("/no_such_database");
    for (url, advice) in [
        ("postgres://app@127.0.0.1:9/outreach", "whether it runs"),
        (other_role.as_str(), "user and password"),
        (other_name.as_str(), "name at the end"),
    ] {
        let settings = stack.with("DATABASE_URL", url);
        let found = assert_finds(
            &settings,
            HEALTHY,
            ("fail", "database", "reach the database"),
        );
        assert!(
            found["advice"].as_str().unwrap().contains(advice),
            "{found}"
        );
    }
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn doctor_names_what_waits_for_a_person(pool: PgPool) {
    let stack = Stack::new(&pool).await;
    let campaign = testing::campaign(&pool, "spring").await;
    let ids = testing::plan(&pool, campaign, &[testing::new_lead("ana")]).await;
    sqlx::query("alter table sends disable trigger user")
        .execute(&pool)
        .await
        .unwrap();
    sqlx::query(
        "update sends set state = 'unknown', reason = 'no_answer', attempts = 1,
                          updated_at = now() - interval '1 hour' where id = $1",
    )
    .bind(ids[0])
    .execute(&pool)
    .await
    .unwrap();
    let lost = ("warn", "waiting", "mails that may or may not have left: 1");
    assert_finds(&stack.settings, HEALTHY, lost);
    sqlx::query("delete from sends")
        .execute(&pool)
        .await
        .unwrap();
    sqlx::query(
        "insert into breakers (campaign_id, opened_at, reason, figures)
         select id, now(), 'bounce_rate', '{\"sent\": 300}' from campaigns",
    )
    .execute(&pool)
    .await
    .unwrap();
    assert_finds(
        &stack.settings,
        HEALTHY,
        (
            "warn",
            "waiting",
            "campaigns stopped by bounces or complaints: 1",
        ),
    );
}
