//! Addresses of profiles, platform by platform.

use url::Url;

use super::{Who, is_handle, is_linkedin_id};
use crate::domain::lead::Platform;

/// A profile that an address leads to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Profile {
    pub platform: Platform,
    pub who: Who,
}

/// The profile that an address leads to, with or without `https://`; `None` if it leads to a page of the site, to
/// several people, or elsewhere.
pub fn of_address(text: &str) -> Option<Profile> {
    let text = text.trim();
    let url = match text.contains("://") {
        true => Url::parse(text).ok()?,
        false => Url::parse(&format!("https://{}", text.trim_start_matches('/'))).ok()?,
    };
    if !matches!(url.scheme(), "http" | "https")
        || !url.username().is_empty()
        || url.port().is_some()
    {
        return None;
    }
    let host = url.host_str()?.trim_end_matches('.').to_ascii_lowercase();
    let platform = platform_of(&host)?;
    let path: Vec<String> = url.path_segments()?.map(decoded).collect::<Option<_>>()?;
    let path: Vec<&str> = path
        .iter()
        .map(String::as_str)
        .filter(|part| !part.is_empty())
        .collect();
    // No name holds what leads out of a folder.
    if path
        .iter()
        .any(|part| part.contains(['/', '\\']) || *part == ".." || *part == ".")
    {
        return None;
    }
    let who = match platform {
        Platform::X => x(&path, &url),
        Platform::Instagram => instagram(&path),
        Platform::Facebook => facebook(&path, &url),
        Platform::LinkedIn => linkedin(&path),
        Platform::Csv => None,
    }?;
    let unfilled = matches!(&who, Who::Handle(name) if UNFILLED.contains(&name.as_str()));
    (!unfilled).then_some(Profile { platform, who })
}

/// What programs put into an address where they have no name to put there.
const UNFILLED: &[&str] = &["null", "undefined", "none", "nan"];

/// The platform at a host, whatever its language or device.
fn platform_of(host: &str) -> Option<Platform> {
    let is = |domain: &str| {
        host.strip_suffix(domain).is_some_and(|front| {
            let front = front.strip_suffix('.').unwrap_or(front);
            let language = front.len() <= 5 && front.split('-').all(|part| part.len() == 2);
            front.is_empty()
                || matches!(
                    front,
                    "www" | "m" | "mobile" | "web" | "touch" | "mbasic" | "business"
                )
                || language
        }) && (host.len() == domain.len() || host.ends_with(&format!(".{domain}")))
    };
    match () {
        () if is("x.com") || is("twitter.com") => Some(Platform::X),
        () if is("instagram.com") => Some(Platform::Instagram),
        () if is("facebook.com") || is("fb.com") => Some(Platform::Facebook),
        () if is("linkedin.com") => Some(Platform::LinkedIn),
        () => None,
    }
}

/// A part of a path without percent signs; `None` if it is no text.
fn decoded(part: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(part.len());
    let mut rest = part.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let digits = [rest.next()?, rest.next()?];
        let digits = std::str::from_utf8(&digits).ok()?;
        bytes.push(u8::from_str_radix(digits, 16).ok()?);
    }
    String::from_utf8(bytes).ok()
}

fn handle(platform: Platform, part: &str) -> Option<Who> {
    let name = part.trim().trim_start_matches('@').to_lowercase();
    is_handle(platform, &name).then_some(Who::Handle(name))
}

/// A number that the platform gave. Short ones are pages, rows and counts.
fn number(text: &str) -> Option<Who> {
    let digits = (5..=20).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
    (digits && !text.starts_with('0')).then(|| Who::Id(text.to_owned()))
}

fn parameter(url: &Url, name: &str) -> Option<String> {
    let mut pairs = url.query_pairs();
    pairs
        .find(|(key, _)| key == name)
        .map(|(_, value)| value.into_owned())
}

