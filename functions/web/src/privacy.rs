//! The privacy notice (GDPR, Art. 14).

use std::sync::Arc;

use askama::Template;
use axum::{extract::State, http::StatusCode, response::Response};
use shared::config;

use crate::{
    Deps,
    answer::{self, STYLE},
};

#[derive(Template)]
#[template(path = "privacy.html")]
struct PrivacyPage<'a> {
    style: &'static str,
    config: &'a config::Web,
}

/// Shows the notice.
pub(crate) async fn show(State(deps): State<Arc<Deps>>) -> Response {
    let page = PrivacyPage {
        style: STYLE,
        config: &deps.config,
    };
    let words = format!(
        "For what we store about you and how to have it deleted, ask {}.\n",
        deps.config.contact.as_str()
    );
    answer::page(StatusCode::OK, &page, &words)
}
