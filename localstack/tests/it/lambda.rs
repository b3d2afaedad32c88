//! The Lambda service, with a function that follows its event.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::Duration;

use local::lambda::{Config, Function, FunctionSpec, Mapping, Outcome, Simulator};
use serde_json::{Value, json};
use simulated::{Queue, QueueSettings, Settings, Simulated};

const LIMIT: Duration = Duration::from_secs(60);

/// A simulator with one function, and the stand-ins that hold its queues.
struct Fixture {
    simulator: Simulator,
    stand_ins: Simulated,
    _logs: tempfile::TempDir,
}

impl Fixture {
    async fn new() -> Self {
        let logs = tempfile::tempdir().unwrap();
        let settings = Settings {
            leads: 1,
            ..Settings::default()
        };
        Self {
            simulator: Simulator::start(Config::new(logs.path())).await.unwrap(),
            stand_ins: Simulated::start(settings).unwrap(),
            _logs: logs,
        }
    }

    fn function(&self, change: impl FnOnce(FunctionSpec) -> FunctionSpec) -> Function {
        let spec = FunctionSpec::new("obedient", bootstrap()).environments(4);
        self.simulator.function(change(spec))
    }

    fn queue(&self, dead_letters: Option<(Queue, u32)>) -> Queue {
        let settings = QueueSettings {
            dead_letters,
            ..QueueSettings::default()
        };
        let name = if settings.dead_letters.is_some() {
            "live"
        } else {
            "plain"
        };
        self.stand_ins.sqs().create(name, settings)
    }

    fn logged(&self) -> String {
        let logs = self.simulator.logs().unwrap();
        logs.into_values().collect()
    }
}

/// The example beside this test; cargo builds both into one folder.
fn bootstrap() -> PathBuf {
    let mut path = std::env::current_exe().unwrap();
    path.pop();
    path.pop();
    path.push("examples/bootstrap");
    assert!(path.is_file(), "run `cargo build -p local --examples`");
    path
}

async fn ask(function: &Function, what: &str) -> Outcome {
    function.invoke(&json!({ "do": what })).await.outcome
}

/// The process that answers.
async fn pid(function: &Function) -> Value {
    let answer = ask(function, "echo").await;
    answer.answer().unwrap()["pid"].clone()
}

#[tokio::test]
async fn process_is_reused_until_it_ends() {
    let f = Fixture::new().await;
    let function = f.function(|spec| spec);
    let first = pid(&function).await;
    assert_eq!(pid(&function).await, first);
    assert!(matches!(ask(&function, "crash").await, Outcome::Died { how } if how.contains("6")));
    let second = pid(&function).await;
    assert_ne!(second, first);
    let killed = f.simulator.kill_random().unwrap();
    assert!(!killed.busy);
    assert_ne!(pid(&function).await, second);
    function.recycle();
    assert!(function.living().iter().all(|(_, busy)| !busy));
    assert_ne!(pid(&function).await, second);
    let cold: Vec<bool> = f.simulator.invocations().iter().map(|i| i.cold).collect();
    assert_eq!(cold, [true, false, false, true, true, true]);
}

#[tokio::test]
async fn each_invocation_end_has_its_outcome() {
    let f = Fixture::new().await;
    let function = f.function(|spec| spec.timeout(Duration::from_millis(400)));
    assert!(matches!(ask(&function, "echo").await, Outcome::Answered(_)));
    let Outcome::Failed { message, .. } = ask(&function, "fail").await else {
        panic!("it did not fail");
    };
    assert_eq!(message, "as asked");
    assert_eq!(ask(&function, "hang").await, Outcome::TimedOut);
    function.set("START", "error");
    assert!(matches!(
        ask(&function, "echo").await,
        Outcome::NotStarted { .. }
    ));
    function.unset("START");
    assert!(matches!(ask(&function, "echo").await, Outcome::Answered(_)));
    let nowhere = f.simulator.function(FunctionSpec::new("none", "/nowhere"));
    assert!(matches!(
        ask(&nowhere, "echo").await,
        Outcome::NotStarted { .. }
    ));
    assert!(
        f.logged()
            .contains("echo asked by 00000000-0000-4000-8000-000000000001")
    );
}

#[tokio::test]
async fn function_sees_only_its_own_variables() {
    let f = Fixture::new().await;
    let function = f.function(|spec| spec.variable("NOTE", "always"));
    function.once(&[("NOTE", "once"), ("EXTRA", "1")]);
    let names = |outcome: &Outcome| -> BTreeSet<String> {
        let answer = outcome.answer().unwrap().as_object().unwrap();
        answer.keys().cloned().collect()
    };
    let first = ask(&function, "environment").await;
    assert_eq!(first.answer().unwrap()["NOTE"], "once");
    assert!(names(&first).contains("EXTRA"));
    function.recycle();
    let second = ask(&function, "environment").await;
    assert_eq!(second.answer().unwrap()["NOTE"], "always");
    assert!(!names(&second).contains("EXTRA"));
    assert!(!names(&second).contains("PATH") && !names(&second).contains("HOME"));
    assert_eq!(
        second.answer().unwrap()["AWS_ENDPOINT_URL"],
        "http://127.0.0.1:9"
    );
}

