//! `cargo local cases`: inputs from practice, put to the functions as they are deployed.
//!
//! Each is an input that broke another system of this kind. The real binaries run as processes of the Lambda
//! simulator, on a PostgreSQL of their own, with stand-ins for SQS, SES, the model and X. What must happen is
//! data beside each file.

mod csv;
mod expectation;
mod feedback;
mod file;
mod model;
mod stage;
mod table;
mod text;
mod time;
mod unsubscribe;
mod x;

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, Result};
pub use file::Kind;
pub use stage::Ground;
pub use table::Line;

use crate::chaos::cluster::Cluster;
use crate::chaos::{Profile, build};
use crate::session::Session;
use crate::settings::Settings;
use crate::{output, up};
use file::CaseFile;
use stage::Stage;
use table::Input;

/// The project's own cases.
const OWN: &str = "localstack/cases";
/// The database that they run in.
const DATABASE: &str = "cases";

/// Which cases run.
#[derive(Debug, clap::Args)]
pub(crate) struct CasesArgs {
    /// Only cases of this kind
    #[arg(long, value_enum, value_name = "KIND")]
    only: Option<Kind>,
    /// Write the table there too
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// A folder with files of the same kinds [default: localstack/cases]
    #[arg(value_name = "FOLDER")]
    folder: Option<PathBuf>,
}

/// Runs the cases and prints what happened; one that fails is a failure.
pub(crate) async fn run(session: &Session, args: &CasesArgs) -> Result<ExitCode> {
    let own = session.settings.paths.workspace.join(OWN);
    let folder = args.folder.as_deref().unwrap_or(&own);
    // Before anything is built: a folder that cannot be read is known at once.
    file::read(folder, args.only)?;
    let python = {
        let _alone = session.alone().await?;
        up::prepare(&session.settings).await?
    };
    // A folder, server and lock of their own: they disturb no cloud that is up.
    let mut settings: Settings = session.settings.clone();
    settings.paths.root = settings.paths.root.join("cases");
    let own = Session::new(settings.clone());
    let _alone = own.alone().await?;
    settings.paths.make_home()?;

    output::step("Building", "the functions");
    let binaries = build(&settings, Profile::Dev).await?;
    let cluster = Cluster::start(settings.clone(), python).await?;
    cluster.create(DATABASE).await?.close().await;
    let ground = Ground {
        binaries,
        database_url: cluster.url(DATABASE),
        folder: settings.paths.root.join("runs"),
    };
    let lines = check(&ground, folder, args.only).await?;
    table::show(&lines);
    if let Some(path) = &args.json {
        let file =
            File::create(path).with_context(|| format!("could not write {}", path.display()))?;
        serde_json::to_writer_pretty(file, &lines)?;
    }
    let failed = lines.iter().any(|line| line.passed == Some(false));
    Ok(if failed {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    })
}

/// Runs the cases of a folder, all or those of one kind.
///
/// # Errors
/// When the folder cannot be read or the functions cannot be set up. A case that fails is a line.
pub async fn check(ground: &Ground, folder: &Path, only: Option<Kind>) -> Result<Vec<Line>> {
    let files = file::read(folder, only)?;
    crate::paths::emptied(&ground.folder)?;
    let mut stage = Stage::open(ground).await?;
    let mut lines = Vec::new();
    for file in &files {
        let inputs = match Box::pin(inputs(&mut stage, file)).await {
            Ok(inputs) => inputs,
            Err(error) => vec![Input::failed(&error)],
        };
        let inputs = (1..).zip(inputs);
        lines.extend(inputs.map(|(n, input)| Line::new(&file.name, n, input)));
    }
    Ok(lines)
}

async fn inputs(stage: &mut Stage, file: &CaseFile) -> Result<Vec<Input>> {
    match file.kind {
        Kind::Csv => csv::run(stage, file).await,
        Kind::Feedback => feedback::run(stage, file).await,
        Kind::Unsubscribe => unsubscribe::run(stage, file).await,
        Kind::Model => model::run(stage, file).await,
        Kind::Text => text::run(stage, file).await,
        Kind::X => x::run(stage, file).await,
        Kind::Time => time::run(stage, file).await,
    }
}
