//! `cargo local chaos`: breaks the functions in every way it knows, and looks whether the promises
//! of the system held.
//!
//! The real binaries run as processes of the Lambda simulator, on a PostgreSQL of their own, with
//! stand-ins for SQS, SES and the model that keep ledgers. Each run gets fresh data and its own
//! misfortune, is then left alone until nothing moves any more, and is judged by the `oracle`.

mod args;
mod binaries;
mod cases;
pub(crate) mod cluster;
mod cuts;
mod drills;
mod exhaustive;
mod mutants;
mod oracle;
mod pace;
mod people;
mod plan;
mod postgres_proxy;
mod rounds;
mod stage;
mod verdict;
mod wire;

use std::fs::File;
use std::process::ExitCode;
use std::time::Instant;

use anyhow::{Context as _, Result};
pub(crate) use args::ChaosArgs;
pub(crate) use binaries::{Binaries, Profile, place};

use crate::session::Session;
use crate::settings::Settings;
use crate::{output, up};
use cluster::Cluster;
use stage::Ground;
use verdict::Verdict;

/// Runs what was asked for; a promise that was not kept is a failure.
pub(crate) async fn run(session: &Session, args: &ChaosArgs) -> Result<ExitCode> {
    let python = {
        let _alone = session.alone().await?;
        up::prepare(&session.settings).await?
    };
    // The harness's own folder, server and lock: it disturbs no cloud that is up.
    let mut settings: Settings = session.settings.clone();
    settings.folder.root = settings.folder.root.join("chaos");
    let own = Session::new(settings.clone());
    let _alone = own.alone().await?;
    settings.folder.make_home()?;

    output::step("Building", "the functions, with their fault points");
    let binaries = binaries::build(&settings, args.profile).await?;
    let mut ground = Ground {
        cluster: Cluster::start(settings.clone(), python).await?,
        binaries,
        folder: settings.folder.root.join("runs"),
    };

    if args.mutants {
        let found = mutants::run(&settings, &mut ground, args).await?;
        return Ok(if found {
            ExitCode::SUCCESS
        } else {
            ExitCode::FAILURE
        });
    }
    let begun = Instant::now();
    let mut verdict = Verdict::default();
    match args.rate {
        Some(rate) => pace::run(&ground, args, rate, &mut verdict).await?,
        None if args.exhaustive => exhaustive::run(&ground, args, &mut verdict).await?,
        None => rounds::run(&ground, args, &mut verdict).await?,
    }
    verdict.took(begun.elapsed().as_secs_f64());
    verdict.show();
    if let Some(path) = &args.json {
        let file =
            File::create(path).with_context(|| format!("could not write {}", path.display()))?;
        serde_json::to_writer_pretty(file, &verdict)?;
    }
    Ok(if verdict.is_good() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}
