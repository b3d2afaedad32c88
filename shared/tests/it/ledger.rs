//! A campaign with planned sends, and what a test asks of them.

pub(crate) use shared::testing::{LIMITS, outcome, plan as planned, terms};
use shared::{
    db::{
        self, PgPool,
        sends::{self, Armed, Arming, Claims, Granted, Outcome},
    },
    domain::{
        email::EmailHash,
        lead::NewLead,
        quota::{Limits, Throttling},
    },
    testing,
};

/// `count` leads, each with a mailbox of its own.
pub(crate) fn runners(count: usize) -> Vec<NewLead> {
    (0..count)
        .map(|n| testing::new_lead(&format!("runner{n}")))
        .collect()
}

pub(crate) async fn claim(pool: &PgPool, ids: &[i64]) -> Claims {
    let mut conn = db::acquire(pool).await.unwrap();
    sends::claim(&mut conn, ids, &terms()).await.unwrap()
}

/// Claims and grants.
pub(crate) async fn granted(pool: &PgPool, ids: &[i64], limits: &Limits) -> Granted {
    let claims = claim(pool, ids).await;
    let mut conn = db::acquire(pool).await.unwrap();
    sends::grant(&mut conn, limits, &claims).await.unwrap()
}

pub(crate) async fn arm(pool: &PgPool, granted: &Granted) -> Arming {
    let mut conn = db::acquire(pool).await.unwrap();
    sends::arm(&mut conn, granted, &terms()).await.unwrap()
}

/// Claims, grants and arms, in the order of `ids`.
pub(crate) async fn armed(pool: &PgPool, ids: &[i64]) -> Vec<Armed> {
    let mut conn = db::acquire(pool).await.unwrap();
    testing::arm(&mut conn, ids).await.unwrap()
}

pub(crate) async fn settle(pool: &PgPool, outcomes: &[Outcome]) {
    let mut conn = db::acquire(pool).await.unwrap();
    sends::settle(&mut conn, outcomes, Throttling::default())
        .await
        .unwrap();
}

/// State, reason and fence of a send.
pub(crate) async fn row(pool: &PgPool, id: i64) -> (String, Option<String>, i64) {
    sqlx::query_as("select state::text, reason, fence from sends where id = $1")
        .bind(id)
        .fetch_one(pool)
        .await
        .unwrap()
}

pub(crate) async fn state(pool: &PgPool, id: i64) -> String {
    row(pool, id).await.0
}

/// State and reason of a send.
pub(crate) async fn stands(pool: &PgPool, id: i64) -> String {
    let (state, reason, _) = row(pool, id).await;
    reason.map_or(state.clone(), |reason| format!("{state} {reason}"))
}

/// Whether the send holds its mailbox's day.
pub(crate) async fn has_day(pool: &PgPool, id: i64) -> bool {
    sqlx::query_scalar("select slot_day is not null from sends where id = $1")
        .bind(id)
        .fetch_one(pool)
        .await
        .unwrap()
}

/// The lease of whatever is held ends now.
pub(crate) async fn end_leases(pool: &PgPool) {
    execute(
        pool,
        "update sends set lease_until = now() - interval '1 s' where lease_until is not null",
    )
    .await;
}

pub(crate) async fn execute(pool: &PgPool, statement: &'static str) {
    sqlx::raw_sql(statement).execute(pool).await.unwrap();
}

pub(crate) async fn suppress(pool: &PgPool, hash: EmailHash) {
    sqlx::query(
        "update recipients set suppressed_at = now(), suppression_reason = 'unsubscribed'
         where email_hash = $1",
    )
    .bind(hash.0)
    .execute(pool)
    .await
    .unwrap();
}
