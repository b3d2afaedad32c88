//! `/_control`: faults and counters over HTTP, for clients in another process.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::{FromRequest, Request, State};
use axum::http::StatusCode;
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::given::GivenAnswer;
use crate::issuer::{IssuerStats, TokenRequest};
use crate::ledger::{Entry, Stats};
use crate::model::ModelFault;
use crate::server::StandIns;
use crate::ses::{DeliveryResult, Handover, SesFault, SesStats, Timing};
use crate::sqs::{Counts, SqsFault};
use crate::x::{Spelling, XFault};

pub(crate) fn router() -> Router<Arc<StandIns>> {
    Router::new()
        .route("/stats", get(stats))
        .route("/ledger", get(ledger))
        .route("/model", post(model))
        .route("/x", post(x))
        .route("/ses", get(mails).post(ses))
        .route("/ses/stats", get(ses_stats))
        .route("/sqs", get(queues).post(sqs))
        .route("/issuer", get(issuer_stats).post(issuer))
        .route("/issuer/token", post(token))
        .route("/reset", post(reset))
}

/// The next so many requests.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Next<F> {
    #[serde(alias = "result", alias = "timing")]
    fault: F,
    #[serde(default = "one")]
    count: u64,
}

fn one() -> u64 {
    1
}

/// An answer, word for word: for the next so many requests, or for every one.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Answered {
    status: u16,
    #[serde(default)]
    headers: BTreeMap<String, String>,
    #[serde(default)]
    body: Value,
    count: Option<u64>,
}

