use std::path::Path;
use std::process::Command;

use super::*;
use crate::database::Database;
use crate::endpoints::Endpoints;
use crate::environment::Environment;
use crate::paths::Paths;

/// A run of the command in this folder.
fn session(root: &Path) -> Session {
    let paths = Paths::from_lookup(root, &|_| None).unwrap();
    let path = ("PATH".into(), "/usr/bin:/bin".into());
    Session::new(Settings {
        environment: Environment::seal([path], &paths),
        database: Database::Embedded,
        endpoints: Endpoints::from_lookup(&paths, &|_| None),
        python: None,
        notices: Vec::new(),
        paths,
    })
}

/// Starts a process that stands for LocalStack, as a user of the cloud does.
async fn start(session: &Session) {
    session.join().await.unwrap();
    session.about_to_start(Part::LocalStack).unwrap();
    let settings = &session.settings;
    if process::find(&settings.paths, localstack::NAME).is_none() {
        let mut command: Command = settings.environment.command("sleep");
        command.arg("600");
        process::start(&settings.paths, localstack::NAME, command, "").unwrap();
    }
}

fn runs(session: &Session) -> bool {
    process::find(&session.settings.paths, localstack::NAME).is_some()
}

#[tokio::test]
async fn first_of_two_users_stops_nothing() {
    let root = tempfile::tempdir().unwrap();
    let (first, second) = (session(root.path()), session(root.path()));
    start(&first).await;
    start(&second).await;
    first.stop_started().await.unwrap();
    assert!(runs(&second));
    second.stop_started().await.unwrap();
    assert!(!runs(&second));
}

#[tokio::test]
async fn kept_localstack_runs_on_after_its_users() {
    let root = tempfile::tempdir().unwrap();
    let (up, test) = (session(root.path()), session(root.path()));
    start(&up).await;
    up.keep().unwrap();
    start(&test).await;
    test.stop_started().await.unwrap();
    assert!(runs(&test));
    drop(up);
    assert!(test.stop_everything().await.unwrap());
    assert!(!runs(&test));
}

#[tokio::test]
async fn down_is_refused_while_tests_run() {
    let root = tempfile::tempdir().unwrap();
    let (test, down) = (session(root.path()), session(root.path()));
    start(&test).await;
    let refused = down.stop_everything().await.unwrap_err().to_string();
    assert_eq!(
        refused,
        "another cargo local uses this cloud; end that first"
    );
    test.stop_started().await.unwrap();
    assert!(!down.stop_everything().await.unwrap());
}

#[tokio::test]
async fn second_test_run_waits_for_the_first() {
    let root = tempfile::tempdir().unwrap();
    let (first, second) = (session(root.path()), session(root.path()));
    let held = first.alone_testing().await.unwrap();
    let mut waiting = Box::pin(second.alone_testing());
    assert!(futures::poll!(&mut waiting).is_pending());
    drop(held);
    waiting.await.unwrap();
}
