//! The key and the place that a database belongs to.

use shared::{
    db::{
        PgPool,
        installation::{self, InstallationError, require_key, require_origin},
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
    require_origin(&mut conn, "db").await.unwrap();
    require_origin(&mut conn, "db").await.unwrap();
    let moved = require_origin(&mut conn, "restored").await;
    assert!(matches!(moved, Err(InstallationError::Moved)));

    let (_, now) = installation::origin(&mut conn, "restored").await.unwrap();
    installation::confirm_origin(&mut conn, &now, "operator:dana")
        .await
        .unwrap();
    require_origin(&mut conn, "restored").await.unwrap();
}
