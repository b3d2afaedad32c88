//! Which country a person's own words speak of.
//!
//! The lawful basis of a mail depends on the answer, so an ambiguous text gives `None`: a mail to an
//! unknown country waits for a person's review.

mod names;

use names::{ALPHA_3, CITIES, COUNTRIES, US_STATE_CODES, US_STATE_OR_COUNTRY_CODES, US_STATES};

use super::{country::Country, text::compatible};

/// Usual English names of all countries, from the time zone database (public domain).
const ENGLISH: &str = include_str!("place/iso3166.tab");

/// The country that a field for a country names: a code of two or three letters, or a name.
pub fn named(text: &str) -> Option<Country> {
    let text = compatible(text);
    let text = text.trim().trim_matches(|c: char| !c.is_alphanumeric());
    if text.len() == 2 {
        return text.parse().ok().filter(is_assigned);
    }
    let upper = text.to_uppercase();
    let by_code = ALPHA_3
        .iter()
        .find(|(three, _)| *three == upper)
        .and_then(|(_, two)| two.parse().ok());
    let lower = text.to_lowercase();
    let by_name = || {
        let mut names = english().filter(|(_, name)| name.to_lowercase() == lower);
        names.next().and_then(|(code, _)| code.parse().ok())
    };
    by_code.or_else(|| country_of(text)).or_else(by_name)
}

/// Whether a code is a country's.
pub fn is_assigned(country: &Country) -> bool {
    country.as_str() == "XK" || english().any(|(code, _)| code == country.as_str())
}

/// A country's usual English name; its code where there is none.
pub fn english_name(country: &Country) -> &str {
    let mut names = english().filter(|(code, _)| *code == country.as_str());
    names.next().map_or(country.as_str(), |(_, name)| name)
}

fn english() -> impl Iterator<Item = (&'static str, &'static str)> {
    ENGLISH
        .lines()
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| line.split_once('\t'))
}

/// The country of a free text such as `Lisbon`, `Austin, TX`, `Berlin 🇩🇪` or `España`.
///
/// A flag decides; otherwise the parts between commas, slashes and bars are looked up, the last
/// one first. Two parts that name different countries are ambiguous, and so is the postal code of a
/// state that is also a country's (`Regensburg, DE`), unless another part decides.
pub fn country_of(location: &str) -> Option<Country> {
    let location = &*compatible(location);
    if let Some(country) = flag(location) {
        return Some(country);
    }
    let parts: Vec<&str> = location
        .split([',', '/', '|', '·', '•', ';', '(', ')', '&'])
        .map(|part| part.trim_matches(|c: char| !c.is_alphanumeric()))
        .filter(|part| !part.is_empty())
        .collect();
    let mut found = None;
    for (n, part) in parts.iter().enumerate().rev() {
        let code = US_STATE_CODES
            .iter()
            .chain(US_STATE_OR_COUNTRY_CODES)
            .any(|code| code == part);
        let country = match code {
            // A code stands behind the place it belongs to.
            true if n == 0 || n + 1 < parts.len() => return None,
            true if US_STATE_CODES.contains(part) => "US".parse().ok(),
            true => Some(decided_by_others(part, &parts)?),
            false => lookup(part),
        };
        match (country, found) {
            (Some(country), None) => found = Some(country),
            // "Paris, Texas": the last part is the larger place and decides, unless both are
            // countries.
            (Some(country), Some(other)) if country != other && is_country_name(part) => {
                return None;
            }
            _ => {}
        }
    }
    found
}

/// Country of a state's code that is also a country's, where another part names the same or the US.
fn decided_by_others(code: &str, parts: &[&str]) -> Option<Country> {
    let mut others = parts.iter().filter_map(|part| lookup(part));
    others.find(|country| country.as_str() == code || country.as_str() == "US")
}

/// The country of a host name's top-level domain, where that says something about its owner.
pub fn country_of_host(host: &str) -> Option<Country> {
    let top = host
        .trim_end_matches('.')
        .rsplit_once('.')?
        .1
        .to_ascii_lowercase();
    // Sold worldwide: .io, .co, .me, .tv, .ai and their like say nothing.
    const NATIONAL: &[&str] = &[
        "at", "au", "be", "br", "ca", "ch", "cz", "de", "dk", "es", "fi", "fr", "gr", "hu", "ie",
        "in", "it", "jp", "kr", "mx", "nl", "no", "nz", "pl", "pt", "ro", "se", "uk", "us", "za",
    ];
    if NATIONAL.contains(&top.as_str()) {
        top.parse().ok()
    } else {
        None
    }
}

