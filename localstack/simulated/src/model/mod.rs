//! OpenAI chat completions: a good but naive model.

mod answer;
mod behaviour;
mod conform;
mod niches;
mod phrases;
mod profile;
mod refusal;
mod request;
mod schema;
mod score;
mod signals;

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{ConnectInfo, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::Value;

pub use behaviour::{ModelBehaviour, ModelFault};

use crate::digest;
use crate::http;
use crate::ledger::{Entry, Service};
use crate::net::{self, Breaker};
use crate::server::StandIns;
use refusal::Refusal;
use request::Request;

/// `POST /chat/completions`.
pub(crate) async fn complete(
    State(stand_ins): State<Arc<StandIns>>,
    ConnectInfo(breaker): ConnectInfo<Breaker>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let mut entry = Entry::new(Service::Model, None, "ok");
    let body: Option<Value> = serde_json::from_slice(&body).ok();
    if let Some(body) = &body {
        entry.inspect(body);
        let parts = ["model", "messages", "response_format"].map(|name| body[name].to_string());
        entry.prompt_hash = Some(digest::hex(&parts.each_ref().map(String::as_str)));
    }
    let prompt = entry.prompt_hash.clone().unwrap_or_default();
    let (fault, latency) = stand_ins.model().draw(&prompt);
    let request = authorise(&stand_ins, &headers).and_then(|()| Request::check(body.as_ref()));
    let given = match &request {
        Ok(_) => stand_ins.model().take_given(),
        Err(_) => None,
    };
    if let Some(given) = given {
        "given".clone_into(&mut entry.outcome);
        entry.status = Some(given.status);
        entry.paid = given.is_success();
        if entry.paid {
            entry.prompt_tokens = given.number("/usage/prompt_tokens");
            entry.completion_tokens = given.number("/usage/completion_tokens");
        }
        stand_ins.ledger.append(entry);
        http::pause(latency).await;
        return given.response();
    }
    let mut response = match (request, fault) {
        (Err(refusal), _) => {
            refusal.code.clone_into(&mut entry.outcome);
            refusal.into_response()
        }
        (Ok(_), Some(ModelFault::ConnectionReset)) => {
            ModelFault::ConnectionReset
                .name()
                .clone_into(&mut entry.outcome);
            stand_ins.ledger.append(entry);
            breaker.pull();
            return Response::default();
        }
        (Ok(_), Some(fault)) if !fault.is_paid() => {
            fault.name().clone_into(&mut entry.outcome);
            refusal::played(fault)
        }
        (Ok(request), fault) => {
            let created = stand_ins.settings.now.timestamp();
            let answer = answer::compose(&request, fault, &prompt, created);
            entry.outcome = fault.map_or("ok", ModelFault::name).to_owned();
            entry.paid = true;
            entry.prompt_tokens = answer.prompt_tokens;
            entry.completion_tokens = answer.completion_tokens;
            let body = answer.body.to_string();
            if fault == Some(ModelFault::CutOff) {
                stand_ins.ledger.append(entry);
                http::pause(latency).await;
                return net::cut_off("application/json", &body);
            }
            let json = [(axum::http::header::CONTENT_TYPE, "application/json")];
            (StatusCode::OK, json, body).into_response()
        }
    };
    label(&mut response, &prompt);
    let hangs = entry.paid && fault == Some(ModelFault::Hang);
    entry.status = (!hangs).then(|| response.status().as_u16());
    // Before any pause: a client that gives up has to pay all the same.
    stand_ins.ledger.append(entry);
    if hangs {
        std::future::pending::<()>().await;
    }
    http::pause(latency).await;
    response
}

fn authorise(stand_ins: &StandIns, headers: &HeaderMap) -> Result<(), Refusal> {
    let token = http::bearer(headers);
    match stand_ins.settings.openai_key.as_deref() {
        Some(expected) if token == Some(expected) => Ok(()),
        None if token.is_some() => Ok(()),
        _ => Err(Refusal::unauthorized(token)),
    }
}

/// The headers that every answer carries.
fn label(response: &mut Response, prompt: &str) {
    let short = prompt.get(..24).unwrap_or("unreadable");
    http::set(response, "x-request-id", &format!("req_{short}"));
    http::set(response, "openai-version", "2020-10-01");
    http::set(response, "openai-organization", "org-simulated");
    http::set(response, "openai-processing-ms", "312");
    http::set(response, "x-ratelimit-limit-requests", "5000");
    http::set(response, "x-ratelimit-limit-tokens", "2000000");
    http::set(response, "x-ratelimit-remaining-requests", "4999");
    http::set(response, "x-ratelimit-remaining-tokens", "1998800");
    http::set(response, "x-ratelimit-reset-requests", "12ms");
    http::set(response, "x-ratelimit-reset-tokens", "36ms");
}
