//! The overview's figures, held against the rows that they count.

use axum::http::StatusCode;
use shared::{db::PgPool, domain::person::Role, testing};

use crate::{fixture::Console, review::waiting};

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn figures_equal_their_rows(pool: PgPool) {
    let console = Console::new(&pool).as_role(Role::Viewer).await;
    console
        .get("/")
        .await
        .shows(StatusCode::OK, &["No campaigns yet", "no mail yet"]);
    waiting(&pool, 3).await;
    let other = testing::campaign(&pool, "Home studio").await;
    testing::plan(&pool, other, &[testing::new_lead("bo")]).await;
    sqlx::query(
        "insert into campaign_days (campaign_id, day, sent, bounced, complained)
         select id, (now() at time zone 'utc')::date - n, 100 + n, n, 0
         from campaigns, generate_series(0, 20, 5) n",
    )
    .execute(&pool)
    .await
    .unwrap();
    sqlx::query(
        "insert into model_spend (day, micros) values ((now() at time zone 'utc')::date, 630000)",
    )
    .execute(&pool)
    .await
    .unwrap();
    // Two campaigns, today and the days five and ten before; what is older is left out.
    console.get("/").await.shows(
        StatusCode::OK,
        &[
            "<p class=\"tile-value\">630</p>",
            "30 of 630 mails",
            "4.8 %",
            "$0.63",
            "0.10 ¢ a mail",
            "1 planned",
            "Home studio",
        ],
    );
}
