//! What stands in a field for a mail address: several of them, display names, links, placeholders.

use super::EmailAddress;
use crate::domain::text::{compatible, decode_references, is_placeholder, is_unseen};

/// What was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Field {
    /// It is empty, or says that there is none.
    Nothing,
    /// The first address that can be used, and how many more there are.
    Address { first: EmailAddress, more: usize },
    /// It says something else. An address that is spelt out ("ana (at) example") is left alone: its owner does
    /// not want it collected.
    Unreadable,
}

/// Reads a field that may hold addresses.
pub fn read(text: &str) -> Field {
    let text = decode_references(text);
    let text: String = compatible(&text)
        .chars()
        .filter(|c| !is_unseen(*c))
        .collect();
    if is_placeholder(&text) {
        return Field::Nothing;
    }
    // Between angle brackets stands the address, whatever the name before them says.
    let bracketed: Vec<&str> = text
        .split('<')
        .skip(1)
        .filter_map(|part| Some(part.split_once('>')?.0))
        .collect();
    let mut found = addresses(bracketed.iter().copied());
    if found.is_empty() {
        found = addresses(std::iter::once(&*text));
    }
    found.retain(|address| !is_example(address));
    let more = found.len().saturating_sub(1);
    match found.into_iter().next() {
        Some(first) => Field::Address { first, more },
        None => Field::Unreadable,
    }
}

/// The first address that a text shows plainly.
pub fn in_text(text: &str) -> Option<EmailAddress> {
    if !text.contains(['@', '\u{FF20}', '\u{FE6B}']) {
        return None;
    }
    let found = addresses(std::iter::once(&*compatible(text)));
    found.into_iter().find(|address| !is_example(address))
}

/// Each address once, in order.
fn addresses<'a>(texts: impl Iterator<Item = &'a str>) -> Vec<EmailAddress> {
    let separates = |c: char| c.is_whitespace() || ",;|<>()[]{}\"“”„«»•·:?/\\、；，".contains(c);
    let mut found = Vec::new();
    for part in texts.flat_map(|text| text.split(separates)) {
        if !part.contains('@') && !part.contains("%40") {
            continue;
        }
        let part = part.replace("%40", "@");
        let part = part
            .trim_start_matches(|c: char| !c.is_alphanumeric() && c != '_')
            .trim_end_matches(|c: char| !c.is_alphanumeric());
        // A list that hides letters behind asterisks has no address to give.
        let Some(address) = EmailAddress::parse(part)
            .ok()
            .filter(|a| !a.as_str().contains('*'))
        else {
            continue;
        };
        if !found.contains(&address) {
            found.push(address);
        }
    }
    found
}

/// What forms are filled with by those who give none.
fn is_example(address: &EmailAddress) -> bool {
    const EXAMPLES: &[&str] = &[
        "test@test.com",
        "none@none.com",
        "no@no.com",
        "na@na.com",
        "email@email.com",
        "noemail@noemail.com",
        "name@domain.com",
        "user@domain.com",
        "your@email.com",
        "name@email.com",
        "example@example.com",
        "email@example.com",
        "name@example.com",
        "xxx@xxx.com",
        "a@a.com",
        "null@null.com",
    ];
    EXAMPLES.contains(&address.as_str())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[track_caller]
    fn check(text: &str, expected: Option<(&str, usize)>) {
        match (read(text), expected) {
            (Field::Address { first, more }, Some(expected)) => {
                assert_eq!((first.as_str(), more), expected, "{text}");
            }
            (Field::Unreadable, None) => {}
            (other, _) => panic!("{text}: {other:?}"),
        }
    }

    #[test]
    fn field_gives_its_first_usable_address() {
        check(
            "joao@example.com; office@example.com",
            Some(("joao@example.com", 1)),
        );
        check(
            "Ines Valdor <ines@example.org>",
            Some(("ines@example.org", 0)),
        );
        check(
            "\"ines@home\" <ines@example.org>",
            Some(("ines@example.org", 0)),
        );
        check(
            "karl@example.com ::: k@example.net",
            Some(("karl@example.com", 1)),
        );
        check(
            "mailto:nora@example.org?subject=Hello",
            Some(("nora@example.org", 0)),
        );
        check("mailto:nora%40example.org", Some(("nora@example.org", 0)));
        check("peer@example.net,", Some(("peer@example.net", 0)));
        check("\u{200B}ugo@example.org", Some(("ugo@example.org", 0)));
        check(" EVA@EXAMPLE.ORG. ", Some(("eva@example.org", 0)));
        check("ana＠example．org", Some(("ana@example.org", 0)));
        check("ana&#64;example.org", Some(("ana@example.org", 0)));
        check("broken@, good@example.org", Some(("good@example.org", 0)));
        check(
            "['ana@example.org', 'bo@example.org']",
            Some(("ana@example.org", 1)),
        );
        check("o'brien@example.org", Some(("o'brien@example.org", 0)));
        check(
            "E-Mail: ana@example.org / ANA@example.org",
            Some(("ana@example.org", 0)),
        );
    }

    #[test]
    fn spelt_out_or_hidden_address_is_left() {
        for text in [
            "lea (at) example.org",
            "lea at example dot org",
            "l***a@example.org",
            "yes",
            "ana@",
            "ana @ example.org",
            "test@test.com",
        ] {
            check(text, None);
        }
        for text in ["null", "#N/A", "undefined", "n. A.", "", "-"] {
            assert_eq!(read(text), Field::Nothing, "{text}");
        }
    }

    proptest! {
        #[test]
        fn address_found_stands_in_the_field(text in "\\PC{0,80}", name in "[a-z]{1,8}") {
            let joined = format!("{text} {name}@example.org");
            if let Field::Address { first, .. } = read(&joined) {
                let plain = compatible(&joined).to_lowercase();
                let local = first.as_str().split('@').next().unwrap();
                prop_assert!(plain.contains(local));
            }
        }
    }
}
