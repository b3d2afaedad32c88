//! From a source's row to a lead that can be stored: trimmed, checked, bounded, once each.

use std::{
    collections::HashSet,
    io::{self, Write},
};

use data_encoding::HEXLOWER;
use serde::Serialize;
use serde_json::{Value, ser::Formatter};
use shared::domain::{
    content::is_invisible,
    country::Country,
    email::{EmailAddress, EmailHash, HashKey},
    lead::{NewLead, Platform},
};
use url::Url;

use crate::{
    country::{country_of, country_of_host},
    report::BadRow,
    sources::{RawProfile, Row, RowError},
};

/// A page, ready to be stored.
#[derive(Debug, Default)]
pub(crate) struct Batch {
    /// Each profile once.
    pub(crate) leads: Vec<NewLead>,
    pub(crate) bad: Vec<BadRow>,
    /// Rows that named a profile again.
    pub(crate) duplicates: usize,
}

/// Normalises a page. The first row of a profile wins; the source's next page may say more.
pub(crate) fn normalise(rows: Vec<Row>, key: &HashKey) -> Batch {
    let mut batch = Batch::default();
    let mut seen = HashSet::new();
    for Row { line, profile } in rows {
        match profile.and_then(|profile| lead(profile, key)) {
            Ok(lead) => {
                let by_id = (lead.platform, lead.external_id.clone());
                let by_name = (lead.platform, format!("@{}", lead.username));
                // Both names are taken, so that neither comes twice.
                let fresh = !seen.contains(&by_id) && !seen.contains(&by_name);
                seen.insert(by_id);
                seen.insert(by_name);
                if fresh {
                    batch.leads.push(lead);
                } else {
                    batch.duplicates += 1;
                }
            }
            Err(error) => batch.bad.push(BadRow { line, error }),
        }
    }
    batch
}

fn lead(raw: RawProfile, key: &HashKey) -> Result<NewLead, RowError> {
    let platform = raw.platform.unwrap_or(Platform::Csv);
    let bio = raw
        .bio
        .as_deref()
        .and_then(|text| text_of(text, 4_000, true));
    let email = match raw
        .email
        .as_deref()
        .map(str::trim)
        .filter(|text| !text.is_empty())
    {
        Some(text) => Some(EmailAddress::parse(text).map_err(RowError::Email)?),
        None => bio.as_deref().and_then(address_in),
    };
    let email = email.map(|address| {
        let hash = key.hash(&address);
        (address, hash)
    });
    let given_url = raw.profile_url.as_deref().and_then(web_address);
    let username = username(
        platform,
        raw.username.as_deref(),
        given_url.as_ref(),
        email.as_ref(),
    )?;
    let external_id = match raw.external_id.as_deref().map(str::trim) {
        None | Some("") => format!("@{username}"),
        Some(id) if id.len() > 200 || id.chars().any(char::is_control) || id.starts_with('@') => {
            return Err(RowError::Id);
        }
        Some(id) => id.to_owned(),
    };
    if raw.follower_count.is_some_and(|n| n < 0) {
        return Err(RowError::NegativeFollowers);
    }
    let website = raw.website.as_deref().and_then(web_address);
    let location = raw
        .location
        .as_deref()
        .and_then(|text| text_of(text, 200, false));
    let country = country(
        raw.country.as_deref(),
        location.as_deref(),
        website.as_ref(),
        email.as_ref(),
    );
    Ok(NewLead {
        platform,
        profile_url: profile_url(platform, &username, given_url),
        external_id,
        username,
        name: raw
            .name
            .as_deref()
            .and_then(|text| text_of(text, 200, false)),
        email,
        follower_count: raw.follower_count,
        bio,
        verified: raw.verified,
        location,
        website: website.map(String::from).filter(|text| text.len() <= 500),
        country,
        language: raw.language.as_deref().and_then(language),
        raw: raw.raw.filter(storable),
    })
}

/// Lower case, without `@`: given, or the last part of the profile's address, or derived from the
/// mailbox's key where a list has nothing but addresses.
fn username(
    platform: Platform,
    given: Option<&str>,
    url: Option<&Url>,
    email: Option<&(EmailAddress, EmailHash)>,
) -> Result<String, RowError> {
    let given = given
        .map(|text| text.trim().trim_start_matches('@'))
        .filter(|text| !text.is_empty());
    if let Some(text) = given {
        let name = text.to_lowercase();
        return is_username(platform, &name)
            .then_some(name)
            .ok_or(RowError::Username);
    }
    let last_part = url.and_then(|url| {
        let part = url.path_segments()?.rfind(|part| !part.is_empty())?;
        Some(part.trim_start_matches('@').to_lowercase()).filter(|name| is_username(platform, name))
    });
    last_part
        .or_else(|| email.map(|(_, hash)| format!("mail-{}", HEXLOWER.encode(&hash.0[..8]))))
        .ok_or(RowError::Unidentified)
}

/// Whether a lower-case text can be a username. It becomes part of an address and stands in the mail's
/// footer, so of a platform's name only what the platform allows is let through: a list must not put
/// an address or a sentence there.
fn is_username(platform: Platform, name: &str) -> bool {
    let length = name.chars().count();
    let ascii = |extra: &str| {
        name.chars()
            .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || extra.contains(c))
    };
    match platform {
        // Names longer than 15 are from before that limit.
        Platform::X => (1..=20).contains(&length) && ascii("_"),
        Platform::Instagram => (1..=30).contains(&length) && ascii("._") && !is_host(name),
        Platform::Facebook => (1..=100).contains(&length) && ascii("._-") && !is_host(name),
        // A profile's own part of the address, where other scripts are percent-encoded.
        Platform::LinkedIn => {
            let odd = |c: char| !c.is_alphanumeric() && !"-_%".contains(c);
            (1..=100).contains(&length) && !name.chars().any(odd)
        }
        Platform::Csv => {
            let odd = |c: char| {
                c.is_whitespace() || c.is_control() || is_invisible(c) || "/\\:?#<>".contains(c)
            };
            (1..=100).contains(&length) && !name.starts_with('@') && !name.chars().any(odd)
        }
    }
}

