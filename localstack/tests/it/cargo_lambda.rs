//! `cargo lambda watch` and `cargo lambda invoke` against the local cloud, set up as the README says, with a
//! database of its own: the examples are no leads of the cloud.
//!
//! Needs the cloud: `cargo local test` brings it up first.

use std::fs;
use std::net::{Ipv4Addr, TcpStream};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group};
use shared::config::{self, Secret};
use shared::db::PgPool;
use shared::testing;

use crate::wait_within;

/// The emulator builds a function before its first event.
const LIMIT: Duration = Duration::from_mins(10);
const FUNCTIONS: [&str; 6] = [
    "collector",
    "enricher",
    "sender",
    "feedback",
    "web",
    "console",
];

/// A shell set up as the README says.
fn shell(script: &str) -> Command {
    let mut command = Command::new("sh");
    command
        .args([
            "-c",
            &format!(
                "set -e; eval \"$({} env)\"; {script}",
                env!("CARGO_BIN_EXE_local")
            ),
        ])
        .current_dir(workspace());
    command
}

fn workspace() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}

/// The emulator, ended with everything it started.
struct Watch(Child);

/// What it says: a lot, and of interest only when it fails.
fn log() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join("cargo-lambda-watch.log")
}

impl Watch {
    fn start(port: u16, database: &Secret) -> Self {
        let script = format!(
            "export DATABASE_URL=\"$OWN_DATABASE_URL\"; \
             exec cargo lambda watch --ignore-changes --invoke-address 127.0.0.1 --invoke-port {port}"
        );
        let output = fs::File::create(log()).unwrap();
        let child = shell(&script)
            .env("OWN_DATABASE_URL", database.expose())
            .stdin(Stdio::null())
            .stdout(output.try_clone().unwrap())
            .stderr(output)
            .process_group(0)
            .spawn()
            .unwrap();
        let mut watch = Self(child);
        wait_within(LIMIT, "cargo lambda watch to listen", || {
            watch.check_running();
            TcpStream::connect((Ipv4Addr::LOCALHOST, port)).ok()
        });
        watch
    }

    /// Another program that listens on its port would take the events and never answer.
    fn check_running(&mut self) {
        let ended = self.0.try_wait().unwrap();
        assert!(
            ended.is_none(),
            "is the cloud up (`cargo local up`), and its port free?\n{}",
            fs::read_to_string(log()).unwrap_or_default()
        );
    }

    fn invoke(&mut self, port: u16, function: &str, event: &Path) -> Output {
        let mut invoke = shell(&format!(
            "exec cargo lambda invoke --invoke-address 127.0.0.1 --invoke-port {port} \
             {function} --data-file {}",
            event.display()
        ));
        let invoke = invoke.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut invoke = invoke.spawn().unwrap();
        wait_within(LIMIT, "the answer of a function", || {
            self.check_running();
            invoke.try_wait().unwrap()
        });
        invoke.wait_with_output().unwrap()
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        let group = Pid::from_raw(i32::try_from(self.0.id()).unwrap()).unwrap();
        let _ = kill_process_group(group, Signal::TERM);
        let _ = self.0.wait();
    }
}

/// The port beside that of the stand-ins, which is this checkout's own. One that was free a moment ago
/// may be another program's when the emulator asks for it.
fn own_port() -> u16 {
    let beside: u16 =
        config::variable("LOCAL_STAND_IN_PORT").map_or(4580, |port| port.parse().unwrap());
    beside + 1
}

fn events_of(function: &str) -> Vec<PathBuf> {
    let folder = workspace().join("functions").join(function).join("events");
    let mut events: Vec<PathBuf> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    events.sort();
    assert!(!events.is_empty(), "{function} has no example events");
    events
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn every_function_takes_its_example_events(pool: PgPool) {
    // The collector's example has the campaign of the demo prepared.
    testing::campaign(&pool, "demo").await;
    let port = own_port();
    let mut watch = Watch::start(port, &testing::database_url(&pool));
    for function in FUNCTIONS {
        for event in events_of(function) {
            let output = watch.invoke(port, function, &event);
            let event = event.display();
            let text = String::from_utf8_lossy(&output.stderr);
            let log_text = || fs::read_to_string(log()).unwrap_or_default();
            assert!(
                output.status.success(),
                "{function} on {event}: {text}\n{}",
                log_text()
            );
            let answer: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
            assert!(
                answer.get("errorType").is_none(),
                "{function} on {event}: {answer}"
            );
            // Nothing is put off for want of time, and no message is given back.
            let put_off = ["time_is_up", "itemIdentifier"];
            let text = answer.to_string();
            assert!(
                !put_off.iter().any(|word| text.contains(word)),
                "{function} on {event}: {answer}"
            );
        }
    }
}
