//! Waiting for a condition, with a limit that is printed.

use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use tokio::time::{MissedTickBehavior, interval};

/// Asks `condition` every `pause` until it gives a value, or fails, or `limit` has passed.
///
/// `what` completes the sentence "waited 60 s for …".
pub(crate) async fn until<T>(
    what: &str,
    limit: Duration,
    pause: Duration,
    mut condition: impl AsyncFnMut() -> Result<Option<T>>,
) -> Result<T> {
    let begun = Instant::now();
    let mut ticks = interval(pause);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        if let Some(value) = condition().await? {
            return Ok(value);
        }
        if begun.elapsed() > limit {
            bail!("waited {} s for {what}", limit.as_secs());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn wait_ends_at_value_or_limit() {
        let mut asked = 0;
        let pause = Duration::from_millis(1);
        let found = until(
            "the third time",
            Duration::from_secs(9),
            pause,
            async || {
                asked += 1;
                Ok((asked == 3).then_some(asked))
            },
        );
        assert_eq!(found.await.unwrap(), 3);
        let never = until("what never comes", Duration::ZERO, pause, async || {
            Ok(None::<()>)
        });
        assert_eq!(
            never.await.unwrap_err().to_string(),
            "waited 0 s for what never comes"
        );
    }
}
