//! The link of a mail: read, it shows a button; posted to, it unsubscribes.

use std::sync::Arc;

use askama::Template;
use axum::{
    body::{Body, to_bytes},
    extract::{Path, State, rejection::PathRejection},
    http::{HeaderMap, StatusCode},
    response::Response,
};
use shared::{
    config::{self, WEB_TIMEOUT},
    db::{
        self, DbError,
        recipients::{self, Unsubscribed},
    },
    domain::{feedback::OptOutWay, ids::SendId},
    telemetry,
};

use crate::{
    Deps,
    answer::{self, STYLE},
    message::Message,
};

#[derive(Template)]
#[template(path = "ask.html")]
struct AskPage<'a> {
    style: &'static str,
    config: &'a config::Web,
}

/// A token as the address gives it; one that is no text at all is as wrong as any other.
type Token = Result<Path<String>, PathRejection>;

/// Shows the button. Changes nothing and needs no database, however often it is read.
pub(crate) async fn ask(
    State(deps): State<Arc<Deps>>,
    token: Token,
    headers: HeaderMap,
) -> Response {
    if send_of(&deps, token).is_none() {
        return bad_link(&deps, &headers);
    }
    let page = AskPage {
        style: STYLE,
        config: &deps.config,
    };
    answer::page(
        StatusCode::OK,
        &page,
        "Unsubscribe: post to this address.\n",
    )
}

/// Unsubscribes, whatever the body says: one click, our form, an empty body or garbage all come from
/// a person who holds the token. Says so only once it is stored.
pub(crate) async fn act(
    State(deps): State<Arc<Deps>>,
    token: Token,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let Some(send) = send_of(&deps, token) else {
        return bad_link(&deps, &headers);
    };
    let way = way(body).await;
    let stored = tokio::time::timeout(WEB_TIMEOUT, store(&deps, send, way)).await;
    let (status, message) = match stored {
        Ok(Ok(Unsubscribed::Now)) => {
            let way = way.as_str();
            tracing::info!(send.id = %send, way, "unsubscribed the mailbox of a send");
            (StatusCode::OK, Message::Unsubscribed)
        }
        Ok(Ok(Unsubscribed::Before)) => (StatusCode::OK, Message::Unsubscribed),
        // Signed by us and not in this database: it lost rows. Nothing was stored, so nothing is
        // claimed; the page says how to reach a person, and an operator is warned.
        Ok(Ok(Unsubscribed::NoSuchSend)) => {
            tracing::error!(
                send.id = %send,
                unmatched_opt_outs = 1,
                "an opt-out names a send that is not on record: no recipient was suppressed"
            );
            return bad_link(&deps, &headers);
        }
        Ok(Err(error)) => {
            let error = telemetry::chain(&error);
            tracing::error!(send.id = %send, error, "could not store an opt-out");
            (StatusCode::SERVICE_UNAVAILABLE, Message::TryAgain)
        }
        Err(_) => {
            tracing::error!(send.id = %send, "could not store an opt-out in time");
            (StatusCode::SERVICE_UNAVAILABLE, Message::TryAgain)
        }
    };
    answer::message(&headers, status, message, &deps.config)
}

async fn store(deps: &Deps, send: SendId, way: OptOutWay) -> Result<Unsubscribed, DbError> {
    let mut conn = db::acquire(&deps.pool).await?;
    recipients::unsubscribe(&mut conn, send, way).await
}

/// A longer body is none of our form.
const FORM: usize = 4_096;

/// Our form names its button. Everything else is the mailbox provider's one click.
async fn way(body: Body) -> OptOutWay {
    let body = to_bytes(body, FORM).await.unwrap_or_default();
    let ours = body
        .split(|byte| *byte == b'&')
        .any(|field| field == b"by=button");
    if ours {
        OptOutWay::Button
    } else {
        OptOutWay::OneClick
    }
}

fn send_of(deps: &Deps, token: Token) -> Option<SendId> {
    let Path(token) = token.ok()?;
    deps.config.unsubscribe_keys.verify(&token)
}

fn bad_link(deps: &Deps, headers: &HeaderMap) -> Response {
    let status = StatusCode::NOT_FOUND;
    answer::message(headers, status, Message::BadLink, &deps.config)
}
