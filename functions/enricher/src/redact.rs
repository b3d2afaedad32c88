//! Redacts mail addresses and telephone numbers: the model does not need them.

use std::ops::Range;

use shared::domain::content::is_invisible;

/// What stands between mailbox and host, also where people hope that no machine reads it.
const AT: &[&str] = &[
    "@", "＠", "[at]", "(at)", "{at}", "<at>", "[a]", "(a)", "[arroba]", "(arroba)", " at ",
];
/// What stands between the parts of a host, with or without spaces around it.
const DOT: &[&str] = &[
    "[dot]", "(dot)", "{dot}", "[.]", "(.)", "[punkt]", "(punkt)", "[ponto]", "(ponto)", "[punto]",
    "(punto)", "[point]", "(point)",
];
/// The same as a plain word.
const DOT_WORDS: &[&str] = &[" dot ", " punkt ", " ponto ", " punto "];

/// The text with every mail address and telephone number redacted. Rather a company's name too
/// many ("works at example.com") than an address.
pub(crate) fn without_addresses(text: &str) -> String {
    let mut spans = addresses(text);
    spans.extend(telephone_numbers(text));
    spans.sort_by_key(|span| span.start);
    let mut redacted = String::with_capacity(text.len());
    let mut at = 0;
    for span in spans {
        if span.start >= at {
            redacted.push_str(text.get(at..span.start).unwrap_or_default());
            redacted.push('…');
        }
        at = at.max(span.end);
    }
    redacted.push_str(text.get(at..).unwrap_or_default());
    redacted
}

fn addresses(text: &str) -> Vec<Range<usize>> {
    // Of the same length in bytes.
    let lower = text.to_ascii_lowercase();
    let marks = AT.iter().flat_map(|mark| lower.match_indices(mark));
    let spans = marks.filter_map(|(at, mark)| {
        let before = lower.get(..at)?.trim_end_matches(is_space);
        let local = before.trim_end_matches(is_of_mailbox);
        let after = at + mark.len();
        let host = host_length(lower.get(after..)?)?;
        (local.len() < before.len()).then_some(local.len()..after + host)
    });
    spans.collect()
}

/// How many bytes at the start of the text are a host of two names or more.
fn host_length(text: &str) -> Option<usize> {
    let mut rest = text.trim_start_matches(is_space);
    let mut names = 0;
    loop {
        let after = rest.trim_start_matches(is_of_name);
        let name = rest.get(..rest.len() - after.len())?;
        if name.is_empty() {
            return None;
        }
        names += 1;
        match after_dot(after) {
            Some(next) => rest = next,
            None => {
                let is_top = name.chars().count() >= 2 && !name.chars().all(|c| c.is_ascii_digit());
                return (names >= 2 && is_top).then_some(text.len() - after.len());
            }
        }
    }
}

/// What follows a dot, if one comes next and a name after it.
fn after_dot(text: &str) -> Option<&str> {
    let plain = text.strip_prefix(['.', '．', '。', '｡']);
    let word = || DOT_WORDS.iter().find_map(|dot| text.strip_prefix(dot));
    let marked = || {
        let text = text.trim_start_matches(is_space);
        let after = DOT.iter().find_map(|dot| text.strip_prefix(dot))?;
        Some(after.trim_start_matches(is_space))
    };
    let after = plain.or_else(word).or_else(marked)?;
    after.starts_with(is_of_name).then_some(after)
}

fn is_space(c: char) -> bool {
    c.is_whitespace() || is_invisible(c)
}

fn is_of_name(c: char) -> bool {
    c.is_alphanumeric() || c == '-' || c == '_' || is_invisible(c)
}

fn is_of_mailbox(c: char) -> bool {
    c.is_alphanumeric() || is_invisible(c) || ".!#$%'*+-^_`~\"".contains(c)
}

/// Runs of digits and what people part them with: nine digits, or seven behind a plus.
fn telephone_numbers(text: &str) -> Vec<Range<usize>> {
    let parts = |c: char| c.is_ascii_digit() || "+ -./()\u{a0}".contains(c);
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
        let digits = run.chars().filter(char::is_ascii_digit).count();
        let enough = if run.starts_with('+') { 7 } else { 9 };
        let inside_a_word = text
            .get(..begin)
            .is_some_and(|before| before.ends_with(char::is_alphanumeric));
        if digits >= enough && !inside_a_word {
            spans.push(begin..begin + run.len());
        }
        start = begin + run.len().max(1);
    }
    spans
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &str) {
        assert_eq!(without_addresses(text), expected);
    }

    #[test]
    fn only_the_address_is_redacted() {
        check("Runs. ana@example.org, too", "Runs. …, too");
        check("mail:ana.fit+x@mail.example.org,now", "mail:…,now");
        check("(ana@example.org)", "(…)");
        check("📧ana@bücher.example!", "📧…!");
        check("a@x.example,@handle b@y.example", "…,@handle …");
        check("find me @ana@social.example", "find me @…");
        check("\"ana fit\"@example.org", "\"ana …");
        check("ana＠example．org", "…");
        check(
            "https://ana@example.org/?mail=bo@example.net",
            "https://…/?mail=…",
        );
    }

    #[test]
    fn an_address_in_disguise_is_redacted_out_too() {
        for disguised in [
            "ana [at] example.org",
            "ana(at)mail.example [dot] com",
            "ana (AT) example (DOT) org",
            "ana at example dot org",
            "ana{at}example{dot}org",
            "ana @ example.org",
            "ana\u{200b}@\u{200b}example.\u{200b}org",
            "ana [arroba] example (punto) org",
        ] {
            check(&format!("Coach | {disguised} | runs"), "Coach | … | runs");
        }
    }

    #[test]
    fn a_telephone_number_is_redacted_out() {
        check("call +351 912 345 678!", "call …!");
        check("(555) 123-4567-89 now", "(… now");
        check("https://wa.me/15551234567", "https://wa.me/…");
    }

    #[test]
    fn what_reaches_nobody_stays() {
        for text in [
            "",
            "@ana.fit",
            "with @bo and a@b",
            "look at this. And that",
            "yoga at dawn",
            "at 5.30 every day",
            "2019-2024, 15 200 readers, 3.5 km",
            "1 000 000 runners + me",
            "runner123456789",
            "coffee @ home",
        ] {
            check(text, text);
        }
    }

    proptest! {
        #[test]
        fn no_address_survives_in_whatever_it_stands(
            before in "[^@＠]{0,20}", local in "[a-z0-9][a-z0-9._+-]{0,12}[a-z0-9]", name in "[a-z0-9-]{1,10}",
            top in "(org|com|example|bücher)", at in 0..AT.len(), dot in 0..DOT.len() + DOT_WORDS.len() + 1,
            after in "[ ,;!?)\n].{0,20}",
        ) {
            let dots = DOT.iter().chain(DOT_WORDS).chain(&["."]).copied();
            let dot = dots.clone().nth(dot).unwrap();
            let host = format!("{name}{dot}{top}");
            let text = format!("{before} {local}{}{host}{after}", AT[at]);
            let redacted = without_addresses(&text);
            prop_assert!(!redacted.contains(&host), "{text} → {redacted}");
        }

        #[test]
        fn any_text_can_be_read(text in ".*") {
            without_addresses(&text);
        }
    }
}
