//! Redacts mail addresses and telephone numbers: the model does not need them.
//!
//! The text is read as a person reads it: entities and percent signs decoded, compatibility forms and digits
//! of other scripts as the plain ones, without invisible characters. Then what reaches a person is left
//! out, plain or spelt out. Where it is in doubt it is left out: rather a company's name too many
//! ("works at example.com") than an address.

mod addresses;
mod telephone;

use shared::domain::reading::without_strays;
use unicode_normalization::UnicodeNormalization as _;
use unicode_properties::{GeneralCategory, UnicodeGeneralCategory as _};

/// The text with every mail address and telephone number redacted.
pub(crate) fn without_addresses(text: &str) -> String {
    let text = plain(text);
    let mut spans = addresses::addresses(&text);
    spans.extend(telephone::numbers(&text));
    spans.sort_by_key(|span| span.start);
    let mut redacted = String::with_capacity(text.len());
    let mut at = 0;
    for span in spans {
        if span.start >= at {
            redacted.push_str(text.get(at..span.start).unwrap_or_default());
            redacted.push('…');
        }
        at = at.max(span.end);
    }
    redacted.push_str(text.get(at..).unwrap_or_default());
    redacted
}

/// The text as it is read.
fn plain(text: &str) -> String {
    let text = htmlize::unescape(text);
    let decoded = percent_encoding::percent_decode_str(&text).decode_utf8();
    let text = decoded.unwrap_or_else(|_| text.as_ref().into());
    let composed: String = text.nfkc().collect();
    without_strays(&composed)
        .chars()
        .map(|c| if c.is_control() && c != '\n' { ' ' } else { c })
        .map(plain_digit)
        .collect()
}

/// A digit of any script as one of ours. The digits of a script stand beside each other, zero first.
fn plain_digit(c: char) -> char {
    let is_digit = |c: char| c.general_category() == GeneralCategory::DecimalNumber;
    if c.is_ascii() || !is_digit(c) {
        return c;
    }
    let before = (1..=9).take_while(|n| {
        let code = u32::from(c).checked_sub(*n);
        code.and_then(char::from_u32).is_some_and(is_digit)
    });
    u32::try_from(before.count())
        .ok()
        .and_then(|value| char::from_digit(value, 10))
        .unwrap_or(c)
}

#[cfg(test)]
mod tests;
