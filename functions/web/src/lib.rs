//! The web function: the pages that our mails link to, and the one click that ends them.
//!
//! * `POST /u/{token}` – an opt-out, from a mailbox provider (RFC 8058) or from our own button. Whatever
//!   the body says, a genuine token unsubscribes: that is the safe direction. The body only tells which
//!   of the two it was.
//! * `GET /u/{token}` – a page with one button. Scanners and previews open every link of a mail, so
//!   reading changes nothing and asks the database nothing.
//! * `GET /privacy` – the notice that GDPR, art. 14 asks for.
//!
//! The signature is checked before the database is asked for anything: a guessed token costs no
//! statement, and learns nothing but that the guess was wrong.

mod answer;
mod message;
mod path;
mod privacy;
mod unsubscribe;

use std::sync::Arc;

use axum::{
    Router,
    body::Body,
    extract::State,
    http::{HeaderMap, StatusCode},
    middleware::map_response,
    response::Response,
    routing::get,
};
use shared::{
    config,
    db::{self, DbError, PgPool},
};
use tower::util::MapRequest;

use crate::message::Message;

#[derive(Debug)]
pub struct Deps {
    pool: PgPool,
    config: config::Web,
}

impl Deps {
    /// Wires the function; nothing is contacted yet.
    ///
    /// # Errors
    /// When the database's address cannot be read.
    pub fn new(config: config::Web) -> Result<Self, DbError> {
        let pool = db::connect_lazily(&config.database_url, "web")?;
        Ok(Self { pool, config })
    }
}

/// Everything that is answered. What is not listed is not there, and every answer carries the headers
/// that keep a page to itself.
pub fn router(deps: Deps) -> Router {
    let pages = Router::new()
        .route("/u/{token}", get(unsubscribe::ask).post(unsubscribe::act))
        .route("/privacy", get(privacy::show))
        .fallback(nothing_here)
        .layer(map_response(answer::guarded))
        .with_state(Arc::new(deps));
    // Around the routes: a path is mended before one is chosen.
    Router::new().fallback_service(MapRequest::new(pages, path::mended::<Body>))
}

async fn nothing_here(State(deps): State<Arc<Deps>>, headers: HeaderMap) -> Response {
    let status = StatusCode::NOT_FOUND;
    answer::message(&headers, status, Message::NothingHere, &deps.config)
}
