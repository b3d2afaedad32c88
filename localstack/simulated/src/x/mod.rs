//! X API v2: recent search.

mod answer;
mod behaviour;
mod parameters;
mod problem;
mod query;

use std::sync::Arc;
use std::time::Duration;

use axum::extract::{ConnectInfo, RawQuery, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;

pub(crate) use answer::short_link;
pub use behaviour::{Spelling, XBehaviour, XFault};

use crate::digest;
use crate::http;
use crate::ledger::{Entry, Service};
use crate::net::Breaker;
use crate::server::StandIns;
use behaviour::Room;
use parameters::Parameters;
use problem::Problem;

/// Longer than any client waits.
const SLOW: Duration = Duration::from_secs(90);

/// `GET /2/tweets/search/recent`.
pub(crate) async fn search(
    State(stand_ins): State<Arc<StandIns>>,
    ConnectInfo(breaker): ConnectInfo<Breaker>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    let query = query.unwrap_or_default();
    let authorised = match (
        http::bearer(&headers),
        stand_ins.settings.x_token.as_deref(),
    ) {
        (Some(token), Some(expected)) => token == expected,
        (token, None) => token.is_some(),
        (None, Some(_)) => false,
    };
    let (fault, room, latency, spelling) = {
        let mut behaviour = stand_ins.x();
        let fault = if authorised {
            behaviour.pick(&query)
        } else {
            Some(XFault::Unauthorized)
        };
        (
            fault,
            behaviour.take_room(),
            behaviour.latency(),
            behaviour.spelled(),
        )
    };
    let mut entry = Entry::new(Service::X, None, fault.map_or("ok", XFault::name));
    let given = if authorised {
        stand_ins.x().take_given()
    } else {
        None
    };
    if let Some(given) = given {
        "given".clone_into(&mut entry.outcome);
        entry.status = Some(given.status);
        stand_ins.ledger.append(entry);
        http::pause(latency).await;
        return given.response();
    }
    let mut response = match fault {
        Some(XFault::ConnectionReset) => {
            stand_ins.ledger.append(entry);
            breaker.pull();
            return Response::default();
        }
        Some(fault) if !fault.answers() => problem::played(fault),
        _ if !room.left => {
            "rate_limit_exceeded".clone_into(&mut entry.outcome);
            Problem::rate_limited().into_response()
        }
        _ => match found(&stand_ins, &query, spelling) {
            Ok((body, resources)) => {
                entry.resources = resources;
                http::json(StatusCode::OK, "application/json; charset=utf-8", &body)
            }
            Err(problem) => {
                "invalid_request".clone_into(&mut entry.outcome);
                problem.into_response()
            }
        },
    };
    label(&mut response, fault, &room, &query);
    entry.status = Some(response.status().as_u16());
    // Before any pause: a client that gives up was still served, as far as the bill goes.
    stand_ins.ledger.append(entry);
    http::pause(if fault == Some(XFault::Slow) {
        SLOW
    } else {
        latency
    })
    .await;
    response
}

fn found(
    stand_ins: &StandIns,
    query: &str,
    spelling: Spelling,
) -> Result<(serde_json::Value, u64), Problem> {
    let timeline = stand_ins.timeline();
    let parameters = Parameters::parse(query, timeline.now())?;
    Ok(answer::page(
        &stand_ins.population,
        &timeline,
        &parameters,
        spelling,
    ))
}

/// The headers that every answer carries.
fn label(response: &mut Response, fault: Option<XFault>, room: &Room, query: &str) {
    let used_up = fault == Some(XFault::RateLimited) || fault == Some(XFault::RateLimitedOldShape);
    let remaining = if used_up { 0 } else { room.remaining };
    let reset = http::epoch_seconds() + room.seconds_left;
    http::set(response, "x-rate-limit-limit", &room.limit.to_string());
    http::set(response, "x-rate-limit-remaining", &remaining.to_string());
    http::set(response, "x-rate-limit-reset", &reset.to_string());
    http::set(response, "x-access-level", "read");
    let request = digest::hex(&[query, &room.number.to_string()]);
    http::set(
        response,
        "x-request-id",
        request.get(..16).unwrap_or_default(),
    );
}
