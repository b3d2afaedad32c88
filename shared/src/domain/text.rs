//! Texts that people and programs write: brought into one form before anything is compared, and without
//! what no reader can see.

use std::borrow::Cow;

use unicode_normalization::{UnicodeNormalization, is_nfc_quick, is_nfkc_quick};
use unicode_properties::{GeneralCategory, UnicodeEmoji, UnicodeGeneralCategory};
use unicode_script::{Script, UnicodeScript};

/// Whether a character shows nothing by itself: format characters, tags, bidirectional controls, soft
/// hyphens, fillers and selectors. Signs that Unicode counts as format but that are drawn stay.
pub fn is_unseen(c: char) -> bool {
    if c.is_ascii() {
        return c.is_ascii_control() && !c.is_ascii_whitespace();
    }
    let drawn = matches!(
        c,
        '\u{0600}'..='\u{0605}' | '\u{06DD}' | '\u{070F}' | '\u{0890}'..='\u{0891}' | '\u{08E2}'
        | '\u{110BD}' | '\u{110CD}'
    );
    let ignorable = matches!(
        c,
        '\u{034F}' | '\u{115F}'..='\u{1160}' | '\u{17B4}'..='\u{17B5}' | '\u{180B}'..='\u{180F}'
        | '\u{2065}' | '\u{3164}' | '\u{FE00}'..='\u{FE0F}' | '\u{FFA0}' | '\u{FFF0}'..='\u{FFF8}'
        | '\u{E0000}'..='\u{E0FFF}'
    );
    let by_category = matches!(
        c.general_category(),
        GeneralCategory::Format
            | GeneralCategory::Control
            | GeneralCategory::LineSeparator
            | GeneralCategory::ParagraphSeparator
            | GeneralCategory::PrivateUse
            | GeneralCategory::Unassigned
    );
    !drawn && (ignorable || by_category)
}

/// Whether an unseen character between these two is part of the spelling: a joiner within an emoji, or
/// within a word of a script that needs it.
fn is_spelling(before: Option<char>, c: char, after: Option<char>) -> bool {
    let emoji = |c: char| !c.is_ascii() && (c.is_emoji_char() || c == '\u{FE0F}');
    match (before, c, after) {
        // The selector that asks for the coloured form.
        (Some(before), '\u{FE0F}', _) if emoji(before) && before != '\u{FE0F}' => true,
        (Some(before), '\u{FE0F}', Some('\u{20E3}')) => before.is_ascii(),
        (Some(before), '\u{200D}', Some(after)) if emoji(before) && emoji(after) => true,
        (Some(before), '\u{200C}' | '\u{200D}', Some(after)) => {
            let script = before.script();
            joins(script) && (after.script() == script || after.script() == Script::Inherited)
        }
        // A joiner at a word's end shapes its last letter in these scripts.
        (Some(before), '\u{200D}', None) => {
            joins(before.script()) && before.script() != Script::Arabic
        }
        _ => false,
    }
}

/// Scripts in which a joiner changes what is read.
fn joins(script: Script) -> bool {
    matches!(
        script,
        Script::Arabic
            | Script::Syriac
            | Script::Mongolian
            | Script::Devanagari
            | Script::Bengali
            | Script::Gurmukhi
            | Script::Gujarati
            | Script::Oriya
            | Script::Tamil
            | Script::Telugu
            | Script::Kannada
            | Script::Malayalam
            | Script::Sinhala
            | Script::Khmer
            | Script::Myanmar
            | Script::Tibetan
    )
}

/// Whether line breaks are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lines {
    Kept,
    /// They become spaces.
    Joined,
}

/// A text in Unicode's composed form, without unseen characters, trimmed, at most `limit` characters;
/// `None` if nothing is left of it.
pub fn clean(text: &str, limit: usize, lines: Lines) -> Option<String> {
    let mut kept = String::with_capacity(text.len().min(limit * 4));
    let mut before = None;
    let mut characters = text.trim().chars().peekable();
    while let Some(c) = characters.next() {
        let c = match c {
            '\r' if characters.peek() == Some(&'\n') => continue,
            '\r' | '\n' | '\u{85}' | '\u{2028}' | '\u{2029}' => match lines {
                Lines::Kept => '\n',
                Lines::Joined => ' ',
            },
            c if c.is_whitespace() => ' ',
            c if is_unseen(c) && !is_spelling(before, c, characters.peek().copied()) => continue,
            c => c,
        };
        before = Some(c);
        kept.push(c);
    }
    let composed = match is_nfc_quick(kept.chars()) {
        unicode_normalization::IsNormalized::Yes => kept,
        _ => kept.nfc().collect(),
    };
    let cut: &str = match composed.char_indices().nth(limit) {
        Some((end, _)) => composed.get(..end).unwrap_or(&composed),
        None => &composed,
    };
    // A joiner joins nothing where the text was cut.
    let cut =
        cut.trim_end_matches(|c: char| c.is_whitespace() || (is_unseen(c) && c != '\u{FE0F}'));
    let cut = cut.trim();
    (!cut.is_empty()).then(|| cut.to_owned())
}

/// The compatibility form, in which full-width and other ways of writing a letter are that letter.
pub fn compatible(text: &str) -> Cow<'_, str> {
    if text.is_ascii() || is_nfkc_quick(text.chars()) == unicode_normalization::IsNormalized::Yes {
        return Cow::Borrowed(text);
    }
    Cow::Owned(text.nfkc().collect())
}

/// A word for comparing: compatibility form, lower case, letters and digits only.
pub fn folded(text: &str) -> String {
    compatible(text)
        .chars()
        .filter(|c| c.is_alphanumeric())
        .flat_map(char::to_lowercase)
        .collect()
}

