//! When an invocation has to be over.

use std::time::{Duration, Instant, SystemTime};

/// Longest that a Lambda function may run.
const LONGEST: Duration = Duration::from_secs(15 * 60);

/// The end of an invocation, on the clock that only goes forward.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Deadline(Instant);

impl Deadline {
    /// Reads what the invocation's context says: Lambda gives a moment, `cargo lambda` the time that
    /// is left, as if counted from 1970.
    #[expect(
        clippy::disallowed_methods,
        reason = "the shell reads the clock for its deadline"
    )]
    pub fn of(context: SystemTime) -> Self {
        Self::within(time_left(context, SystemTime::now()))
    }

    /// So long from now.
    pub fn within(time: Duration) -> Self {
        Self(Instant::now() + time)
    }

    /// How much time is left.
    pub fn remaining(self) -> Duration {
        self.0.saturating_duration_since(Instant::now())
    }

    /// Whether there is time for work that takes so long.
    pub fn allows(self, work: Duration) -> bool {
        self.remaining() >= work
    }
}

fn time_left(context: SystemTime, now: SystemTime) -> Duration {
    match context.duration_since(SystemTime::UNIX_EPOCH) {
        Ok(left) if left <= LONGEST => left,
        _ => context.duration_since(now).unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_left_reads_moments_and_spans() {
        let seconds = Duration::from_secs;
        let epoch = SystemTime::UNIX_EPOCH;
        let now = epoch + seconds(1_767_607_200);
        assert_eq!(time_left(now + seconds(30), now), seconds(30));
        assert_eq!(time_left(now - seconds(30), now), Duration::ZERO);
        assert_eq!(time_left(epoch + seconds(600), now), seconds(600));
    }

    #[test]
    fn deadline_allows_what_fits() {
        let deadline = Deadline::within(Duration::from_secs(60));
        assert!(deadline.allows(Duration::from_secs(30)));
        assert!(!deadline.allows(Duration::from_secs(61)));
        assert!(!Deadline::within(Duration::ZERO).allows(Duration::from_millis(1)));
    }
}
