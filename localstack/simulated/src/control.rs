//! `/_control`: faults and counters over HTTP, for those who are not in the same process.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::State;
use axum::extract::rejection::JsonRejection;
use axum::http::StatusCode;
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::ledger::{Entry, Stats};
use crate::model::ModelFault;
use crate::server::Internet;
use crate::x::{Spelling, XFault};

pub(crate) fn router() -> Router<Arc<Internet>> {
    Router::new()
        .route("/stats", get(stats))
        .route("/ledger", get(ledger))
        .route("/model", post(model))
        .route("/x", post(x))
        .route("/reset", post(reset))
}

/// The next so many requests.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Next<F> {
    fault: F,
    #[serde(default = "one")]
    count: u64,
}

fn one() -> u64 {
    1
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ModelChange {
    #[serde(default)]
    clear: bool,
    next: Option<Next<ModelFault>>,
    always: Option<ModelFault>,
    #[serde(default)]
    share: BTreeMap<ModelFault, f64>,
    latency_ms: Option<u64>,
    jitter_ms: Option<u64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Window {
    limit: u64,
    seconds: u64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct XChange {
    #[serde(default)]
    clear: bool,
    next: Option<Next<XFault>>,
    always: Option<XFault>,
    #[serde(default)]
    share: BTreeMap<XFault, f64>,
    latency_ms: Option<u64>,
    window: Option<Window>,
    spelling: Option<Spelling>,
    publish: Option<usize>,
    advance_hours: Option<u32>,
}

type Answer = (StatusCode, Json<Value>);

fn done() -> Answer {
    (StatusCode::OK, Json(json!({ "ok": true })))
}

fn refused(why: &JsonRejection) -> Answer {
    (
        StatusCode::BAD_REQUEST,
        Json(json!({ "ok": false, "error": why.body_text() })),
    )
}

async fn stats(State(internet): State<Arc<Internet>>) -> Json<Stats> {
    Json(internet.ledger.stats())
}

async fn ledger(State(internet): State<Arc<Internet>>) -> Json<Vec<Entry>> {
    Json(internet.ledger.entries())
}

async fn reset(State(internet): State<Arc<Internet>>) -> Answer {
    internet.reset();
    done()
}

async fn model(
    State(internet): State<Arc<Internet>>,
    change: Result<Json<ModelChange>, JsonRejection>,
) -> Answer {
    let change = match change {
        Ok(Json(change)) => change,
        Err(why) => return refused(&why),
    };
    let mut knobs = internet.model();
    if change.clear {
        knobs.clear();
    }
    if let Some(next) = change.next {
        knobs.next(next.count, next.fault);
    }
    if let Some(fault) = change.always {
        knobs.always(fault);
    }
    for (fault, share) in change.share {
        knobs.share(fault, share);
    }
    if let Some(millis) = change.latency_ms {
        knobs.latency_ms(millis, change.jitter_ms.unwrap_or(0));
    }
    done()
}

async fn x(
    State(internet): State<Arc<Internet>>,
    change: Result<Json<XChange>, JsonRejection>,
) -> Answer {
    let change = match change {
        Ok(Json(change)) => change,
        Err(why) => return refused(&why),
    };
    let mut knobs = internet.x();
    if change.clear {
        knobs.clear();
    }
    if let Some(next) = change.next {
        knobs.next(next.count, next.fault);
    }
    if let Some(fault) = change.always {
        knobs.always(fault);
    }
    for (fault, share) in change.share {
        knobs.share(fault, share);
    }
    if let Some(millis) = change.latency_ms {
        knobs.latency_ms(millis);
    }
    if let Some(window) = change.window {
        knobs.window(window.limit, window.seconds);
    }
    if let Some(spelling) = change.spelling {
        knobs.spelling(spelling);
    }
    drop(knobs);
    let mut timeline = internet.timeline();
    if let Some(hours) = change.advance_hours {
        timeline.advance(chrono::TimeDelta::hours(i64::from(hours)));
    }
    if let Some(posts) = change.publish {
        timeline.publish(&internet.world, posts);
    }
    done()
}
