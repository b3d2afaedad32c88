//! Everything started, in the order in which it can be.

use std::time::{Duration, Instant};

use anyhow::Result;
use aws_config::SdkConfig;
use shared::db::PgPool;

use crate::cli::UpArgs;
use crate::database::Database;
use crate::postgres::Server;
use crate::python::{self, Python};
use crate::session::{Part, Session};
use crate::settings::Settings;
use crate::template::Template;
use crate::{aws, deploy, functions, localstack, migrate, output, postgres, stand_ins};

/// Which made-up people the stand-ins show.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Population {
    pub(crate) seed: u64,
    pub(crate) leads: u32,
}

impl Default for Population {
    fn default() -> Self {
        Self {
            seed: 7,
            leads: 100,
        }
    }
}

/// Where the time of a start went.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Seconds {
    pub(crate) prepare: f64,
    pub(crate) build: f64,
    pub(crate) up: f64,
}

/// A local cloud that runs.
#[derive(Debug)]
pub(crate) struct LocalCloud {
    pub(crate) aws: SdkConfig,
    pub(crate) pool: PgPool,
    pub(crate) seconds: Seconds,
}

/// Starts what does not run, builds, migrates and deploys; on a cloud that is up it changes only
/// what differs.
pub(crate) async fn up(
    session: &Session,
    args: &UpArgs,
    population: Option<Population>,
) -> Result<LocalCloud> {
    let settings = &session.settings;
    session.join().await?;
    let _alone = session.alone().await?;
    for notice in &settings.notices {
        output::warning(notice);
    }
    // Before anything is installed or built for it.
    if let Database::Given(url) = &settings.database {
        migrate::refuse_foreign(url).await?;
    }
    let template = Template::load(&settings.paths.workspace.join("template.yaml"))?;

    let begun = Instant::now();
    let python = prepare(settings).await?;
    let prepare = begun.elapsed();

    let begun = Instant::now();
    start_postgres(session, &python).await?;
    start_cloud(session, &python).await?;
    start_stand_ins(session, population).await?;
    let starting = begun.elapsed();

    // LocalStack takes its seconds to start while the compiler works.
    let begun = Instant::now();
    output::step("Building", "the functions");
    functions::build(settings, &template).await?;
    let build = begun.elapsed();

    let begun = Instant::now();
    let pool = migrate::migrated(&settings.database_url()).await?;
    localstack::until_ready(&settings.paths).await?;
    let aws = aws::config(&settings.paths);
    output::step("Deploying", "template.yaml");
    deploy::deploy(settings, &aws, &template, &args.parameters).await?;
    let deploying = begun.elapsed();

    let seconds = Seconds {
        prepare: prepare.as_secs_f64(),
        build: build.as_secs_f64(),
        up: (starting + deploying).as_secs_f64(),
    };
    let total: Duration = prepare + build + starting + deploying;
    output::step(
        "Up",
        format_args!(
            "in {:.1} s: LocalStack at {}",
            total.as_secs_f64(),
            settings.paths.localstack_url()
        ),
    );
    Ok(LocalCloud { aws, pool, seconds })
}

/// The tools, installed where they are missing.
pub(crate) async fn prepare(settings: &Settings) -> Result<Python> {
    python::prepare(
        &settings.paths,
        &settings.environment,
        settings.python.as_deref(),
    )
    .await
}

/// PostgreSQL; none is started where another one is given.
pub(crate) async fn start_postgres(session: &Session, python: &Python) -> Result<Option<Server>> {
    let settings = &session.settings;
    if let Database::Given(url) = &settings.database {
        migrate::refuse_foreign(url).await?;
        output::fresh("Using", "the PostgreSQL of LOCAL_DATABASE_URL");
        return Ok(None);
    }
    session.about_to_start(Part::Postgres)?;
    let runs = postgres::find(&settings.paths).is_some();
    let server = postgres::start(&settings.paths, &settings.environment, python).await?;
    say(runs, format_args!("PostgreSQL (pid {})", server.pid));
    Ok(Some(server))
}

/// LocalStack is starting; it is ready when [`localstack::until_ready`] says so.
pub(crate) async fn start_cloud(session: &Session, python: &Python) -> Result<()> {
    let settings = &session.settings;
    session.about_to_start(Part::LocalStack)?;
    let started = localstack::start(&settings.paths, &settings.environment, python).await?;
    say(
        !started,
        format_args!("LocalStack on port {}", settings.paths.localstack_port),
    );
    Ok(())
}

async fn start_stand_ins(session: &Session, population: Option<Population>) -> Result<()> {
    let settings = &session.settings;
    session.about_to_start(Part::StandIns)?;
    let started = stand_ins::start(&settings.paths, &settings.environment, population).await?;
    say(
        !started,
        format_args!("the stand-ins on port {}", settings.paths.stand_in_port),
    );
    Ok(())
}

fn say(runs: bool, what: std::fmt::Arguments<'_>) {
    if runs {
        output::fresh("Running", what);
    } else {
        output::step("Starting", what);
    }
}
