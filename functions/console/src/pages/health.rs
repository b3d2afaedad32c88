//! Health: whether mails leave, what waits in the queues, what was stopped, and what does not fit together.

pub(crate) mod all_checks;
mod checks;
mod runs;

use std::sync::Arc;

use askama::Template;
use axum::{
    extract::State,
    http::StatusCode,
    response::{IntoResponse as _, Redirect, Response},
};
use chrono::{DateTime, Utc};
use futures::future::join_all;
use serde::Deserialize;
use shared::{
    db::{
        DbError, PgConnection,
        console::health::{self, Limits, Quarantined, SourceRun},
        operator::{self, Author, Breaker},
        schema::SchemaState,
    },
    queue::inspect::{Inspector, Standing as QueueStanding},
    telemetry,
};
use tokio::sync::OnceCell;

pub(crate) use self::{
    all_checks::SesChecks,
    checks::Check,
    runs::{FunctionRuns, RunCounts},
};
use crate::{
    Deps,
    access::Caller,
    answer,
    answer::Failure,
    change, filters,
    form::{Form, Query},
    view::{Moment, Place, Shell, number},
};

/// The client for queues: made when somebody first looks, since a start must not wait for it.
#[derive(Debug, Default)]
pub(crate) struct QueueClient(OnceCell<Inspector>);

impl QueueClient {
    async fn get(&self) -> &Inspector {
        self.0.get_or_init(Inspector::load).await
    }
}

/// A queue as it is shown.
#[derive(Debug)]
pub(crate) struct QueueLine<'a> {
    pub(crate) name: &'a str,
    /// None where it could not be asked.
    pub(crate) standing: Option<QueueStanding>,
}

#[derive(Template)]
#[template(path = "health.html")]
struct HealthPage<'a> {
    shell: Shell,
    now: Moment,
    /// None where there is no stack to ask about, or CloudWatch did not say.
    functions: Option<Vec<FunctionRuns>>,
    queues: Vec<QueueLine<'a>>,
    limits: Limits,
    breakers: Vec<Breaker>,
    sources: Vec<SourceRun>,
    quarantined: Vec<Quarantined>,
    checks: Vec<Check>,
    planned: i64,
    may_operate: bool,
}

impl HealthPage<'_> {
    fn planned_mails(&self) -> String {
        match self.planned {
            0 => "No planned mails wait".to_owned(),
            1 => "1 planned mail then waits".to_owned(),
            many => format!("{} planned mails then wait", number(many)),
        }
    }
}

/// What the last request did.
#[derive(Debug, Deserialize)]
pub(crate) struct Done {
    done: Option<String>,
}

/// Shows the page.
pub(crate) async fn show(
    State(deps): State<Arc<Deps>>,
    caller: Caller,
    Query(Done { done }): Query<Done>,
) -> Result<Response, Failure> {
    let mut conn = deps.connect().await?;
    let shell = Shell::load(&mut conn, &deps, &caller, Place::Health).await?;
    let read = health::read(&mut conn).await?;
    let breakers = operator::breakers(&mut conn, None).await?;
    let checks = checks(&mut conn, &deps).await?;
    drop(conn);
    let (functions, queues) = tokio::join!(functions(&deps, read.now), queues(&deps));
    let page = HealthPage {
        may_operate: shell.may(shared::domain::person::Role::Operator),
        shell: shell.saying(done.as_deref().and_then(said)),
        now: Moment(read.now),
        functions,
        queues,
        limits: read.limits,
        breakers,
        sources: read.sources,
        quarantined: read.quarantined,
        checks,
        planned: read.planned,
    };
    Ok(answer::page(StatusCode::OK, &page))
}

/// What `outreach doctor` says of the database.
pub(crate) async fn checks(conn: &mut PgConnection, deps: &Deps) -> Result<Vec<Check>, DbError> {
    checks::read(conn, &deps.config.hash_key.fingerprint()).await
}

/// How the functions of this stack ran.
pub(crate) async fn functions(deps: &Deps, now: DateTime<Utc>) -> Option<Vec<FunctionRuns>> {
    let stack = deps.config.stack.as_deref()?;
    deps.runs.of_stack(stack, now).await
}

/// Asks every queue, at the same time.
pub(crate) async fn queues(deps: &Deps) -> Vec<QueueLine<'_>> {
    let inspector = deps.queues.get().await;
    let lines = deps.config.queues.iter().map(async |queue| {
        let standing = inspector.standing(&queue.url, &queue.dead_letters_url);
        let standing = standing.await.inspect_err(|error| {
            tracing::warn!(
                queue = queue.name,
                error = telemetry::chain(error),
                "a queue could not be asked"
            );
        });
        QueueLine {
            name: queue.name,
            standing: standing.ok(),
        }
    });
    join_all(lines).await
}

