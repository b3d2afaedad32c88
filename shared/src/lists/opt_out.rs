//! What lists of other tools say of people who want no mail.

use super::values::yes_or_no;
use crate::domain::text::folded;

/// How tools write that there is no time: the first day of their calendar.
const NO_TIMES: [&str; 8] = [
    "0001-01-01",
    "1753-01-01",
    "1899-12-30",
    "1900-01-01",
    "1969-12-31",
    "1970-01-01",
    "01/01/0001",
    "01/01/1970",
];

/// Whether a cell of a column such as `Unsubscribed` or `Opt-out time` says yes. A time does, and so does a word that is no
/// clear no: a person more who is left out does no harm.
pub(super) fn is_yes(cell: &str) -> bool {
    let cell = cell.trim();
    // The link to unsubscribe by, with a scheme or without.
    let host = cell.split('/').next().unwrap_or_default();
    let is_bare_link = cell.contains('/')
        && !cell.contains(char::is_whitespace)
        && host.contains('.')
        && host.contains(|c: char| c.is_ascii_alphabetic());
    let is_address = is_bare_link
        || ["://", "www.", "mailto:"]
            .iter()
            .any(|sign| cell.contains(sign));
    // `0000-00-00`, as databases write that there is no time; `--` and `[]` are none either.
    let only = |signs: &str| {
        cell.chars()
            .all(|c| c.is_ascii_whitespace() || signs.contains(c))
    };
    let is_no_time = NO_TIMES.iter().any(|start| cell.starts_with(start))
        || cell.contains('0') && only("0-:./+TZ")
        || only("-–—[]{}");
    if is_address || is_no_time {
        return false;
    }
    // In such a column a cross marks the row.
    if matches!(cell, "✗" | "✘" | "❌") {
        return true;
    }
    if yes_or_no(cell) == Some(false) {
        return false;
    }
    !matches!(
        folded(cell).as_str(),
        "na" | "null"
            | "none"
            | "nil"
            | "allow"
            | "allowed"
            | "subscribed"
            | "active"
            | "never"
            | "optedin"
            | "optin"
            | "notunsubscribed"
            | "notoptedout"
            | "nan"
            | "nat"
            | "undefined"
            | "novalue"
    )
}

/// Whether the state that a tool keeps of a person is that they want no mail, or that their address is dead. Of several
/// states one is enough.
pub(super) fn is_status(cell: &str) -> bool {
    cell.split([';', ',', '|']).any(|state| {
        let state = folded(state);
        STARTS.iter().any(|start| state.starts_with(start)) || STATES.contains(&state.as_str())
    })
}

/// `Unsubscribed (2025-11-02)`, `Unsubscribed from all`.
const STARTS: [&str; 5] = [
    "unsubscribed",
    "optedout",
    "donotcontact",
    "donotemail",
    "donotmail",
];
const STATES: [&str; 19] = [
    "unsubscribe",
    "optout",
    "cleaned",
    "complained",
    "complaint",
    "spamcomplaint",
    "suppressed",
    "blacklisted",
    "blocklisted",
    "hardbounced",
    "hardbounce",
    "bounced",
    "redacted",
    "abgemeldet",
    "désinscrit",
    "désabonné",
    "disiscritto",
    "dadodebaja",
    "afgemeld",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_say_yes_or_no() {
        for yes in [
            "yes",
            "TRUE",
            "1",
            "x",
            "2025-11-02 08:00:00",
            "Refused",
            "unknown",
            "✗",
            "√",
            "+",
            "maybe",
            "Unsubscribed",
            "error",
        ] {
            assert!(is_yes(yes), "{yes}");
        }
        for no in [
            "",
            " ",
            "no",
            "False",
            "0",
            "0.0",
            "-",
            "–",
            "n/a",
            "N/A",
            "NULL",
            "none",
            "0000-00-00 00:00:00",
            "1970-01-01 00:00:00",
            "nan",
            "--",
            "[]",
            "not opted out",
            "mailto:leave@list.example",
            "lists.example.org/u/8f3a",
            "0001-01-01T00:00:00",
            "0000-00-00T00:00:00+00:00",
            "01/01/1970",
            "Allow",
            "subscribed",
            "Active",
            "never",
            "Opted in",
            "https://list.example.org/unsubscribe?u=1",
        ] {
            assert!(!is_yes(no), "{no}");
        }
    }

    #[test]
    fn states_are_known_by_their_word() {
        for out in [
            "Unsubscribed",
            "cleaned",
            "Do not contact",
            "opted-out",
            "Unsubscribed (2025-11-02)",
            "imported; unsubscribed",
        ] {
            assert!(is_status(out), "{out}");
        }
        for other in ["subscribed", "lead", "Open", "", "customer", "pending"] {
            assert!(!is_status(other), "{other}");
        }
    }
}
