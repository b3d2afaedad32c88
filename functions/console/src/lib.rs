//! The console: where the team works.
//!
//! [`routes()`] lists every page and every call of the API with the least role that may use it; the router
//! and the tests of who may enter are made from that one table. A request passes `access` before its
//! handler sees it: by a session's cookie or a bearer token, and no change by cookie without proof that one of our own
//! pages asked for it. Pages are in `pages`, what they show is read by `shared::db::console`, and what a
//! person changes by `shared::db::operator`, decisions about drafts and leads by `shared::db::console`.

mod access;
mod answer;
mod api;
mod chart;
mod collector;
mod csv;
pub mod event;
mod fields;
mod filters;
mod form;
mod pages;
mod people;
mod routes;
mod static_files;
mod uploads;
mod view;

use std::sync::Arc;

use axum::{
    Router,
    extract::DefaultBodyLimit,
    middleware::{from_fn, from_fn_with_state, map_response_with_state},
};
use shared::{
    clients::http::{Http, HttpError},
    config,
    db::{self, DbError, PgConnection, PgPool, PoolConnection, Postgres},
};

use tokio::runtime::Handle;

use crate::access::keys::IssuerKeys;
use crate::answer::Failure;
pub use crate::routes::{Least, Route, routes};

/// Larger than any form of ours.
const BODY_LIMIT: usize = 256 * 1024;

/// What every request works with.
#[derive(Debug)]
pub struct Deps {
    pool: PgPool,
    config: config::Console,
    http: Http,
    issuer: IssuerKeys,
    queues: pages::health::QueueClient,
    uploads: uploads::Signer,
    collector: collector::Collector,
    runs: pages::health::RunCounts,
    ses: pages::health::SesChecks,
}

/// The function cannot start.
#[derive(Debug, thiserror::Error)]
pub enum SetupError {
    #[error(transparent)]
    Database(#[from] DbError),
    #[error(transparent)]
    Http(#[from] HttpError),
}

impl Deps {
    /// Wires the function; nothing is contacted yet.
    ///
    /// # Errors
    /// When the database's address cannot be read, or TLS cannot start.
    pub fn new(config: config::Console) -> Result<Self, SetupError> {
        let pool = db::connect_lazily(&config.database_url, "console")?;
        Ok(Self {
            pool,
            config,
            http: Http::for_small_answers()?,
            issuer: IssuerKeys::default(),
            queues: pages::health::QueueClient::default(),
            uploads: uploads::Signer::default(),
            collector: collector::Collector::default(),
            runs: pages::health::RunCounts::default(),
            ses: pages::health::SesChecks::default(),
        })
    }

    async fn connect(&self) -> Result<PoolConnection<Postgres>, DbError> {
        db::acquire(&self.pool).await
    }
}

/// Carries out a change, on a thread of its own: a transaction that can be run again is written as a closure, of
/// which the compiler cannot tell that another thread may take it up, and axum asks for that.
async fn change<T: Send + 'static>(
    deps: &Arc<Deps>,
    work: impl AsyncFnOnce(&mut PgConnection) -> Result<T, DbError> + Send + 'static,
) -> Result<T, Failure> {
    let (deps, runtime) = (Arc::clone(deps), Handle::current());
    let work = move || {
        runtime.block_on(async {
            let mut conn = deps.connect().await?;
            work(&mut conn).await
        })
    };
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => Ok(result?),
        // It panicked, as the handler would have; the runtime makes an answer of that.
        Err(panic) => std::panic::resume_unwind(panic.into_panic()),
    }
}

/// Everything that is answered.
pub fn router(deps: Deps) -> Router {
    let deps = Arc::new(deps);
    let mut router = Router::new();
    for route in routes() {
        let guard = access::Guard {
            deps: Arc::clone(&deps),
            least: route.least,
        };
        let handler = match answer::is_api(route.path) {
            true => route
                .handler
                .route_layer(from_fn_with_state(Arc::clone(&deps), api::limited)),
            false => route.handler,
        };
        let handler = handler.route_layer(from_fn_with_state(guard, access::guard));
        router = router.route(route.path, handler);
    }
    router
        .fallback(pages::nothing_here)
        .layer(DefaultBodyLimit::max(BODY_LIMIT))
        .layer(from_fn(answer::in_time))
        .layer(from_fn(api::answer::as_problem))
        .layer(map_response_with_state(Arc::clone(&deps), answer::guarded))
        .with_state(deps)
}
