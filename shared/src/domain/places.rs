//! Which country a person's own words speak of.
//!
//! The lawful basis of a mail hangs on the answer, so a doubt is `None`: an unknown country is
//! never mailed without a person's review.

mod names;

use names::{CITIES, COUNTRIES, US_STATES};

use super::country::Country;

/// The country of a free text such as `Lisbon`, `Austin, TX`, `Berlin 🇩🇪` or `España`.
///
/// A flag decides; otherwise the parts between commas, slashes and bars are looked up, the last
/// one first. Two parts that speak of different countries are a doubt.
pub fn country_of(location: &str) -> Option<Country> {
    if let Some(country) = flag(location) {
        return Some(country);
    }
    let mut found = None;
    for part in location
        .split([',', '/', '|', '·', '•', ';', '(', ')', '&'])
        .rev()
    {
        let part = part
            .trim()
            .trim_matches(|c: char| !c.is_alphanumeric())
            .to_lowercase();
        match (lookup(&part), found) {
            (Some(country), None) => found = Some(country),
            // "Austin, TX" or "Paris, Texas": the last part is the larger place and decides, unless
            // both are countries.
            (Some(country), Some(other)) if country != other && is_country_name(&part) => {
                return None;
            }
            _ => {}
        }
    }
    found
}

/// The country of a host name's top-level domain, where that says something about its owner.
pub fn country_of_host(host: &str) -> Option<Country> {
    let top = host
        .trim_end_matches('.')
        .rsplit_once('.')?
        .1
        .to_ascii_lowercase();
    // Sold to everybody: .io, .co, .me, .tv, .ai and their like say nothing.
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
    let code = COUNTRIES
        .iter()
        .chain(CITIES)
        .find(|(_, names)| names.contains(&part))
        .map(|(code, _)| *code)
        .or_else(|| (US_STATES.contains(&part)).then_some("US"))?;
    code.parse().ok()
}

fn is_country_name(part: &str) -> bool {
    COUNTRIES.iter().any(|(_, names)| names.contains(&part))
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
    fn places_people_write_are_found() {
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
    }

    #[test]
    fn a_doubt_is_no_country() {
        check("", None);
        check("earth", None);
        check("everywhere & nowhere", None);
        check("Portugal / Brazil", None);
        check("she/her", None);
    }

    #[test]
    fn a_national_domain_speaks_a_global_one_does_not() {
        let of = |host| country_of_host(host).map(|c| c.to_string());
        assert_eq!(of("ana.de").as_deref(), Some("DE"));
        assert_eq!(of("shop.ana.co.uk").as_deref(), Some("GB"));
        for silent in ["ana.io", "ana.com", "ana.me", "localhost", ""] {
            assert_eq!(of(silent), None, "{silent}");
        }
    }
}
