//! Rates, how far they may be off, and quantiles of what is kept in buckets.

use std::collections::BTreeMap;

use serde::Serialize;

/// Below this a rate says more about chance than about what is counted.
pub const ENOUGH: i64 = 30;

/// So many of so many.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Share {
    pub count: i64,
    pub of: i64,
}

impl Share {
    /// The rate, where it rests on [`ENOUGH`].
    #[expect(clippy::cast_precision_loss, reason = "counts are far below 2^52")]
    pub fn rate(self) -> Option<f64> {
        (self.of >= ENOUGH).then(|| self.count as f64 / self.of as f64)
    }

    /// Within which the true rate lies, with a probability of 95 % (Wilson, 1927), where the rate rests
    /// on [`ENOUGH`].
    #[expect(clippy::cast_precision_loss, reason = "counts are far below 2^52")]
    pub fn interval(self) -> Option<(f64, f64)> {
        const Z: f64 = 1.959_964;
        let rate = self.rate()?.min(1.0);
        let n = self.of as f64;
        let centre = rate + Z * Z / (2.0 * n);
        let margin = Z * (rate * (1.0 - rate) / n + Z * Z / (4.0 * n * n)).sqrt();
        let scale = 1.0 + Z * Z / n;
        let bounded = |bound: f64| (bound / scale).clamp(0.0, 1.0);
        Some((bounded(centre - margin), bounded(centre + margin)))
    }
}

/// Buckets to each doubling of a time: the bounds of one are a fifth apart.
const TO_A_DOUBLING: f64 = 4.0;

/// The bucket of a time in whole minutes.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    reason = "a logarithm of minutes is small, and minutes are far below 2^52"
)]
pub fn bucket(minutes: i64) -> i64 {
    ((minutes.max(0) + 1) as f64)
        .log2()
        .mul_add(TO_A_DOUBLING, 1e-9)
        .floor() as i64
}

/// From which minute on a bucket counts.
#[expect(clippy::cast_precision_loss, reason = "there are some hundred buckets")]
fn bound(bucket: i64) -> f64 {
    (bucket as f64 / TO_A_DOUBLING).exp2() - 1.0
}

/// The time that this share of a spread over [`bucket`]s does not exceed, in minutes, as if what is in
/// a bucket were spread evenly over it. None of nothing.
pub fn minutes_at(share: f64, buckets: &BTreeMap<i64, i64>) -> Option<f64> {
    let (bucket, part) = position(share, buckets)?;
    let (low, high) = (bound(bucket), bound(bucket + 1));
    Some((high - low).mul_add(part, low))
}

/// The value that this share of a spread over values does not exceed. None of nothing.
pub fn value_at(share: f64, values: &BTreeMap<i64, i64>) -> Option<i64> {
    position(share, values).map(|(value, _)| value)
}

/// The key at which this share of all is reached, and the part of it that lies below.
#[expect(clippy::cast_precision_loss, reason = "counts are far below 2^52")]
fn position(share: f64, spread: &BTreeMap<i64, i64>) -> Option<(i64, f64)> {
    let all: i64 = spread.values().sum();
    let wanted = share * all as f64;
    let mut below = 0.0;
    for (key, count) in spread.iter().filter(|(_, count)| **count > 0) {
        let count = *count as f64;
        if below + count >= wanted {
            return Some((*key, (wanted - below) / count));
        }
        below += count;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Bounds in tenths of a percent, rounded.
    #[track_caller]
    fn check(count: i64, of: i64, bounds: Option<(i32, i32)>) {
        let share = Share { count, of };
        #[expect(clippy::cast_possible_truncation, reason = "at most 1,000")]
        let rounded = |rate: f64| (rate * 1_000.0).round() as i32;
        let interval = share
            .interval()
            .map(|(low, high)| (rounded(low), rounded(high)));
        assert_eq!(interval, bounds, "{count} of {of}");
        assert_eq!(share.rate().is_some(), bounds.is_some());
    }

    #[test]
    fn wilson_interval_needs_thirty() {
        check(1, 20, None);
        check(0, 0, None);
        check(29, 29, None);
        check(0, 30, Some((0, 114)));
        check(30, 30, Some((886, 1_000)));
        check(3, 100, Some((10, 85)));
        check(30, 1_000, Some((21, 43)));
        check(131, 1_451, Some((77, 106)));
        check(108, 124, Some((801, 919)));
        check(34, 1_451, Some((17, 33)));
    }

    #[test]
    fn buckets_hold_what_lies_between_their_bounds() {
        assert_eq!([-5, 0, 1, 3, 7, 1_023].map(bucket), [0, 0, 4, 8, 12, 40]);
        for minutes in 0..100_000 {
            let bucket = bucket(minutes);
            let minutes = f64::from(i32::try_from(minutes).unwrap());
            assert!(bound(bucket) <= minutes + 1e-6, "{minutes}");
            assert!(minutes < bound(bucket + 1), "{minutes}");
        }
    }

    #[test]
    fn quantile_is_within_its_bucket() {
        let waits: BTreeMap<i64, i64> =
            (0..1_000).map(bucket).fold(BTreeMap::new(), |mut all, b| {
                *all.entry(b).or_default() += 1;
                all
            });
        for (share, exact) in [(0.1, 100.0), (0.5, 500.0), (0.9, 900.0)] {
            let minutes = minutes_at(share, &waits).unwrap();
            assert!((minutes - exact).abs() < exact / 10.0, "{share}: {minutes}");
        }
        let values = BTreeMap::from([(58, 1), (84, 8), (99, 1), (100, 0)]);
        let at = |share| value_at(share, &values);
        assert_eq!(
            [at(0.1), at(0.5), at(0.9), at(1.0)],
            [Some(58), Some(84), Some(84), Some(99)]
        );
        assert_eq!(minutes_at(0.5, &BTreeMap::new()), None);
        assert_eq!(value_at(0.5, &BTreeMap::from([(1, 0)])), None);
    }
}
