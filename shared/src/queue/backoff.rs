//! How long a message waits before it is delivered again.

use std::time::Duration;

/// How long a message waits after its `receives`-th delivery: doubling from 30 s to 15 min, and at
/// least what the other side `asked` for. A visibility timeout cannot be longer than 12 h.
pub fn backoff(receives: u32, asked: Option<Duration>) -> Duration {
    const BASE: Duration = Duration::from_secs(30);
    const CAP: Duration = Duration::from_secs(15 * 60);
    const LIMIT: Duration = Duration::from_secs(12 * 60 * 60);
    let doublings = receives.saturating_sub(1).min(10);
    let grown = BASE
        .saturating_mul(2_u32.saturating_pow(doublings))
        .min(CAP);
    grown.max(asked.unwrap_or_default()).min(LIMIT)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn backoff_doubles_to_cap_and_honours_request() {
        let seconds = |n| Duration::from_secs(n);
        assert_eq!(backoff(0, None), seconds(30));
        assert_eq!(backoff(1, None), seconds(30));
        assert_eq!(backoff(2, None), seconds(60));
        assert_eq!(backoff(3, Some(seconds(1))), seconds(120));
        assert_eq!(backoff(3, Some(seconds(500))), seconds(500));
        assert_eq!(backoff(50, None), seconds(900));
        assert_eq!(backoff(1, Some(seconds(1_000_000))), seconds(43_200));
    }

    proptest! {
        #[test]
        fn it_never_shrinks_and_stays_within_its_bounds(n in 0_u32..u32::MAX, asked in 0_u64..u64::MAX) {
            let wait = backoff(n, Some(Duration::from_secs(asked)));
            prop_assert!(wait >= Duration::from_secs(30) && wait <= Duration::from_secs(43_200));
            prop_assert!(backoff(n.saturating_add(1), None) >= backoff(n, None));
        }
    }
}
