//! How the system stands, what its checks find, and the dead letters.

use std::sync::Arc;

use axum::{Json as Body, extract::State};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use shared::{
    clients::checks::{Finding, Status},
    db::{
        console::{health, shell},
        operator::{self, Breaker},
    },
};
use utoipa::ToSchema;

use super::{answer::Refused, list::Listed, request::Json, sends::Changed};
use crate::{
    Deps,
    access::Caller,
    pages::health::{self as page, Check, FunctionRuns},
};

/// How the system stands.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Health {
    at: DateTime<Utc>,
    /// Null while mails leave.
    sending_stopped_at: Option<DateTime<Utc>>,
    sending_stopped_by: Option<String>,
    sent_today: i32,
    /// Null before SES said so.
    most_a_day: Option<i32>,
    most_a_second: f64,
    /// What the model has cost today, in millionths of a US dollar.
    model_spent_micros: i64,
    /// Mails that wait for their time.
    planned: i64,
    to_review: i64,
    /// What `outreach doctor` says of the database.
    checks: Vec<CheckResult>,
    /// Runs of the last 24 hours; null where CloudWatch does not say.
    functions: Option<Vec<FunctionState>>,
    queues: Vec<QueueState>,
    breakers: Vec<CampaignStop>,
    quarantined: Vec<QuarantinedMessage>,
}

/// One check, in a sentence.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CheckResult {
    is_good: bool,
    sentence: String,
}

impl From<Check> for CheckResult {
    fn from(check: Check) -> Self {
        Self {
            is_good: check.is_good(),
            sentence: check.sentence,
        }
    }
}

/// A function in the last 24 hours.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct FunctionState {
    name: &'static str,
    /// Begin of the five minutes in which it ran last.
    last_run_from: Option<DateTime<Utc>>,
    runs: i64,
    /// Runs that failed.
    errors: i64,
}

impl From<FunctionRuns> for FunctionState {
    fn from(runs: FunctionRuns) -> Self {
        Self {
            name: runs.name,
            last_run_from: runs.last,
            runs: runs.runs,
            errors: runs.errors,
        }
    }
}

/// A queue, as SQS estimates it; the numbers are null where it could not be asked.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct QueueState {
    name: String,
    waiting: Option<i64>,
    taken: Option<i64>,
    delayed: Option<i64>,
    dead_letters: Option<i64>,
}

/// A campaign that its bounces or complaints have stopped, now or before.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CampaignStop {
    campaign: String,
    /// Null while it is closed.
    opened_at: Option<DateTime<Utc>>,
    explanation: Option<&'static str>,
    closed_at: Option<DateTime<Utc>>,
    closed_by: Option<String>,
    sent: i64,
    bounced: i64,
    complained: i64,
    waiting: i64,
}

impl From<Breaker> for CampaignStop {
    fn from(breaker: Breaker) -> Self {
        Self {
            campaign: breaker.campaign,
            opened_at: breaker.opened_at,
            explanation: breaker.explanation,
            closed_at: breaker.closed_at,
            closed_by: breaker.closed_by,
            sent: breaker.sent,
            bounced: breaker.bounced,
            complained: breaker.complained,
            waiting: breaker.waiting,
        }
    }
}

/// A message that no function can read.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct QuarantinedMessage {
    at: DateTime<Utc>,
    queue: String,
    reason: String,
}

/// Shows how the system stands.
#[utoipa::path(get, path = "/api/v1/health", tag = "System", responses((status = 200, body = Health)))]
pub(crate) async fn show_health(State(deps): State<Arc<Deps>>) -> Result<Body<Health>, Refused> {
    let mut conn = deps.connect().await?;
    let standing = shell::standing(&mut conn).await?;
    let read = health::read(&mut conn).await?;
    let breakers = operator::breakers(&mut conn, None).await?;
    let checks = page::checks(&mut conn, &deps).await?;
    drop(conn);
    let (functions, queues) = tokio::join!(page::functions(&deps, read.now), page::queues(&deps));
    let functions =
        functions.map(|functions| functions.into_iter().map(FunctionState::from).collect());
    let queues = queues.into_iter().map(|line| {
        let number = |number: fn(&shared::queue::inspect::Standing) -> i64| {
            line.standing.as_ref().map(number)
        };
        QueueState {
            waiting: number(|standing| standing.waiting),
            taken: number(|standing| standing.taken),
            delayed: number(|standing| standing.delayed),
            dead_letters: number(|standing| standing.dead_letters),
            name: line.name.to_owned(),
        }
    });
    Ok(Body(Health {
        at: read.now,
        sending_stopped_at: standing.stopped_at,
        sending_stopped_by: standing.stopped_by,
        sent_today: read.limits.sent_today,
        most_a_day: read.limits.max_per_day,
        most_a_second: read.limits.max_per_second,
        model_spent_micros: read.limits.model_spent_micros,
        planned: read.planned,
        to_review: standing.to_review,
        checks: checks.into_iter().map(CheckResult::from).collect(),
        functions,
        queues: queues.collect(),
        breakers: breakers.into_iter().map(CampaignStop::from).collect(),
        quarantined: read
            .quarantined
            .into_iter()
            .map(|message| QuarantinedMessage {
                at: message.at,
                queue: message.queue,
                reason: message.reason,
            })
            .collect(),
    }))
}

/// How a check ended.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum CheckStatus {
    Ok,
    /// It works, but not as it should in production.
    Warn,
    Fail,
}

impl From<Status> for CheckStatus {
    fn from(status: Status) -> Self {
        match status {
            Status::Ok => Self::Ok,
            Status::Warn => Self::Warn,
            Status::Fail => Self::Fail,
        }
    }
}

/// What one check found.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CheckFinding {
    check: &'static str,
    status: CheckStatus,
    found: String,
    /// What to do about it.
    advice: Option<String>,
}

impl From<Finding> for CheckFinding {
    fn from(finding: Finding) -> Self {
        Self {
            check: finding.check,
            status: finding.status.into(),
            found: finding.detail,
            advice: finding.advice,
        }
    }
}

/// Makes the checks of the page Health: of the database, the queues, SES and the links of every mail. What SES says is
/// kept for a minute. `outreach doctor` compares the settings of all functions besides.
#[utoipa::path(get, path = "/api/v1/health/checks", tag = "System", responses((status = 200, body = Listed<CheckFinding>)))]
pub(crate) async fn list_checks(
    State(deps): State<Arc<Deps>>,
) -> Result<Body<Listed<CheckFinding>>, Refused> {
    let findings = page::all_checks::all(&deps).await?;
    Ok(Body(Listed {
        items: findings.into_iter().map(CheckFinding::from).collect(),
        next: None,
    }))
}

/// A queue whose dead letters are tried again.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct DeadLetters {
    /// `enrich`, `outreach` or `feedback`.
    queue: String,
}

/// Has a queue's dead letters tried again. What was done already is done only once.
#[utoipa::path(post, path = "/api/v1/dead-letters/move-back", tag = "System", request_body = DeadLetters,
    responses((status = 200, body = Changed), (status = 404, description = "There is no such queue", body = super::answer::Problem)))]
pub(crate) async fn move_dead_letters_back(
    State(deps): State<Arc<Deps>>,
    caller: Caller,
    Json { body, .. }: Json<DeadLetters>,
) -> Result<Body<Changed>, Refused> {
    page::move_dead_letters(&deps, &caller, &body.queue).await?;
    Ok(Body(Changed { changed: true }))
}
