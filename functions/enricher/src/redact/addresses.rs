//! Mail addresses, plain and as people write them where they hope that no machine reads it.

use std::ops::Range;

use shared::domain::reading::is_top_level;

/// "At" in the languages that profiles are written in.
const AT_WORDS: &[&str] = &[
    "at",
    "arroba",
    "arobase",
    "arobas",
    "chiocciola",
    "chiocciolina",
    "apenstaartje",
    "apenstaart",
    "apestaartje",
    "apestaart",
    "klammeraffe",
    "klammeraffen",
    "ät",
    "aet",
    "małpa",
    "malpa",
    "zavináč",
    "zavinac",
    "kukac",
    "собака",
    "sobaka",
    "snabel-a",
    "snabela",
    "alfakrøll",
    "alfakroll",
    "kissanhäntä",
    "miukumauku",
    "et işareti",
    "kuyruklu a",
    "παπάκι",
    "papaki",
    "a commercial",
    "アットマーク",
    "アット",
    "골뱅이",
    "艾特",
];
/// The same, where brackets say that it is one.
const AT_IN_BRACKETS: &[&str] = &["@", "a", "ä", "et"];
/// "Dot", likewise.
const DOT_WORDS: &[&str] = &[
    "dot",
    "punkt",
    "pkt",
    "ponto",
    "punto",
    "point",
    "punt",
    "kropka",
    "tečka",
    "tecka",
    "bodka",
    "точка",
    "tochka",
    "prik",
    "piste",
    "nokta",
    "τελεία",
    "pont",
    "ドット",
    "점",
    "点",
];
const DOT_IN_BRACKETS: &[&str] = &[".", "d", "p"];
const OPENING: &str = "[({</|\\*~«‹【（";
const CLOSING: &str = "])}>/|\\*~»›】）";

/// Providers of mailboxes: a word beside one of them is an address.
const PROVIDERS: &[&str] = &[
    "gmail",
    "googlemail",
    "hotmail",
    "outlook",
    "yahoo",
    "ymail",
    "icloud",
    "gmx",
    "protonmail",
    "proton",
    "aol",
    "yandex",
    "libero",
    "wanadoo",
    "laposte",
    "posteo",
    "t-online",
    "freenet",
    "naver",
    "seznam",
    "interia",
    "onet",
    "wp.pl",
    "o2.pl",
    "uol",
    "bol.com",
    "web.de",
    "live.com",
    "free.fr",
    "orange.fr",
    "mail.ru",
    "me.com",
    "mail.com",
    "zoho",
    "fastmail",
    "tutanota",
    "hey.com",
    "rediffmail",
];

pub(super) fn addresses(text: &str) -> Vec<Range<usize>> {
    let lower = lower(text);
    let mut spans: Vec<Range<usize>> = lower
        .char_indices()
        .filter_map(|(at, _)| at_marker(&lower, at))
        .filter_map(|marker| address_around(&lower, &marker))
        .collect();
    for provider in PROVIDERS {
        let found = lower.match_indices(provider);
        spans.extend(found.filter_map(|(at, word)| beside_provider(&lower, at..at + word.len())));
    }
    spans
}

/// In lower case, and of the same length in bytes.
fn lower(text: &str) -> String {
    text.chars()
        .map(|c| {
            let mut lower = c.to_lowercase();
            match (lower.next(), lower.next()) {
                (Some(lower), None) if lower.len_utf8() == c.len_utf8() => lower,
                _ => c,
            }
        })
        .collect()
}

/// What stands for `@` or a dot, with what is around it.
#[derive(Debug, Clone)]
struct Marker {
    range: Range<usize>,
    /// A sign or within brackets: a bare word may be a word.
    sure: bool,
}

/// The marker for `@` that begins here: blanks before it belong to it.
fn at_marker(text: &str, at: usize) -> Option<Marker> {
    marker(text, at, '@', AT_WORDS, AT_IN_BRACKETS)
}

