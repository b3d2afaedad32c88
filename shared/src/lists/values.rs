//! Numbers and yes or no, as people, spreadsheets and data frames write them. What may mean two things is
//! unknown.

use crate::domain::text::{compatible, folded};

/// How many followers a cell says; `None` if it does not say so for certain.
pub(super) fn followers(text: &str) -> Option<i64> {
    // The usual case.
    if text.len() <= 12 && text.bytes().all(|b| b.is_ascii_digit()) {
        return text.parse().ok();
    }
    let text = compatible(text).to_lowercase();
    let text = text
        .trim()
        .trim_start_matches(['~', '≈', '>', '+'])
        .trim_start();
    let number_ends =
        text.find(|c: char| !(c.is_ascii_digit() || c.is_whitespace() || ".,'’_".contains(c)));
    let (number, rest) = text.split_at(number_ends.unwrap_or(text.len()));
    if let Some(exponent) = rest.strip_prefix("e+").or_else(|| rest.strip_prefix('e'))
        && !exponent.is_empty()
        && exponent.bytes().all(|b| b.is_ascii_digit())
    {
        return scientific(number, exponent);
    }
    let mut words = rest.split_whitespace();
    let first = words.next().unwrap_or_default();
    let (unit, words): (_, Vec<&str>) = match factor(first.trim_end_matches('+')) {
        Some(unit) => (unit, words.collect()),
        None => (1, std::iter::once(first).chain(words).collect()),
    };
    let known = words.iter().all(|word| {
        word.is_empty()
            || *word == "+"
            || NOUNS.contains(&word.trim_matches(|c: char| !c.is_alphabetic()))
    });
    if !known {
        return None;
    }
    let (whole, fraction) = parts(number.trim(), unit > 1)?;
    counted(&whole, &fraction, unit)
}

/// Words that stand behind a count of followers.
const NOUNS: &[&str] = &[
    "follower",
    "followers",
    "fans",
    "subscribers",
    "abonnenten",
    "abonnés",
    "abonné",
    "seguidores",
    "seguaci",
    "volgers",
    "obserwujących",
    "подписчиков",
    "フォロワー",
];

/// What a unit multiplies by. "mil" is a thousand in Spanish and a million in English: unknown.
fn factor(unit: &str) -> Option<i64> {
    match unit.trim_end_matches('.') {
        "k" | "tsd" | "thousand" | "тыс" => Some(1_000),
        "m" | "mm" | "mn" | "mio" | "mln" | "million" | "millions" | "millionen" | "millones"
        | "milhões" | "milioni" | "miljoen" | "млн" => Some(1_000_000),
        "万" | "만" | "萬" => Some(10_000),
        _ => None,
    }
}

/// The digits before and behind the decimal sign. One sign with three digits behind it groups thousands, unless a unit
/// follows: then it may be either.
fn parts(number: &str, has_unit: bool) -> Option<(String, String)> {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let groups = |text: &str, sign: fn(char) -> bool| -> Option<String> {
        let parts: Vec<&str> = text.split(sign).collect();
        let (first, rest) = parts.split_first()?;
        let plain = rest.is_empty() && digits(first);
        let grouped = (1..=3).contains(&first.len()) && rest.iter().all(|part| part.len() == 3);
        // Indian counting: 12,34,567.
        let (last, middle) = rest.split_last().unwrap_or((first, &[]));
        let indian = !middle.is_empty()
            && (1..=2).contains(&first.len())
            && last.len() == 3
            && middle.iter().all(|part| part.len() == 2);
        (plain || (digits(first) && rest.iter().all(|part| digits(part)) && (grouped || indian)))
            .then(|| parts.concat())
    };
    let quiet = |c: char| c.is_whitespace() || "'’_".contains(c);
    let signs: Vec<char> = number.chars().filter(|c| ".,".contains(*c)).collect();
    let decimal = match signs.as_slice() {
        [] => {
            return Some((
                groups(number, |c| c.is_whitespace() || "'’_".contains(c))?,
                String::new(),
            ));
        }
        [_] => {
            let (before, after) = number.split_once(['.', ','])?;
            let spaced = before.contains(quiet);
            match after.len() {
                3 if has_unit => return None,
                3 if !spaced
                    && before.len() <= 3
                    && digits(before)
                    && !before.starts_with('0')
                    && digits(after) =>
                {
                    return Some((format!("{before}{after}"), String::new()));
                }
                _ => true,
            }
        }
        [first, .., last] if first != last => {
            signs.iter().filter(|sign| *sign == last).count() == 1
        }
        _ => false,
    };
    if !decimal {
        let sign = if number.contains(',') {
            |c| c == ','
        } else {
            |c| c == '.'
        };
        let all_alike = signs.windows(2).all(|pair| pair.first() == pair.last());
        return all_alike
            .then(|| groups(number, sign))?
            .map(|whole| (whole, String::new()));
    }
    let (before, after) = number.rsplit_once(['.', ','])?;
    let whole = groups(before, |c| c.is_whitespace() || "'’_.,".contains(c))?;
    let zeros = after.bytes().all(|b| b == b'0');
    // Three digits behind the second sign may be one more group of thousands.
    (digits(after) && (zeros || after.len() != 3)).then(|| (whole, after.to_owned()))
}