/// Decodes the character references of HTML, once: `&amp;` is `&`, and `&amp;lt;` is `&lt;`. Only those that
/// end in a semicolon: in a text that is not HTML, "Fish&notes" is what it says.
pub fn decode_references(text: &str) -> Cow<'_, str> {
    if !text.contains('&') {
        return Cow::Borrowed(text);
    }
    let mut decoded = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, from)) = rest.find('&').map(|at| rest.split_at(at)) {
        decoded.push_str(before);
        let part_of_it = |c: char| c.is_ascii_alphanumeric() || c == '#';
        let end = from
            .char_indices()
            .skip(1)
            .take(34)
            .find(|(_, c)| !part_of_it(*c));
        let reference = end
            .filter(|(_, c)| *c == ';')
            .and_then(|(at, _)| from.get(..=at));
        match reference.map(|reference| (reference, htmlize::unescape(reference))) {
            Some((reference, character)) if character != reference => {
                decoded.push_str(&character);
                rest = from.get(reference.len()..).unwrap_or_default();
            }
            _ => {
                decoded.push('&');
                rest = from.get(1..).unwrap_or_default();
            }
        }
    }
    decoded.push_str(rest);
    Cow::Owned(decoded)
}

/// Words that programs and people write where they have nothing to say.
pub fn is_placeholder(text: &str) -> bool {
    let text = text.trim();
    if text.is_empty()
        || text
            .chars()
            .all(|c| !c.is_alphanumeric() && !UnicodeEmoji::is_emoji_char(c))
    {
        return true;
    }
    // Longer texts are none, and need no copy.
    text.len() <= 40 && PLACEHOLDERS.contains(&folded(text).as_str())
}

/// Folded.
const PLACEHOLDERS: &[&str] = &[
    "na",
    "nan",
    "nil",
    "null",
    "none",
    "undefined",
    "unknown",
    "notavailable",
    "novalue",
    "notapplicable",
    "notfound",
    "noemail",
    "nodata",
    "empty",
    "blank",
    "tbd",
    "nv",
    "ka",
    "keineangabe",
    "keine",
    "unbekannt",
    "leer",
    "nichtvorhanden",
    "nd",
    "nodisponible",
    "ninguno",
    "desconocido",
    "sd",
    "nr",
    "nc",
    "noncommunique",
    "inconnu",
    "aucun",
    "nessuno",
    "sconosciuto",
    "nondisponibile",
    "naodisponivel",
    "nãodisponível",
    "nenhum",
    "desconhecido",
    "nvt",
    "onbekend",
    "geen",
    "brak",
    "nieznany",
    "missing",
    "false",
    "error",
    "refused",
    "refnv",
    "value",
    "valeur",
    "нет",
    "无",
];

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &str) {
        assert_eq!(
            clean(text, 100, Lines::Joined).as_deref().unwrap_or(""),
            expected,
            "{text:?}"
        );
    }

    #[test]
    fn clean_drops_what_nobody_sees() {
        check("A\u{200B}na\u{00AD} \u{202E}Fit\u{E0041}", "Ana Fit");
        check("a\u{2028}b\r\nc\rd", "a b c d");
        check("\u{3164}\u{FEFF}", "");
        check("Jose\u{0301}", "José");
        check("Ana\u{0}\u{7}", "Ana");
    }

    #[test]
    fn clean_keeps_joiners_that_spell() {
        check(
            "Mila \u{1F3C3}\u{200D}\u{2640}\u{FE0F} Ostrand",
            "Mila \u{1F3C3}\u{200D}\u{2640}\u{FE0F} Ostrand",
        );
        check("می\u{200C}خواهم", "می\u{200C}خواهم");
        check("क\u{094D}\u{200D}ष", "क\u{094D}\u{200D}ष");
        check("pay\u{200C}pal", "paypal");
        check("❤\u{FE0F} 1\u{FE0F}\u{20E3}", "❤\u{FE0F} 1\u{FE0F}\u{20E3}");
    }

    #[test]
    fn references_are_decoded_once() {
        for (text, expected) in [
            ("Tom &amp; Jerry", "Tom & Jerry"),
            ("&amp;lt;b&amp;gt;", "&lt;b&gt;"),
            ("Jos&eacute; &#39;Pepe&#x27;", "José 'Pepe'"),
            ("Fish&notes AT&T R&D;", "Fish&notes AT&T R&D;"),
            ("& &; &", "& &; &"),
        ] {
            assert_eq!(decode_references(text), expected, "{text}");
        }
    }

    #[test]
    fn placeholders_say_nothing() {
        for text in [
            "null",
            "#N/A",
            "n. A.",
            "undefined",
            "-",
            "—",
            " N/a ",
            "(none)",
            "k. A.",
            "",
            "?",
        ] {
            assert!(is_placeholder(text), "{text}");
        }
        for text in ["Ana", "Nina", "0", "No", "🌈", "Nan Goldin", "李"] {
            assert!(!is_placeholder(text), "{text}");
        }
    }

    proptest! {
        #[test]
        fn clean_twice_changes_nothing(text in any::<String>(), limit in 1..40_usize) {
            if let Some(once) = clean(&text, limit, Lines::Kept) {
                prop_assert!(once.chars().count() <= limit && once.trim() == once);
                prop_assert_eq!(clean(&once, limit, Lines::Kept), Some(once));
            }
        }

        #[test]
        fn decoding_leaves_texts_without_references(text in "[^&]{0,40}") {
            prop_assert_eq!(decode_references(&text).into_owned(), text);
        }
    }
}
