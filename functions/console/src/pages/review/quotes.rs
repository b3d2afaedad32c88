//! The words of a profile that a claim rests on, marked where they stand.

use shared::db::console::review::Evidence;

/// A stretch of a profile's text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Segment<'a> {
    pub(crate) text: &'a str,
    /// The number of the claim that rests on it, from 1.
    pub(crate) claim: Option<usize>,
}

/// The text in stretches. Of quotes that overlap the earlier one is marked.
pub(super) fn segments<'a>(text: &'a str, evidence: &[Evidence]) -> Vec<Segment<'a>> {
    let mut found: Vec<(usize, usize, usize)> = (1..)
        .zip(evidence)
        .filter(|(_, evidence)| !evidence.quote.is_empty())
        .filter_map(|(claim, evidence)| {
            let start = text.find(&evidence.quote)?;
            Some((start, start + evidence.quote.len(), claim))
        })
        .collect();
    found.sort_unstable();
    let mut segments = Vec::new();
    let mut at = 0;
    let mut push = |from: usize, to: usize, claim| {
        let text = text.get(from..to).unwrap_or_default();
        if !text.is_empty() {
            segments.push(Segment { text, claim });
        }
    };
    for (start, end, claim) in found {
        if start < at {
            continue;
        }
        push(at, start, None);
        push(start, end, Some(claim));
        at = end;
    }
    push(at, text.len(), None);
    segments
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, quotes: &[&str], expected: &[(&str, Option<usize>)]) {
        let evidence: Vec<Evidence> = quotes
            .iter()
            .map(|quote| Evidence {
                claim: String::new(),
                quote: (*quote).to_owned(),
            })
            .collect();
        let found: Vec<_> = segments(text, &evidence)
            .iter()
            .map(|segment| (segment.text, segment.claim))
            .collect();
        assert_eq!(found, expected);
        let whole: String = found.iter().map(|(text, _)| *text).collect();
        assert_eq!(whole, text);
    }

    #[test]
    fn quotes_are_marked_where_they_stand() {
        check("I run.", &[], &[("I run.", None)]);
        check("", &["run"], &[]);
        check(
            "Läufer & coach in Galway",
            &["coach", "Läufer"],
            &[
                ("Läufer", Some(2)),
                (" & ", None),
                ("coach", Some(1)),
                (" in Galway", None),
            ],
        );
        // What is not there, or lies within another quote, is not marked.
        check(
            "trail running",
            &["trail running", "running", "road", ""],
            &[("trail running", Some(1))],
        );
    }
}
