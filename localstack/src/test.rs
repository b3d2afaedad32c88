//! The tests, with what they need: PostgreSQL, the queues and mail of LocalStack, and an environment
//! that leaves the world alone.

use std::process::ExitCode;

use anyhow::Result;

use crate::session::Session;
use crate::{child, cloud, migrate, output, up};

/// Runs `cargo test --workspace` and ends as it ends.
pub(crate) async fn run(session: &Session, arguments: &[String]) -> Result<ExitCode> {
    let result = prepared(session, arguments).await;
    session.stop_started().await?;
    result
}

async fn prepared(session: &Session, arguments: &[String]) -> Result<ExitCode> {
    let settings = &session.settings;
    let url = settings.database.url_beside(&settings.folder, "test");
    {
        let _alone = session.alone().await?;
        let python = up::prepare(settings).await?;
        up::start_postgres(session, &python).await?;
        up::start_cloud(session, &python).await?;
        migrate::create(&url).await?;
    }
    // Whatever cargo still has to download it downloads now: the tests themselves run without a
    // proxy and see loopback only.
    let mut build = settings.environment.downloader(settings.cargo());
    let for_cargo = arguments.iter().take_while(|argument| *argument != "--");
    build.current_dir(&settings.folder.workspace);
    build
        .args(["test", "--workspace", "--no-run"])
        .args(for_cargo);
    child::run(build).await?;
    cloud::until_ready(&settings.folder).await?;

    output::step(
        "Testing",
        format_args!("with {}", url.split('?').next().unwrap_or_default()),
    );
    let mut cargo = settings.environment.command(settings.cargo());
    cargo.current_dir(&settings.folder.workspace);
    cargo
        .args(["test", "--workspace"])
        .args(arguments)
        .env("DATABASE_URL", &url);
    let status = child::status(cargo).await?;
    Ok(if status.success() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}
