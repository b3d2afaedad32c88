//! `outreach migrate` and `confirm-restore`.

use std::process::{Child, Output, Stdio};

use shared::config::Secret;
use shared::db::{self, MIGRATOR, PgPool};
use shared::testing;

use crate::outreach;

fn spawn(url: &Secret, arguments: &[&str]) -> Child {
    let mut command = outreach();
    command.args(arguments).args(["--as", "mara"]);
    command.env("OPERATOR_DATABASE_URL", url.expose());
    let piped = command.stdin(Stdio::null()).stdout(Stdio::piped());
    piped.stderr(Stdio::piped()).spawn().unwrap()
}

fn migrate(pool: &PgPool) -> Output {
    let child = spawn(&testing::database_url(pool), &["migrate", "--json"]);
    child.wait_with_output().unwrap()
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[track_caller]
fn applied(output: &Output) -> usize {
    assert!(output.status.success(), "{}", stderr(output));
    let json: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    json["pending"].as_u64().unwrap().try_into().unwrap()
}

async fn run(pool: &PgPool, statement: &'static str) {
    sqlx::query(statement).execute(pool).await.unwrap();
}

async fn recorded(pool: &PgPool) -> usize {
    let count: i64 = sqlx::query_scalar("select count(*) from _sqlx_migrations")
        .fetch_one(pool)
        .await
        .unwrap();
    count.try_into().unwrap()
}

#[sqlx::test(migrations = false)]
async fn migrate_empty_database_twice_applies_once(pool: PgPool) {
    let all = MIGRATOR.iter().count();
    assert_eq!(applied(&migrate(&pool)), all);
    assert_eq!(applied(&migrate(&pool)), 0);
    assert_eq!(recorded(&pool).await, all);
    let mut conn = db::acquire(&pool).await.unwrap();
    let state = db::schema::state(&mut conn).await.unwrap();
    assert_eq!(state, db::schema::SchemaState::Current);
}

#[sqlx::test(migrations = false)]
async fn migrate_two_at_once_both_succeed(pool: PgPool) {
    let url = testing::database_url(&pool);
    let both = [(); 2].map(|()| spawn(&url, &["migrate", "--json"]));
    for child in both {
        applied(&child.wait_with_output().unwrap());
    }
    assert_eq!(recorded(&pool).await, MIGRATOR.iter().count());
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn migrate_refuses_old_migrations(pool: PgPool) {
    run(
        &pool,
        "update _sqlx_migrations set checksum = '\\x01' where version = 3",
    )
    .await;
    let output = migrate(&pool);
    assert!(!output.status.success());
    let text = stderr(&output);
    assert!(
        text.contains("before the first release") && text.contains("empty database"),
        "{text}"
    );
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn migrate_refuses_newer_and_unrecorded_schemas(pool: PgPool) {
    run(
        &pool,
        "insert into _sqlx_migrations (version, description, success, checksum, execution_time)
         values (9999, 'later', true, '\\x01', 1)",
    )
    .await;
    let output = migrate(&pool);
    assert!(!output.status.success() && stderr(&output).contains("newer version"));
    run(&pool, "drop table _sqlx_migrations").await;
    let output = migrate(&pool);
    assert!(!output.status.success() && stderr(&output).contains("no record"));
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn confirm_restore_records_who_confirmed(pool: PgPool) {
    let url = testing::database_url(&pool);
    run(&pool, "update installation set origin = 'another server'").await;
    let confirm = |arguments: &[&str]| {
        let arguments = [&["confirm-restore"], arguments].concat();
        spawn(&url, &arguments).wait_with_output().unwrap()
    };
    let output = confirm(&[]);
    assert!(!output.status.success() && stderr(&output).contains("a second time"));
    let output = confirm(&["--yes"]);
    assert!(output.status.success(), "{}", stderr(&output));
    let (origin, by): (String, String) =
        sqlx::query_as("select origin, confirmed_by from installation")
            .fetch_one(&pool)
            .await
            .unwrap();
    assert!(
        origin.starts_with("cluster ") && by == "mara",
        "{origin} {by}"
    );
    let mut conn = db::acquire(&pool).await.unwrap();
    let address = db::address(&url).unwrap();
    let key = testing::hash_key().fingerprint();
    let check = db::installation::require_key_and_origin(&mut conn, &key, &address).await;
    assert!(check.is_ok());
}
