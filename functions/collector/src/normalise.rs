//! From what a source says to a lead that can be stored: trimmed, checked, bounded, once each.

use std::collections::HashSet;

use data_encoding::HEXLOWER;
use serde_json::Value;
use shared::domain::{
    content::is_invisible,
    country::Country,
    email::{EmailAddress, EmailHash, HashKey},
    lead::{NewLead, Platform},
    places,
};
use url::Url;

use crate::{
    report::BadRow,
    sources::{RawProfile, Row},
};

/// A page, ready to be stored.
#[derive(Debug, Default)]
pub(crate) struct Batch {
    /// Each profile once.
    pub(crate) leads: Vec<NewLead>,
    /// What could not be used.
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
            Err(reason) => batch.bad.push(BadRow { line, reason }),
        }
    }
    batch
}

/// One profile, or what is wrong with it. The reason never quotes a value.
fn lead(raw: RawProfile, key: &HashKey) -> Result<NewLead, String> {
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
        Some(text) => Some(EmailAddress::parse(text).map_err(|e| format!("email: {e}"))?),
        None => bio.as_deref().and_then(address_in),
    };
    let email = email.map(|address| {
        let hash = key.hash(&address);
        (address, hash)
    });
    let given_url = raw.profile_url.as_deref().and_then(web_address);
    let username = username(raw.username.as_deref(), given_url.as_ref(), email.as_ref())?;
    let external_id = match raw.external_id.as_deref().map(str::trim) {
        None | Some("") => format!("@{username}"),
        Some(id) if id.len() > 200 || id.chars().any(char::is_control) || id.starts_with('@') => {
            return Err("id: it is longer than 200 characters or has odd ones".to_owned());
        }
        Some(id) => id.to_owned(),
    };
    if raw.follower_count.is_some_and(|n| n < 0) {
        return Err("followers: it is negative".to_owned());
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
    given: Option<&str>,
    url: Option<&Url>,
    email: Option<&(EmailAddress, EmailHash)>,
) -> Result<String, String> {
    let given = given
        .map(|text| text.trim().trim_start_matches('@'))
        .filter(|t| !t.is_empty());
    if let Some(text) = given {
        let name = text.to_lowercase();
        let odd = |c: char| c.is_whitespace() || c.is_control() || is_invisible(c);
        if name.chars().count() > 100 || name.chars().any(odd) || name.starts_with('@') {
            return Err("username: it has spaces or odd characters, or is too long".to_owned());
        }
        return Ok(name);
    }
    let last_part = url.and_then(|url| {
        let part = url.path_segments()?.rfind(|part| !part.is_empty())?;
        Some(part.trim_start_matches('@').to_lowercase()).filter(|p| (1..=100).contains(&p.len()))
    });
    last_part
        .or_else(|| email.map(|(_, hash)| format!("mail-{}", HEXLOWER.encode(&hash.0[..8]))))
        .ok_or_else(|| "it names no username, profile url or email".to_owned())
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
    Url::parse(base)
        .and_then(|base| base.join(username))
        .ok()
        .map(String::from)
}

/// Country as given, else as the location says, else as a national domain says.
fn country(
    given: Option<&str>,
    location: Option<&str>,
    website: Option<&Url>,
    email: Option<&(EmailAddress, EmailHash)>,
) -> Option<Country> {
    let given = given.and_then(|text| text.parse().ok().or_else(|| places::country_of(text)));
    given
        .or_else(|| location.and_then(places::country_of))
        .or_else(|| website.and_then(|url| places::country_of_host(url.host_str()?)))
        .or_else(|| email.and_then(|(address, _)| places::country_of_host(address.domain())))
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

/// Small enough, and without the one character that PostgreSQL cannot store.
fn storable(raw: &Value) -> bool {
    let text = raw.to_string();
    text.len() <= 8 * 1024 && !text.contains("\\u0000") && stored_size(raw) <= 16 * 1024
}

/// At most what `raw` takes as jsonb, where a number of one digit takes twelve bytes: what is a
/// small text is not always a small value, and one row that is refused would cost its page.
fn stored_size(raw: &Value) -> usize {
    /// An entry's place in its container, and what aligns it.
    const ENTRY: usize = 8;
    match raw {
        Value::Null | Value::Bool(_) => ENTRY,
        Value::Number(number) if number.is_f64() => ENTRY + 200,
        Value::Number(_) => ENTRY + 20,
        Value::String(text) => ENTRY + text.len(),
        Value::Array(items) => ENTRY + 8 + items.iter().map(stored_size).sum::<usize>(),
        Value::Object(fields) => {
            let field = |(name, value): (&String, &Value)| ENTRY + name.len() + stored_size(value);
            ENTRY + 8 + fields.iter().map(field).sum::<usize>()
        }
    }
}

#[cfg(test)]
mod tests;
