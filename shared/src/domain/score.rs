//! How well a lead fits, and how sure the scorer is.

use serde::{Deserialize, Serialize};

/// Fit of a lead for a campaign, 0 to 100.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "i64", into = "i64")]
pub struct Score(u8);

impl Score {
    /// The best there is.
    pub const MAX: Self = Self(100);
    /// The worst there is.
    pub const MIN: Self = Self(0);

    /// A score, or `None` outside 0 to 100: a wrong number is never bent into a right one.
    pub fn new(value: i64) -> Option<Self> {
        u8::try_from(value).ok().filter(|v| *v <= 100).map(Self)
    }

    /// The number, 0 to 100.
    pub fn get(self) -> u8 {
        self.0
    }
}

impl TryFrom<i64> for Score {
    type Error = &'static str;

    fn try_from(value: i64) -> Result<Self, Self::Error> {
        Self::new(value).ok_or("a score is a whole number from 0 to 100")
    }
}

impl From<Score> for i64 {
    fn from(score: Score) -> Self {
        score.0.into()
    }
}

/// How sure the scorer says it is, 0 to 1.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(try_from = "f32", into = "f32")]
pub struct Confidence(f32);

impl Confidence {
    /// Certainty.
    pub const MAX: Self = Self(1.0);
    /// A guess.
    pub const MIN: Self = Self(0.0);

    /// A confidence, or `None` outside 0 to 1 or when it is not a number.
    pub fn new(value: f32) -> Option<Self> {
        (0.0..=1.0).contains(&value).then_some(Self(value))
    }

    /// The number, 0 to 1.
    pub fn get(self) -> f32 {
        self.0
    }
}

impl TryFrom<f32> for Confidence {
    type Error = &'static str;

    fn try_from(value: f32) -> Result<Self, Self::Error> {
        Self::new(value).ok_or("a confidence is a number from 0 to 1")
    }
}

impl From<Confidence> for f32 {
    fn from(confidence: Confidence) -> Self {
        confidence.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_out_of_range_is_no_score() {
        assert_eq!(Score::new(0).map(Score::get), Some(0));
        assert_eq!(Score::new(100).map(Score::get), Some(100));
        for wrong in [-1, 101, 140, 356, i64::MAX] {
            assert_eq!(Score::new(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_number_out_of_range_is_no_confidence() {
        assert!(Confidence::new(0.0).is_some() && Confidence::new(1.0).is_some());
        for wrong in [-0.01, 1.01, f32::NAN, f32::INFINITY] {
            assert_eq!(Confidence::new(wrong), None, "{wrong}");
        }
    }
}
