//! Two "no"s to one mailbox: the stronger reason stands, and the earlier time.

use shared::db::PgPool;

use crate::stage::Stage;

const YEAR: &str = "2020-01-02T03:04:05+00:00";

/// The reason and the year of the suppression, after somebody clicked.
async fn after_a_click(pool: &PgPool, before: &str) -> (String, bool) {
    let stage = Stage::new(pool, 1).await;
    sqlx::query(
        "update recipients set suppressed_at = $1::text::timestamptz, suppression_reason = $2",
    )
    .bind(YEAR)
    .bind(before)
    .execute(pool)
    .await
    .unwrap();
    stage.one_click(&stage.link(0)).await;
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
            assert!(kept, "the time of the first \"no\" stands");
        }
    )*};
}

stands! {
    a_complaint_is_stronger: "complained" => "complained",
    a_click_is_stronger_than_a_bounce: "bounced" => "unsubscribed",
    a_click_is_stronger_than_soft_bounces: "soft_bounces" => "unsubscribed",
    a_click_is_stronger_than_what_a_person_typed: "asked by telephone" => "unsubscribed",
}

/// One "no" holds for the mailbox, not for the campaign or the mail that it came from.
#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn the_link_of_any_mail_ends_all_mail_to_the_mailbox(pool: PgPool) {
    let stage = Stage::new(&pool, 1).await;
    let other = shared::testing::campaign(&pool, "other").await;
    let lead = shared::testing::new_lead("runner0");
    let later = shared::testing::plan(&pool, other, &[lead]).await;
    assert_ne!(later, stage.sends);
    stage.one_click(&stage.link(0)).await;
    let open = "select count(*) from sends join recipients using (email_hash)
                where suppressed_at is null";
    assert_eq!(stage.number(open).await, 0);
}
