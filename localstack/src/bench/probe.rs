//! What was used between two moments, and the progress of the work meanwhile.

use std::time::{Duration, Instant};

use crate::sql::measures::{self, Statement};
use anyhow::Result;
use indicatif::{ProgressBar, ProgressStyle};
use shared::db;

use super::processes::Cpu;
use super::stage::Stage;

const LOOK: Duration = Duration::from_millis(250);

/// A moment of a measurement.
pub(super) struct Probe {
    at: Instant,
    cpu: Cpu,
    statements: Vec<Statement>,
}

/// What was used since an earlier moment.
pub(super) struct Used {
    pub(super) took: Duration,
    pub(super) cpu: Cpu,
    /// The longest first.
    pub(super) statements: Vec<Statement>,
}

impl Probe {
    pub(super) async fn take(stage: &Stage<'_>) -> Result<Self> {
        let mut conn = db::acquire(&stage.pool).await?;
        Ok(Self {
            statements: measures::statements(&mut conn).await?,
            cpu: Cpu::now(&stage.ground.settings)?,
            at: Instant::now(),
        })
    }

    pub(super) async fn used(&self, stage: &Stage<'_>) -> Result<Used> {
        let took = self.at.elapsed();
        let now = Self::take(stage).await?;
        Ok(Used {
            took,
            cpu: now.cpu.since(&self.cpu),
            statements: since(now.statements, &self.statements),
        })
    }
}

impl Used {
    /// How many statements ran.
    pub(super) fn calls(&self) -> f64 {
        let calls = self.statements.iter().map(|statement| statement.calls);
        f64::from(u32::try_from(calls.sum::<i64>()).unwrap_or(u32::MAX))
    }
}

fn since(now: Vec<Statement>, earlier: &[Statement]) -> Vec<Statement> {
    let mut used: Vec<Statement> = now
        .into_iter()
        .map(|mut statement| {
            let before = earlier.iter().find(|before| before.text == statement.text);
            if let Some(before) = before {
                statement.calls -= before.calls;
                statement.seconds -= before.seconds;
            }
            statement
        })
        .filter(|statement| statement.calls > 0)
        .collect();
    used.sort_by(|one, other| other.seconds.total_cmp(&one.seconds));
    used
}

/// Runs the work and shows its progress.
pub(super) async fn watch<T>(
    what: &str,
    all: u64,
    done: impl Fn() -> u64,
    work: impl Future<Output = T>,
) -> T {
    let style = ProgressStyle::with_template("{prefix:>12.cyan.bold} [{bar:40}] {pos}/{len} {msg}");
    let style = style.unwrap_or_else(|_| ProgressStyle::default_bar());
    let bar = ProgressBar::new(all)
        .with_style(style.progress_chars("=> "))
        .with_prefix("Measuring")
        .with_message(what.to_owned());
    let mut ticks = tokio::time::interval(LOOK);
    let mut work = std::pin::pin!(work);
    let result = loop {
        tokio::select! {
            result = &mut work => break result,
            _ = ticks.tick() => bar.set_position(done().min(all)),
        }
    };
    bar.finish_and_clear();
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn earlier_statements_do_not_count() {
        let statement = |text: &str, calls, seconds| Statement {
            text: text.to_owned(),
            calls,
            seconds,
        };
        let earlier = [statement("a", 2, 1.0), statement("b", 5, 1.0)];
        let now = vec![
            statement("b", 5, 1.0),
            statement("a", 4, 1.5),
            statement("c", 1, 3.0),
        ];
        let used = since(now, &earlier);
        assert_eq!(used, [statement("c", 1, 3.0), statement("a", 2, 0.5)]);
    }
}
