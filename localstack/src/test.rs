//! The tests, with what they need: PostgreSQL, the cloud, and an environment that leaves this
//! machine alone.

use std::process::{Command, ExitCode};

use anyhow::Result;

use crate::cli::UpArgs;
use crate::session::Session;
use crate::settings::Settings;
use crate::{child, migrate, output, up};

/// Runs `cargo test --workspace` and ends as it ends; what it started for that is stopped again.
pub(crate) async fn run(session: &Session, arguments: &[String]) -> Result<ExitCode> {
    let result = prepared(session, arguments).await;
    session.stop_started().await?;
    result
}

async fn prepared(session: &Session, arguments: &[String]) -> Result<ExitCode> {
    let settings = &session.settings;
    // Some tests speak to the functions as a person does, with cargo-lambda.
    up::up(session, &UpArgs::default(), None).await?;
    let url = settings.database.url_beside(&settings.folder, "test");
    migrate::create(&url).await?;

    // Whatever cargo still has to download it downloads now: the tests themselves run without a
    // proxy and see loopback only.
    let for_cargo = arguments.iter().take_while(|argument| *argument != "--");
    let mut build = settings.environment.downloader(settings.cargo());
    prepare(&mut build, settings, &url);
    build.arg("--no-run").args(for_cargo);
    child::run(build).await?;

    output::step("Testing", "the workspace");
    let mut test = settings.environment.command(settings.cargo());
    prepare(&mut test, settings, &url);
    test.args(arguments);
    let status = child::status(test).await?;
    Ok(if status.success() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

fn prepare(cargo: &mut Command, settings: &Settings, url: &str) {
    let folder = &settings.folder;
    cargo
        .current_dir(&folder.workspace)
        .args(["test", "--workspace"])
        .env("DATABASE_URL", url)
        // For the tests that run this very program: the same cloud.
        .env("LOCAL_DIR", &folder.root)
        .env("LOCAL_CLOUD_PORT", folder.cloud_port.to_string())
        .env("LOCAL_INTERNET_PORT", folder.internet_port.to_string());
}