/// A name that every mail program would make a link of.
fn is_host(name: &str) -> bool {
    name.starts_with("www.")
        || name.ends_with(".com")
        || name.ends_with(".net")
        || name.ends_with(".org")
}

/// The platform's own address of a profile, so that one profile has one address.
fn profile_url(platform: Platform, username: &str, given: Option<Url>) -> Option<String> {
    let base = match platform {
        Platform::X => "https://x.com/",
        Platform::Instagram => "https://www.instagram.com/",
        Platform::Facebook => "https://www.facebook.com/",
        Platform::LinkedIn => "https://www.linkedin.com/in/",
        Platform::Csv => return given.map(String::from),
    };
    let mut url = Url::parse(base).ok()?;
    // One segment, encoded: whatever the name is, the address stays the platform's.
    url.path_segments_mut().ok()?.pop_if_empty().push(username);
    Some(url.into())
}

/// Country as given, else as the location says, else as a national domain says.
fn country(
    given: Option<&str>,
    location: Option<&str>,
    website: Option<&Url>,
    email: Option<&(EmailAddress, EmailHash)>,
) -> Option<Country> {
    let given = given.and_then(|text| text.parse().ok().or_else(|| country_of(text)));
    given
        .or_else(|| location.and_then(country_of))
        .or_else(|| website.and_then(|url| country_of_host(url.host_str()?)))
        .or_else(|| email.and_then(|(address, _)| country_of_host(address.domain())))
}

/// Two letters of ISO 639-1; a service's words for "unknown" are none.
fn language(text: &str) -> Option<String> {
    let code = text.trim().get(..2)?.to_ascii_lowercase();
    let whole =
        text.trim().len() == 2 || matches!(text.trim().as_bytes().get(2), Some(b'-' | b'_'));
    (whole && code.chars().all(|c| c.is_ascii_lowercase())).then_some(code)
}

/// An http or https address with a public-looking host; `www.` and bare hosts get `https://`.
fn web_address(text: &str) -> Option<Url> {
    let text = text.trim();
    let url = if text.contains("://") {
        Url::parse(text).ok()?
    } else {
        Url::parse(&format!("https://{text}")).ok()?
    };
    let named = url.domain().is_some_and(|host| host.contains('.'));
    (matches!(url.scheme(), "http" | "https") && named && url.username().is_empty()).then_some(url)
}

/// A text without control and invisible characters, at most `limit` characters; `None` if nothing
/// is left of it.
fn text_of(text: &str, limit: usize, lines: bool) -> Option<String> {
    // Where a list was written must not make a bio another one.
    let text = text.replace("\r\n", "\n");
    let kept = text.chars().filter_map(|c| match c {
        '\n' if lines => Some(c),
        c if c.is_whitespace() => Some(' '),
        c if c.is_control() || is_invisible(c) => None,
        c => Some(c),
    });
    let text: String = kept.take(limit).collect();
    let text = text.trim();
    (!text.is_empty()).then(|| text.to_owned())
}

/// The first address a bio shows plainly. One that is spelt out (`ana at example dot org`) says
/// that its owner does not want it collected, and is left alone.
fn address_in(bio: &str) -> Option<EmailAddress> {
    let parts = bio.split(|c: char| c.is_whitespace() || ",;|<>()[]{}\"•·".contains(c));
    parts
        .filter(|part| part.contains('@') && !part.starts_with('@'))
        .map(|part| part.rsplit(':').next().unwrap_or(part))
        .map(|part| part.trim_matches(|c: char| !c.is_alphanumeric()))
        .find_map(|part| EmailAddress::parse(part).ok())
}

/// Longest `leads.raw`, as PostgreSQL prints it: its check constraint is the same.
const RAW: usize = 16 * 1024;

/// Small enough, and without the one character that PostgreSQL cannot store. One row that the database
/// refuses would cost its page.
fn storable(raw: &Value) -> bool {
    let text = printed(raw);
    text.len() <= RAW && !text.contains("\\u0000")
}

/// A value as PostgreSQL prints `jsonb`, or longer by a few digits.
fn printed(raw: &Value) -> String {
    let mut text = Vec::new();
    let mut serializer = serde_json::Serializer::with_formatter(&mut text, Printed);
    // A value of JSON written into memory cannot fail; one that did would be too long.
    match raw.serialize(&mut serializer) {
        Ok(()) => String::from_utf8(text).unwrap_or_default(),
        Err(_) => "\\u0000".to_owned(),
    }
}

/// PostgreSQL puts a blank after each `,` and `:` and writes numbers without exponents.
struct Printed;

impl Formatter for Printed {
    fn begin_array_value<W: ?Sized + Write>(&mut self, w: &mut W, first: bool) -> io::Result<()> {
        w.write_all(if first { b"" } else { b", " })
    }

    fn begin_object_key<W: ?Sized + Write>(&mut self, w: &mut W, first: bool) -> io::Result<()> {
        w.write_all(if first { b"" } else { b", " })
    }

    fn begin_object_value<W: ?Sized + Write>(&mut self, w: &mut W) -> io::Result<()> {
        w.write_all(b": ")
    }

    fn write_f64<W: ?Sized + Write>(&mut self, w: &mut W, value: f64) -> io::Result<()> {
        let point = if value.fract() == 0.0 { ".0" } else { "" };
        write!(w, "{value}{point}")
    }
}

#[cfg(test)]
mod tests;
