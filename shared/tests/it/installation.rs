//! The key and the place that a database belongs to.

use shared::{
    db::{
        PgPool,
        installation::{self, InstallationError, require_key, require_key_and_origin},
    },
    domain::email::HashKey,
    testing,
};

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn database_refuses_another_hash_key(pool: PgPool) {
    let mut conn = pool.acquire().await.unwrap();
    let own = testing::hash_key().fingerprint();
    let other = HashKey::new(vec![8; 32]).unwrap().fingerprint();
    require_key(&mut conn, &own).await.unwrap();
    require_key(&mut conn, &own).await.unwrap();
    let refused = require_key(&mut conn, &other).await;
    assert!(matches!(refused, Err(InstallationError::OtherKey)));
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn first_of_two_keys_wins(pool: PgPool) {
    let (mut one, mut two) = (pool.acquire().await.unwrap(), pool.acquire().await.unwrap());
    let own = testing::hash_key().fingerprint();
    let other = HashKey::new(vec![8; 32]).unwrap().fingerprint();
    let (first, second) = tokio::join!(require_key(&mut one, &own), require_key(&mut two, &other));
    assert!(first.is_ok() != second.is_ok(), "{first:?} {second:?}");
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn restored_database_sends_after_confirmation(pool: PgPool) {
    let mut conn = pool.acquire().await.unwrap();
    let key = testing::hash_key().fingerprint();
    let mut require = async |address| require_key_and_origin(&mut conn, &key, address).await;
    require("db").await.unwrap();
    require("db").await.unwrap();
    let moved = require("restored").await;
    assert!(matches!(moved, Err(InstallationError::Moved)));

    let (_, now) = installation::origin(&mut conn, "restored").await.unwrap();
    installation::confirm_origin(&mut conn, &now, "operator:dana")
        .await
        .unwrap();
    require_key_and_origin(&mut conn, &key, "restored")
        .await
        .unwrap();
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn sender_is_refused_under_another_key(pool: PgPool) {
    let mut conn = pool.acquire().await.unwrap();
    let own = testing::hash_key().fingerprint();
    let other = HashKey::new(vec![8; 32]).unwrap().fingerprint();
    // The first sender marks the database with key and place.
    require_key_and_origin(&mut conn, &own, "db").await.unwrap();
    let refused = require_key_and_origin(&mut conn, &other, "db").await;
    assert!(matches!(refused, Err(InstallationError::OtherKey)));
    require_key(&mut conn, &own).await.unwrap();
}
