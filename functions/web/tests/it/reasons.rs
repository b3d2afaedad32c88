//! Two suppressions of one recipient: the stronger reason stands, and the earlier time.

use shared::db::PgPool;

use crate::fixture::Fixture;

const YEAR: &str = "2020-01-02T03:04:05+00:00";

/// The reason and the year of the suppression, after a click.
async fn after_a_click(pool: &PgPool, before: &str) -> (String, bool) {
    let f = Fixture::new(pool, 1).await;
    sqlx::query(
        "update recipients set suppressed_at = $1::text::timestamptz, suppression_reason = $2",
    )
    .bind(YEAR)
    .bind(before)
    .execute(pool)
    .await
    .unwrap();
    f.one_click(&f.link(0)).await;
    sqlx::query_as(
        "select suppression_reason, suppressed_at = $1::text::timestamptz from recipients",
    )
    .bind(YEAR)
    .fetch_one(pool)
    .await
    .unwrap()
}

macro_rules! stands {
    ($($name:ident: $before:literal => $after:literal,)*) => {$(
        #[sqlx::test(migrator = "shared::db::MIGRATOR")]
        async fn $name(pool: PgPool) {
            let (reason, kept) = after_a_click(&pool, $before).await;
            assert_eq!(reason, $after);
            assert_eq!(kept, $before != "soft_bounces", "soft bounces give way whole");
        }
    )*};
}

stands! {
    complaint_outweighs_click: "complained" => "complained",
    click_outweighs_bounce: "bounced" => "unsubscribed",
    click_outweighs_soft_bounces: "soft_bounces" => "unsubscribed",
    click_outweighs_operator_reason: "asked by telephone" => "unsubscribed",
}

/// An opt-out holds for the mailbox, not for the campaign or the mail that it came from.
#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn click_suppresses_recipient_for_all_campaigns(pool: PgPool) {
    let f = Fixture::new(&pool, 1).await;
    let other = shared::testing::campaign(&pool, "other").await;
    let lead = shared::testing::new_lead("runner0");
    let later = shared::testing::plan(&pool, other, &[lead]).await;
    assert_ne!(later, f.sends);
    f.one_click(&f.link(0)).await;
    let open = "select count(*) from sends join recipients using (email_hash)
                where suppressed_at is null";
    assert_eq!(f.number(open).await, 0);
}
