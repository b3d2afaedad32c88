//! When campaigns are stopped.

use serde_json::json;
use shared::{
    db::{PgPool, operator},
    domain::breaker::DAYS,
    testing,
};

use crate::{
    fixture::{Fixture, runners},
    notifications::{complaint, hard, mail, send},
};

const OPEN: &str = "select count(*) from breakers where opened_at is not null";

/// Sends and bounces as SES reports them: the first `bounced` of these mails bounce for good.
fn history(ids: &[i64], bounced: usize) -> Vec<String> {
    let sent = ids.iter().enumerate();
    let sent = sent.map(|(n, id)| send(&mail(*id, n)).to_string());
    let bounces = ids.iter().take(bounced).enumerate();
    sent.chain(bounces.map(|(n, id)| hard(&mail(*id, n)).to_string()))
        .collect()
}

async fn deliver(f: &Fixture, bodies: &[String]) {
    for batch in bodies.chunks(100) {
        f.deliver(batch).await;
    }
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn breaker_ignores_days_outside_its_window(pool: PgPool) {
    let f = Fixture::new(&pool).await;
    let ids = f.plan(2).await;
    let day = |days: i32| {
        sqlx::query(
            "insert into campaign_days (campaign_id, day, sent, bounced)
             select id, (now() at time zone 'utc')::date - $1, 1000, 1000 from campaigns",
        )
        .bind(days)
    };
    day(DAYS).execute(&pool).await.unwrap();
    f.report(&send(&mail(ids[0], 0))).await;
    assert_eq!(f.number(OPEN).await, 0);
    day(DAYS - 1).execute(&pool).await.unwrap();
    f.report(&send(&mail(ids[1], 1))).await;
    assert_eq!(f.number(OPEN).await, 1);
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn open_breaker_keeps_figures_until_closed(pool: PgPool) {
    let f = Fixture::new(&pool).await;
    let ids = f.plan(210).await;
    deliver(&f, &history(&ids[..200], 0)).await;
    deliver(&f, &history(&ids[..7], 7)).await;
    assert_eq!(f.number(OPEN).await, 0);
    f.report(&hard(&mail(ids[7], 7))).await;
    let figures =
        "select figures::text from breakers where opened_at is not null and reason = 'bounce_rate'";
    let expected = json!({"sent": 200, "bounced": 8, "complained": 0, "days": DAYS});
    let kept: serde_json::Value = serde_json::from_str(&f.text(figures).await.unwrap()).unwrap();
    assert_eq!(kept, expected);
    let audited =
        "select count(*) from audit_log where table_name = 'breakers' and actor = 'feedback'";
    assert_eq!(f.number(audited).await, 1);

    // More of the same changes nothing.
    let opened = f.text("select opened_at::text from breakers").await;
    f.report(&complaint(&mail(ids[8], 8), "abuse")).await;
    assert_eq!(f.text("select opened_at::text from breakers").await, opened);

    // What was is forgiven with the closing, and only what comes later counts.
    let mut conn = pool.acquire().await.unwrap();
    let closed = operator::close_breaker(&mut conn, "c", "me", None).await;
    assert!(closed.unwrap());
    f.report(&hard(&mail(ids[9], 9))).await;
    assert_eq!(f.number(OPEN).await, 0);
    let again = operator::close_breaker(&mut conn, "c", "me", None).await;
    assert!(!again.unwrap(), "it is closed");
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn small_campaign_stops_at_ten_hard_bounces(pool: PgPool) {
    let f = Fixture::new(&pool).await;
    let ids = f.plan(25).await;
    deliver(&f, &history(&ids, 9)).await;
    assert_eq!(f.number(OPEN).await, 0);
    f.report(&hard(&mail(ids[9], 9))).await;
    assert_eq!(f.number(OPEN).await, 1);
}

/// Each campaign alone looks harmless; SES judges them together.
#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn small_campaigns_in_parallel_stop_together(pool: PgPool) {
    let f = Fixture::new(&pool).await;
    let leads = runners(260);
    let mut bodies = Vec::new();
    for (name, leads) in ["c", "d", "e", "f"].into_iter().zip(leads.chunks(50)) {
        let campaign = testing::campaign(&pool, name).await;
        let ids = testing::plan(&pool, campaign, leads).await;
        bodies.extend(history(&ids, 2));
    }
    testing::campaign(&pool, "idle").await;
    let last = bodies.pop().unwrap();
    deliver(&f, &bodies).await;
    assert_eq!(f.number(OPEN).await, 0);
    f.deliver(&[last]).await;
    let reasons = "select string_agg(distinct reason, ' ') || ' ' || count(*) from breakers where opened_at is not null";
    let found = f.text(reasons).await;
    assert_eq!(found.as_deref(), Some("account_bounce_rate 5"));

    // A campaign that an operator lets go on is judged by what it sends from then on.
    let mut conn = pool.acquire().await.unwrap();
    let closed = operator::close_breaker(&mut conn, "c", "me", None).await;
    assert!(closed.unwrap());
    let ids = testing::plan(&pool, f.campaign, &leads[250..]).await;
    deliver(&f, &history(&ids, 1)).await;
    assert_eq!(f.number(OPEN).await, 4);
}
