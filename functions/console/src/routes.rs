//! Every route, with the least role that may use it.

use std::sync::Arc;

use axum::{
    extract::DefaultBodyLimit,
    handler::Handler,
    http::Method,
    routing::{MethodRouter, get, patch, post},
};
use shared::domain::person::Role;

use crate::{
    Deps,
    access::entry,
    api::{
        campaigns as api_campaigns, document, health as api_health, leads as api_leads,
        review as api_review, sends as api_sends, sources as api_sources,
        suppressions as api_suppressions, system,
    },
    pages::{
        audit, campaigns,
        campaigns::life,
        health, leads, overview, review,
        review::bulk,
        sends,
        sources::{self, trial},
        suppressions,
    },
    static_files, uploads,
};

/// A list of 200 KB, as a form encodes it at worst.
const LIST_LIMIT: usize = 1024 * 1024;

/// A list of 200 KB, as JSON writes it at worst.
const JSON_LIMIT: usize = 1024 * 1024;

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
    let mut routes = vec![
        shows("/login", Anyone, entry::show),
        shows("/login/start", Anyone, entry::start),
        shows("/login/callback", Anyone, entry::callback),
        shows("/signed-out", Anyone, entry::signed_out),
        shows("/static/{hash}/{name}", Anyone, static_files::show),
        does("/logout", viewer, entry::sign_out),
        shows("/", viewer, overview::show),
        shows("/overview.csv", viewer, overview::export),
        shows("/review", viewer, review::show),
        shows("/review/bulk", reviewer, bulk::show),
        does("/review/bulk", reviewer, bulk::decide),
        does("/review/bulk/undo", reviewer, bulk::undo),
        does("/review/check", reviewer, review::check),
        does("/review/{id}", reviewer, review::act),
        does("/review/{id}/undo", reviewer, review::undo),
        does("/review/{id}/ask", reviewer, review::ask),
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
        shows("/health/checks", viewer, health::all_checks::show),
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
        shows("/reference", viewer, document::show_page),
    ];
    routes.extend(api());
    routes
}

/// The API does what the pages do, under the same roles.
fn api() -> Vec<Route> {
    let [viewer, reviewer, operator, admin] =
        [Role::Viewer, Role::Reviewer, Role::Operator, Role::Admin].map(Least::Role);
    vec![
        shows("/api/v1/openapi.json", viewer, document::show_document),
        shows("/api/v1/me", viewer, system::show_me),
        shows("/api/v1/figures", viewer, system::list_figures),
        shows("/api/v1/leads", viewer, api_leads::list::list_leads),
        shows("/api/v1/leads/{id}", viewer, api_leads::show_lead),
        does(
            "/api/v1/leads/{id}/address",
            operator,
            api_leads::show_address,
        ),
        does("/api/v1/leads/{id}/notes", reviewer, api_leads::add_note),
        does(
            "/api/v1/leads/{id}/ask-again",
            operator,
            api_leads::ask_lead_again,
        ),
        does(
            "/api/v1/leads/{id}/suppress",
            operator,
            api_leads::suppress_lead,
        ),
        shows("/api/v1/campaigns", viewer, api_campaigns::list_campaigns),
        does(
            "/api/v1/campaigns",
            operator,
            api_campaigns::create_campaign,
        ),
        shows(
            "/api/v1/campaigns/{id}",
            viewer,
            api_campaigns::show_campaign,
        ),
        edits(
            "/api/v1/campaigns/{id}",
            operator,
            api_campaigns::edit_campaign,
        ),
        does(
            "/api/v1/campaigns/{id}/status",
            operator,
            api_campaigns::set_campaign_status,
        ),
        shows(
            "/api/v1/campaigns/{id}/ask-again",
            operator,
            api_campaigns::price_again,
        ),
        does(
            "/api/v1/campaigns/{id}/ask-again",
            operator,
            api_campaigns::ask_campaign_again,
        ),
        shows(
            "/api/v1/campaigns/{id}/sources",
            viewer,
            api_sources::list_sources,
        ),
        does(
            "/api/v1/campaigns/{id}/sources",
            operator,
            api_sources::create_source,
        ),
        shows("/api/v1/sources/{id}", viewer, api_sources::show_source),
        edits("/api/v1/sources/{id}", operator, api_sources::edit_source),
        does(
            "/api/v1/sources/{id}/status",
            operator,
            api_sources::switch_source,
        ),
        does(
            "/api/v1/sources/{id}/run",
            operator,
            api_sources::run_source,
        ),
        does("/api/v1/uploads", operator, uploads::allow_upload),
        does(
            "/api/v1/sources/test",
            operator,
            api_sources::trial::test_source,
        ),
        does(
            "/api/v1/lists/test",
            operator,
            api_sources::trial::test_list,
        )
        .taking(JSON_LIMIT),
        shows("/api/v1/review", viewer, api_review::count_drafts),
        does("/api/v1/review/take", reviewer, api_review::take_draft),
        does(
            "/api/v1/review/take-many",
            reviewer,
            api_review::many::take_drafts,
        ),
        does(
            "/api/v1/review/decisions",
            reviewer,
            api_review::many::decide_drafts,
        ),
        does(
            "/api/v1/review/undo",
            reviewer,
            api_review::many::undo_decisions,
        ),
        does("/api/v1/review/check", reviewer, api_review::check_text),
        does(
            "/api/v1/review/{id}/decision",
            reviewer,
            api_review::decide_draft,
        ),
        does(
            "/api/v1/review/{id}/undo",
            reviewer,
            api_review::undo_decision,
        ),
        does(
            "/api/v1/review/{id}/ask",
            reviewer,
            api_review::ask_for_draft,
        ),
        shows("/api/v1/sends", viewer, api_sends::list_sends),
        shows("/api/v1/sends/{id}", viewer, api_sends::show_send),
        does(
            "/api/v1/sends/{id}/resolve",
            operator,
            api_sends::resolve_send,
        ),
        does(
            "/api/v1/suppressions",
            operator,
            api_suppressions::suppress_mailbox,
        ),
        does(
            "/api/v1/suppressions/look-up",
            reviewer,
            api_suppressions::look_up_mailbox,
        ),
        does(
            "/api/v1/suppressions/lift",
            admin,
            api_suppressions::lift_suppression,
        ),
        shows("/api/v1/health", viewer, api_health::show_health),
        shows("/api/v1/health/checks", viewer, api_health::list_checks),
        does("/api/v1/sending/stop", reviewer, system::stop_sending),
        does("/api/v1/sending/start", operator, system::start_sending),
        does("/api/v1/breakers/close", operator, system::close_breaker),
        does(
            "/api/v1/dead-letters/move-back",
            operator,
            api_health::move_dead_letters_back,
        ),
        shows("/api/v1/audit", viewer, system::list_records),
    ]
}

fn shows<T: 'static>(
    path: &'static str,
    least: Least,
    handler: impl Handler<T, Arc<Deps>>,
) -> Route {
    route(Method::GET, path, least, get(handler))
}

fn edits<T: 'static>(
    path: &'static str,
    least: Least,
    handler: impl Handler<T, Arc<Deps>>,
) -> Route {
    route(Method::PATCH, path, least, patch(handler))
}

fn does<T: 'static>(
    path: &'static str,
    least: Least,
    handler: impl Handler<T, Arc<Deps>>,
) -> Route {
    route(Method::POST, path, least, post(handler))
}

fn route(
    method: Method,
    path: &'static str,
    least: Least,
    handler: MethodRouter<Arc<Deps>>,
) -> Route {
    Route {
        method,
        path,
        least,
        handler,
    }
}
