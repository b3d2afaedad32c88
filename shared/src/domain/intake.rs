//! From a source's row to a lead that can be stored: trimmed, checked, bounded, once each.
//!
//! A field that cannot be read is unknown and counted. Only a row that does not say who it is about is
//! refused.

mod fields;
mod identify;
mod row_error;
mod storable;

use std::collections::{BTreeMap, HashMap};

pub use fields::{Field, Fields};
use identify::identify;
pub use row_error::RowError;
use serde::{Serialize, Serializer};
use serde_json::Value;
use storable::storable;
use url::Url;

use super::{
    country::Country,
    email::{EmailAddress, EmailHash, HashKey, cell},
    lead::{NewLead, Origin, Platform},
    name, page,
    place::{country_of, country_of_host, named},
    text::{Lines, clean, is_placeholder},
};

/// A page of a source.
#[derive(Debug)]
pub struct Page {
    pub rows: Vec<Row>,
    /// Where the next page begins; stored together with this one.
    pub cursor: Value,
    /// Whether the run ends here.
    pub last: bool,
}

#[derive(Debug)]
pub struct Row {
    /// Line of the file, or number within the page, counted from 1.
    pub line: u64,
    pub profile: Result<RawProfile, RowError>,
}

/// A profile as a source words it: trimmed, checked and normalised here.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct RawProfile {
    /// If not the source's own.
    pub platform: Option<Platform>,
    pub external_id: Option<String>,
    /// With or without `@`.
    pub username: Option<String>,
    pub name: Option<String>,
    /// Addresses in a field of their own; one in the bio is looked for later.
    pub email: Option<String>,
    pub profile_url: Option<String>,
    pub follower_count: Option<i64>,
    pub bio: Option<String>,
    pub verified: Option<bool>,
    pub location: Option<String>,
    pub website: Option<String>,
    /// A code or a name.
    pub country: Option<String>,
    pub language: Option<String>,
    /// The row as the source gave it.
    pub raw: Option<Value>,
    /// Fields that say something which could not be read.
    pub unknown: Fields,
}

/// A page, ready to be stored.
#[derive(Debug, Default)]
pub struct Batch {
    /// Each profile once.
    pub leads: Vec<NewLead>,
    /// The line of each of them.
    pub lines: Vec<u64>,
    pub bad: Vec<BadRow>,
    /// Rows that named a profile again.
    pub duplicates: usize,
    /// Rows whose field could not be read.
    pub unknown: BTreeMap<Field, usize>,
}

/// A row that could not be used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct BadRow {
    /// Line of the file, or number within the page.
    pub line: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub column: Option<&'static str>,
    #[serde(rename = "reason", serialize_with = "as_text")]
    pub error: RowError,
}

fn as_text<S: Serializer>(error: &RowError, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(error)
}

impl BadRow {
    pub fn new(line: u64, error: RowError) -> Self {
        let column = error.field().map(Field::word);
        Self {
            line,
            column,
            error,
        }
    }
}

/// Normalises a page. The first row of a profile wins; the source's next page may say more.
pub fn normalise(rows: Vec<Row>, key: &HashKey, origin: Origin) -> Batch {
    let mut batch = Batch::default();
    // Both names of a profile are taken, so that neither comes twice.
    let mut seen: HashMap<(Platform, String), usize> = HashMap::with_capacity(rows.len() * 2);
    for Row { line, profile } in rows {
        let (lead, unknown) = match profile.and_then(|profile| lead(profile, key, origin)) {
            Ok(lead) => lead,
            Err(error) => {
                batch.bad.push(BadRow::new(line, error));
                continue;
            }
        };
        let by_id = (lead.platform, lead.external_id.clone());
        let by_name = (lead.platform, format!("@{}", lead.username));
        let known = seen.get(&by_id).or_else(|| seen.get(&by_name)).copied();
        let first = known.and_then(|n| Some((batch.leads.get(n)?, *batch.lines.get(n)?)));
        if let Some((other, other_line)) = first {
            if origin == Origin::List && page::are_two_people(&other.into(), &(&lead).into()) {
                let error = RowError::OtherPerson { line: other_line };
                batch.bad.push(BadRow::new(line, error));
                continue;
            }
            batch.duplicates += 1;
        }
        let n = known.unwrap_or(batch.leads.len());
        seen.entry(by_id).or_insert(n);
        seen.entry(by_name).or_insert(n);
        for field in unknown.iter() {
            *batch.unknown.entry(field).or_default() += 1;
        }
        if known.is_none() {
            batch.leads.push(lead);
            batch.lines.push(line);
        }
    }
    batch
}

