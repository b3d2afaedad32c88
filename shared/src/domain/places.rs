//! Which country a person's own words speak of.
//!
//! The lawful basis of a mail hangs on the answer, so a doubt is `None`: an unknown country is
//! never mailed without a person's review.

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
            (Some(country), Some(other)) if country != other => {
                // "Austin, TX" or "Paris, Texas": the last part is the larger place and decides,
                // unless both are countries.
                if is_country_name(&part) {
                    return None;
                }
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

/// Names as people write them, lower case.
const COUNTRIES: &[(&str, &[&str])] = &[
    ("AR", &["argentina"]),
    ("AT", &["austria", "österreich", "at"]),
    ("AU", &["australia", "aus"]),
    ("BE", &["belgium", "belgique", "belgië"]),
    ("BR", &["brazil", "brasil"]),
    ("CA", &["canada"]),
    ("CH", &["switzerland", "schweiz", "suisse", "svizzera"]),
    ("CL", &["chile"]),
    ("CN", &["china", "中国"]),
    ("CO", &["colombia"]),
    ("CZ", &["czechia", "czech republic", "česko"]),
    ("DE", &["germany", "deutschland", "alemania", "allemagne"]),
    ("DK", &["denmark", "danmark"]),
    ("ES", &["spain", "españa", "espana"]),
    ("FI", &["finland", "suomi"]),
    ("FR", &["france"]),
    (
        "GB",
        &[
            "united kingdom",
            "uk",
            "great britain",
            "england",
            "scotland",
            "wales",
            "britain",
        ],
    ),
    ("GR", &["greece", "ελλάδα"]),
    ("HU", &["hungary", "magyarország"]),
    ("ID", &["indonesia"]),
    ("IE", &["ireland", "éire"]),
    ("IN", &["india", "भारत"]),
    ("IT", &["italy", "italia"]),
    ("JP", &["japan", "日本"]),
    ("KR", &["south korea", "korea", "대한민국"]),
    ("MX", &["mexico", "méxico"]),
    ("NG", &["nigeria"]),
    (
        "NL",
        &["netherlands", "nederland", "the netherlands", "holland"],
    ),
    ("NO", &["norway", "norge"]),
    ("NZ", &["new zealand", "aotearoa"]),
    ("PH", &["philippines"]),
    ("PL", &["poland", "polska"]),
    ("PT", &["portugal"]),
    ("RO", &["romania", "românia"]),
    ("SE", &["sweden", "sverige"]),
    ("SG", &["singapore"]),
    ("TR", &["turkey", "türkiye"]),
    (
        "US",
        &[
            "united states",
            "usa",
            "us",
            "u.s",
            "u.s.a",
            "united states of america",
            "america",
        ],
    ),
    ("ZA", &["south africa"]),
];

/// Cities whose name means one place to nearly everybody.
const CITIES: &[(&str, &[&str])] = &[
    ("AR", &["buenos aires"]),
    ("AT", &["vienna", "wien", "graz"]),
    ("AU", &["sydney", "melbourne", "brisbane", "perth"]),
    ("BE", &["brussels", "bruxelles", "antwerp", "gent"]),
    ("BR", &["são paulo", "sao paulo", "rio de janeiro"]),
    (
        "CA",
        &[
            "toronto",
            "vancouver",
            "montreal",
            "montréal",
            "calgary",
            "ottawa",
        ],
    ),
    ("CH", &["zürich", "zurich", "geneva", "genève", "basel"]),
    ("CZ", &["prague", "praha"]),
    (
        "DE",
        &[
            "berlin",
            "munich",
            "münchen",
            "hamburg",
            "köln",
            "cologne",
            "frankfurt",
            "leipzig",
        ],
    ),
    ("DK", &["copenhagen", "københavn"]),
    (
        "ES",
        &["madrid", "barcelona", "sevilla", "valencia", "bilbao"],
    ),
    ("FI", &["helsinki"]),
    (
        "FR",
        &[
            "paris",
            "lyon",
            "marseille",
            "toulouse",
            "bordeaux",
            "nantes",
        ],
    ),
    (
        "GB",
        &[
            "london",
            "manchester",
            "edinburgh",
            "glasgow",
            "bristol",
            "leeds",
        ],
    ),
    ("GR", &["athens", "αθήνα"]),
    ("IE", &["dublin", "cork", "galway"]),
    (
        "IN",
        &["mumbai", "delhi", "new delhi", "bangalore", "bengaluru"],
    ),
    (
        "IT",
        &[
            "rome", "roma", "milan", "milano", "torino", "napoli", "firenze", "bologna",
        ],
    ),
    ("JP", &["tokyo", "東京", "osaka", "大阪", "kyoto", "京都"]),
    ("KR", &["seoul", "서울"]),
    (
        "MX",
        &[
            "mexico city",
            "ciudad de méxico",
            "cdmx",
            "guadalajara",
            "monterrey",
        ],
    ),
    ("NL", &["amsterdam", "rotterdam", "utrecht", "den haag"]),
    ("NO", &["oslo", "bergen"]),
    ("NZ", &["auckland", "wellington"]),
    ("PL", &["warsaw", "warszawa", "kraków", "krakow"]),
    ("PT", &["lisbon", "lisboa", "porto"]),
    ("RO", &["bucharest", "bucurești"]),
    ("SE", &["stockholm", "göteborg", "malmö"]),
    (
        "US",
        &[
            "new york",
            "new york city",
            "nyc",
            "los angeles",
            "san francisco",
            "chicago",
            "miami",
            "seattle",
            "boston",
            "denver",
            "austin",
            "brooklyn",
            "san diego",
            "atlanta",
            "las vegas",
            "nashville",
            "phoenix",
            "houston",
            "dallas",
            "philadelphia",
            "minneapolis",
        ],
    ),
];

/// Names and postal codes. Codes that are also common words or countries' codes are meant as
/// states only after a comma, which is how the parts are cut.
const US_STATES: &[&str] = &[
    "al",
    "ak",
    "az",
    "ar",
    "ca",
    "co",
    "ct",
    "de",
    "fl",
    "ga",
    "hi",
    "id",
    "il",
    "in",
    "ia",
    "ks",
    "ky",
    "la",
    "me",
    "md",
    "ma",
    "mi",
    "mn",
    "ms",
    "mo",
    "mt",
    "ne",
    "nv",
    "nh",
    "nj",
    "nm",
    "ny",
    "nc",
    "nd",
    "oh",
    "ok",
    "or",
    "pa",
    "ri",
    "sc",
    "sd",
    "tn",
    "tx",
    "ut",
    "vt",
    "va",
    "wa",
    "wv",
    "wi",
    "wy",
    "alabama",
    "alaska",
    "arizona",
    "arkansas",
    "california",
    "colorado",
    "connecticut",
    "delaware",
    "florida",
    "hawaii",
    "idaho",
    "illinois",
    "indiana",
    "iowa",
    "kansas",
    "kentucky",
    "louisiana",
    "maine",
    "maryland",
    "massachusetts",
    "michigan",
    "minnesota",
    "mississippi",
    "missouri",
    "montana",
    "nebraska",
    "nevada",
    "new hampshire",
    "new jersey",
    "new mexico",
    "north carolina",
    "north dakota",
    "ohio",
    "oklahoma",
    "oregon",
    "pennsylvania",
    "rhode island",
    "south carolina",
    "south dakota",
    "tennessee",
    "texas",
    "utah",
    "vermont",
    "virginia",
    "washington",
    "west virginia",
    "wisconsin",
    "wyoming",
];

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
