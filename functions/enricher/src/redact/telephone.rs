//! Telephone numbers.

use std::ops::Range;

/// Words that a number follows without a space.
const BEFORE_NUMBERS: &[&str] = &[
    "tel",
    "telefon",
    "telefono",
    "téléphone",
    "telephone",
    "phone",
    "fon",
    "mobil",
    "mobile",
    "movil",
    "móvil",
    "cel",
    "celular",
    "handy",
    "call",
    "whatsapp",
    "wa",
    "zap",
    "signal",
    "telegram",
    "sms",
    "tlf",
    "gsm",
    "fax",
];

/// Runs of digits and what people part them with: eight digits, or seven behind a plus. No years, dates
/// or rounded figures.
pub(super) fn numbers(text: &str) -> Vec<Range<usize>> {
    let parts = |c: char| c.is_ascii_digit() || "+ -./()‐‑‒–—―−_|·•~".contains(c);
    let mut spans = Vec::new();
    let mut start = 0;
    while let Some(rest) = text.get(start..) {
        let Some(first) = rest.find(|c: char| c.is_ascii_digit() || c == '+') else {
            break;
        };
        let begin = start + first;
        let behind = text.get(begin..).unwrap_or_default();
        let run = behind.len() - behind.trim_start_matches(parts).len();
        let run = behind.get(..run).unwrap_or_default();
        let run = run.trim_end_matches(|c: char| !c.is_ascii_digit());
        if is_number(run, text.get(..begin).unwrap_or_default()) {
            spans.push(begin..begin + run.len());
        }
        start = begin + run.len().max(1);
    }
    spans
}

fn is_number(run: &str, before: &str) -> bool {
    let digits = run.chars().filter(char::is_ascii_digit).count();
    if run.starts_with('+') {
        return digits >= 7;
    }
    if digits < 8 {
        return false;
    }
    let groups: Vec<&str> = run
        .split(|c: char| !c.is_ascii_digit())
        .filter(|group| !group.is_empty())
        .collect();
    let word_before = before
        .rsplit(|c: char| !c.is_alphabetic())
        .next()
        .unwrap_or_default();
    let glued = !word_before.is_empty() || before.ends_with(|c: char| c.is_ascii_digit());
    if glued && digits < 10 && !BEFORE_NUMBERS.contains(&word_before.to_lowercase().as_str()) {
        return false;
    }
    let is_year =
        |group: &&str| group.len() == 4 && (group.starts_with("19") || group.starts_with("20"));
    let is_short = |group: &&str| group.len() <= 2;
    let years = groups.len() > 1 && groups.iter().all(is_year);
    let date = match groups.as_slice() {
        [year, month, day] if is_year(year) => is_short(month) && is_short(day),
        [day, month, year] if is_year(year) => is_short(month) && is_short(day),
        _ => false,
    };
    // 10 000 000, as people round.
    let rounded = groups.len() > 1
        && groups.first().is_some_and(|first| first.len() <= 2)
        && groups.iter().skip(1).all(|group| group.len() == 3)
        && groups.last().is_some_and(|last| *last == "000");
    !(years || date || rounded)
}