fn flag(text: &str) -> Option<Country> {
    let letter = |c: char| {
        u32::from(c)
            .checked_sub(0x1F1E6)
            .filter(|n| *n < 26)
            .and_then(|n| u8::try_from(n).ok())
    };
    let mut previous: Option<u8> = None;
    for c in text.chars() {
        match (previous, letter(c)) {
            (Some(first), Some(second)) => {
                let code = [b'A' + first, b'A' + second];
                return std::str::from_utf8(&code).ok()?.parse().ok();
            }
            (_, current) => previous = current,
        }
    }
    None
}

fn lookup(part: &str) -> Option<Country> {
    let part = part.to_lowercase();
    let code = COUNTRIES
        .iter()
        .chain(CITIES)
        .find(|(_, names)| names.contains(&part.as_str()))
        .map(|(code, _)| *code)
        .or_else(|| US_STATES.contains(&part.as_str()).then_some("US"))?;
    code.parse().ok()
}

fn is_country_name(part: &str) -> bool {
    let part = part.to_lowercase();
    COUNTRIES
        .iter()
        .any(|(_, names)| names.contains(&part.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(location: &str, expected: Option<&str>) {
        let found = country_of(location).map(|c| c.to_string());
        assert_eq!(found.as_deref(), expected, "{location}");
    }

    #[test]
    fn country_of_usual_places_is_found() {
        check("Lisbon", Some("PT"));
        check("Lisboa, Portugal", Some("PT"));
        check("Austin, TX", Some("US"));
        check("Texas", Some("US"));
        check("Berlin 🇩🇪", Some("DE"));
        check("🇨🇦", Some("CA"));
        check("Toronto, Canada", Some("CA"));
        check("San Francisco, CA", Some("US"));
        check("España", Some("ES"));
        check("東京", Some("JP"));
        check("London, UK", Some("GB"));
        check("Paris, Texas", Some("US"));
        check("Smalltown, TX", Some("US"));
        check("Berlin, DE", Some("DE"));
        check("Toronto, CA", Some("CA"));
        check("Bengaluru, IN", Some("IN"));
        check("Phoenix, AZ", Some("US"));
        check("Brooklyn, NY", Some("US"));
    }

    #[test]
    fn country_of_ambiguous_text_is_none() {
        check("", None);
        check("earth", None);
        check("everywhere & nowhere", None);
        check("Portugal / Brazil", None);
        check("she/her", None);
        check("Regensburg, DE", None);
        check("DE", None);
        check("Tucson, AZ", None);
        check("Hi", None);
        check("ok, in", None);
        check("TX", None);
    }

    #[test]
    fn field_for_country_takes_codes_and_names() {
        for (text, expected) in [
            ("PT", Some("PT")),
            ("uk", Some("GB")),
            ("DEU", Some("DE")),
            ("USA", Some("US")),
            ("Österreich", Some("AT")),
            ("Autriche", Some("AT")),
            ("Niederlande", Some("NL")),
            ("Pays-Bas", Some("NL")),
            ("Estados Unidos", Some("US")),
            ("Vereinigtes Königreich", Some("GB")),
            ("Polska", Some("PL")),
            ("Georgia", Some("GE")),
            ("Kenya", Some("KE")),
            ("ＰＴ", Some("PT")),
            ("CA", Some("CA")),
            ("ZZ", None),
            ("Atlantis", None),
            ("", None),
        ] {
            assert_eq!(
                named(text).map(|c| c.to_string()).as_deref(),
                expected,
                "{text}"
            );
        }
    }

    #[test]
    fn names_lead_to_assigned_countries() {
        for (code, names) in COUNTRIES.iter().chain(CITIES) {
            assert!(code.parse().is_ok_and(|code| is_assigned(&code)), "{code}");
            assert!(
                names.iter().all(|name| *name == name.to_lowercase()),
                "{code}"
            );
        }
        for (three, two) in ALPHA_3 {
            assert!(
                three.len() == 3 && two.parse().is_ok_and(|code| is_assigned(&code)),
                "{three}"
            );
        }
    }

    #[test]
    fn country_of_host_needs_national_domain() {
        let of = |host| country_of_host(host).map(|c| c.to_string());
        assert_eq!(of("ana.de").as_deref(), Some("DE"));
        assert_eq!(of("shop.ana.co.uk").as_deref(), Some("GB"));
        for silent in ["ana.io", "ana.com", "ana.me", "localhost", ""] {
            assert_eq!(of(silent), None, "{silent}");
        }
    }
}