/// The lead that a row is about, and which of its fields are unknown.
///
/// # Errors
/// When the row does not say who it is about.
pub fn lead(raw: RawProfile, key: &HashKey, origin: Origin) -> Result<(NewLead, Fields), RowError> {
    let mut unknown = raw.unknown;
    let bio = said(raw.bio.as_deref(), 4_000, Lines::Kept);
    let email = address(raw.email.as_deref(), bio.as_deref(), &mut unknown);
    let email = email.map(|address| {
        let hash = key.hash(&address);
        (address, hash)
    });
    let identity = identify(&raw, email.as_ref(), origin, &mut unknown)?;
    let given = raw.website.as_deref().filter(|text| !is_placeholder(text));
    let website = given.and_then(web_address);
    if given.is_some() && website.is_none() {
        unknown.insert(Field::Website);
    }
    let website = website.or(identity.website);
    let location = said(raw.location.as_deref(), 200, Lines::Joined);
    // In a field for the country "SD" is Sudan. "NA", "NR" and "NC" are more often "not given" there too.
    let says = |text: &&str| text.trim() == "SD" || !is_placeholder(text);
    let country = match raw.country.as_deref().filter(says) {
        Some(text) => named(text).or_else(|| {
            // What the list says and we cannot read is not replaced by a guess: the lawful basis hangs on it.
            unknown.insert(Field::Country);
            None
        }),
        None => country(location.as_deref(), website.as_ref(), email.as_ref()),
    };
    let lead = NewLead {
        platform: identity.platform,
        profile_url: identity.profile_url,
        external_id: identity.external_id,
        username: identity.username,
        name: raw.name.as_deref().and_then(name::shown),
        email,
        follower_count: raw.follower_count.filter(|n| *n >= 0),
        bio,
        verified: raw.verified,
        location,
        website: website.map(String::from).filter(|text| text.len() <= 500),
        country,
        language: raw.language.as_deref().and_then(language),
        raw: raw.raw.filter(storable),
    };
    Ok((lead, unknown))
}

/// A cleaned text that is no placeholder.
fn said(text: Option<&str>, limit: usize, lines: Lines) -> Option<String> {
    text.and_then(|text| clean(text, limit, lines))
        .filter(|text| !is_placeholder(text))
}

fn address(given: Option<&str>, bio: Option<&str>, unknown: &mut Fields) -> Option<EmailAddress> {
    let field = given.map_or(cell::Field::Nothing, cell::read);
    if field == cell::Field::Unreadable {
        unknown.insert(Field::Email);
    }
    match field {
        cell::Field::Address { first, .. } => Some(first),
        cell::Field::Nothing | cell::Field::Unreadable => bio.and_then(cell::in_text),
    }
}

/// The country as the location says, else as a national domain says.
fn country(
    location: Option<&str>,
    website: Option<&Url>,
    email: Option<&(EmailAddress, EmailHash)>,
) -> Option<Country> {
    location
        .and_then(country_of)
        .or_else(|| website.and_then(|url| country_of_host(url.host_str()?)))
        .or_else(|| email.and_then(|(address, _)| country_of_host(address.domain())))
}

/// Two letters of ISO 639-1, or a language's name; a service's words for "unknown" are none.
pub fn language(text: &str) -> Option<String> {
    let text = text.trim().to_lowercase();
    if let Some((code, _)) = LANGUAGES.iter().find(|(_, names)| names.contains(&&*text)) {
        return Some((*code).to_owned());
    }
    let code = text.get(..2)?;
    let whole = text.len() == 2 || matches!(text.as_bytes().get(2), Some(b'-' | b'_'));
    (whole && code.chars().all(|c| c.is_ascii_lowercase())).then(|| code.to_owned())
}

const LANGUAGES: &[(&str, &[&str])] = &[
    (
        "de",
        &[
            "german", "deutsch", "allemand", "alemán", "alemão", "tedesco", "duits",
        ],
    ),
    (
        "en",
        &[
            "english", "englisch", "anglais", "inglés", "inglês", "inglese", "engels",
        ],
    ),
    (
        "es",
        &[
            "spanish",
            "spanisch",
            "espagnol",
            "español",
            "castellano",
            "espanhol",
            "spagnolo",
            "spaans",
        ],
    ),
    (
        "fr",
        &[
            "french",
            "französisch",
            "français",
            "francés",
            "francês",
            "francese",
            "frans",
        ],
    ),
    (
        "it",
        &["italian", "italienisch", "italien", "italiano", "italiaans"],
    ),
    (
        "nl",
        &[
            "dutch",
            "niederländisch",
            "néerlandais",
            "neerlandés",
            "holandês",
            "olandese",
            "nederlands",
        ],
    ),
    ("pl", &["polish", "polnisch", "polonais", "polski"]),
    (
        "pt",
        &[
            "portuguese",
            "portugiesisch",
            "portugais",
            "portugués",
            "português",
            "portoghese",
            "portugees",
        ],
    ),
];

/// An http or https address with a public-looking host; `www.` and bare hosts get `https://`.
pub fn web_address(text: &str) -> Option<Url> {
    let text = text.trim();
    let url = if text.contains("://") {
        Url::parse(text).ok()?
    } else {
        Url::parse(&format!("https://{text}")).ok()?
    };
    let named = url.domain().is_some_and(|host| host.contains('.'));
    (matches!(url.scheme(), "http" | "https") && named && url.username().is_empty()).then_some(url)
}

#[cfg(test)]
mod tests;
