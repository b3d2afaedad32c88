//! How the overview writes rates, times and names.

use shared::domain::{
    figures::statistics::{ENOUGH, Share},
    lead::Platform,
};

use crate::view::{Money, number};

/// `97.6 %`; a dash where it rests on fewer than [`ENOUGH`].
pub(super) fn rate(share: Share) -> String {
    share.rate().map_or_else(|| "–".to_owned(), percent)
}

/// `97.6 %`, of a share of 1.
pub(super) fn percent(share: f64) -> String {
    format!("{:.1} %", share * 100.0)
}

/// `95 %: 7.7–10.6 %`, or why there is none.
pub(super) fn interval(share: Share) -> String {
    match share.interval() {
        Some((low, high)) => format!("95 %: {:.1}–{}", low * 100.0, percent(high)),
        None => format!("fewer than {ENOUGH}, too few for a rate"),
    }
}

/// Both, as a table's cell has them.
pub(super) fn rate_and_interval(share: Share) -> String {
    match share.interval().zip(share.rate()) {
        Some(((low, high), rate)) => {
            format!("{} ({:.1}–{:.1})", percent(rate), low * 100.0, high * 100.0)
        }
        None => "Too few".to_owned(),
    }
}

/// `131 of 1,451 mails`.
pub(super) fn count_of(share: Share, unit: &str) -> String {
    format!("{} of {} {unit}", number(share.count), number(share.of))
}

/// `45 min`, `19 h` or `3.1 days`, of minutes.
pub(super) fn duration(minutes: f64) -> String {
    let hours = minutes / 60.0;
    match minutes {
        ..60.0 => format!("{minutes:.0} min"),
        ..2_880.0 => format!("{hours:.0} h"),
        _ => format!("{:.1} days", hours / 24.0),
    }
}

/// What one of many costs, of millionths of a dollar: `0.81 ¢`, `3.1 ¢`, `$1.20`.
#[expect(clippy::cast_precision_loss, reason = "below a million")]
pub(super) fn price(micros: i64) -> String {
    let cents = |micros: i64| micros as f64 / 10_000.0;
    match micros {
        ..10_000 => format!("{:.2} ¢", cents(micros)),
        10_000..1_000_000 => format!("{:.1} ¢", cents(micros)),
        _ => Money(micros).to_string(),
    }
}

/// `160`, and `6.7` where it is little.
#[expect(clippy::cast_precision_loss, reason = "counts are far below 2^52")]
pub(super) fn per(count: i64, times: i64) -> String {
    let times = times.max(1);
    match count as f64 / times as f64 {
        0.0 => "0".to_owned(),
        few if few < 10.0 => format!("{few:.1}"),
        _ => number((count + times / 2) / times),
    }
}

/// A statement without comments and line ends.
pub(super) fn one_line(statement: &str) -> String {
    let lines = statement.lines().map(str::trim);
    let words = lines.filter(|line| !line.starts_with("--"));
    let words = words.flat_map(str::split_whitespace);
    words.collect::<Vec<_>>().join(" ")
}

/// The beginning of a statement, as long as a table bears it.
pub(super) fn beginning(statement: &str) -> String {
    const LONGEST: usize = 160;
    let line = one_line(statement);
    let shown: String = line.chars().take(LONGEST).collect();
    if shown.len() < line.len() {
        shown + "…"
    } else {
        shown
    }
}

/// `0–9`, …, `90–100`.
pub(super) fn score_bin(bin: usize) -> String {
    let last = if bin == 9 { 100 } else { bin * 10 + 9 };
    format!("{}–{last}", bin * 10)
}

/// As a page calls it; a word that is none of ours as it is.
pub(super) fn platform(word: &str) -> String {
    Platform::from_word(word).map_or_else(
        || word.to_owned(),
        |platform| match platform {
            Platform::Csv => "Lists".to_owned(),
            named => named.title().to_owned(),
        },
    )
}
