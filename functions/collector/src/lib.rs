//! Collects leads: runs the sources that are due, page by page, and publishes what is new.
//!
//! Each page is fetched, normalised and stored with the source's cursor in one transaction; only then
//! are its leads published. A run that is cut short goes on where its last stored page ended.

mod report;
mod request;
pub mod sources;
mod trial;

use std::time::Duration;

use aws_config::SdkConfig;
use lambda_runtime::Diagnostic;
pub use report::{Ended, RunReport};
use request::{Request, Which};
use serde::Serialize;
use serde_json::Value;
use shared::{
    clients::{aws, http::Http},
    config,
    db::{
        self, DbError, Failure, PgConnection, PgPool,
        installation::{self, InstallationError},
        leads,
        sources::{Rest, Run, RunEnd},
    },
    deadline::Deadline,
    domain::{email::HashKey, intake::normalise},
    queue::Queue,
    telemetry,
    trial::Tried,
};
use sources::{Opening, Reach, Source, SourceError};

/// How long a run holds its source without storing a page.
const LEASE: Duration = Duration::from_secs(360);
/// How long a service is not asked that has no credit for us.
const A_DAY: Duration = Duration::from_secs(24 * 60 * 60);
/// No page is begun when less than this is left: three attempts at it take up to 46 s.
pub const MARGIN: Duration = Duration::from_secs(60);

#[derive(Debug)]
pub struct Deps {
    pool: PgPool,
    queue: Queue,
    hash_key: HashKey,
    endpoints: sources::Endpoints,
}

