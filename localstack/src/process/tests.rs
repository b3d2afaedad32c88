//! Only our own processes are stopped, whole groups of them, and the end of their log is kept.

use super::*;
use crate::environment::Environment;

fn paths() -> (tempfile::TempDir, Paths) {
    let root = tempfile::tempdir().unwrap();
    let paths = Paths::from_lookup(root.path(), &|_| None).unwrap();
    (root, paths)
}

fn shell(paths: &Paths, script: &str) -> Command {
    let path = ("PATH".into(), "/usr/bin:/bin".into());
    let mut command = Environment::seal([path], paths).daemon("sh");
    command.args(["-c", script]);
    command
}

async fn until_dead(pid: u32) {
    let dead = async || Ok(started_at(pid).is_none().then_some(()));
    wait::until("a process to be gone", TIMEOUT, POLL, dead)
        .await
        .unwrap();
}

#[tokio::test]
async fn process_is_stopped_with_its_children() {
    let (_root, paths) = paths();
    let command = shell(&paths, "sleep 600 & echo $!; wait");
    let record = start(&paths, "sleeper", command, "1").unwrap();
    assert_eq!(find(&paths, "sleeper"), Some(record.clone()));
    let child = wait::until("the child's number", TIMEOUT, POLL, async || {
        Ok(tail(&paths.log("sleeper"))?.trim().parse().ok())
    });
    let child: u32 = child.await.unwrap();

    assert!(stop(&paths, "sleeper").await.unwrap());
    assert_eq!(find(&paths, "sleeper"), None);
    until_dead(child).await;
    assert!(
        !stop(&paths, "sleeper").await.unwrap(),
        "a second stop finds nothing"
    );
}

#[tokio::test]
async fn process_with_reused_number_is_not_ours() {
    let (_root, paths) = paths();
    let record = start(&paths, "sleeper", shell(&paths, "exec sleep 600"), "1").unwrap();
    let stale = Record {
        started_at: record.started_at - 1,
        ..record.clone()
    };
    fs::write(
        record_path(&paths, "sleeper"),
        serde_json::to_string(&stale).unwrap(),
    )
    .unwrap();

    assert_eq!(find(&paths, "sleeper"), None);
    assert!(!stop(&paths, "sleeper").await.unwrap());
    assert!(record.is_alive(), "a process that is not ours was stopped");

    signal(&record, Signal::KILL);
    until_dead(record.pid).await;
}

#[tokio::test]
async fn ended_process_reports_end_of_its_log() {
    let (_root, paths) = paths();
    let command = shell(&paths, "echo 'no such plug-in'; exit 1");
    // It may have ended before it is recorded; either way the error shows its log.
    if let Ok(record) = start(&paths, "brief", command, "1") {
        until_dead(record.pid).await;
    }
    assert_eq!(find(&paths, "brief"), None);
    let error = died(&paths, "brief").to_string();
    assert_eq!(
        error,
        "brief ended by itself; the end of .local/logs/brief.log:\nno such plug-in"
    );
}

#[tokio::test]
async fn busy_port_error_names_the_remedy() {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    let error = check_free(port, "LOCAL_CLOUD_PORT")
        .await
        .unwrap_err()
        .to_string();
    assert!(error.contains(&format!("port {port} is busy")), "{error}");
    assert!(error.contains("LOCAL_CLOUD_PORT="), "{error}");
    drop(listener);
    check_free(port, "LOCAL_CLOUD_PORT").await.unwrap();
}

#[test]
fn long_log_is_cut_at_a_line() {
    let (root, _folder) = paths();
    let path = root.path().join("log");
    let lines: Vec<String> = (0..500).map(|n| format!("line {n}")).collect();
    fs::write(&path, lines.join("\n")).unwrap();
    let end = tail(&path).unwrap();
    assert!(end.starts_with("line ") && end.ends_with("line 499"));
    assert!(end.len() < 2_000);
}
