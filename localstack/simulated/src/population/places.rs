//! Where people live, as they write it.

use super::person::Language;

/// A country, its language, and ways to name a place in it.
pub(super) struct Country {
    pub(super) code: &'static str,
    pub(super) language: Language,
    pub(super) places: &'static [&'static str],
}

/// Where most of the made-up people live: commercial mail is lawful without prior consent.
pub(super) const HOME: Country = Country {
    code: "US",
    language: Language::English,
    places: &[
        "Austin, TX",
        "Portland, Oregon",
        "Brooklyn, New York",
        "Los Angeles, CA 🌴",
        "Chicago, Illinois",
        "Denver, Colorado, USA",
        "Nashville TN",
        "United States",
        "San Diego, California",
        "Asheville, NC",
        "Boise, Idaho 🇺🇸",
        "seattle, wa",
        "Minneapolis, Minnesota",
        "Phoenix, AZ, USA",
        "New York City",
        "Miami, Florida",
    ],
};

/// Countries where mail needs consent first.
pub(super) const CONSENT: &[Country] = &[
    Country {
        code: "DE",
        language: Language::German,
        places: &[
            "Berlin 🇩🇪",
            "München",
            "Hamburg, Germany",
            "Köln, Deutschland",
        ],
    },
    Country {
        code: "CA",
        language: Language::English,
        places: &[
            "Toronto, Ontario",
            "Vancouver, BC, Canada",
            "Halifax, Nova Scotia 🇨🇦",
        ],
    },
    Country {
        code: "IT",
        language: Language::Italian,
        places: &["Milano", "Bologna, Italia", "Torino 🇮🇹"],
    },
    Country {
        code: "AT",
        language: Language::German,
        places: &["Wien, Österreich", "Graz, Austria"],
    },
    Country {
        code: "CA",
        language: Language::French,
        places: &["Montréal, Québec", "Québec, Canada"],
    },
    Country {
        code: "ES",
        language: Language::Spanish,
        places: &["Madrid, España", "Barcelona", "Sevilla 🇪🇸"],
    },
    Country {
        code: "CH",
        language: Language::German,
        places: &["Zürich, Schweiz", "Bern, Switzerland"],
    },
];

/// Countries with rules of their own.
pub(super) const ABROAD: &[Country] = &[
    Country {
        code: "PT",
        language: Language::Portuguese,
        places: &["Lisbon", "Porto, Portugal", "Coimbra 🇵🇹"],
    },
    Country {
        code: "GB",
        language: Language::English,
        places: &["London, UK", "Leeds, England", "Edinburgh, Scotland"],
    },
    Country {
        code: "JP",
        language: Language::Japanese,
        places: &["東京", "Kyoto, Japan", "大阪 🇯🇵"],
    },
    Country {
        code: "FR",
        language: Language::French,
        places: &["Paris", "Lyon, France", "Nantes 🇫🇷"],
    },
    Country {
        code: "BR",
        language: Language::Portuguese,
        places: &["São Paulo, Brasil", "Rio de Janeiro", "Recife, PE 🇧🇷"],
    },
    Country {
        code: "MX",
        language: Language::Spanish,
        places: &["Ciudad de México", "Guadalajara, MX", "Oaxaca, México"],
    },
    Country {
        code: "AU",
        language: Language::English,
        places: &["Melbourne, Australia", "Hobart, Tasmania"],
    },
    Country {
        code: "IE",
        language: Language::English,
        places: &["Dublin, Ireland", "Galway 🇮🇪"],
    },
];

/// Locations that name no country.
pub(super) const NOWHERE: &[Option<&str>] = &[
    Some("earth"),
    None,
    Some("🌍 everywhere"),
    Some("between two flights"),
    Some("Somewhere over the rainbow"),
    Some(""),
    Some("worldwide"),
];
