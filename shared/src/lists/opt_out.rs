//! What lists of other tools say of people who want no mail.

use super::values::yes_or_no;
use crate::domain::text::folded;

/// Whether a cell of a column such as `Unsubscribed` or `Opt-out time` says yes. A time does, and so does a word that is no
/// clear no: a person more who is left out does no harm.
pub(super) fn is_yes(cell: &str) -> bool {
    let cell = cell.trim();
    // The link to unsubscribe by.
    let is_address = ["://", "www.", "mailto:"]
        .iter()
        .any(|sign| cell.contains(sign));
    // `0000-00-00`, as databases write that there is no time; `--` and `[]` are none either.
    let is_no_time = cell.starts_with("1970-01-01")
        || cell
            .chars()
            .all(|c| c.is_ascii_whitespace() || "0-–—:./TZ[]{}".contains(c));
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

/// Whether the state that a tool keeps of a person is that they want no mail, or that their address is dead.
pub(super) fn is_status(cell: &str) -> bool {
    matches!(
        folded(cell).as_str(),
        "unsubscribed"
            | "unsubscribe"
            | "optedout"
            | "optout"
            | "cleaned"
            | "complained"
            | "donotcontact"
            | "donotemail"
            | "donotmail"
            | "suppressed"
            | "blacklisted"
            | "blocklisted"
            | "hardbounced"
            | "hardbounce"
            | "bounced"
            | "complaint"
            | "spamcomplaint"
            | "redacted"
            | "abgemeldet"
            | "désinscrit"
            | "désabonné"
            | "disiscritto"
            | "dadodebaja"
            | "afgemeld"
    )
}

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
        for out in ["Unsubscribed", "cleaned", "Do not contact", "opted-out"] {
            assert!(is_status(out), "{out}");
        }
        for other in ["subscribed", "lead", "Open", "", "customer", "pending"] {
            assert!(!is_status(other), "{other}");
        }
    }
}
