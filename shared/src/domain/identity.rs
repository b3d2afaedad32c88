//! Who a profile is: what a handle, an id and the address of a profile look like on each platform.
//!
//! Anything else is no identity. A wrong one would write one person's name and address over another's, so
//! what is not known to be an identity is none: row numbers, numbers that a spreadsheet has rounded, words of
//! a site's own paths.

mod address;

pub use address::{Profile, of_address};
use url::Url;

use super::{
    lead::Platform,
    text::{compatible, is_placeholder, is_unseen},
};

/// Who a profile is, as an address or a field says it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Who {
    /// By the name that the person has chosen; lower case.
    Handle(String),
    /// By the number that the platform gave.
    Id(String),
}

/// A handle as a list writes it, with or without `@`, or the address of the profile; lower case.
pub fn handle(platform: Platform, text: &str) -> Option<String> {
    let text = compatible(text);
    let text: String = text.trim().chars().filter(|c| !is_unseen(*c)).collect();
    if text.contains('/') {
        return match of_address(&text) {
            Some(Profile {
                platform: found,
                who: Who::Handle(name),
            }) if found == platform => Some(name),
            _ => None,
        };
    }
    let name = text.trim_start_matches('@').to_lowercase();
    is_handle(platform, &name).then_some(name)
}

/// A handle as the platform's own service writes it: there a person may well be called `null` or `12345`.
pub fn own_handle(platform: Platform, text: &str) -> Option<String> {
    let name = text.trim().trim_start_matches('@').to_lowercase();
    has_shape(platform, &name).then_some(name)
}

/// Whether a lower-case text is a handle and nothing else.
fn is_handle(platform: Platform, name: &str) -> bool {
    let shape = has_shape(platform, name) && !is_word_of_site(platform, name);
    shape && !is_number(name) && !PATHS.contains(&name) && !is_placeholder(name)
}

/// Whether a lower-case text can be a handle. It becomes part of an address and may stand in a mail's footer,
/// so only what the platform allows is let through: a list must not put an address or a sentence there.
fn has_shape(platform: Platform, name: &str) -> bool {
    let length = name.chars().count();
    let ascii = |extra: &str| {
        name.chars()
            .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || extra.contains(c))
    };
    if is_host(name) {
        return false;
    }
    match platform {
        // Names longer than 15 are from before that limit.
        Platform::X => (1..=20).contains(&length) && ascii("_"),
        Platform::Instagram => {
            let dots = name.starts_with('.') || name.ends_with('.') || name.contains("..");
            (1..=30).contains(&length) && ascii("._") && !dots
        }
        Platform::Facebook => {
            let dots = name.starts_with('.') || name.contains("..");
            (2..=100).contains(&length) && ascii("._-") && !dots
        }
        // A profile's own part of the address; letters of other scripts may stand in it.
        Platform::LinkedIn => {
            let odd = |c: char| !c.is_alphanumeric() && !"-_".contains(c);
            (3..=100).contains(&length) && !name.chars().any(odd)
        }
        Platform::Csv => {
            let odd = |c: char| {
                c.is_whitespace() || c.is_control() || is_unseen(c) || "/\\:;,?#<>@%\"".contains(c)
            };
            (1..=100).contains(&length) && !name.starts_with('.') && !name.chars().any(odd)
        }
    }
}

/// A number, however it is written: a row, an id in the wrong column, a count that a spreadsheet has rounded.
fn is_number(name: &str) -> bool {
    let digits = name.chars().any(|c| c.is_ascii_digit());
    let (mantissa, exponent) = name.split_once('e').unwrap_or((name, ""));
    let plain = |text: &str| {
        text.chars()
            .all(|c| c.is_ascii_digit() || ".,+-".contains(c))
    };
    digits && !mantissa.is_empty() && plain(mantissa) && plain(exponent)
}

/// A name that every mail program would make a link of.
fn is_host(name: &str) -> bool {
    let ends = [".com", ".net", ".org", ".php", ".html", ".htm", ".aspx"];
    name.starts_with("www.") || ends.iter().any(|end| name.ends_with(end))
}

