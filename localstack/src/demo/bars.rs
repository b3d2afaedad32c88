//! The progress of the pipeline: a bar per stage on a terminal, a line now and then elsewhere.

use std::time::{Duration, Instant};

use crate::sql::report::Progress;
use console::Term;
use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

use crate::output;

const BETWEEN_LINES: Duration = Duration::from_secs(5);

/// The stages' bars.
pub(super) struct Bars {
    collect: ProgressBar,
    enrich: ProgressBar,
    send: ProgressBar,
    note: ProgressBar,
    /// Keeps the bars together; they vanish with it.
    _all: MultiProgress,
    is_terminal: bool,
    last_line: Option<(Instant, Progress)>,
}

impl Bars {
    pub(super) fn new(expected: u64) -> Self {
        let all = MultiProgress::new();
        let bar = |name: &'static str, length: u64| {
            let bar = all.add(ProgressBar::new(length));
            bar.set_style(style());
            bar.set_prefix(name);
            bar
        };
        let (collect, enrich) = (bar("Collecting", expected), bar("Enriching", 0));
        let send = bar("Sending", 0);
        let note = all.add(ProgressBar::new_spinner());
        note.set_style(
            ProgressStyle::with_template("             {msg:.dim}")
                .unwrap_or_else(|_| ProgressStyle::default_spinner()),
        );
        Self {
            collect,
            enrich,
            send,
            note,
            _all: all,
            is_terminal: Term::stderr().is_term(),
            last_line: None,
        }
    }

    /// Shows the counts from PostgreSQL.
    pub(super) fn show(&mut self, progress: Progress, note: &str) {
        let settled = progress.sends - progress.due - progress.held;
        set(&self.collect, progress.collected, progress.collected);
        set(
            &self.enrich,
            progress.collected - progress.pending,
            progress.collected,
        );
        set(&self.send, settled, progress.sends);
        self.note.set_message(note.to_owned());
        if !self.is_terminal {
            self.line(progress, settled, note);
        }
    }

    fn line(&mut self, progress: Progress, settled: i64, note: &str) {
        let due = self.last_line.is_none_or(|(at, last)| {
            at.elapsed() >= BETWEEN_LINES && (last != progress || !note.is_empty())
        });
        if due {
            let Progress {
                collected,
                pending,
                sends,
                ..
            } = progress;
            output::fresh(
                "Working",
                format_args!(
                    "{collected} collected, {} enriched, {settled} of {sends} sends settled {note}",
                    collected - pending
                ),
            );
            self.last_line = Some((Instant::now(), progress));
        }
    }
}

impl Drop for Bars {
    fn drop(&mut self) {
        for bar in [&self.collect, &self.enrich, &self.send] {
            bar.abandon();
        }
        self.note.finish_and_clear();
    }
}

fn set(bar: &ProgressBar, position: i64, length: i64) {
    let natural = |number: i64| u64::try_from(number).unwrap_or_default();
    bar.set_length(natural(length).max(bar.length().unwrap_or_default()));
    bar.set_position(natural(position));
}

fn style() -> ProgressStyle {
    ProgressStyle::with_template("{prefix:>12.cyan.bold} [{bar:40}] {pos}/{len}")
        .unwrap_or_else(|_| ProgressStyle::default_bar())
        .progress_chars("=> ")
}
