use shared::testing;
use sqlx::{ConnectOptions as _, PgPool};

use super::*;

/// The database of a test, which was not made here.
fn foreign(pool: &PgPool) -> String {
    testing::database_url(pool).expose().to_owned()
}

/// A database on the same server that does not exist yet.
async fn missing(pool: &PgPool) -> String {
    let name = format!("own_{}", testing::unique(pool).await);
    let options = (*pool.connect_options()).clone().database(&name);
    options.to_url_lossy().to_string()
}

async fn tables(pool: &PgPool) -> i64 {
    sqlx::query_scalar("select count(*) from pg_tables where schemaname = 'public'")
        .fetch_one(pool)
        .await
        .unwrap()
}

#[sqlx::test(migrations = false)]
async fn database_without_mark_is_refused_and_unchanged(pool: PgPool) {
    sqlx::query("create table leads (precious int)")
        .execute(&pool)
        .await
        .unwrap();
    let url = foreign(&pool);
    for refused in [
        migrated(&url).await.map(drop),
        marked(&url).await.map(drop),
        create(&url).await,
        anew(&url).await,
        refuse_foreign(&url).await,
    ] {
        let error = refused.unwrap_err().to_string();
        assert!(error.contains("was not made by cargo local"), "{error}");
    }
    assert_eq!(tables(&pool).await, 1);
}

#[sqlx::test(migrations = false)]
async fn database_with_other_comment_is_refused(pool: PgPool) {
    let own = "do $$ begin execute format('comment on database %I is %L', current_database(), \
               'production'); end $$";
    sqlx::query(own).execute(&pool).await.unwrap();
    assert!(migrated(&foreign(&pool)).await.is_err());
    assert_eq!(tables(&pool).await, 0);
}

#[sqlx::test(migrations = false)]
async fn missing_database_is_made_and_used_again(pool: PgPool) {
    let url = missing(&pool).await;
    refuse_foreign(&url).await.unwrap();
    let own = migrated(&url).await.unwrap();
    let made = tables(&own).await;
    assert!(made > 5, "{made} tables");
    sqlx::query("create table left_over ()")
        .execute(&own)
        .await
        .unwrap();
    own.close().await;
    let again = migrated(&url).await.unwrap();
    assert_eq!(tables(&again).await, made + 1);
    again.close().await;
    anew(&url).await.unwrap();
    let fresh = marked(&url).await.unwrap();
    assert_eq!(tables(&fresh).await, made);
    fresh.close().await;
    database::drop_if_there(&Secret::new(url)).await.unwrap();
}

#[test]
fn whereabouts_holds_no_password() {
    let url = "postgresql://dana:secret@db.example.com:5432/outreach?sslmode=require";
    assert_eq!(
        whereabouts(url),
        "the database `outreach` on db.example.com"
    );
}
