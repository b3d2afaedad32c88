//! Counts the statements that a test sends.

use std::{cell::RefCell, sync::Once};

use tracing::field::{Field, Visit};
use tracing_subscriber::{
    Layer,
    layer::{Context, SubscriberExt},
};

/// The statements that this thread sends to the database from `count` on. For tests on one
/// thread, which is what `sqlx::test` gives.
#[derive(Debug)]
pub struct Statements {
    before: usize,
}

thread_local! {
    static SEEN: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
}

impl Statements {
    /// Starts counting.
    pub fn count() -> Self {
        // One subscriber for the whole process: a scoped one per test would race with the others
        // for what is enabled.
        static WATCHING: Once = Once::new();
        WATCHING.call_once(|| {
            let log = tracing_subscriber::registry().with(Watch);
            tracing::subscriber::set_global_default(log).expect("tests log nowhere else");
        });
        Self {
            before: SEEN.with_borrow(Vec::len),
        }
    }

    /// How many there were.
    pub fn seen(&self) -> usize {
        self.texts().len()
    }

    /// What they were.
    pub fn texts(&self) -> Vec<String> {
        SEEN.with_borrow(|seen| seen[self.before..].to_vec())
    }
}

struct Watch;

impl<S: tracing::Subscriber> Layer<S> for Watch {
    fn on_event(&self, event: &tracing::Event<'_>, _: Context<'_, S>) {
        if event.metadata().target() == "sqlx::query" {
            let mut summary = Summary::default();
            event.record(&mut summary);
            // The test on acquire is a comment, which the server does not run.
            if !summary.0.contains("SQLx ping") {
                let text = if summary.1.is_empty() {
                    summary.0
                } else {
                    summary.1
                };
                SEEN.with_borrow_mut(|seen| seen.push(text));
            }
        }
    }
}

#[derive(Default)]
struct Summary(String, String);

impl Visit for Summary {
    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        if field.name() == "summary" {
            self.0 = format!("{value:?}");
        }
    }

    /// The whole text, where the summary is shortened.
    fn record_str(&mut self, field: &Field, value: &str) {
        match field.name() {
            "summary" => value.clone_into(&mut self.0),
            "db.statement" => value.trim().clone_into(&mut self.1),
            _ => {}
        }
    }
}
