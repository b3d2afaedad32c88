//! Who a row is about: the one platform, and the one id or name there, on which its cells agree.

use data_encoding::HEXLOWER;
use url::Url;

use super::{Field, Fields, RawProfile, RowError, web_address};
use crate::domain::{
    email::{EmailAddress, EmailHash},
    identity::{self, Profile as Found, Who},
    lead::{Origin, Platform},
    text::is_placeholder,
};

/// Who a row is about.
pub(super) struct Identity {
    pub(super) platform: Platform,
    pub(super) external_id: String,
    pub(super) username: String,
    pub(super) profile_url: Option<String>,
    /// An address that was given as the profile's and is the person's own site.
    pub(super) website: Option<Url>,
}

/// By handle, id or address of the profile on a platform; else, where a row has nothing but a mailbox, by its key.
/// A mailbox is no profile, so none is made up for it.
pub(super) fn identify(
    raw: &RawProfile,
    email: Option<&(EmailAddress, EmailHash)>,
    origin: Origin,
    unknown: &mut Fields,
) -> Result<Identity, RowError> {
    let given_url = raw
        .profile_url
        .as_deref()
        .filter(|text| !is_placeholder(text));
    let says = |text: &&str| {
        !text.trim().is_empty() && (origin == Origin::Service || !is_placeholder(text))
    };
    let given_name = raw.username.as_deref().filter(says);
    let found = given_url
        .and_then(identity::of_address)
        .or_else(|| identity::of_address(given_name.filter(|name| name.contains('/'))?));
    let said = raw.platform.filter(|platform| *platform != Platform::Csv);
    let on = |platform| {
        given_name.and_then(|name| match origin {
            Origin::Service => identity::own_handle(platform, name),
            Origin::List => identity::handle(platform, name),
        })
    };
    let platform = match (said, &found) {
        (Some(platform), Some(found)) if found.platform != platform && on(platform).is_none() => {
            found.platform
        }
        (Some(platform), _) => platform,
        (None, Some(found)) => found.platform,
        (None, None) => Platform::Csv,
    };
    let found = found
        .filter(|found| found.platform == platform)
        .map(|found: Found| found.who);
    let handle = on(platform);
    if given_name.is_some() && handle.is_none() && found.is_none() {
        unknown.insert(Field::Username);
    }
    let id = external_id(raw, platform, origin, unknown);
    let (handle, id, who) = match (handle, id, found) {
        (Some(name), id, Some(Who::Handle(other))) if name != other && origin == Origin::List => {
            // Where the platform follows from the address alone, so does the name.
            if said.is_some() {
                return Err(RowError::TwoProfiles);
            }
            (Some(other.clone()), id, Who::Handle(other))
        }
        (Some(name), id, None | Some(Who::Handle(_))) => {
            (Some(name.clone()), id, Who::Handle(name))
        }
        (None, id, Some(Who::Handle(name))) => (Some(name.clone()), id, Who::Handle(name)),
        (Some(name), _, Some(Who::Id(id))) if said.is_some() => {
            (Some(name.clone()), Some(id), Who::Handle(name))
        }
        (_, _, Some(Who::Id(id))) => (Some(id.to_lowercase()), Some(id.clone()), Who::Id(id)),
        // Facebook's numbers lead to the profile as its names do.
        (None, Some(id), None) if platform == Platform::Facebook => {
            (Some(id.clone()), Some(id.clone()), Who::Id(id))
        }
        (None, _, None) => return by_mailbox(email, given_url, *unknown),
    };
    let username = handle.unwrap_or_default();
    let profile_url = match platform {
        Platform::Csv => given_url.and_then(web_address).map(String::from),
        Platform::X | Platform::Instagram | Platform::Facebook | Platform::LinkedIn => {
            identity::profile_url(platform, &who)
        }
    };
    Ok(Identity {
        platform,
        external_id: id.unwrap_or_else(|| format!("@{username}")),
        username,
        profile_url,
        website: None,
    })
}

fn by_mailbox(
    email: Option<&(EmailAddress, EmailHash)>,
    given_url: Option<&str>,
    unknown: Fields,
) -> Result<Identity, RowError> {
    let Some((_, hash)) = email else {
        return Err(match unknown.contains(Field::Username) {
            true => RowError::Username,
            false => RowError::Unidentified,
        });
    };
    let username = format!("mail-{}", HEXLOWER.encode(&hash.0[..8]));
    let own_site = |url: &Url| {
        let hosts = [
            "x.com",
            "twitter.com",
            "instagram.com",
            "facebook.com",
            "linkedin.com",
        ];
        url.domain()
            .is_some_and(|host| !hosts.iter().any(|known| host.ends_with(known)))
    };
    Ok(Identity {
        platform: Platform::Csv,
        external_id: format!("@{username}"),
        username,
        profile_url: None,
        website: given_url.and_then(web_address).filter(own_site),
    })
}

/// What a service says is its id; what a list says is checked.
fn external_id(
    raw: &RawProfile,
    platform: Platform,
    origin: Origin,
    unknown: &mut Fields,
) -> Option<String> {
    let text = raw
        .external_id
        .as_deref()
        .map(str::trim)
        .filter(|text| !is_placeholder(text))?;
    let odd = text.len() > 200 || text.chars().any(char::is_control) || text.starts_with('@');
    let id = match origin {
        Origin::Service => (!odd).then(|| text.to_owned()),
        Origin::List => identity::id(platform, text),
    };
    // The numbers of a list that names no platform are not looked at.
    if id.is_none() && platform != Platform::Csv {
        unknown.insert(Field::Id);
    }
    id
}