#[tokio::test]
async fn failed_messages_come_again_others_are_deleted() {
    let f = Fixture::new().await;
    let function = f.function(|spec| spec);
    let queue = f.queue(None);
    f.simulator.hold(true);
    f.simulator.map(&queue, &function, Mapping::default());
    for body in ["fine", "fail once", "fine too"] {
        queue.send(body, Duration::ZERO);
    }
    f.simulator.hold(false);
    assert_eq!(f.simulator.quiesce(LIMIT).await.unwrap(), 0);
    assert_eq!(queue.counts().received, 4);
    for body in ["fine", "crash once", "fine too"] {
        queue.send(body, Duration::ZERO);
    }
    f.simulator.quiesce(LIMIT).await.unwrap();
    assert!(f.simulator.is_quiet());
    assert_eq!(queue.counts().deleted, 6);
    let logged = f.logged();
    assert_eq!(logged.matches("message fail once").count(), 2);
    assert_eq!(logged.matches("message crash once").count(), 2);
    let died = ("obedient".to_owned(), "died");
    assert_eq!(f.simulator.outcomes()[&died], 1);
}

#[tokio::test]
async fn message_that_always_fails_is_dead_lettered() {
    let f = Fixture::new().await;
    let function = f.function(|spec| spec);
    let dead = f.queue(None);
    let queue = f.queue(Some((dead.clone(), 3)));
    f.simulator.map(&queue, &function, Mapping::default());
    queue.send("fail always", Duration::ZERO);
    queue.send("later", Duration::from_secs(900));
    assert_eq!(f.simulator.quiesce(LIMIT).await.unwrap(), 1);
    assert_eq!((queue.counts().received, dead.counts().visible), (3, 1));
    queue.release_delayed();
    assert_eq!(f.simulator.quiesce(LIMIT).await.unwrap(), 0);
    f.simulator.map(&dead, &function, Mapping::default());
    let error = f.simulator.quiesce(Duration::from_millis(200)).await;
    assert!(error.unwrap_err().to_string().contains("plain"));
}

#[tokio::test]
async fn duplicates_shuffling_and_kills_lose_nothing() {
    let f = Fixture::new().await;
    let function = f.function(|spec| spec);
    let queue = f.queue(None);
    queue.copies(3);
    queue.shuffle(true);
    let mapping = Mapping {
        vary: true,
        ..Mapping::default()
    };
    f.simulator.map(&queue, &function, mapping);
    for n in 0..200 {
        queue.send(&format!("number {n}."), Duration::ZERO);
    }
    let killing = async {
        let mut killed = 0;
        let mut ticks = tokio::time::interval(Duration::from_millis(10));
        while killed < 5 {
            ticks.tick().await;
            killed += usize::from(f.simulator.kill_random().is_some());
        }
    };
    let (quiesced, ()) = tokio::join!(f.simulator.quiesce(LIMIT), killing);
    quiesced.unwrap();
    f.simulator.quiesce(LIMIT).await.unwrap();
    let counts = queue.counts();
    assert!(counts.is_empty());
    assert_eq!((counts.sent, counts.deleted), (200, 600));
    let logged = f.logged();
    for n in 0..200 {
        let seen = logged.matches(&format!("number {n}.\n")).count();
        assert!(seen >= 3, "message {n} was seen {seen} times");
    }
    let sizes: BTreeSet<usize> = f
        .simulator
        .invocations()
        .iter()
        .map(|i| i.messages)
        .collect();
    assert!(sizes.len() > 3, "{sizes:?}");
}

#[tokio::test]
async fn batch_window_and_concurrency_limit_hold() {
    let f = Fixture::new().await;
    let function = f.function(|spec| spec);
    let queue = f.queue(None);
    let mapping = Mapping {
        batch_size: 20,
        window: LIMIT,
        concurrency: Some(1),
        ..Mapping::default()
    };
    f.simulator.map(&queue, &function, mapping);
    for n in 0..40 {
        queue.send(&n.to_string(), Duration::ZERO);
    }
    f.simulator.quiet(LIMIT).await.unwrap();
    let sizes: Vec<usize> = f
        .simulator
        .invocations()
        .iter()
        .map(|i| i.messages)
        .collect();
    assert_eq!(sizes, [20, 20]);
    assert_eq!(function.living().len(), 1);
}

#[tokio::test]
async fn fifty_environments_work_side_by_side() {
    let f = Fixture::new().await;
    let function = f.function(|spec| spec.environments(50));
    let queue = f.queue(None);
    queue.copies(3);
    let mapping = Mapping {
        batch_size: 2,
        ..Mapping::default()
    };
    f.simulator.map(&queue, &function, mapping);
    for n in 0..1_000 {
        queue.send(&n.to_string(), Duration::ZERO);
    }
    f.simulator.quiet(LIMIT).await.unwrap();
    assert_eq!(queue.counts().deleted, 3_000);
    let living = function.living();
    assert!(living.len() > 10 && living.len() <= 50, "{}", living.len());
    assert!(living.iter().all(|(_, busy)| !busy));
}
