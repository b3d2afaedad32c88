//! Characters that show nothing: which of them are spelling, and which hide something.

use unicode_normalization::char::is_combining_mark;
use unicode_properties::{GeneralCategory, UnicodeEmoji as _, UnicodeGeneralCategory as _};
use unicode_script::{Script, UnicodeScript as _};

const NON_JOINER: char = '\u{200C}';
const JOINER: char = '\u{200D}';
/// Asks for the coloured picture of a sign.
const PICTURE: char = '\u{FE0F}';
const BLACK_FLAG: char = '\u{1F3F4}';
/// The flags that are spelt with invisible letters: England, Scotland, Wales.
const FLAGS: [&str; 3] = ["gbeng", "gbsct", "gbwls"];
const END_OF_FLAG: char = '\u{E007F}';

/// What an invisible character does that is no spelling.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stray {
    /// The text reads the same without it: a soft hyphen, a zero-width space.
    Harmless,
    /// It turns the order of what is read, or carries a text that no reader sees.
    Deceptive,
}

/// Whether a character shows nothing by itself: format characters, line and paragraph separators, and
/// what Unicode lets a program leave out (`Default_Ignorable_Code_Point`).
pub fn is_invisible(c: char) -> bool {
    // Arabic and Syriac number signs are format characters and yet seen.
    if matches!(c, '\u{600}'..='\u{605}' | '\u{6DD}' | '\u{70F}' | '\u{890}'..='\u{891}' | '\u{8E2}' | '\u{110BD}' | '\u{110CD}')
    {
        return false;
    }
    use GeneralCategory::{Format, LineSeparator, ParagraphSeparator};
    let by_category = matches!(
        c.general_category(),
        Format | LineSeparator | ParagraphSeparator
    );
    by_category
        || matches!(c,
            '\u{34F}' | '\u{115F}'..='\u{1160}' | '\u{17B4}'..='\u{17B5}' | '\u{180B}'..='\u{180F}'
            | '\u{2800}' | '\u{3164}' | '\u{FE00}'..='\u{FE0F}' | '\u{FFA0}' | '\u{FFF0}'..='\u{FFF8}'
            | '\u{E0000}'..='\u{E0FFF}')
}

/// The invisible characters of a text that are no spelling, with their places.
pub fn strays(text: &str) -> impl Iterator<Item = (usize, Stray)> {
    let mut base = None;
    let mut hidden_before = None;
    let mut flag_until = 0;
    text.char_indices().filter_map(move |(at, c)| {
        let rest = text.get(at..).unwrap_or_default();
        if !is_invisible(c) {
            if c == BLACK_FLAG {
                flag_until = at + flag_length(rest);
            }
            // A mark belongs to the letter before it.
            if !is_combining_mark(c) {
                base = Some(c);
            }
            hidden_before = None;
            return None;
        }
        let after = rest.chars().nth(1);
        let spelling = at < flag_until || is_spelling(c, base, hidden_before, after);
        hidden_before = Some(c);
        (!spelling).then(|| (at, stray(c)))
    })
}

/// The text without the invisible characters that are no spelling.
pub fn without_strays(text: &str) -> String {
    let strays: Vec<usize> = strays(text).map(|(at, _)| at).collect();
    let kept = text.char_indices().filter_map(|(at, c)| match c {
        '\u{2028}' | '\u{2029}' => Some('\n'),
        // A blank that is no space is seen as one.
        '\u{2800}' | '\u{3164}' => Some(' '),
        _ if strays.binary_search(&at).is_ok() => None,
        _ => Some(c),
    });
    kept.collect()
}

fn stray(c: char) -> Stray {
    match c {
        '\u{202A}'..='\u{202E}'
        | '\u{2066}'..='\u{2069}'
        | '\u{FFF9}'..='\u{FFFB}'
        | '\u{E0000}'..='\u{E0FFF}' => Stray::Deceptive,
        _ => Stray::Harmless,
    }
}

/// `base` is the letter or picture that the character follows, `hidden` the invisible one between.
fn is_spelling(c: char, base: Option<char>, hidden: Option<char>, after: Option<char>) -> bool {
    let Some(base) = base else {
        return false;
    };
    match c {
        // A picture may have its selector before the joiner.
        JOINER if is_picture(base) => {
            hidden.is_none_or(|c| c == PICTURE) && after.is_some_and(is_picture)
        }
        JOINER | NON_JOINER => hidden.is_none() && joins(base.script()),
        '\u{FE0E}' | PICTURE => hidden.is_none() && base.is_emoji_char(),
        '\u{FE00}'..='\u{FE02}' | '\u{E0100}'..='\u{E01EF}' => {
            hidden.is_none() && base.script() == Script::Han
        }
        '\u{180B}'..='\u{180F}' => hidden.is_none() && base.script() == Script::Mongolian,
        _ => false,
    }
}

/// An emoji that others can be joined to: no digit, no `#`.
fn is_picture(c: char) -> bool {
    c.is_emoji_char() && !c.is_ascii()
}

/// Scripts whose spelling says where letters join and where not.
fn joins(script: Script) -> bool {
    use Script::{
        Adlam, Arabic, Balinese, Bengali, Devanagari, Gujarati, Gurmukhi, Hanifi_Rohingya,
        Javanese, Kannada, Khmer, Lao, Malayalam, Mandaic, Mongolian, Myanmar, Nko, Oriya, Sinhala,
        Syriac, Tamil, Telugu, Thai, Tibetan,
    };
    matches!(
        script,
        Adlam
            | Arabic
            | Balinese
            | Bengali
            | Devanagari
            | Gujarati
            | Gurmukhi
            | Hanifi_Rohingya
            | Javanese
            | Kannada
            | Khmer
            | Lao
            | Malayalam
            | Mandaic
            | Mongolian
            | Myanmar
            | Nko
            | Oriya
            | Sinhala
            | Syriac
            | Tamil
            | Telugu
            | Thai
            | Tibetan
    )
}

/// How many bytes at the start of the text are a flag that is spelt with invisible letters.
fn flag_length(text: &str) -> usize {
    let mut letters = text.chars().skip(1);
    let region: String = letters
        .by_ref()
        .map_while(|c| {
            let letter = u32::from(c).checked_sub(0xE0000)?;
            char::from_u32(letter).filter(char::is_ascii_lowercase)
        })
        .collect();
    // `map_while` took the character behind the letters.
    let ended = text.chars().nth(region.len() + 1) == Some(END_OF_FLAG);
    match ended && FLAGS.contains(&region.as_str()) {
        true => text
            .chars()
            .take(region.len() + 2)
            .map(char::len_utf8)
            .sum(),
        false => 0,
    }
}
