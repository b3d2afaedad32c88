//! `cargo local chaos`: injects faults into the functions and checks that the invariants
//! of the system hold.
//!
//! The real binaries run as processes of the Lambda simulator, on a PostgreSQL of their own, with
//! stand-ins for SQS, SES and the model that keep ledgers. Faults are injected on the `wires` between
//! them. Each run gets fresh data and its own faults, then quiesces, and is checked by the `oracle`.

mod args;
mod binaries;
mod cases;
pub(crate) mod cluster;
mod exhaustive;
mod mutants;
mod oracle;
mod outages;
mod people;
mod plan;
mod rate;
mod rounds;
mod scenarios;
mod summary;
mod test_bed;
mod wires;

use std::fs::File;
use std::process::ExitCode;
use std::time::Instant;

use anyhow::{Context as _, Result};
pub(crate) use args::ChaosArgs;
pub(crate) use binaries::{Binaries, Profile, build, executables};

use crate::session::Session;
use crate::settings::Settings;
use crate::{output, up};
use cluster::Cluster;
use summary::Summary;
use test_bed::Lab;

/// Runs what was asked for; a violated invariant is a failure.
pub(crate) async fn run(session: &Session, args: &ChaosArgs) -> Result<ExitCode> {
    let python = {
        let _alone = session.alone().await?;
        up::prepare(&session.settings).await?
    };
    // The harness's own folder, server and lock: it disturbs no cloud that is up.
    let mut settings: Settings = session.settings.clone();
    settings.paths.root = settings.paths.root.join("chaos");
    let own = Session::new(settings.clone());
    let _alone = own.alone().await?;
    settings.paths.make_home()?;

    output::step("Building", "the functions, as they are deployed");
    let binaries = binaries::build(&settings, args.profile).await?;
    let mut lab = Lab {
        cluster: Cluster::start(settings.clone(), python).await?,
        binaries,
        folder: settings.paths.root.join("runs"),
    };

    if args.mutants {
        let found = mutants::run(&settings, &mut lab, args).await?;
        return Ok(if found {
            ExitCode::SUCCESS
        } else {
            ExitCode::FAILURE
        });
    }
    let begun = Instant::now();
    let mut summary = Summary::default();
    match args.rate {
        Some(rate) => rate::run(&lab, args, rate, &mut summary).await?,
        None if args.outages => outages::run(&lab, args, &mut summary).await?,
        None if args.exhaustive => exhaustive::run(&lab, args, &mut summary).await?,
        None => rounds::run(&lab, args, &mut summary).await?,
    }
    summary.took(begun.elapsed().as_secs_f64());
    summary.show();
    if let Some(path) = &args.json {
        let file =
            File::create(path).with_context(|| format!("could not write {}", path.display()))?;
        serde_json::to_writer_pretty(file, &summary)?;
    }
    Ok(if summary.is_good() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}
