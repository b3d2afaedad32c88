//! The text of a mail: what makes it unfit, and the hash that says it is the approved one.

use sha2::{Digest, Sha256};

/// Longest subject, in characters.
pub const SUBJECT_MAX: usize = 150;
/// Longest personal message, in characters.
pub const MESSAGE_MAX: usize = 2_000;

/// Subject and personal message, as planned. Everything else in a mail comes from a template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Draft {
    /// One line.
    pub subject: String,
    /// Plain text, paragraphs parted by an empty line.
    pub message: String,
}

/// SHA-256 of a draft: what a reviewer approves and what the sender compares (invariant 13).
pub type ContentHash = [u8; 32];

/// Why a draft must not be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DraftFault {
    /// Subject or message is blank.
    #[error("the subject or the message is empty")]
    Empty,
    /// Over [`SUBJECT_MAX`] or [`MESSAGE_MAX`].
    #[error("the subject or the message is too long")]
    TooLong,
    /// A control character, or a line break in the subject: a header could be smuggled in.
    #[error("the text has control characters")]
    ControlCharacter,
    /// `[Name]`, `{{name}}` and their like.
    #[error("the text has a placeholder that was not filled in")]
    Placeholder,
    /// Links come from the template only.
    #[error("the text has a link of its own")]
    Link,
    /// `Re:` on a mail that answers nothing is deceptive (CAN-SPAM, 15 U.S.C. § 7704(a)(2)).
    #[error("the subject pretends to answer or to forward")]
    PretendedReply,
}

impl Draft {
    /// The hash of exactly this text.
    pub fn hash(&self) -> ContentHash {
        let mut hash = Sha256::new();
        hash.update(b"draft-1\0");
        hash.update(
            u64::try_from(self.subject.len())
                .unwrap_or(u64::MAX)
                .to_be_bytes(),
        );
        hash.update(self.subject.as_bytes());
        hash.update(self.message.as_bytes());
        hash.finalize().into()
    }

    /// The first fault, if any.
    pub fn fault(&self) -> Option<DraftFault> {
        let Self { subject, message } = self;
        if subject.trim().is_empty() || message.trim().is_empty() {
            return Some(DraftFault::Empty);
        }
        if subject.chars().count() > SUBJECT_MAX || message.chars().count() > MESSAGE_MAX {
            return Some(DraftFault::TooLong);
        }
        let hidden = |c: char| c.is_control() || is_invisible(c);
        if subject.chars().any(hidden) || message.chars().any(|c| c != '\n' && hidden(c)) {
            return Some(DraftFault::ControlCharacter);
        }
        let text = format!("{subject}\n{message}");
        if has_placeholder(&text) {
            return Some(DraftFault::Placeholder);
        }
        if has_link(&text) {
            return Some(DraftFault::Link);
        }
        let start = subject.trim_start().to_lowercase();
        let pretends = ["re:", "fw:", "fwd:", "aw:", "wg:", "tr:", "rv:"];
        pretends
            .iter()
            .any(|p| start.starts_with(p))
            .then_some(DraftFault::PretendedReply)
    }
}

/// Zero-width and direction-changing characters: they hide text from a reviewer.
pub fn is_invisible(c: char) -> bool {
    matches!(c, '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{2069}' | '\u{FEFF}')
}

fn has_placeholder(text: &str) -> bool {
    if text.contains("{{") || text.contains("}}") || text.contains("${") || text.contains("%s") {
        return true;
    }
    // "[First Name]", "<your name>", "{company}": a short run of words between brackets.
    [('[', ']'), ('<', '>'), ('{', '}')]
        .iter()
        .any(|(open, close)| {
            text.split(*open).skip(1).any(|rest| {
                rest.split_once(*close).is_some_and(|(inside, _)| {
                    let inside = inside.trim();
                    !inside.is_empty()
                        && inside.chars().count() <= 40
                        && inside
                            .chars()
                            .all(|c| c.is_alphabetic() || " _-'.".contains(c))
                })
            })
        })
}

/// Whether a text holds something that a mail program would turn into a link.
pub fn has_link(text: &str) -> bool {
    text.split_whitespace().any(|word| {
        let word = word
            .trim_matches(|c: char| !c.is_alphanumeric())
            .to_lowercase();
        if word.contains("://") || word.starts_with("www.") {
            return true;
        }
        let host = word.split(['/', '?', '#']).next().unwrap_or("");
        host.rsplit_once('.').is_some_and(|(name, top)| {
            let name_end = name.rsplit('.').next().unwrap_or("");
            COMMON_TOP_LEVEL.contains(&top)
                && name_end.len() > 1
                && name_end.chars().all(|c| c.is_alphanumeric() || c == '-')
        })
    })
}

/// Enough to catch what people and models write; a word such as "e.g" is no host.
const COMMON_TOP_LEVEL: &[&str] = &[
    "ai", "app", "biz", "co", "com", "de", "dev", "es", "eu", "example", "fr", "info", "io", "it",
    "link", "ly", "me", "net", "nl", "online", "org", "pt", "ru", "shop", "site", "store", "to",
    "top", "tv", "uk", "us", "xyz",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(subject: &str, message: &str, expected: Option<DraftFault>) {
        let draft = Draft {
            subject: subject.to_owned(),
            message: message.to_owned(),
        };
        assert_eq!(draft.fault(), expected, "{subject} | {message}");
    }

    #[test]
    fn a_plain_text_is_sound() {
        check(
            "Your trail runs",
            "Hi Ana,\n\nyour 3.5 km loop (e.g. Sintra) is great.",
            None,
        );
        check("Olá!", "Gostei do teu café. Até já!", None);
    }

    #[test]
    fn a_text_with_a_fault_is_not_sent() {
        use DraftFault::{ControlCharacter, Empty, Link, Placeholder, PretendedReply, TooLong};
        check(" ", "x", Some(Empty));
        check("x", "\n", Some(Empty));
        check(&"x".repeat(151), "x", Some(TooLong));
        check("x", &"x".repeat(2_001), Some(TooLong));
        check("x\r\nBcc: a@example.org", "x", Some(ControlCharacter));
        check("x", "pay\u{202E}lap", Some(ControlCharacter));
        check("Hi [First Name]", "x", Some(Placeholder));
        check("x", "Dear {{name}},", Some(Placeholder));
        check("x", "Hello <your name>", Some(Placeholder));
        check("x", "see https://evil.example/x", Some(Link));
        check("x", "see evil.com/free now", Some(Link));
        check("x", "see (www.evil.example)", Some(Link));
        check("RE: our talk", "x", Some(PretendedReply));
        check("Fwd: this", "x", Some(PretendedReply));
    }

    #[test]
    fn a_hash_is_of_exactly_this_text() {
        let draft = |s: &str, m: &str| Draft {
            subject: s.to_owned(),
            message: m.to_owned(),
        };
        assert_eq!(draft("a", "b").hash(), draft("a", "b").hash());
        assert_ne!(draft("a", "b").hash(), draft("a", "b ").hash());
        assert_ne!(draft("ab", "c").hash(), draft("a", "bc").hash());
    }
}
