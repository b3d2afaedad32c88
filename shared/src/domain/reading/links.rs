//! What a mail program would turn into a link, whether or not anybody meant one.
//!
//! Mail programs differ; what one of them links counts. They go by the endings of hosts that exist, so
//! the public-suffix list decides: `Node.js` is no link, `socket.io` is.

use std::ops::Range;

use unicode_normalization::UnicodeNormalization as _;

use super::hidden::strays;

/// Schemes that are linked without two slashes.
const SCHEMES: &[&str] = &[
    "mailto", "tel", "sms", "callto", "skype", "xmpp", "sip", "whatsapp",
];

/// Names that are written like hosts and are meant as names, in lower case.
const NAMES: &[&str] = &[
    "about.me",
    "ado.net",
    "archive.org",
    "asp.net",
    "booking.com",
    "cal.com",
    "change.org",
    "character.ai",
    "crates.io",
    "deno.land",
    "docs.rs",
    "draw.io",
    "hotels.com",
    "itch.io",
    "last.fm",
    "monday.com",
    "notion.so",
    "readme.md",
    "socket.io",
    "vb.net",
];

/// One character as it is seen, with its place in the text.
#[derive(Debug, Clone, Copy)]
struct Seen {
    c: char,
    start: usize,
    end: usize,
}

/// Something clickable, by the characters that are seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Clickable {
    /// `https://…`, `www.…`, `mailto:…`, an address: no name is written so.
    Link,
    /// Two names with a dot between them and nothing else around, and where the dot is.
    Host { dot: usize },
}

/// Whether a mail program would make anything of this text clickable.
pub fn has_link(text: &str) -> bool {
    let seen = seen(text);
    !clickables(&seen).is_empty()
}

/// Whether hosts end in this. `example` ends none: it stands for one that was never filled in.
pub fn is_top_level(label: &str) -> bool {
    if label.eq_ignore_ascii_case("example") {
        return true;
    }
    let host = format!("a.{}", label.to_lowercase());
    psl::suffix(host.as_bytes()).is_some_and(|suffix| suffix.is_known())
}

/// The text with a space in what reads like a name or the end of a sentence and would be linked:
/// `ASP .NET`, `trails. It`. What reads like a link stays, for [`has_link`] to find.
pub fn spaced_names(text: &str) -> String {
    let seen = seen(text);
    let mut spaces = Vec::new();
    for (range, clickable) in clickables(&seen) {
        let Clickable::Host { dot } = clickable else {
            continue;
        };
        let word = |range: Range<usize>| -> String {
            seen.get(range)
                .unwrap_or_default()
                .iter()
                .map(|s| s.c)
                .collect()
        };
        let (name, ending) = (word(range.start..dot), word(dot + 1..range.end));
        let ending = ending.trim_end_matches('.');
        // `@ana.fit` is a name on a platform.
        let is_handle = range
            .start
            .checked_sub(1)
            .and_then(|at| seen.get(at))
            .is_some_and(|s| s.c == '@');
        let number = name.chars().all(|c| c.is_ascii_digit());
        let mut letters = ending.chars();
        let begins_sentence =
            letters.next().is_some_and(char::is_uppercase) && letters.all(char::is_lowercase);
        let whole = format!("{name}.{ending}");
        let is_name =
            is_handle || whole.chars().any(char::is_uppercase) || NAMES.contains(&whole.as_str());
        let Some(dot) = seen.get(dot) else {
            continue;
        };
        if !is_handle && (number || begins_sentence) {
            spaces.push(dot.end);
        } else if is_name {
            spaces.push(dot.start);
        }
    }
    with_spaces(text, &spaces)
}

/// The text with everything clickable broken by a space: for a sentence of ours that holds words of
/// others. The words stay readable, and nothing of them is a link.
pub fn unlinked(text: &str) -> String {
    let mut text = text.to_owned();
    for _ in 0..4 {
        let seen = seen(&text);
        let found = clickables(&seen);
        if found.is_empty() {
            return text;
        }
        let spaces: Vec<usize> = found
            .into_iter()
            .flat_map(|(range, _)| {
                let next = seen.get(range.start + 1..).unwrap_or_default();
                seen.get(range).unwrap_or_default().iter().zip(next)
            })
            .filter_map(|(seen, next)| match seen.c {
                '.' | '@' if !next.c.is_whitespace() => Some(seen.start),
                ':' => Some(seen.end),
                _ => None,
            })
            .collect();
        text = with_spaces(&text, &spaces);
    }
    text.replace(|c| fold(c).any(|c| ".:@".contains(c)), " ")
}

fn with_spaces(text: &str, spaces: &[usize]) -> String {
    let mut spaced = String::with_capacity(text.len() + spaces.len());
    let mut from = 0;
    for at in spaces {
        spaced.push_str(text.get(from..*at).unwrap_or_default());
        spaced.push(' ');
        from = *at;
    }
    spaced.push_str(text.get(from..).unwrap_or_default());
    spaced
}

/// A character as it is seen: full-width signs are the plain ones, and so are the other dots of hosts. An
/// ellipsis is not.
fn fold(c: char) -> impl Iterator<Item = char> {
    let ellipsis = matches!(c, '…' | '‥');
    let itself = ellipsis.then_some(c);
    let folded = std::iter::once(c).filter(move |_| !ellipsis).nfkc();
    itself.into_iter().chain(folded).map(|c| match c {
        '。' | '․' => '.',
        c => c,
    })
}

fn seen(text: &str) -> Vec<Seen> {
    let hidden: Vec<usize> = strays(text).map(|(at, _)| at).collect();
    let visible = text
        .char_indices()
        .filter(|(at, _)| hidden.binary_search(at).is_err());
    visible
        .flat_map(|(start, c)| {
            let end = start + c.len_utf8();
            fold(c).map(move |c| Seen { c, start, end })
        })
        .collect()
}

