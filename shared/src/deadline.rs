//! When an invocation has to be over.

use std::time::{Duration, SystemTime};

/// Longest that a Lambda function may run.
const LONGEST: Duration = Duration::from_secs(15 * 60);

/// The invocation's deadline, from what its context says.
///
/// Lambda gives a moment; `cargo lambda` gives the time that is left, as if counted from 1970.
#[expect(
    clippy::disallowed_methods,
    reason = "the shell reads the clock for its deadline"
)]
pub fn of(context: SystemTime) -> SystemTime {
    absolute(context, SystemTime::now())
}

fn absolute(context: SystemTime, now: SystemTime) -> SystemTime {
    match context.duration_since(SystemTime::UNIX_EPOCH) {
        Ok(left) if left <= LONGEST => now + left,
        _ => context,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_stays_and_a_span_begins_now() {
        let epoch = SystemTime::UNIX_EPOCH;
        let now = epoch + Duration::from_secs(1_767_607_200);
        let soon = now + Duration::from_secs(30);
        assert_eq!(absolute(soon, now), soon);
        let past = now - Duration::from_secs(30);
        assert_eq!(absolute(past, now), past, "a deadline that is over is over");
        let span = epoch + Duration::from_secs(600);
        assert_eq!(absolute(span, now), now + Duration::from_secs(600));
    }
}