fn marker(
    text: &str,
    at: usize,
    sign: char,
    words: &[&str],
    in_brackets: &[&str],
) -> Option<Marker> {
    let here = text.get(at..)?;
    let sure = |length: usize| Marker {
        range: at..at + length,
        sure: true,
    };
    if here.starts_with(sign) {
        return Some(sure(sign.len_utf8()));
    }
    let first = here.chars().next()?;
    if OPENING.contains(first) {
        let inside = here.get(first.len_utf8()..)?;
        let trimmed = inside.trim_start();
        let all = words.iter().chain(in_brackets);
        return all
            .filter_map(|word| {
                let rest = trimmed.strip_prefix(word)?.trim_start();
                let closing = rest.chars().next().filter(|c| CLOSING.contains(*c))?;
                Some(sure(here.len() - rest.len() + closing.len_utf8()))
            })
            .max_by_key(|marker| marker.range.end);
    }
    // A word between blanks, or between the dashes that stand for them.
    let part = |c: char| c.is_whitespace() || "_-".contains(c);
    if !part(first) {
        return None;
    }
    let inside = here.trim_start_matches(part);
    words
        .iter()
        .filter_map(|word| {
            let rest = inside.strip_prefix(word)?;
            let behind = rest.trim_start_matches(part);
            let parted = behind.len() < rest.len();
            parted.then(|| Marker {
                range: at..text.len() - behind.len(),
                sure: false,
            })
        })
        .max_by_key(|marker| marker.range.end)
}

/// The address that a marker stands in.
fn address_around(text: &str, marker: &Marker) -> Option<Range<usize>> {
    let before = text.get(..marker.range.start)?.trim_end();
    let local = before.trim_end_matches(is_of_mailbox);
    if local.len() == before.len() {
        return None;
    }
    let after = text.get(marker.range.end..)?;
    let host = host_length(after, marker.sure)?;
    Some(local.len()..marker.range.end + host)
}

/// How many bytes at the start of the text are a host of two names or more. Behind a bare word its dots
/// must be without doubt too.
fn host_length(text: &str, sure: bool) -> Option<usize> {
    let mut rest = text.trim_start();
    let mut names = 0;
    let mut spelt_out = sure;
    let mut end = None;
    loop {
        let whole = rest.len() - rest.trim_start_matches(is_of_name).len();
        let name = before_spelt_dot(rest.get(..whole)?);
        let after = rest.get(name.len()..)?;
        if name.is_empty() {
            return end;
        }
        names += 1;
        let is_number = name.chars().all(|c| c.is_ascii_digit());
        if names >= 2
            && name.chars().count() >= 2
            && !is_number
            && (spelt_out || is_top_level(name))
        {
            end = Some(text.len() - after.len());
        }
        let Some(dot) = dot(after, sure) else {
            return end;
        };
        spelt_out |= dot.sure;
        rest = after.get(dot.range.end..)?;
    }
}

/// The name as far as a dot that is spelt out between dashes: `example-dot-com`.
fn before_spelt_dot(name: &str) -> &str {
    let dots = DOT_WORDS.iter().filter_map(|word| {
        let found = name.match_indices(word).find(|(at, word)| {
            let before = name.get(..*at).unwrap_or_default();
            let after = name.get(at + word.len()..).unwrap_or_default();
            before.len() > 1 && before.ends_with(['-', '_']) && after.starts_with(['-', '_'])
        });
        found.map(|(at, _)| at - 1)
    });
    let end = dots.min().unwrap_or(name.len());
    name.get(..end).unwrap_or(name)
}

/// The dot that comes next: a sign right here, or with blanks around where an address is sure.
fn dot(text: &str, sure: bool) -> Option<Marker> {
    let blanks = text.len() - text.trim_start().len();
    let here = text.get(blanks..)?;
    if here.starts_with(['.', '。']) {
        let length = here.chars().next().map_or(0, char::len_utf8);
        let rest = here.get(length..)?;
        let name = rest.trim_start();
        let close = blanks == 0 && rest.starts_with(is_of_name);
        // "@ home. Love it": with a blank only before an ending that exists.
        let ending = name.len() - name.trim_start_matches(is_of_name).len();
        let apart = sure && name.get(..ending).is_some_and(is_top_level);
        let end = text.len() - name.len();
        return (close || apart).then_some(Marker {
            range: 0..end,
            sure: false,
        });
    }
    if here.starts_with(|c| OPENING.contains(c)) {
        let found = marker(here, 0, '.', DOT_WORDS, DOT_IN_BRACKETS)?;
        let rest = here.get(found.range.end..)?.trim_start();
        let end = text.len() - rest.len();
        return rest.starts_with(is_of_name).then_some(Marker {
            range: 0..end,
            sure: true,
        });
    }
    let found = marker(text, 0, '\u{0}', DOT_WORDS, &[])?;
    Some(Marker {
        sure: true,
        ..found
    })
}