/// Whether the tables are those of this release, in words.
pub(crate) fn schema_line(state: &SchemaState) -> (bool, String) {
    match state {
        SchemaState::Current => (true, "The tables are those of this release.".to_owned()),
        SchemaState::Behind { pending } => (
            false,
            format!("The database lacks {pending} migrations of this release. Apply them with “outreach migrate”."),
        ),
        SchemaState::Newer { version } => (
            false,
            format!("The database is of a newer release (migration {version}). Deploy that release."),
        ),
        SchemaState::Foreign { version } => (
            false,
            format!("Migration {version} of the database is not that of this release. “outreach doctor” says what to do."),
        ),
        SchemaState::Unrecorded => (
            false,
            "The tables are there, and no record of what made them. “outreach doctor” says what to do.".to_owned(),
        ),
        SchemaState::Interrupted { version } => (
            false,
            format!("Migration {version} was not finished. “outreach doctor” says what to do."),
        ),
    }
}

/// The words of an answer are ours; a link cannot put others there.
fn said(done: &str) -> Option<&'static str> {
    match done {
        "stopped" => {
            Some("Sending is stopped. No mail leaves until somebody switches it on again.")
        }
        "already-stopped" => Some("Sending was stopped already. The first reason stands."),
        "started" => {
            Some("Sending is on. What waited for it leaves within minutes, under every other rule.")
        }
        "already-started" => Some("Sending was on already."),
        "reason" => {
            Some("Nothing was changed: switching sending on, or closing a stop, takes a reason.")
        }
        "moved" => Some("The messages are moving back. The function works on them within seconds."),
        "closed" => Some("The automatic stop is closed. Only what goes wrong from now on counts."),
        "not-open" => Some("That stop was not open any more."),
        _ => None,
    }
}

/// Stops sending, without a question: it takes a second to press, and nothing is lost by it.
pub(crate) async fn stop(
    State(deps): State<Arc<Deps>>,
    caller: Caller,
) -> Result<Response, Failure> {
    let person = caller.person;
    let stopped = change(&deps, async move |conn| {
        operator::stop_sending(conn, &person.name, "Pressed in the console", Some(&person)).await
    })
    .await?;
    Ok(back(if stopped {
        "stopped"
    } else {
        "already-stopped"
    }))
}

#[derive(Debug, Deserialize)]
pub(crate) struct Reasoned {
    #[serde(default)]
    reason: String,
}

/// Lets mails leave again.
pub(crate) async fn start(
    State(deps): State<Arc<Deps>>,
    caller: Caller,
    Form(Reasoned { reason }): Form<Reasoned>,
) -> Result<Response, Failure> {
    let Some(note) = given(&reason) else {
        return Ok(back("reason"));
    };
    let waited = change(&deps, async move |conn| {
        operator::start_sending(conn, Author::new(&caller.person, Some(&note))).await
    })
    .await?;
    Ok(back(if waited.is_some() {
        "started"
    } else {
        "already-started"
    }))
}

#[derive(Debug, Deserialize)]
pub(crate) struct CloseBreaker {
    campaign: String,
    #[serde(default)]
    reason: String,
}

/// Closes a campaign's automatic stop.
pub(crate) async fn close_breaker(
    State(deps): State<Arc<Deps>>,
    caller: Caller,
    Form(CloseBreaker { campaign, reason }): Form<CloseBreaker>,
) -> Result<Response, Failure> {
    let Some(note) = given(&reason) else {
        return Ok(back("reason"));
    };
    let closed = change(&deps, async move |conn| {
        let person = &caller.person;
        let author = Author::new(person, Some(&note));
        operator::close_breaker(conn, &campaign, &person.name, author).await
    })
    .await?;
    Ok(back(if closed { "closed" } else { "not-open" }))
}

#[derive(Debug, Deserialize)]
pub(crate) struct DeadLetters {
    queue: String,
}

/// Has a queue's dead letters tried again. What was done already is done only once.
pub(crate) async fn move_back(
    State(deps): State<Arc<Deps>>,
    caller: Caller,
    Form(DeadLetters { queue }): Form<DeadLetters>,
) -> Result<Response, Failure> {
    move_dead_letters(&deps, &caller, &queue).await?;
    Ok(back("moved"))
}

/// Moves a queue's dead letters back, and records who had it done.
pub(crate) async fn move_dead_letters(
    deps: &Arc<Deps>,
    caller: &Caller,
    queue: &str,
) -> Result<(), Failure> {
    let mut known = deps.config.queues.iter();
    let queue = known
        .find(|known| known.name == queue)
        .ok_or(Failure::NotFound)?;
    let moved = deps
        .queues
        .get()
        .await
        .move_back(&queue.dead_letters_url, &queue.url)
        .await;
    moved.map_err(|error| {
        tracing::error!(
            queue = queue.name,
            error = telemetry::chain(&error),
            "dead letters were not moved"
        );
        Failure::Queues
    })?;
    let (person, name) = (caller.person.clone(), queue.name);
    change(deps, async move |conn| {
        health::record_move(conn, &person, name).await
    })
    .await
}

/// A reason, unless it is blank.
fn given(reason: &str) -> Option<String> {
    let reason = reason.trim();
    (!reason.is_empty()).then(|| reason.to_owned())
}

fn back(done: &str) -> Response {
    Redirect::to(&format!("/health?done={done}")).into_response()
}
