//! Waiting until the pipeline has nothing left to do at once.

use std::cell::Cell;
use std::time::{Duration, Instant};

use anyhow::Result;
use aws_config::SdkConfig;
use shared::db::{self, PgPool, leads, sends};

use crate::sql::report::{self, Progress};

use super::bars::Bars;
use super::seed::CAMPAIGN;
use crate::queues::{Depth, Queues};
use crate::settings::STACK;
use crate::{invoke, wait};

/// A message of a function that was killed comes back after its queue's visibility timeout, six
/// minutes at most, and may fail in the same way once more.
const LIMIT: Duration = Duration::from_secs(15 * 60);
const POLL: Duration = Duration::from_millis(250);
/// The rules sweep every one and five minutes; a demo that stands still does not wait for them.
const TIMEOUT: Duration = Duration::from_secs(5);
/// Rows published again at a time.
const SWEEP: i64 = 1_000;

/// What is being drained.
pub(super) struct Pipeline<'a> {
    pub(super) aws: &'a SdkConfig,
    pub(super) pool: &'a PgPool,
    pub(super) queues: &'a Queues,
}

/// The work that is left before the pipeline is drained.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Left {
    progress: Progress,
    /// Messages of the queues that a function works on.
    waiting: u64,
    in_flight: u64,
}

impl Left {
    fn of(progress: Progress, depths: &[Depth]) -> Self {
        let work = || depths.iter().filter(|depth| depth.is_work());
        Self {
            progress,
            waiting: work().map(|depth| depth.waiting).sum(),
            in_flight: work().map(|depth| depth.in_flight).sum(),
        }
    }

    /// In the database nothing is pending; the queues may still hold messages that find nothing to do.
    fn is_settled(&self) -> bool {
        self.progress.pending == 0 && self.progress.due == 0 && self.progress.held == 0
    }

    /// No work is left; what SES reports may still be on its way to its queue.
    fn is_idle(&self) -> bool {
        self.is_settled() && self.waiting == 0 && self.in_flight == 0
    }

    fn is_drained(&self) -> bool {
        self.is_idle() && self.progress.unreported == 0
    }

    fn note(&self) -> String {
        if self.is_settled() && self.in_flight > 0 {
            format!(
                "(waiting for {} messages in flight; after a crash that can take six minutes)",
                self.in_flight
            )
        } else {
            String::new()
        }
    }
}

impl Pipeline<'_> {
    /// Runs `collect`, and then waits until every lead has its answer and every due send is settled.
    pub(super) async fn run(
        &self,
        collect: impl Future<Output = Result<()>>,
        expected: u64,
    ) -> Result<()> {
        let mut bars = Bars::new(expected);
        let collected = Cell::new(false);
        let mut last: Option<(Instant, Left)> = None;
        let drained = wait::until("the pipeline to be drained", LIMIT, POLL, async || {
            // Asked first: what the collector stored before it ended is then seen below.
            let is_complete = collected.get();
            let left = self.left().await?;
            bars.show(left.progress, &left.note());
            if is_complete && left.is_drained() {
                return Ok(Some(()));
            }
            match &last {
                Some((since, before)) if *before == left => {
                    if since.elapsed() > TIMEOUT {
                        // A report that is lost is not waited for; what the demo prints shows it.
                        if is_complete && left.is_idle() {
                            return Ok(Some(()));
                        }
                        self.sweep(&left).await?;
                        last = Some((Instant::now(), left));
                    }
                }
                _ => last = Some((Instant::now(), left)),
            }
            Ok(None)
        });
        let collect = async {
            collect.await?;
            collected.set(true);
            Ok(())
        };
        tokio::try_join!(collect, drained).map(|_| ())
    }

    async fn left(&self) -> Result<Left> {
        // First the queues: what leaves one between the two looks has reached the database then.
        let depths = self.queues.depths().await?;
        let mut conn = db::acquire(self.pool).await?;
        let progress = report::progress(&mut conn, CAMPAIGN).await?;
        Ok(Left::of(progress, &depths))
    }

    /// Does what the schedules would do later.
    ///
    /// They wait until no message can be on its way any more. Here that can be seen: what is pending
    /// while the queues are empty was published by a message that is lost.
    async fn sweep(&self, left: &Left) -> Result<()> {
        if left.progress.held > 0 {
            let sender = format!("{STACK}-sender");
            invoke::call(self.aws, &sender, "{}".to_owned()).await?;
        }
        if left.waiting + left.in_flight > 0 {
            return Ok(());
        }
        let mut conn = db::acquire(self.pool).await?;
        let pending = leads::take_unpublished(&mut conn, Duration::ZERO, SWEEP).await?;
        self.queues
            .named(&format!("{STACK}-enrich"))?
            .publish(&pending)
            .await?;
        let due = sends::take_due(&mut conn, Duration::ZERO, Duration::ZERO, SWEEP).await?;
        Ok(self
            .queues
            .named(&format!("{STACK}-outreach"))?
            .publish_later(&due)
            .await?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn depth(name: &str, waiting: u64, in_flight: u64) -> Depth {
        Depth {
            name: name.to_owned(),
            is_dead_letters: name.ends_with("dlq"),
            has_consumer: name != "feedback",
            waiting,
            in_flight,
        }
    }

    #[test]
    fn drained_means_nothing_pending_due_held_or_queued() {
        let done = Progress {
            collected: 9,
            enriched: 9,
            sends: 4,
            ..Progress::default()
        };
        assert!(Left::of(done, &[]).is_drained());
        for progress in [
            Progress { pending: 1, ..done },
            Progress { due: 1, ..done },
            Progress { held: 1, ..done },
            Progress {
                unreported: 1,
                ..done
            },
        ] {
            assert!(!Left::of(progress, &[]).is_drained(), "{progress:?}");
        }
        assert!(!Left::of(done, &[depth("enrich", 1, 0)]).is_drained());
        assert!(!Left::of(done, &[depth("outreach", 0, 1)]).is_drained());
        let unreported = Progress {
            unreported: 1,
            ..done
        };
        assert!(Left::of(unreported, &[]).is_idle());
    }

    #[test]
    fn dead_letters_and_unread_queues_do_not_block() {
        let depths = [depth("enrich-dlq", 3, 0), depth("feedback", 40, 0)];
        assert!(Left::of(Progress::default(), &depths).is_drained());
    }
}