impl Answered {
    fn answer(self) -> GivenAnswer {
        GivenAnswer {
            status: self.status,
            headers: self.headers,
            body: self.body,
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ModelChange {
    #[serde(default)]
    clear: bool,
    next: Option<Next<ModelFault>>,
    always: Option<ModelFault>,
    answer: Option<Answered>,
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
    answer: Option<Answered>,
    #[serde(default)]
    share: BTreeMap<XFault, f64>,
    latency_ms: Option<u64>,
    window: Option<Window>,
    spelling: Option<Spelling>,
    publish: Option<usize>,
    advance_hours: Option<u32>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SesChange {
    #[serde(default)]
    clear: bool,
    next: Option<Next<SesFault>>,
    always: Option<SesFault>,
    #[serde(default)]
    share: BTreeMap<SesFault, f64>,
    next_result: Option<Next<DeliveryResult>>,
    #[serde(default)]
    share_result: BTreeMap<DeliveryResult, f64>,
    next_timing: Option<Next<Timing>>,
    #[serde(default)]
    share_timing: BTreeMap<Timing, f64>,
    latency_ms: Option<u64>,
    rate: Option<f64>,
    per_day: Option<u64>,
    paused: Option<bool>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SqsChange {
    #[serde(default)]
    clear: bool,
    next: Option<Next<SqsFault>>,
    always: Option<SqsFault>,
    #[serde(default)]
    share: BTreeMap<SqsFault, f64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct IssuerChange {
    #[serde(default)]
    rotate: bool,
    away: Option<bool>,
    advance_seconds: Option<i64>,
    id_tokens: Option<TokenRequest>,
}

type Answer = (StatusCode, Json<Value>);

fn done() -> Answer {
    (StatusCode::OK, Json(json!({ "ok": true })))
}

/// What is to change; a body that cannot be read says why.
struct Change<T>(T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Change<T> {
    type Rejection = Answer;

    async fn from_request(request: Request, state: &S) -> Result<Self, Answer> {
        match Json::from_request(request, state).await {
            Ok(Json(change)) => Ok(Self(change)),
            Err(why) => Err((
                StatusCode::BAD_REQUEST,
                Json(json!({ "ok": false, "error": why.body_text() })),
            )),
        }
    }
}

async fn stats(State(stand_ins): State<Arc<StandIns>>) -> Json<Stats> {
    Json(stand_ins.ledger.stats())
}

async fn ledger(State(stand_ins): State<Arc<StandIns>>) -> Json<Vec<Entry>> {
    Json(stand_ins.ledger.entries())
}

async fn reset(State(stand_ins): State<Arc<StandIns>>) -> Answer {
    stand_ins.reset();
    done()
}

async fn model(
    State(stand_ins): State<Arc<StandIns>>,
    Change(change): Change<ModelChange>,
) -> Answer {
    let mut behaviour = stand_ins.model();
    if change.clear {
        behaviour.clear();
    }
    if let Some(next) = change.next {
        behaviour.next(next.count, next.fault);
    }
    if let Some(fault) = change.always {
        behaviour.always(fault);
    }
    if let Some(answered) = change.answer {
        match answered.count {
            Some(count) => behaviour.answer_next(count, answered.answer()),
            None => behaviour.answer_always(answered.answer()),
        };
    }
    for (fault, share) in change.share {
        behaviour.share(fault, share);
    }
    if let Some(millis) = change.latency_ms {
        behaviour.latency_ms(millis, change.jitter_ms.unwrap_or(0));
    }
    done()
}

async fn x(State(stand_ins): State<Arc<StandIns>>, Change(change): Change<XChange>) -> Answer {
    let mut behaviour = stand_ins.x();
    if change.clear {
        behaviour.clear();
    }
    if let Some(next) = change.next {
        behaviour.next(next.count, next.fault);
    }
    if let Some(fault) = change.always {
        behaviour.always(fault);
    }
    if let Some(answered) = change.answer {
        match answered.count {
            Some(count) => behaviour.answer_next(count, answered.answer()),
            None => behaviour.answer_always(answered.answer()),
        };
    }
    for (fault, share) in change.share {
        behaviour.share(fault, share);
    }
    if let Some(millis) = change.latency_ms {
        behaviour.latency_ms(millis);
    }
    if let Some(window) = change.window {
        behaviour.window(window.limit, window.seconds);
    }
    if let Some(spelling) = change.spelling {
        behaviour.spelling(spelling);
    }
    drop(behaviour);
    let mut timeline = stand_ins.timeline();
    if let Some(hours) = change.advance_hours {
        timeline.advance(chrono::TimeDelta::hours(i64::from(hours)));
    }
    if let Some(posts) = change.publish {
        timeline.publish(&stand_ins.population, posts);
    }
    done()
}

async fn mails(State(stand_ins): State<Arc<StandIns>>) -> Json<Vec<Handover>> {
    Json(stand_ins.ses.handovers())
}

async fn ses_stats(State(stand_ins): State<Arc<StandIns>>) -> Json<SesStats> {
    Json(stand_ins.ses.stats())
}

async fn queues(State(stand_ins): State<Arc<StandIns>>) -> Json<BTreeMap<String, Counts>> {
    Json(stand_ins.sqs.counts())
}

async fn ses(State(stand_ins): State<Arc<StandIns>>, Change(change): Change<SesChange>) -> Answer {
    stand_ins.ses.configure(|ses| {
        if change.clear {
            ses.clear();
        }
        if let Some(next) = change.next {
            ses.next(next.count, next.fault);
        }
        if let Some(fault) = change.always {
            ses.always(fault);
        }
        for (fault, share) in change.share {
            ses.share(fault, share);
        }
        if let Some(next) = change.next_result {
            ses.next_result(next.count, next.fault);
        }
        for (result, share) in change.share_result {
            ses.share_result(result, share);
        }
        if let Some(next) = change.next_timing {
            ses.next_timing(next.count, next.fault);
        }
        for (timing, share) in change.share_timing {
            ses.share_timing(timing, share);
        }
        if let Some(millis) = change.latency_ms {
            ses.latency_ms(millis);
        }
        if let Some(rate) = change.rate {
            ses.rate(rate);
        }
        if let Some(mails) = change.per_day {
            ses.per_day(Some(mails));
        }
        if let Some(paused) = change.paused {
            ses.paused(paused);
        }
        ses
    });
    done()
}

async fn sqs(State(stand_ins): State<Arc<StandIns>>, Change(change): Change<SqsChange>) -> Answer {
    stand_ins.sqs.faults(|sqs| {
        if change.clear {
            sqs.clear();
        }
        if let Some(next) = change.next {
            sqs.next(next.count, next.fault);
        }
        if let Some(fault) = change.always {
            sqs.always(fault);
        }
        for (fault, share) in change.share {
            sqs.share(fault, share);
        }
        sqs
    });
    done()
}

async fn issuer_stats(State(stand_ins): State<Arc<StandIns>>) -> Json<IssuerStats> {
    Json(stand_ins.issuer.stats())
}

async fn issuer(
    State(stand_ins): State<Arc<StandIns>>,
    Change(change): Change<IssuerChange>,
) -> Answer {
    let issuer = &stand_ins.issuer;
    if change.rotate {
        issuer.rotate();
    }
    if let Some(away) = change.away {
        issuer.away(away);
    }
    if let Some(seconds) = change.advance_seconds {
        issuer.advance_seconds(seconds);
    }
    if let Some(request) = change.id_tokens {
        issuer.id_tokens(request);
    }
    done()
}

async fn token(
    State(stand_ins): State<Arc<StandIns>>,
    Change(request): Change<TokenRequest>,
) -> Answer {
    match stand_ins.issuer.access_token(&request) {
        Some(token) => (StatusCode::OK, Json(json!({ "access_token": token }))),
        None => (
            StatusCode::INTERNAL_SERVER_ERROR,
            Json(json!({ "ok": false, "error": "no key can sign" })),
        ),
    }
}
