//! The tests, with what they need: PostgreSQL, the cloud, and an environment that leaves this
//! machine alone.

use std::process::{Command, ExitCode};

use anyhow::Result;

use crate::cli::UpArgs;
use crate::postgres_log::LogMark;
use crate::session::Session;
use crate::settings::Settings;
use crate::{child, migrate, output, up};

/// Runs `cargo test` and ends as it ends; what it started for that is stopped again.
pub(crate) async fn run(session: &Session, arguments: &[String]) -> Result<ExitCode> {
    let _alone = session.alone_testing().await?;
    let log = LogMark::now(&session.settings.paths);
    let result = prepared(session, arguments).await;
    session.stop_started().await?;
    log.refuse_deadlocks()?;
    result
}

async fn prepared(session: &Session, arguments: &[String]) -> Result<ExitCode> {
    let settings = &session.settings;
    // Some tests speak to the functions as a person does, with cargo-lambda.
    up::up(session, &UpArgs::default(), None).await?;
    let url = settings.database.url_beside(&settings.paths, "test");
    migrate::create(&url).await?;

    // Whatever cargo still has to download it downloads now: the tests themselves run without a
    // proxy and see loopback only.
    let for_cargo = arguments.iter().take_while(|argument| *argument != "--");
    let mut build = settings.environment.downloader(settings.cargo());
    prepare(&mut build, settings, &url);
    build.args(scope(arguments)).arg("--no-run").args(for_cargo);
    child::run(build).await?;

    output::step("Testing", "the workspace");
    let mut test = settings.environment.command(settings.cargo());
    prepare(&mut test, settings, &url);
    test.args(scope(arguments)).args(arguments);
    let status = child::status(test).await?;
    Ok(if status.success() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// Everything, unless a package is named.
fn scope(arguments: &[String]) -> Option<&'static str> {
    let names_one =
        |argument: &String| argument.starts_with("-p") || argument.starts_with("--package");
    let for_cargo = arguments.iter().take_while(|argument| *argument != "--");
    (!for_cargo.into_iter().any(names_one)).then_some("--workspace")
}

fn prepare(cargo: &mut Command, settings: &Settings, url: &str) {
    let paths = &settings.paths;
    cargo
        .current_dir(&paths.workspace)
        .arg("test")
        .env("DATABASE_URL", url)
        // For the tests that run this very program: the same cloud.
        .env("LOCAL_DIR", &paths.root)
        .env("LOCAL_CLOUD_PORT", paths.localstack_port.to_string())
        .env("LOCAL_STAND_IN_PORT", paths.stand_in_port.to_string());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_named_package_narrows_the_workspace() {
        let scope = |arguments: &[&str]| {
            scope(
                &arguments
                    .iter()
                    .map(ToString::to_string)
                    .collect::<Vec<_>>(),
            )
        };
        assert_eq!(scope(&[]), Some("--workspace"));
        assert_eq!(scope(&["some_test", "--", "-p"]), Some("--workspace"));
        assert_eq!(scope(&["-p", "sender"]), None);
        assert_eq!(scope(&["--package=sender"]), None);
    }
}