fn x(path: &[&str], url: &Url) -> Option<Who> {
    match path {
        ["i", "user", id] => number(id),
        ["intent", ..] => parameter(url, "screen_name")
            .and_then(|name| handle(Platform::X, &name))
            .or_else(|| number(&parameter(url, "user_id")?)),
        ["#!", name] | [name, ..] => handle(Platform::X, name),
        [] => None,
    }
}

fn instagram(path: &[&str]) -> Option<Who> {
    match path {
        ["stories" | "_u" | "_n", "highlights", ..] => None,
        ["stories" | "_u", name, ..] | [name, ..] => handle(Platform::Instagram, name),
        [] => None,
    }
}

fn facebook(path: &[&str], url: &Url) -> Option<Who> {
    match path {
        ["profile.php", ..] => number(&parameter(url, "id")?),
        ["pages", "category", _, page] | ["p", page, ..] => number(page.rsplit_once('-')?.1),
        ["people" | "pages", _, id, ..] => number(id),
        ["pg", name, ..] => handle(Platform::Facebook, name),
        [id, ..] if number(id).is_some() => number(id),
        [name, ..] => handle(Platform::Facebook, name),
        [] => None,
    }
}

fn linkedin(path: &[&str]) -> Option<Who> {
    match path {
        // The page in another language, or what the person did lately, is the same person's.
        ["in", id, ..] if is_linkedin_id(id) => Some(Who::Id((*id).to_owned())),
        ["in", name, ..] => handle(Platform::LinkedIn, name),
        ["pub", name] => handle(Platform::LinkedIn, name),
        _ => None,
    }
}

/// Words of the sites' own paths, which are no person's handle there.
pub(super) const X_WORDS: &[&str] = &[
    "home",
    "i",
    "explore",
    "intent",
    "share",
    "hashtag",
    "messages",
    "notifications",
    "compose",
    "jobs",
    "tos",
    "privacy",
    "download",
    "lists",
    "bookmarks",
    "communities",
    "followers",
    "following",
    "premium",
    "widgets",
];
pub(super) const INSTAGRAM_WORDS: &[&str] = &[
    "p",
    "reel",
    "reels",
    "tv",
    "explore",
    "stories",
    "direct",
    "developer",
    "legal",
    "web",
    "directory",
    "challenge",
    "s",
    "ar",
    "emails",
    "session",
    "create",
    "nametag",
    "oauth",
    "api",
    "terms",
    "privacy",
    "press",
    "igtv",
    "tags",
    "locations",
    "popular",
    "followers",
    "following",
];
pub(super) const FACEBOOK_WORDS: &[&str] = &[
    "groups",
    "events",
    "watch",
    "marketplace",
    "sharer",
    "sharer.php",
    "share",
    "share.php",
    "photo",
    "photo.php",
    "photos",
    "story.php",
    "permalink.php",
    "home.php",
    "hashtag",
    "gaming",
    "reel",
    "reels",
    "messages",
    "help",
    "media",
    "dialog",
    "business",
    "policies",
    "ads",
    "l.php",
    "public",
    "plugins",
    "video",
    "videos",
    "watch.php",
    "people",
    "pages",
    "pg",
    "p",
    "stories",
    "notes",
    "posts",
    "friends",
    "privacy",
    "terms",
    "legal",
    "me",
    "login.php",
    "profile.php",
    "groups.php",
    "directory",
    "games",
    "live",
    "places",
    "topic",
    "i",
    "dialog.php",
];
pub(super) const LINKEDIN_WORDS: &[&str] = &[
    "recent-activity",
    "detail",
    "details",
    "overlay",
    "company",
    "school",
    "groups",
    "feed",
    "jobs",
    "learning",
    "pulse",
    "posts",
    "sales",
    "talent",
    "showcase",
    "pub",
    "dir",
    "help",
    "legal",
    "mynetwork",
    "messaging",
    "notifications",
    "contact-info",
    "in",
    "unavailable",
];
