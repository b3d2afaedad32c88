//! Only our own processes are stopped, whole groups of them, and their last words are kept.

use super::*;
use crate::environment::Environment;

fn folder() -> (tempfile::TempDir, Folder) {
    let root = tempfile::tempdir().unwrap();
    let folder = Folder::from_lookup(root.path(), &|_| None).unwrap();
    (root, folder)
}

fn shell(folder: &Folder, script: &str) -> Command {
    let path = ("PATH".into(), "/usr/bin:/bin".into());
    let mut command = Environment::seal([path], folder).daemon("sh");
    command.args(["-c", script]);
    command
}

async fn until_dead(pid: u32) {
    let dead = async || Ok(started_at(pid).is_none().then_some(()));
    wait::until("a process to be gone", PATIENCE, POLL, dead)
        .await
        .unwrap();
}

#[tokio::test]
async fn a_process_is_found_and_stopped_with_its_children() {
    let (_root, folder) = folder();
    let command = shell(&folder, "sleep 600 & echo $!; wait");
    let record = start(&folder, "sleeper", command, "1").unwrap();
    assert_eq!(find(&folder, "sleeper"), Some(record.clone()));
    let child = wait::until("the child's number", PATIENCE, POLL, async || {
        Ok(tail(&folder.log("sleeper"))?.trim().parse().ok())
    });
    let child: u32 = child.await.unwrap();

    assert!(stop(&folder, "sleeper").await.unwrap());
    assert_eq!(find(&folder, "sleeper"), None);
    until_dead(child).await;
    assert!(
        !stop(&folder, "sleeper").await.unwrap(),
        "a second stop finds nothing"
    );
}

#[tokio::test]
async fn a_process_that_took_over_the_number_is_not_ours() {
    let (_root, folder) = folder();
    let record = start(&folder, "sleeper", shell(&folder, "exec sleep 600"), "1").unwrap();
    let stale = Record {
        started_at: record.started_at - 1,
        ..record.clone()
    };
    fs::write(
        record_path(&folder, "sleeper"),
        serde_json::to_string(&stale).unwrap(),
    )
    .unwrap();

    assert_eq!(find(&folder, "sleeper"), None);
    assert!(!stop(&folder, "sleeper").await.unwrap());
    assert!(record.is_alive(), "a stranger was stopped");

    signal(&record, Signal::KILL);
    until_dead(record.pid).await;
}

#[tokio::test]
async fn a_process_that_ended_leaves_its_last_words() {
    let (_root, folder) = folder();
    let command = shell(&folder, "echo 'no such plug-in'; exit 1");
    // So short a life may be over before it is recorded; either way the words are the error.
    if let Ok(record) = start(&folder, "brief", command, "1") {
        until_dead(record.pid).await;
    }
    assert_eq!(find(&folder, "brief"), None);
    let error = died(&folder, "brief").to_string();
    assert_eq!(
        error,
        "brief ended by itself; the end of .local/logs/brief.log:\nno such plug-in"
    );
}

#[tokio::test]
async fn a_busy_port_is_named_with_the_way_out() {
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
fn a_long_log_is_cut_at_a_line() {
    let (root, _folder) = folder();
    let path = root.path().join("log");
    let lines: Vec<String> = (0..500).map(|n| format!("line {n}")).collect();
    fs::write(&path, lines.join("\n")).unwrap();
    let end = tail(&path).unwrap();
    assert!(end.starts_with("line ") && end.ends_with("line 499"));
    assert!(end.len() < 2_000);
}
