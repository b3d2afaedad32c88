//! A text as sentences, clauses and words, so that the lists need one spelling of each word.

use shared::domain::content::is_invisible;
use unicode_normalization::{UnicodeNormalization, char::is_combining_mark};

/// Up to a full stop, a line's end or another clear break.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Sentence {
    /// As a reviewer is shown it.
    pub(super) shown: String,
    /// Parted by commas and colons.
    pub(super) clauses: Vec<Clause>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Clause {
    /// Small letters without accents; runs of digits are words of their own.
    pub(super) words: Vec<String>,
}

/// Signs that say no. Every one counts as the first.
const NO_SIGNS: &str = "🚫❌⛔🛑🙅✖✗✘⃠";
/// The word that stands for them in the lists.
const NO_SIGN: &str = "🚫";

pub(super) fn sentences(text: &str) -> Vec<Sentence> {
    let text: String = text.nfkc().filter(|c| !is_hidden(*c)).collect();
    let mut sentences = Vec::new();
    let mut current = String::new();
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        // "10. Klasse", "2.5" and "Node.js" go on.
        let goes_on = c == '.'
            && (current.ends_with(|c: char| c.is_ascii_digit())
                || chars.peek().is_some_and(|next| next.is_alphanumeric()));
        if is_break(c) && !goes_on {
            push(&mut sentences, &mut current);
        } else {
            current.push(c);
        }
    }
    push(&mut sentences, &mut current);
    sentences
}

fn push(sentences: &mut Vec<Sentence>, current: &mut String) {
    let shown = std::mem::take(current).trim().to_owned();
    let clauses: Vec<Clause> = shown
        .split([',', ':', '、', '،'])
        .map(|clause| Clause {
            words: words(clause),
        })
        .filter(|clause| !clause.words.is_empty())
        .collect();
    if !clauses.is_empty() {
        sentences.push(Sentence { shown, clauses });
    }
}

/// Emoji part what they stand between; a sign that says no is a word.
fn is_break(c: char) -> bool {
    let emoji = matches!(c, '\u{2190}'..='\u{2bff}' | '\u{1f000}'..='\u{1faff}');
    c.is_control()
        || ".!?;|•·●▪‣※–—()[]{}\"“”„«»。¡¿~*…\u{2028}\u{2029}".contains(c)
        || emoji && !NO_SIGNS.contains(c) && !"→➡⇒".contains(c)
}

fn is_hidden(c: char) -> bool {
    is_invisible(c)
        || matches!(c, '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{180e}' | '\u{fe00}'..='\u{fe0f}' | '\u{e0000}'..='\u{e0fff}' | '\u{1f3fb}'..='\u{1f3ff}')
}

/// The words of a text, in the one spelling that the lists have too.
pub(super) fn words(text: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut last = Kind::Other;
    for c in text.nfd().filter(|c| !is_combining_mark(*c)) {
        let kind = Kind::of(c);
        match kind {
            Kind::Other => {}
            Kind::NoSign => words.push(NO_SIGN.to_owned()),
            Kind::Letter | Kind::Digit if kind == last => push_letter(words.last_mut(), c),
            Kind::Letter | Kind::Digit => {
                let mut word = String::new();
                push_letter(Some(&mut word), c);
                words.push(word);
            }
        }
        last = kind;
    }
    words
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Letter,
    Digit,
    NoSign,
    Other,
}

impl Kind {
    fn of(c: char) -> Self {
        match c {
            c if c.is_numeric() => Self::Digit,
            c if c.is_alphabetic() => Self::Letter,
            c if NO_SIGNS.contains(c) => Self::NoSign,
            _ => Self::Other,
        }
    }
}

fn push_letter(word: Option<&mut String>, c: char) {
    let Some(word) = word else { return };
    match c {
        'ß' | 'ẞ' => word.push_str("ss"),
        'æ' | 'Æ' => word.push_str("ae"),
        'ø' | 'Ø' => word.push('o'),
        'ı' | 'İ' => word.push('i'),
        'ł' | 'Ł' => word.push('l'),
        c => word.extend(c.to_lowercase()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> Vec<Vec<Vec<String>>> {
        let sentences = sentences(text);
        let clauses = |sentence: &Sentence| {
            let clauses = sentence.clauses.iter();
            clauses.map(|clause| clause.words.clone()).collect()
        };
        sentences.iter().map(clauses).collect()
    }

    #[test]
    fn text_falls_into_sentences_clauses_and_words() {
        assert_eq!(
            shown("Pas de démarchage, merci. 16yo 🎨 10. Klasse"),
            [
                vec![
                    vec!["pas".to_owned(), "de".into(), "demarchage".into()],
                    vec!["merci".into()]
                ],
                vec![vec!["16".into(), "yo".into()]],
                vec![vec!["10".into(), "klasse".into()]],
            ]
        );
    }

    #[test]
    fn hidden_and_styled_letters_read_as_plain_ones() {
        let plain = shown("No ads");
        for text in [
            "𝗡𝗼 𝗮𝗱𝘀",
            "N\u{200b}o a\u{ad}ds",
            "Ｎｏ ａｄｓ",
            "No\u{a0}ads",
        ] {
            assert_eq!(shown(text), plain, "{text}");
        }
        assert_eq!(shown("❌️ Ads"), shown("🚫 ads"));
    }
}
