//! The text of a mail: what makes it unfit, and the hash that says it is the approved one.

use sha2::{Digest, Sha256};
use unicode_normalization::UnicodeNormalization as _;

use super::reading::{
    self, Stray, has_link, mixes_alphabets, spaced_names, strays, without_strays,
};

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
    /// A control character, or a line break in the subject: a header could be smuggled in. Or a character
    /// that no reader sees and that changes what is read.
    #[error("the text has control characters")]
    ControlCharacter,
    /// The subject is not as it would be read: a check would see another one than the reader.
    #[error("the subject holds an encoded word")]
    EncodedSubject,
    /// `[Name]`, `{{name}}` and their like.
    #[error("the text has a placeholder that was not filled in")]
    Placeholder,
    /// Links come from the template only.
    #[error("the text has a link of its own")]
    Link,
    /// Letters of another alphabet that look like ours.
    #[error("the text mixes alphabets within a word")]
    MixedAlphabets,
    /// `Re:` on a mail that answers nothing is deceptive (CAN-SPAM, 15 U.S.C. § 7704(a)(2)).
    #[error("the subject pretends to answer or to forward")]
    PretendedReply,
}

impl Draft {
    /// A draft as it will be read: the subject decoded and on one line, a tab as a space, without
    /// characters that show nothing, and with a space in a name that would be linked (`ASP .NET`). What
    /// cannot be mended stays, for [`Draft::fault`] to name.
    pub fn tidied(subject: &str, message: &str) -> Self {
        Self {
            // What looks like an encoded word and is none must not become one.
            subject: tidied(&reading::decoded(subject))
                .replace('\n', " ")
                .replace("=?", "= ?"),
            message: tidied(message),
        }
    }

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
        if without_strays(subject).trim().is_empty() || without_strays(message).trim().is_empty() {
            return Some(DraftFault::Empty);
        }
        if subject.chars().count() > SUBJECT_MAX || message.chars().count() > MESSAGE_MAX {
            return Some(DraftFault::TooLong);
        }
        let has_stray = |text| strays(text).next().is_some();
        if subject.chars().any(char::is_control)
            || message.chars().any(|c| c != '\n' && c.is_control())
            || has_stray(subject)
            || has_stray(message)
        {
            return Some(DraftFault::ControlCharacter);
        }
        if subject.contains("=?") {
            return Some(DraftFault::EncodedSubject);
        }
        let text = format!("{subject}\n{message}");
        if has_placeholder(&text) {
            return Some(DraftFault::Placeholder);
        }
        if has_link(&text) {
            return Some(DraftFault::Link);
        }
        if mixes_alphabets(&text) {
            return Some(DraftFault::MixedAlphabets);
        }
        pretends_reply(subject).then_some(DraftFault::PretendedReply)
    }
}

fn tidied(text: &str) -> String {
    let text = text.replace("\r\n", "\n");
    // What is deceptive stays: such a text is refused, not mended.
    let deceptive: Vec<usize> = strays(&text)
        .filter(|(_, stray)| *stray == Stray::Deceptive)
        .map(|(at, _)| at)
        .collect();
    let strays: Vec<usize> = strays(&text).map(|(at, _)| at).collect();
    let kept = text.char_indices().filter_map(|(at, c)| match c {
        '\r' | '\u{B}' | '\u{C}' | '\u{85}' | '\u{2028}' | '\u{2029}' => Some('\n'),
        '\t' | '\u{2800}' | '\u{3164}' => Some(' '),
        c if deceptive.binary_search(&at).is_ok() || strays.binary_search(&at).is_err() => Some(c),
        _ => None,
    });
    let text: String = kept.collect();
    spaced_names(text.trim())
}

/// What mail programs put before the subject of an answer or of a forwarded mail, in their languages.
const REPLY_MARKS: &[&str] = &[
    "re", "r", "rif", "rv", "res", "resp", "ref", "aw", "antw", "antwort", "sv", "vs", "odp",
    "ynt", "fw", "fwd", "wg", "tr", "vb", "vl", "doorst", "pd", "enc", "ilt", "回复", "回覆",
    "答复", "返信", "转发", "轉寄", "転送", "회신", "전달",
];

/// `Re:`, `RE :`, `[Re]:`, `Re[2]:`, `Fwd：` and their like.
fn pretends_reply(subject: &str) -> bool {
    let plain: String = subject.nfkc().flat_map(char::to_lowercase).collect();
    let plain = plain.trim_start_matches(|c: char| !c.is_alphanumeric());
    let word = plain.len() - plain.trim_start_matches(char::is_alphabetic).len();
    let (mark, rest) = plain.split_at_checked(word).unwrap_or_default();
    let rest = rest.trim_start_matches(|c: char| {
        c.is_whitespace() || c.is_ascii_digit() || "[](){}^".contains(c)
    });
    REPLY_MARKS.contains(&mark) && rest.starts_with(':')
}

