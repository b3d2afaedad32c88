//! What stands around every page.

use axum::http::StatusCode;
use shared::{db::PgPool, domain::person::Role};

use crate::fixture::Console;

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn page_names_whoever_is_signed_in(pool: PgPool) {
    let console = Console::new(&pool);
    let answer = console.get("/health").await;
    answer.leads_to("/login?to=");
    let answer = console.as_role(Role::Viewer).await.get("/health").await;
    answer.shows(
        StatusCode::OK,
        &["Viewer Example", "Bo &#38; Co &#60;Partners&#62;"],
    );
}
