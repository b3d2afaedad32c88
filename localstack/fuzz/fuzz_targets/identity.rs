//! Handles, ids and profile addresses: what is accepted stays what it is, and leads to its platform.
#![no_main]

use libfuzzer_sys::fuzz_target;
use shared::domain::{identity, lead::Platform};

const SITES: &[(Platform, &str)] = &[
    (Platform::X, "x.com"),
    (Platform::Instagram, "instagram.com"),
    (Platform::Facebook, "facebook.com"),
    (Platform::LinkedIn, "linkedin.com"),
];

fuzz_target!(|text: &str| {
    for (platform, site) in SITES {
        if let Some(handle) = identity::handle(*platform, text) {
            assert_eq!(
                identity::own_handle(*platform, &handle).as_ref(),
                Some(&handle)
            );
            leads_to(*platform, site, &identity::Who::Handle(handle));
        }
        if let Some(id) = identity::id(*platform, text) {
            assert_eq!(identity::id(*platform, &id).as_ref(), Some(&id));
        }
    }
    if let Some(found) = identity::of_address(text) {
        if let Some((platform, site)) = SITES.iter().find(|(known, _)| *known == found.platform) {
            leads_to(*platform, site, &found.who);
        }
    }
});

fn leads_to(platform: Platform, site: &str, who: &identity::Who) {
    let Some(address) = identity::profile_url(platform, who) else {
        return;
    };
    let rest = address
        .strip_prefix("https://")
        .expect("it is a secure address");
    let (host, path) = rest.split_once('/').expect("it has a path");
    assert!(
        host == site
            || host
                .strip_suffix(site)
                .is_some_and(|sub| sub.ends_with('.'))
    );
    // Facebook's numbers stand in a query.
    let path = match path.strip_prefix("profile.php?id=") {
        Some(id) => id,
        None => path,
    };
    assert!(
        !path.contains("..") && !path.contains(['?', '#', '\\', ' ']),
        "{path}"
    );
}