/// Characters that show nothing by themselves; see [`reading::strays`] for where they are spelling.
pub fn is_invisible(c: char) -> bool {
    reading::is_invisible(c)
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
    fn answer_marks_of_other_programs_are_refused() {
        for subject in [
            "RE : votre projet",
            "Re[2]: our talk",
            "(Re): our talk",
            " - AW: Angebot",
            "SV: dine ture",
            "Antw: je route",
            "Odp: oferta",
            "R: la tua pagina",
            "Ｒｅ： our talk",
            "回复：您好",
            "TR: votre page",
        ] {
            check(subject, "x", Some(DraftFault::PretendedReply));
        }
        for subject in [
            "Rezepte: Brot",
            "Re-using shoes",
            "Regarding your runs",
            "Trails: a question",
            "R&D: shoes",
        ] {
            check(subject, "x", None);
        }
    }

    #[test]
    fn subject_is_checked_as_it_is_read() {
        let tidied = |subject: &str| Draft::tidied(subject, "x");
        let pretended = tidied("=?utf-8?q?Re=3A_your_invoice?=");
        assert_eq!(pretended.subject, "Re: your invoice");
        assert_eq!(pretended.fault(), Some(DraftFault::PretendedReply));
        for (written, fault) in [
            ("=?utf-8?q?See_evil=2Eexample=2Ecom_now?=", DraftFault::Link),
            ("=?UTF-8?B?c2VlIGV2aWwuZ2c=?=", DraftFault::Link),
            ("=?iso-8859-1?Q?Re=3A_ol=E1?=", DraftFault::PretendedReply),
            (
                "=?utf-8?q?=3D=3Futf-8=3Fq=3FRe=3D3A=5Fhi=3F=3D?=",
                DraftFault::PretendedReply,
            ),
            ("=?utf-8?q?pay=E2=80=AElap?=", DraftFault::ControlCharacter),
            ("=?utf-8?q?Hi_=5BFirst_Name=5D?=", DraftFault::Placeholder),
        ] {
            assert_eq!(tidied(written).fault(), Some(fault), "{written}");
            check(written, "x", Some(DraftFault::EncodedSubject));
        }
        assert_eq!(tidied("=?utf-8?q?Ol=C3=A1?= Ana").subject, "Olá Ana");
        assert_eq!(tidied("Is 2=?").subject, "Is 2= ?");
        assert_eq!(tidied("=?x?= is odd").fault(), None);
    }

    #[test]
    fn tidied_text_is_what_a_reader_sees() {
        let message = |text: &str| Draft::tidied("x", text).message;
        assert_eq!(message("First:\tshoes.\r\n\r\nOr?"), "First: shoes.\n\nOr?");
        assert_eq!(
            message("Your page is soft\u{AD}ly spoken."),
            "Your page is softly spoken."
        );
        assert_eq!(message("\u{FEFF}zero\u{200B}width"), "zerowidth");
        assert_eq!(message("one\u{2028}two"), "one\ntwo");
        for spelling in ["👩\u{200D}🍳", "نوشته\u{200C}های", "❤\u{FE0F} and 🇵🇹"]
        {
            assert_eq!(message(spelling), spelling);
        }
        let hidden = Draft::tidied("x", "Hidden \u{202E}txet\u{202C} text.");
        assert_eq!(hidden.fault(), Some(DraftFault::ControlCharacter));
    }

    /// Drafts as models write them, with the message as it is read; none where it is refused.
    #[test]
    fn drafts_of_models_are_read_or_refused() {
        #[derive(serde::Deserialize)]
        struct Written {
            subject: String,
            message: String,
            read: Option<String>,
        }
        let drafts: Vec<Written> =
            serde_json::from_str(include_str!("content/drafts.json")).unwrap();
        assert_eq!(drafts.len(), 14);
        for Written {
            subject,
            message,
            read,
        } in drafts
        {
            let draft = Draft::tidied(&subject, &message);
            let sound = draft.fault().is_none().then_some(draft.message);
            assert_eq!(sound, read, "{message}");
        }
    }

    #[test]
    fn look_alike_letters_are_refused() {
        check("x", "Your p\u{430}ge", Some(DraftFault::MixedAlphabets));
        check("x", "Приглашение от Trails, 5 kΩ und μm", None);
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
