//! `cargo local bench`: how fast the functions are, next to what limits them.
//!
//! Release binaries run as processes of the Lambda simulator, on a PostgreSQL of their own, with
//! stand-ins for SQS, SES and the model. All of it shares this machine, and the figures show how
//! much each part took of it.

mod bare;
mod binaries;
mod figures;
mod filled;
mod pages;
mod probe;
mod processes;
mod ratio;
mod report;
mod runs;
mod stage;
mod starts;

use std::fs::File;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context as _, Result};
use shared::db;

use crate::sql::measures;

use crate::chaos::Profile;
use crate::chaos::cluster::Cluster;
use crate::python::Python;
use crate::session::Session;
use crate::settings::Settings;
use crate::{migrate, output, up};
use figures::FunctionFigures;
use report::Report;
use stage::{Ground, Setting};

/// The rates of SES that senders are held to: a large account's, and that of many a new one.
const RATES: [f64; 2] = [200.0, 14.0];

/// What is measured, and on how much.
#[derive(Debug, clap::Args)]
pub(crate) struct BenchArgs {
    /// How many people go through the pipeline
    #[arg(long, default_value_t = 10_000, value_name = "N", value_parser = clap::value_parser!(u32).range(100..=100_000))]
    leads: u32,
    /// How long the model takes to answer, besides the run without latency
    #[arg(long, default_value_t = 200, value_name = "MS", value_parser = clap::value_parser!(u32).range(1..=10_000))]
    model_latency: u32,
    /// Processes of each function; the senders that are held to a rate are always 50
    #[arg(long, default_value_t = 10, value_name = "E", value_parser = clap::value_parser!(u16).range(1..=200))]
    environments: u16,
    /// Which build of the functions is measured
    #[arg(long, value_enum, default_value = "release", value_name = "P")]
    profile: Profile,
    /// Only compare the pipeline on a database with 1,000,000 leads and 3,000,000 sends to the same on
    /// an empty one. The filled one is made once, which takes minutes and about 5 GB, and kept; each
    /// measurement works on a copy
    #[arg(long)]
    filled: bool,
    /// Only measure how long the console's pages take on that database
    #[arg(long, conflicts_with = "filled")]
    pages: bool,
    /// Write the numbers there too
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
}

/// Measures, and prints each figure beside its limit.
pub(crate) async fn run(session: &Session, args: &BenchArgs) -> Result<ExitCode> {
    if cfg!(debug_assertions) && args.profile == Profile::Release {
        return Err(binaries::again(&session.settings).await?);
    }
    let python = {
        let _alone = session.alone().await?;
        up::prepare(&session.settings).await?
    };
    // The benchmark's own folder, server and lock: it disturbs no cloud that is up.
    let mut settings: Settings = session.settings.clone();
    settings.paths.root = settings.paths.root.join("bench");
    let own = Session::new(settings.clone());
    let _alone = own.alone().await?;
    settings.paths.make_home()?;
    if args.pages {
        return pages::run(settings, python, args).await;
    }
    if args.filled {
        return filled::run(settings, python, args).await;
    }

    output::step("Building", "the functions, as they are deployed");
    let binaries = crate::chaos::build(&settings, args.profile).await?;
    let mut functions = alone(&settings, &python, &binaries).await?;
    let ground = Ground {
        cluster: start(&settings, python).await?,
        binaries,
        folder: settings.paths.root.join("runs"),
        settings,
        template: None,
    };

    let environments = usize::from(args.environments);
    let mut peaks = runs::Peaks::new();
    let stages = runs::stages(&ground, args.leads, environments, &mut peaks).await?;
    let mut pipelines = Vec::new();
    for millis in [0, args.model_latency] {
        let setting = Setting {
            name: "pipeline",
            leads: args.leads,
            environments,
            model_latency: Duration::from_millis(millis.into()),
            rate: None,
            copies: 1,
        };
        pipelines.push(runs::pipeline(&ground, setting, &mut peaks).await?);
    }
    let mut rates = Vec::new();
    for rate in RATES {
        rates.push(runs::rate(&ground, rate).await?);
    }
    let writes = pipelines.iter().map(|p| p.row_writes_per_lead);
    let bare = bare::measure(&ground, args.leads, writes.fold(0.0, f64::max)).await?;
    for function in &mut functions {
        let peak = peaks.get(&function.name).copied().unwrap_or_default();
        function.peak_memory_mb = peak.max(function.peak_memory_mb);
    }
    let report = Report {
        processors: std::thread::available_parallelism()?.get(),
        environments,
        functions,
        stages,
        pipelines,
        rates,
        bare,
    };
    report.show();
    if let Some(path) = &args.json {
        let file =
            File::create(path).with_context(|| format!("could not write {}", path.display()))?;
        serde_json::to_writer_pretty(file, &report.to_json())?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Start time and memory of each function before it has work.
async fn alone(
    settings: &Settings,
    python: &Python,
    binaries: &crate::chaos::Binaries,
) -> Result<Vec<FunctionFigures>> {
    let mut functions = Vec::new();
    for (name, binary) in binaries {
        let starts = starts::measure(name, binary).await?;
        let (binary_mb, package_mb) = binaries::sizes(settings, python, binary).await?;
        functions.push(FunctionFigures {
            name: name.clone(),
            start_ms: starts.median_ms,
            start_p90_ms: starts.p90_ms,
            start_memory_mb: starts.memory_mb,
            peak_memory_mb: starts.memory_mb,
            binary_mb,
            package_mb,
        });
    }
    Ok(functions)
}

/// A PostgreSQL of the benchmark's own that counts its statements.
async fn start(settings: &Settings, python: Python) -> Result<Cluster> {
    let cluster = Cluster::start(settings.clone(), python).await?;
    let admin = migrate::pool(&cluster.url("postgres"))?;
    let changed = measures::count_statements(&mut *db::acquire(&admin).await?).await?;
    admin.close().await;
    if changed {
        cluster.crash().await?;
    }
    Ok(cluster)
}
