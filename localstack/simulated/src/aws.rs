//! The one address of all AWS services: the request itself says which one it is for.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{ConnectInfo, State};
use axum::http::HeaderMap;
use axum::http::header::HOST;
use axum::response::Response;

use crate::net::Breaker;
use crate::server::StandIns;
use crate::{ses, sqs};

/// `POST /`: an action of SQS stands in a header, one of SES in the form.
pub(crate) async fn answer(
    State(stand_ins): State<Arc<StandIns>>,
    ConnectInfo(breaker): ConnectInfo<Breaker>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    match text("x-amz-target").and_then(|target| target.strip_prefix("AmazonSQS.")) {
        Some(action) => {
            let origin = format!("http://{}", text(HOST.as_str()).unwrap_or("127.0.0.1"));
            sqs::answer(&stand_ins.sqs, &breaker, &origin, action, &body).await
        }
        None => ses::answer(&stand_ins.ses, &breaker, &body).await,
    }
}
