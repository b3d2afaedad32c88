//! Countries, cities and states by the names people give them.

/// Names as people write them, lower case.
pub(super) const COUNTRIES: &[(&str, &[&str])] = &[
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

/// Cities whose name means one place to most people.
pub(super) const CITIES: &[(&str, &[&str])] = &[
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

/// States of the United States whose names mean nothing else; Georgia is a country as well.
#[rustfmt::skip]
pub(super) const US_STATES: &[&str] = &[
    "alabama", "alaska", "arizona", "arkansas", "california", "colorado", "connecticut",
    "delaware", "florida", "hawaii", "idaho", "illinois", "indiana", "iowa", "kansas", "kentucky",
    "louisiana", "maine", "maryland", "massachusetts", "michigan", "minnesota", "mississippi",
    "missouri", "montana", "nebraska", "nevada", "new hampshire", "new jersey", "new mexico",
    "north carolina", "north dakota", "ohio", "oklahoma", "oregon", "pennsylvania",
    "rhode island", "south carolina", "south dakota", "tennessee", "texas", "utah", "vermont",
    "virginia", "washington", "west virginia", "wisconsin", "wyoming",
];

/// Postal codes of states that are no country's code.
pub(super) const US_STATE_CODES: &[&str] = &[
    "AK", "CT", "FL", "HI", "IA", "KS", "MI", "ND", "NH", "NJ", "NM", "NV", "NY", "OH", "OK", "OR",
    "RI", "TX", "UT", "VT", "WA", "WI", "WV", "WY",
];

/// Postal codes of states that are a country's code too: "DE" is Delaware and Germany.
pub(super) const US_STATE_OR_COUNTRY_CODES: &[&str] = &[
    "AL", "AR", "AZ", "CA", "CO", "DE", "GA", "ID", "IL", "IN", "KY", "LA", "MA", "MD", "ME", "MN",
    "MO", "MS", "MT", "NC", "NE", "PA", "SC", "SD", "TN", "VA",
];