/// Everything clickable, from left to right. Ranges are of `seen`.
fn clickables(seen: &[Seen]) -> Vec<(Range<usize>, Clickable)> {
    let mut found = Vec::new();
    let mut at = 0;
    while at < seen.len() {
        let word = word_length(seen, at);
        if word == 0 {
            at += 1;
            continue;
        }
        let end = at + word;
        match clickable(seen, at..end) {
            Some(Clickable::Link) => {
                let rest = seen.get(end..).unwrap_or_default();
                let until = end + rest.iter().take_while(|s| !s.c.is_whitespace()).count();
                // An address reaches back to its name.
                let before = seen.get(..at).unwrap_or_default();
                let back = before
                    .iter()
                    .rev()
                    .take_while(|s| !s.c.is_whitespace())
                    .count();
                found.push((at - back..until, Clickable::Link));
                at = until;
            }
            Some(Clickable::Host { dot }) => {
                found.push((at..end, Clickable::Host { dot }));
                at = end;
            }
            None => at = end,
        }
    }
    found
}

/// How many characters from here on could be part of a host.
fn word_length(seen: &[Seen], from: usize) -> usize {
    let rest = seen.get(from..).unwrap_or_default();
    rest.iter().take_while(|s| is_of_host(s.c)).count()
}

fn is_of_host(c: char) -> bool {
    c.is_alphanumeric()
        || c == '-'
        || c == '_'
        || c == '.'
        || unicode_normalization::char::is_combining_mark(c)
}

/// What a run of a host's characters is, by itself and by what stands beside it.
fn clickable(seen: &[Seen], run: Range<usize>) -> Option<Clickable> {
    let text = |range: Range<usize>| -> String {
        let chars = seen.get(range).unwrap_or_default().iter();
        chars.flat_map(|s| s.c.to_lowercase()).collect()
    };
    let after = text(run.end..(run.end + 3).min(seen.len()));
    let word = text(run.clone());
    if after.starts_with("://") && after.len() == 3 {
        return Some(Clickable::Link);
    }
    let scheme = word.rsplit('.').next().unwrap_or_default();
    let named = after
        .strip_prefix(':')
        .is_some_and(|rest| rest.starts_with(|c: char| c.is_alphanumeric() || c == '+'));
    if named && SCHEMES.contains(&scheme) {
        return Some(Clickable::Link);
    }
    let before = run
        .start
        .checked_sub(1)
        .and_then(|at| seen.get(at))
        .map(|s| s.c);
    let labels: Vec<&str> = word.split('.').collect();
    let dotted = labels
        .windows(2)
        .any(|pair| pair.iter().all(|label| !label.is_empty()));
    if before == Some('@') && dotted && run.start >= 2 {
        let local = seen
            .get(run.start - 2)
            .is_some_and(|s| is_of_host(s.c) || "+'\"".contains(s.c));
        if local {
            return Some(Clickable::Link);
        }
    }
    if word
        .strip_prefix("www.")
        .is_some_and(|rest| !rest.is_empty())
        || is_numeric_host(&labels)
    {
        return Some(Clickable::Link);
    }
    let run_of = seen.get(run.clone()).unwrap_or_default();
    // To some programs every sign beyond ASCII is a letter: `👩.com`, a wide dot, a space of no width.
    let is_wide = |s: &Seen| s.end - s.start > 1 && !s.c.is_whitespace();
    let after_wide = run
        .start
        .checked_sub(1)
        .and_then(|at| seen.get(at))
        .is_some_and(is_wide)
        || run_of.iter().any(|s| s.c == '.' && is_wide(s))
        || run.clone().any(|at| follows_hidden(seen, at));
    let is_host = |pair: &[&str]| matches!(pair, [name, ending] if (after_wide || !name.is_empty()) && ends_host(ending));
    if !labels.windows(2).any(is_host) {
        return None;
    }
    // A host by itself, in a sentence.
    let alone = !before.is_some_and(|c| ":/=\\#~&?+".contains(c))
        && !after.starts_with(['/', ':', '?', '#', '@', '=', '&', '%', '\\', '~']);
    if alone && word.trim_matches('.').split('.').count() == 2 {
        let lead = run_of.iter().take_while(|s| s.c == '.').count();
        let name = run_of.get(lead..).unwrap_or_default();
        let dot = run.start + lead + name.iter().take_while(|s| s.c != '.').count();
        return Some(Clickable::Host { dot });
    }
    Some(Clickable::Link)
}

/// Whether something that is not seen stands right before this character.
fn follows_hidden(seen: &[Seen], at: usize) -> bool {
    let before = at.checked_sub(1).and_then(|at| seen.get(at));
    let begins = before.map_or(0, |s| s.end);
    seen.get(at).is_some_and(|s| s.start > begins)
}

/// Whether the label ends hosts, or begins with an ending in plain letters that another script follows:
/// a program that knows only these stops there.
fn ends_host(label: &str) -> bool {
    // A program that takes no host to end in one stops before it.
    let label = label.trim_end_matches(['-', '_']);
    let plain = label
        .find(|c: char| !c.is_ascii())
        .and_then(|at| label.get(..at));
    let whole = !label.is_empty() && is_top_level(label);
    whole || plain.is_some_and(|plain| !plain.is_empty() && is_top_level(plain))
}

/// Four numbers with dots between them, as long as they are no version of something.
fn is_numeric_host(labels: &[&str]) -> bool {
    labels.len() == 4
        && labels
            .iter()
            .all(|label| label.len() <= 3 && label.parse::<u8>().is_ok())
}