/// The word beside a provider's name: `gmail: ana.fit`, `ana.fit (gmail.com)`, `anafit at gmail`.
fn beside_provider(text: &str, provider: Range<usize>) -> Option<Range<usize>> {
    let before = text.get(..provider.start)?;
    let after = text.get(provider.end..)?;
    if before.ends_with(char::is_alphanumeric) || after.starts_with(char::is_alphanumeric) {
        return None;
    }
    // `.com` or `dot com` belongs to it.
    let ending = dot(after, true).and_then(|dot| {
        let rest = after.get(dot.range.end..)?;
        Some(dot.range.end + rest.len() - rest.trim_start_matches(is_of_name).len())
    });
    let ending = ending.or_else(|| {
        let apart = after.trim_start();
        let word = apart.len() - apart.trim_start_matches(is_of_name).len();
        let common = ["com", "de", "net", "org", "fr", "co"].contains(&apart.get(..word)?);
        common.then(|| after.len() - apart.len() + word)
    });
    let mut end = provider.end + ending.unwrap_or_default();
    let named = ending.is_some();

    let right = word_after(text.get(end..)?).map(|(between, length)| {
        let length = end + between.len() + length;
        (between, provider.start..length)
    });
    if let Some((between, span)) = &right
        && between.contains([':', '=', '>', '→'])
    {
        return Some(span.clone());
    }
    if let Some(word) = word_before(before, named) {
        // A bracket that was opened between them.
        let opened = before.get(word.end..)?.contains(['(', '[', '{', '<']);
        let closing = text.get(end..)?.chars().next();
        let closing = closing.filter(|c| opened && ")]}>".contains(*c));
        end += closing.map_or(0, char::len_utf8);
        return Some(word.start..end);
    }
    let (between, span) = right?;
    let word = text.get(end + between.len()..span.end)?;
    (between.contains(['-', '/']) || like_a_mailbox(word)).then_some(span)
}

/// The word before a provider's name that is a mailbox there. `named` says that the provider's whole host
/// stands there: then every word before it is.
fn word_before(before: &str, named: bool) -> Option<Range<usize>> {
    let part = |c: char| !c.is_alphanumeric();
    let mut left = before.trim_end_matches(part);
    let gap = before.get(left.len()..)?;
    let mut sure = named || gap.contains(['@', '(', '[', '{', '/', ':', '<', '-']);
    let at = AT_WORDS.iter().find_map(|word| {
        let rest = left.strip_suffix(*word)?;
        rest.ends_with(part).then_some(rest)
    });
    if let Some(rest) = at {
        left = rest.trim_end_matches(part);
        sure = true;
    }
    if at.is_none() && gap.contains(['.', '!', '?', ';', '|', '\n']) {
        return None;
    }
    let start = left.trim_end_matches(is_of_mailbox).len();
    let word = left.get(start..)?;
    (!word.is_empty() && (sure || like_a_mailbox(word))).then_some(start..left.len())
}

/// What stands between a provider's name and the next word, and how long that is. Nothing where a
/// sentence ends.
fn word_after(text: &str) -> Option<(&str, usize)> {
    let right = text.trim_start_matches(|c: char| !c.is_alphanumeric());
    let between = text.get(..text.len() - right.len())?;
    let length = right.len() - right.trim_start_matches(is_of_mailbox).len();
    let word = right.get(..length)?.trim_end_matches(['.', '!']);
    let is_near = between.chars().count() <= 4 && !between.contains(['.', '!', '?', '|', '\n']);
    (is_near && !word.is_empty()).then_some((between, word.len()))
}

fn like_a_mailbox(word: &str) -> bool {
    word.contains(|c: char| c.is_ascii_digit() || "._".contains(c))
}

fn is_of_name(c: char) -> bool {
    c.is_alphanumeric() || c == '-' || c == '_'
}

fn is_of_mailbox(c: char) -> bool {
    c.is_alphanumeric() || ".!#$%'*+-^_`~\"".contains(c)
}
