//! Drawings of figures as SVG: the geometry alone.
//!
//! Words and numbers stand in the page, so that they are never scaled, and a table beside each drawing holds the
//! same numbers. Colours are classes of the style sheet, which knows light and dark: the pages' content policy
//! refuses styles within a page. That is why no crate of whole charts is used here. Those looked at (charts-rs,
//! plotters, poloto) fix their colours and a white ground, write the words into the drawing, or bring a style
//! element. `svg` writes a document and leaves the rest to us.

use std::fmt;

use svg::{
    Document,
    node::element::{Path, Rectangle},
};

/// Of a column and the gap behind it, in the drawing's own units.
const STEP: usize = 10;
const COLUMN: usize = 7;
const HEIGHT: f64 = 100.0;

/// A finished drawing. It holds numbers and names of ours only: pages put it in as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Drawing(String);

impl fmt::Display for Drawing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What a drawing's colour says; the style sheet has each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tone {
    /// What the page is about.
    Main,
    /// What came of it.
    Second,
    /// What it was chosen from.
    Rest,
}

impl Tone {
    fn class(self) -> &'static str {
        match self {
            Self::Main => "chart-bar",
            Self::Second => "chart-bar-second",
            Self::Rest => "chart-bar-rest",
        }
    }
}

/// Columns that begin at zero, up to a bound that is at least as large as each amount. `label` is the id of the
/// page's element that says what is seen.
pub(crate) fn columns(amounts: &[i64], bound: i64, tone: Tone, label: &str) -> Drawing {
    let width = amounts.len() * STEP;
    let guides = Path::new()
        .set("class", "chart-guide")
        .set("d", format!("M0 .5h{width}M0 50h{width}"));
    let mut drawing = scaled(width, HEIGHT)
        .set("role", "img")
        .set("aria-labelledby", label)
        .add(guides);
    for (place, amount) in amounts.iter().enumerate() {
        let height = part(*amount, bound) * HEIGHT;
        if height > 0.0 {
            let column = Rectangle::new()
                .set("class", tone.class())
                .set("x", place * STEP + (STEP - COLUMN) / 2)
                .set("y", tenths(HEIGHT - height))
                .set("width", COLUMN)
                .set("height", tenths(height));
            drawing = drawing.add(column);
        }
    }
    Drawing(drawing.to_string())
}

/// A lying bar: so much of a whole. The number stands beside it, so it has no words of its own.
pub(crate) fn bar(amount: i64, whole: i64) -> Drawing {
    let bar = Rectangle::new()
        .set("class", "chart-bar")
        .set("width", tenths(part(amount, whole) * HEIGHT))
        .set("height", 1);
    let drawing = scaled(100, 1.0).set("aria-hidden", "true").add(bar);
    Drawing(drawing.to_string())
}

/// An interval and the value within it, on a scale from nothing to `bound`. The numbers stand beside it.
pub(crate) fn interval((low, high): (f64, f64), value: f64, bound: f64) -> Drawing {
    let at = |share: f64| tenths((share / bound).clamp(0.0, 1.0) * HEIGHT);
    let (low, high) = (at(low), at(high));
    let range = Path::new()
        .set("class", "chart-range")
        .set("d", format!("M{low} 5H{high}M{low} 1v8M{high} 1v8"));
    let point = Rectangle::new()
        .set("class", "chart-point")
        .set("x", at(value))
        .set("width", 2)
        .set("height", 10);
    let drawing = scaled(100, 10.0).set("aria-hidden", "true");
    Drawing(drawing.add(range).add(point).to_string())
}

/// The next of 1, 2, 5, 10, 20, 50, … that no amount exceeds.
pub(crate) fn bound(amounts: impl IntoIterator<Item = i64>) -> i64 {
    let most = amounts.into_iter().max().unwrap_or_default();
    let mut tens: i64 = 1;
    loop {
        for step in [1, 2, 5] {
            let bound = tens.saturating_mul(step);
            if bound >= most {
                return bound;
            }
        }
        tens = tens.saturating_mul(10);
    }
}

/// Stretched to wherever it stands.
fn scaled(width: usize, height: f64) -> Document {
    Document::new()
        .set("viewBox", format!("0 0 {width} {height}"))
        .set("preserveAspectRatio", "none")
}

/// The part of a whole, from 0 to 1.
#[expect(clippy::cast_precision_loss, reason = "counts are far below 2^52")]
fn part(amount: i64, whole: i64) -> f64 {
    match whole {
        ..=0 => 0.0,
        whole => (amount as f64 / whole as f64).clamp(0.0, 1.0),
    }
}

fn tenths(length: f64) -> String {
    format!("{length:.1}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_are_round_and_large_enough() {
        for (amounts, expected) in [
            (&[][..], 1),
            (&[0], 1),
            (&[3, 2], 5),
            (&[5], 5),
            (&[6], 10),
            (&[11], 20),
            (&[214, 90], 500),
            (&[i64::MAX], i64::MAX),
        ] {
            assert_eq!(bound(amounts.iter().copied()), expected, "{amounts:?}");
        }
    }

    #[test]
    fn columns_begin_at_zero_and_keep_scale() {
        let drawing = columns(&[0, 25, 50], 50, Tone::Second, "what").to_string();
        assert!(drawing.contains("viewBox=\"0 0 30 100\""), "{drawing}");
        assert!(drawing.contains("aria-labelledby=\"what\""), "{drawing}");
        assert_eq!(drawing.matches("<rect").count(), 2, "{drawing}");
        for attribute in [
            "height=\"50.0\"",
            "y=\"50.0\"",
            "height=\"100.0\"",
            "y=\"0.0\"",
        ] {
            assert!(drawing.contains(attribute), "{attribute} in {drawing}");
        }
    }

    #[test]
    fn drawings_bring_no_styles() {
        let drawings = [
            columns(&[1], 1, Tone::Main, "id"),
            bar(1, 3),
            bar(0, 0),
            interval((0.01, 0.09), 0.04, 0.2),
        ];
        for drawing in drawings.map(|drawing| drawing.to_string()) {
            assert!(!drawing.contains("style"), "{drawing}");
            assert!(!drawing.contains("fill="), "{drawing}");
            assert!(!drawing.contains("NaN"), "{drawing}");
        }
    }
}
