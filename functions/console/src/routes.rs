//! Every route, with the least role that may use it.

use std::sync::Arc;

use axum::{
    extract::DefaultBodyLimit,
    handler::Handler,
    http::Method,
    routing::{MethodRouter, get, post},
};
use shared::domain::person::Role;

use crate::{
    Deps,
    access::entry,
    pages::{
        audit, campaigns,
        campaigns::life,
        health, leads, overview, review, sends,
        sources::{self, trial},
        suppressions,
    },
    static_files,
};

/// A list of 200 KB, as a form encodes it at worst.
const LIST_LIMIT: usize = 1024 * 1024;

/// Who may use a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Least {
    /// Also who is not signed in.
    Anyone,
    /// Whoever has this role or a stronger one.
    Role(Role),
}

/// One method of one path.
#[derive(Debug)]
pub struct Route {
    pub method: Method,
    pub path: &'static str,
    pub least: Least,
    pub(crate) handler: MethodRouter<Arc<Deps>>,
}

impl Route {
    /// Takes larger forms than others do.
    fn taking(self, bytes: usize) -> Self {
        let limit = DefaultBodyLimit::max(bytes);
        Self {
            handler: self.handler.layer(limit),
            ..self
        }
    }
}

/// The table that router and tests are made from.
pub fn routes() -> Vec<Route> {
    use Least::Anyone;
    let [viewer, reviewer, operator, admin] =
        [Role::Viewer, Role::Reviewer, Role::Operator, Role::Admin].map(Least::Role);
    vec![
        shows("/login", Anyone, entry::show),
        shows("/login/start", Anyone, entry::start),
        shows("/login/callback", Anyone, entry::callback),
        shows("/signed-out", Anyone, entry::signed_out),
        shows("/static/{hash}/{name}", Anyone, static_files::show),
        does("/logout", viewer, entry::sign_out),
        shows("/", viewer, overview::show),
        shows("/overview.csv", viewer, overview::export),
        shows("/review", viewer, review::show),
        does("/review/check", reviewer, review::check),
        does("/review/{id}", reviewer, review::act),
        does("/review/{id}/undo", reviewer, review::undo),
        shows("/leads", viewer, leads::show),
        shows("/leads/{id}", viewer, leads::show_one),
        does("/leads/{id}", reviewer, leads::act),
        does("/leads/{id}/address", operator, leads::address),
        shows("/sends", viewer, sends::show),
        shows("/sends/{id}", viewer, sends::show_one),
        does("/sends/{id}/resolve", operator, sends::resolve),
        shows("/suppressions", reviewer, suppressions::show),
        does("/suppressions/look-up", reviewer, suppressions::look_up),
        does("/suppressions/add", operator, suppressions::add),
        does("/suppressions/lift", admin, suppressions::lift),
        shows("/audit", viewer, audit::show),
        shows("/audit/export", admin, audit::export),
        shows("/health", viewer, health::show),
        does("/sending/stop", reviewer, health::stop),
        does("/sending/start", operator, health::start),
        does("/health/dead-letters", operator, health::move_back),
        does("/breakers/close", operator, health::close_breaker),
        shows("/campaigns", viewer, campaigns::list),
        does("/campaigns", operator, campaigns::create),
        shows("/campaigns/new", operator, campaigns::new),
        shows("/campaigns/{id}", viewer, campaigns::show),
        does("/campaigns/{id}", operator, campaigns::save),
        does("/campaigns/{id}/merge", operator, campaigns::merge),
        does("/campaigns/{id}/activate", operator, life::activate),
        does("/campaigns/{id}/pause", operator, life::pause),
        shows("/campaigns/{id}/end", operator, life::ask_end),
        does("/campaigns/{id}/end", operator, life::end),
        shows("/campaigns/{id}/ask-again", operator, life::count_again),
        does("/campaigns/{id}/ask-again", operator, life::ask_again),
        shows("/campaigns/{id}/sources", viewer, sources::list),
        does("/campaigns/{id}/sources", operator, sources::create),
        shows("/campaigns/{id}/sources/new", operator, sources::new),
        shows("/campaigns/{id}/sources/test", operator, trial::show),
        does("/campaigns/{id}/sources/test", operator, trial::run).taking(LIST_LIMIT),
        shows("/sources/{id}", viewer, sources::show),
        does("/sources/{id}", operator, sources::save),
        does("/sources/{id}/run", operator, sources::run),
        does("/sources/{id}/pause", operator, sources::pause),
        does("/sources/{id}/resume", operator, sources::resume),
    ]
}

fn shows<T: 'static>(
    path: &'static str,
    least: Least,
    handler: impl Handler<T, Arc<Deps>>,
) -> Route {
    Route {
        method: Method::GET,
        path,
        least,
        handler: get(handler),
    }
}

fn does<T: 'static>(
    path: &'static str,
    least: Least,
    handler: impl Handler<T, Arc<Deps>>,
) -> Route {
    Route {
        method: Method::POST,
        path,
        least,
        handler: post(handler),
    }
}