/// Rounded; a fraction of more than two digits without a unit is no count of people.
fn counted(whole: &str, fraction: &str, unit: i64) -> Option<i64> {
    if whole.len() > 12 || fraction.len() > 12 {
        return None;
    }
    if unit == 1 && fraction.bytes().any(|b| b != b'0') && fraction.len() > 2 {
        return None;
    }
    let scale = 10_i64.checked_pow(u32::try_from(fraction.len()).ok()?)?;
    let whole: i64 = whole.parse().ok()?;
    let fraction: i64 = if fraction.is_empty() {
        0
    } else {
        fraction.parse().ok()?
    };
    let all = whole
        .checked_mul(unit)?
        .checked_mul(scale)?
        .checked_add(fraction.checked_mul(unit)?)?;
    let rounded = all.checked_add(scale / 2)? / scale;
    (rounded < 1_000_000_000_000).then_some(rounded)
}

/// `1.402E+04`: exact as far as its digits go.
fn scientific(mantissa: &str, exponent: &str) -> Option<i64> {
    let (whole, fraction) = mantissa.split_once(['.', ',']).unwrap_or((mantissa, ""));
    let places: usize = exponent.parse().ok().filter(|places| *places <= 12)?;
    let shaped = whole.len() == 1
        && whole
            .bytes()
            .chain(fraction.bytes())
            .all(|b| b.is_ascii_digit());
    if !shaped || fraction.len() > places {
        return None;
    }
    let zeros = "0".repeat(places - fraction.len());
    counted(&format!("{whole}{fraction}{zeros}"), "", 1)
}

/// Yes or no; `None` if it is neither.
pub(super) fn yes_or_no(text: &str) -> Option<bool> {
    match text {
        "✓" | "✔" | "✅" | "☑" => return Some(true),
        "✗" | "✘" | "❌" => return Some(false),
        "1.0" => return Some(true),
        "0.0" => return Some(false),
        _ => {}
    }
    match folded(text).as_str() {
        "true" | "yes" | "y" | "1" | "t" | "wahr" | "ja" | "j" | "oui" | "vrai" | "si" | "sí"
        | "verdadero" | "sim" | "verdadeiro" | "sì" | "vero" | "waar" | "tak" | "да"
        | "verified" => Some(true),
        "false" | "no" | "n" | "0" | "f" | "falsch" | "nein" | "non" | "faux" | "falso" | "não"
        | "nao" | "nee" | "onwaar" | "nie" | "нет" => Some(false),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn followers_are_read_as_people_write_them() {
        for (text, number) in [
            ("15200", 15_200),
            ("15,200", 15_200),
            ("15.200", 15_200),
            ("15 200", 15_200),
            ("15'200", 15_200),
            ("1.234.567", 1_234_567),
            ("1,234,567", 1_234_567),
            ("12,34,567", 1_234_567),
            ("15200.0", 15_200),
            ("880.0", 880),
            ("880.00", 880),
            ("15200,00", 15_200),
            ("15200.000", 15_200),
            ("1,234.00", 1_234),
            ("1.234,5", 1_235),
            ("1.402E+04", 14_020),
            ("1,402e+4", 14_020),
            ("5E3", 5_000),
            ("15.2k", 15_200),
            ("1,5M", 1_500_000),
            ("12,3K followers", 12_300),
            ("1,2M+", 1_200_000),
            ("3K+", 3_000),
            ("3\u{202F}410", 3_410),
            ("3\u{A0}410 abonnés", 3_410),
            ("8 431", 8_431),
            ("~2 500 Follower", 2_500),
            ("2,5 Mio. Follower", 2_500_000),
            ("12 Tsd.", 12_000),
            ("3.2万", 32_000),
            ("１２３", 123),
            ("0", 0),
            ("0.0", 0),
        ] {
            assert_eq!(followers(text), Some(number), "{text}");
        }
    }

    #[test]
    fn ambiguous_count_is_unknown() {
        for text in [
            "",
            "many",
            "-",
            "k",
            "-5",
            "nan",
            "None",
            "blue",
            "1e9k",
            "12 posts",
            "1.234k",
            "1,234M",
            "12 mil",
            "1.2.3",
            "1,23,4",
            "12.3456",
            "10-20",
            "5k-10k",
            "1,234.567",
            "0.123",
            "9999999999999",
            "1e13",
            "1 2 3",
            "12 34",
            "1..2",
            "𝟏e",
            "5/10",
        ] {
            assert_eq!(followers(text), None, "{text}");
        }
    }

    #[test]
    fn yes_and_no_are_read_in_languages() {
        for text in [
            "true", "TRUE", "yes", "Y", "1", "1.0", "Wahr", "ja", "Oui", "sí", "✓",
        ] {
            assert_eq!(yes_or_no(text), Some(true), "{text}");
        }
        for text in ["False", "no", "0", "0.0", "falsch", "Nein", "non", "não"] {
            assert_eq!(yes_or_no(text), Some(false), "{text}");
        }
        for text in ["blue", "None", "2", "business", ""] {
            assert_eq!(yes_or_no(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn whole_number_is_read_however_grouped(number in 0..1_000_000_000_i64, sign in "[,. '\u{A0}\u{202F}]") {
            let digits = number.to_string();
            let mut grouped = String::new();
            for (n, digit) in digits.chars().enumerate() {
                if n > 0 && (digits.len() - n) % 3 == 0 {
                    grouped.push_str(&sign);
                }
                grouped.push(digit);
            }
            prop_assert_eq!(followers(&grouped), Some(number));
            prop_assert_eq!(followers(&format!("{number}.0")), Some(number));
            prop_assert_eq!(followers(&format!("{number},00")), Some(number));
        }

        #[test]
        fn count_is_never_more_than_its_digits(text in "[0-9., ]{1,14}") {
            let digits: String = text.chars().filter(char::is_ascii_digit).collect();
            if let Some(number) = followers(&text) {
                prop_assert!(number <= digits.parse().unwrap());
            }
        }
    }
}