#[derive(Debug, thiserror::Error)]
pub enum CollectError {
    #[error("the event cannot be read")]
    Event(#[from] request::InvalidRequest),
    #[error("there is no campaign of the name {0}")]
    NoSuchCampaign(String),
    #[error("there is no source of the name {0}")]
    NoSuchSource(String),
    /// What was stored stays stored.
    #[error("the collector stopped at its database")]
    Database(#[from] DbError),
    /// The database belongs to another key.
    #[error(transparent)]
    Installation(#[from] InstallationError),
    #[error("the collector's HTTP client could not be set up")]
    Http(#[from] shared::clients::http::HttpError),
}

impl From<CollectError> for Diagnostic {
    fn from(error: CollectError) -> Self {
        telemetry::diagnostic(&error)
    }
}

impl Deps {
    /// Nothing is contacted yet.
    pub async fn connect(config: config::Collector) -> Result<Self, CollectError> {
        Self::new(config, &aws::load().await)
    }

    pub fn new(config: config::Collector, sdk: &SdkConfig) -> Result<Self, CollectError> {
        Ok(Self {
            pool: db::connect_lazily(&config.database_url, "collector")?,
            queue: Queue::new(aws_sdk_sqs::Client::new(sdk), config.enrich_queue_url),
            hash_key: config.hash_key,
            endpoints: sources::Endpoints {
                http: Http::new()?,
                sdk: sdk.clone(),
                x_api_base: config.x_api_base,
                x_bearer_token: config.x_bearer_token,
                simulated_api_base: config.simulated_api_base,
            },
        })
    }
}

/// What came of an event.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub enum Done {
    Ran(Vec<RunReport>),
    Tried(Tried),
}

/// Runs the sources that are due, all or those the event names, and reports on each; or shows what a source
/// would give.
///
/// # Errors
/// When the event cannot be read or the database fails. A source that fails is reported, and the
/// others run.
pub async fn handle(deps: &Deps, event: Value, deadline: Deadline) -> Result<Done, CollectError> {
    match Request::from_event(event)? {
        Request::Run(which) => Ok(Done::Ran(run(deps, &which, deadline).await?)),
        Request::Try(wanted) => Ok(Done::Tried(Box::pin(trial::trial(deps, &wanted)).await)),
    }
}

async fn run(
    deps: &Deps,
    which: &Which,
    deadline: Deadline,
) -> Result<Vec<RunReport>, CollectError> {
    let mut conn = db::acquire(&deps.pool).await?;
    installation::require_key(&mut conn, &deps.hash_key.fingerprint()).await?;
    let (campaign, source) = (which.campaign.as_deref(), which.source.as_deref());
    let runs = db::sources::begin_runs(&mut conn, campaign, source, LEASE).await?;
    if runs.is_empty() {
        must_exist(&mut conn, campaign, source).await?;
    }
    let mut reports = Vec::with_capacity(runs.len());
    for mut run in runs {
        // Boxed: the state of a run is large, and most of a start needs none.
        let report = Box::pin(collect(deps, &mut conn, &mut run, deadline)).await?;
        report.log();
        // A list that was read before is not read again, and what was reported of it stays.
        let kept = (!report.says_nothing()).then(|| report.to_json());
        let end = RunEnd {
            cut_short: report.ended == Ended::TimeIsUp,
            needs_attention: matches!(report.ended, Ended::NeedsAttention { .. }),
            rests: rests(&report.ended),
            refused_most: kept.as_ref().map(|_| report.refused_most),
            report: kept.as_ref(),
        };
        db::sources::end_run(&mut conn, &run, &end).await?;
        reports.push(report);
    }
    Ok(reports)
}

/// A name that nothing has is a typo, and no quiet success.
async fn must_exist(
    conn: &mut PgConnection,
    campaign: Option<&str>,
    source: Option<&str>,
) -> Result<(), CollectError> {
    if let Some(name) = campaign
        && db::campaigns::find(conn, name).await?.is_none()
    {
        return Err(CollectError::NoSuchCampaign(name.to_owned()));
    }
    if let Some(name) = source
        && !db::sources::exists(conn, campaign, name).await?
    {
        return Err(CollectError::NoSuchSource(name.to_owned()));
    }
    Ok(())
}

/// For how long a source is left alone.
fn rests(ended: &Ended) -> Rest {
    match ended {
        Ended::NeedsAttention { rests: true, .. } => Rest::For(A_DAY),
        Ended::Throttled { until: Some(until) } => Rest::Until(*until),
        Ended::Throttled { until: None }
        | Ended::NeedsAttention { .. }
        | Ended::Done
        | Ended::TimeIsUp
        | Ended::Replaced
        | Ended::Unavailable { .. } => Rest::Not,
    }
}

/// One run of one source, until it has no more, the time is up or it fails.
async fn collect(
    deps: &Deps,
    conn: &mut PgConnection,
    run: &mut Run,
    deadline: Deadline,
) -> Result<RunReport, DbError> {
    let report = RunReport::new(run);
    // To open a source can take time of its own: a list in S3 is brought here first.
    if !deadline.allows(MARGIN) {
        return Ok(report.ended(Ended::TimeIsUp));
    }
    let opening = Opening {
        kind: &run.kind,
        params: &run.params,
        cursor: &run.cursor,
        reach: Reach::Whole,
    };
    let mut source = match Source::open(&opening, &deps.endpoints).await {
        Ok(source) => source,
        Err(error) => return Ok(report.ended(error.into())),
    };
    let report = read(deps, conn, run, deadline, (&mut source, report)).await?;
    Ok(report.of_list(source.list()))
}

/// Reads and stores page by page.
async fn read(
    deps: &Deps,
    conn: &mut PgConnection,
    run: &mut Run,
    deadline: Deadline,
    (source, mut report): (&mut Source<'_>, RunReport),
) -> Result<RunReport, DbError> {
    loop {
        if !deadline.allows(MARGIN) {
            return Ok(report.ended(Ended::TimeIsUp));
        }
        let page = match source.next_page(&run.cursor).await {
            Ok(Some(page)) => page,
            Ok(None) => return Ok(report.ended(Ended::Done)),
            Err(SourceError::StaleCursor { restart }) => {
                run.cursor = restart;
                report.restarted();
                continue;
            }
            Err(error) => return Ok(report.ended(error.into())),
        };
        let mut batch = normalise(page.rows, &deps.hash_key, source.origin());
        report.read(&mut batch);
        let stored = match leads::store_page(conn, run, &batch.leads, &page.cursor, LEASE).await {
            Ok(Some(stored)) => stored,
            Ok(None) => return Ok(report.ended(Ended::Replaced)),
            Err(error) => {
                let why = telemetry::chain(&error);
                // What concerns this page alone must not keep the other sources from running.
                return match error.failure() {
                    Failure::Refused => {
                        Ok(report.ended(Ended::NeedsAttention { why, rests: false }))
                    }
                    Failure::Contended => Ok(report.ended(Ended::Unavailable { why })),
                    Failure::Database => Err(error),
                };
            }
        };
        run.cursor = page.cursor;
        report.stored(&stored.rows, &batch.lines);
        // After the commit; what does not get through is found by the enricher's sweep.
        if let Err(error) = deps.queue.publish(&stored.pending).await {
            let error = telemetry::chain(&error);
            tracing::warn!(source.id = %run.source, error, "leads could not be published");
        }
        if page.last {
            return Ok(report.ended(Ended::Done));
        }
    }
}