/// Words of paths that are no person's name on any site.
const PATHS: &[&str] = &[
    "about",
    "account",
    "accounts",
    "edit",
    "http",
    "https",
    "index",
    "login",
    "logout",
    "profile",
    "profiles",
    "profile.php",
    "recent-activity",
    "search",
    "settings",
    "signup",
    "status",
    "user",
    "username",
    "users",
];

fn is_word_of_site(platform: Platform, name: &str) -> bool {
    match platform {
        Platform::X => address::X_WORDS.contains(&name),
        Platform::Instagram => address::INSTAGRAM_WORDS.contains(&name),
        Platform::Facebook => address::FACEBOOK_WORDS.contains(&name),
        Platform::LinkedIn => address::LINKEDIN_WORDS.contains(&name),
        Platform::Csv => false,
    }
}

/// The platform's number of a profile, as a list writes it. A list that names no platform has none: its numbers
/// count its own rows.
pub fn id(platform: Platform, text: &str) -> Option<String> {
    let text = compatible(text);
    let text = text.trim();
    if platform == Platform::LinkedIn && is_linkedin_id(text) {
        return Some(text.to_owned());
    }
    let longest = match platform {
        Platform::X => 19,
        Platform::Instagram | Platform::Facebook => 20,
        Platform::LinkedIn => 12,
        Platform::Csv => return None,
    };
    let digits = whole_number(text)?;
    ((1..=longest).contains(&digits.len()) && !digits.starts_with('0')).then(|| digits.to_owned())
}

/// Digits that say exactly one number: nothing that was rounded on its way through a spreadsheet or a data frame,
/// which keep 15 digits.
fn whole_number(text: &str) -> Option<&str> {
    const EXACT: usize = 15;
    let (digits, fraction) = text
        .split_once('.')
        .map_or((text, None), |(whole, rest)| (whole, Some(rest)));
    let all_digits = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
    if !all_digits
        || fraction.is_some_and(|rest| rest.is_empty() || rest.bytes().any(|b| b != b'0'))
    {
        return None;
    }
    let rounded = digits.len() > EXACT
        && (fraction.is_some()
            || digits
                .get(EXACT..)
                .is_some_and(|rest| rest.len() > 1 && rest.bytes().all(|b| b == b'0')));
    (!rounded).then_some(digits)
}

fn is_linkedin_id(text: &str) -> bool {
    let odd = |c: char| !c.is_ascii_alphanumeric() && !"-_".contains(c);
    (20..=60).contains(&text.len()) && text.starts_with("AC") && !text.chars().any(odd)
}

/// The platform's own address of a profile, so that one profile has one address. It is never joined from parts
/// that were not checked.
pub fn profile_url(platform: Platform, who: &Who) -> Option<String> {
    let base = match (platform, who) {
        (Platform::X, Who::Handle(_)) => "https://x.com/",
        (Platform::X, Who::Id(_)) => "https://x.com/i/user/",
        (Platform::Instagram, Who::Handle(_)) => "https://www.instagram.com/",
        (Platform::Facebook, Who::Handle(_)) => "https://www.facebook.com/",
        (Platform::LinkedIn, Who::Handle(_) | Who::Id(_)) => "https://www.linkedin.com/in/",
        (Platform::Facebook, Who::Id(id)) => {
            let mut url = Url::parse("https://www.facebook.com/profile.php").ok()?;
            url.query_pairs_mut().append_pair("id", id);
            return Some(url.into());
        }
        (Platform::Instagram, Who::Id(_)) | (Platform::Csv, _) => return None,
    };
    let (Who::Handle(name) | Who::Id(name)) = who;
    let mut url = Url::parse(base).ok()?;
    // One segment, encoded: whatever the name is, the address stays the platform's.
    url.path_segments_mut().ok()?.pop_if_empty().push(name);
    Some(url.into())
}

#[cfg(test)]
mod tests;
