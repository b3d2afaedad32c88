use std::fmt;
use std::sync::{Arc, Mutex};

use tracing::field::{Field, Visit};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt};

/// What was logged on this thread since it began, statements of SQL apart from the rest.
#[derive(Debug, Clone, Default)]
pub(crate) struct Log(Arc<Mutex<Written>>);

#[derive(Debug, Default)]
struct Written {
    lines: Vec<String>,
    statements: Vec<String>,
}

impl Log {
    /// Begins to listen, for as long as the guard lives. A test's runtime has one thread.
    pub(crate) fn listen() -> (Self, tracing::subscriber::DefaultGuard) {
        let log = Self::default();
        let subscriber = tracing_subscriber::registry().with(log.clone());
        (log, tracing::subscriber::set_default(subscriber))
    }

    /// Lines that the function writes as it is deployed: level info and above.
    pub(crate) fn lines(&self) -> Vec<String> {
        self.0.lock().unwrap().lines.clone()
    }

    /// Statements sent to PostgreSQL since the last look.
    pub(crate) fn statements(&self) -> Vec<String> {
        std::mem::take(&mut self.0.lock().unwrap().statements)
    }
}

impl<S: Subscriber> Layer<S> for Log {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let mut line = Line(String::new());
        event.record(&mut line);
        let mut written = self.0.lock().unwrap();
        if event.metadata().target() == "sqlx::query" {
            written.statements.push(line.0);
        } else if *event.metadata().level() <= Level::INFO {
            written.lines.push(line.0);
        }
    }
}

struct Line(String);

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.0.push_str(&format!("{}={value:?} ", field.name()));
    }
}
