use proptest::prelude::*;

use super::*;

#[track_caller]
fn leads_to(address: &str, platform: Platform, who: Who) {
    assert_eq!(
        of_address(address),
        Some(Profile { platform, who }),
        "{address}"
    );
}

fn named(name: &str) -> Who {
    Who::Handle(name.to_owned())
}

fn numbered(id: &str) -> Who {
    Who::Id(id.to_owned())
}

#[test]
fn address_of_profile_gives_its_owner() {
    use Platform::{Facebook, Instagram, LinkedIn, X};
    leads_to(
        "https://x.com/Nora_Wiik/status/1900000000000000001",
        X,
        named("nora_wiik"),
    );
    leads_to(
        "https://twitter.com/@nora_wiik?lang=de",
        X,
        named("nora_wiik"),
    );
    leads_to(
        "mobile.twitter.com/nora_wiik/with_replies",
        X,
        named("nora_wiik"),
    );
    leads_to(
        "https://x.com/i/user/1900000000000000001",
        X,
        numbered("1900000000000000001"),
    );
    leads_to(
        "https://x.com/intent/follow?screen_name=nora_wiik",
        X,
        named("nora_wiik"),
    );
    leads_to(
        "https://twitter.com/intent/user?user_id=77001",
        X,
        numbered("77001"),
    );
    leads_to(
        "https://www.instagram.com/mila.runs/?igshid=abc",
        Instagram,
        named("mila.runs"),
    );
    leads_to(
        "http://instagram.com/stories/mila.runs/123/",
        Instagram,
        named("mila.runs"),
    );
    leads_to(
        "https://instagram.com/mila.runs/p/Cabc/",
        Instagram,
        named("mila.runs"),
    );
    leads_to(
        "https://www.facebook.com/profile.php?id=100000000000011&sk=about",
        Facebook,
        numbered("100000000000011"),
    );
    leads_to(
        "https://www.facebook.com/people/Ana-Sele/100000000000013/",
        Facebook,
        numbered("100000000000013"),
    );
    leads_to(
        "https://www.facebook.com/p/Ana-Fit-61550000000011/",
        Facebook,
        numbered("61550000000011"),
    );
    leads_to(
        "https://de-de.facebook.com/ana.sele/posts/12",
        Facebook,
        named("ana.sele"),
    );
    leads_to(
        "m.facebook.com/100000000000011",
        Facebook,
        numbered("100000000000011"),
    );
    leads_to(
        "https://www.linkedin.com/in/joao-perdiz-000000/recent-activity/",
        LinkedIn,
        named("joao-perdiz-000000"),
    );
    leads_to(
        "https://de.linkedin.com/in/peer-lund/de?trk=x",
        LinkedIn,
        named("peer-lund"),
    );
    leads_to(
        "linkedin.com/in/jos%C3%A9-mar%C3%ADa",
        LinkedIn,
        named("josé-maría"),
    );
    leads_to(
        "https://www.linkedin.com/in/ACoAAB1234567890abcdefghijkl",
        LinkedIn,
        numbered("ACoAAB1234567890abcdefghijkl"),
    );
}

#[test]
fn other_address_leads_to_nobody() {
    for address in [
        "",
        "nope",
        "https://example.org/ana",
        "https://x.com",
        "https://x.com/home",
        "https://x.com/i/lists/12",
        "https://x.com/search?q=ana",
        "https://x.com/hashtag/run",
        "https://x.com/1900000000000000001",
        "https://x.com.evil.example/ana",
        "https://evilx.com/ana",
        "https://ana@x.com/ana",
        "ftp://x.com/ana",
        "https://www.instagram.com/p/Cabc/",
        "https://www.instagram.com/reel/Cabc/",
        "https://www.instagram.com/explore/tags/run",
        "https://www.instagram.com/stories/highlights/123/",
        "https://www.instagram.com/../../settings",
        "https://www.instagram.com/%2e%2e/settings",
        "https://www.instagram.com/accounts/edit",
        "https://www.facebook.com/profile.php",
        "https://www.facebook.com/profile.php?id=",
        "https://www.facebook.com/profile.php?id=1.0E%2B14",
        "https://www.facebook.com/groups/12345678",
        "https://www.facebook.com/sharer/sharer.php?u=x",
        "https://www.facebook.com/share/abc",
        "https://www.facebook.com/people/Ana/",
        "https://www.linkedin.com/company/example",
        "https://www.linkedin.com/sales/lead/ACwAAA,NAME_SEARCH",
        "https://www.linkedin.com/in/",
        "https://www.linkedin.com/in/de",
        "https://www.linkedin.com/feed/",
        "https://www.linkedin.com/pub/ana/1/2/3",
        "https://x.com:8080/ana",
        "javascript:alert(1)",
        "https://www.tiktok.com/@ana",
    ] {
        assert_eq!(of_address(address), None, "{address}");
    }
}

#[track_caller]
fn check(platform: Platform, text: &str, expected: Option<&str>) {
    assert_eq!(
        handle(platform, text).as_deref(),
        expected,
        "{platform} {text}"
    );
}

#[test]
fn handle_is_what_its_platform_allows() {
    check(Platform::X, "@Ana_Fit1", Some("ana_fit1"));
    check(Platform::X, "https://x.com/ana", Some("ana"));
    check(Platform::X, "https://instagram.com/ana", None);
    check(Platform::Instagram, "ana.fit", Some("ana.fit"));
    check(Platform::Instagram, "Ａna", Some("ana"));
    check(Platform::Facebook, "ana.fit-2", Some("ana.fit-2"));
    check(Platform::LinkedIn, "josé-maría-1", Some("josé-maría-1"));
    check(Platform::Csv, "anything.goes", Some("anything.goes"));
    for platform in [
        Platform::X,
        Platform::Instagram,
        Platform::Facebook,
        Platform::LinkedIn,
        Platform::Csv,
    ] {
        for text in [
            "",
            "@",
            "1",
            "42",
            "1.9E+18",
            "1,9e+18",
            "1900000000000000001",
            "51000000001.0",
            "profile.php",
            "recent-activity",
            "../../settings",
            "..",
            "ana@example.org",
            "www.evil.example",
            "evil.com",
            "//evil.example/x",
            "a?b",
            "two words",
            "null",
            "#N/A",
            "undefined",
            "n. A.",
            "https://evil.example",
            "-",
        ] {
            check(platform, text, None);
        }
    }
    check(Platform::LinkedIn, "de", None);
    check(Platform::X, "home", None);
    check(Platform::Instagram, "explore", None);
    check(Platform::Instagram, ".ana", None);
    // An export without a name there.
    check(Platform::Instagram, "https://www.instagram.com/null/", None);
    check(Platform::X, "https://x.com/_?", None);
    check(
        Platform::LinkedIn,
        "https://www.linkedin.com/in/undefined",
        None,
    );
}

#[test]
fn id_is_exact_number_of_platform() {
    for (platform, text, expected) in [
        (
            Platform::X,
            "1900000000000000001",
            Some("1900000000000000001"),
        ),
        (Platform::X, "77001", Some("77001")),
        (Platform::Instagram, "51000000001.0", Some("51000000001")),
        (
            Platform::LinkedIn,
            "ACoAAB1234567890abcdefghijkl",
            Some("ACoAAB1234567890abcdefghijkl"),
        ),
        (Platform::X, "1.9E+18", None),
        (Platform::X, "1900000000000000000", None),
        (Platform::X, "1900000000000000001.0", None),
        (Platform::X, "007", None),
        (Platform::X, "@ana", None),
        (Platform::Instagram, "-5", None),
        (Platform::Facebook, "1 000", None),
        (Platform::Csv, "51000000001", None),
    ] {
        assert_eq!(id(platform, text).as_deref(), expected, "{platform} {text}");
    }
}

const PLATFORMS: [(Platform, &str); 4] = [
    (Platform::X, "x.com"),
    (Platform::Instagram, "www.instagram.com"),
    (Platform::Facebook, "www.facebook.com"),
    (Platform::LinkedIn, "www.linkedin.com"),
];

proptest! {
    #[test]
    fn profile_url_stays_with_its_platform(name in "\\PC{1,30}", platform in 0..4_usize) {
        let (platform, host) = PLATFORMS[platform];
        let url = Url::parse(&profile_url(platform, &Who::Handle(name)).unwrap()).unwrap();
        prop_assert_eq!(url.host_str(), Some(host));
    }

    #[test]
    fn handle_is_found_in_its_own_address(text in "[A-Za-z0-9._-]{1,24}", platform in 0..4_usize) {
        let (platform, _) = PLATFORMS[platform];
        if let Some(name) = handle(platform, &text) {
            let who = Who::Handle(name);
            let url = profile_url(platform, &who).unwrap();
            prop_assert_eq!(of_address(&url), Some(Profile { platform, who }));
        }
    }

    #[test]
    fn any_address_gives_checked_parts_only(path in "\\PC{0,60}", host in 0..4_usize) {
        let (platform, host) = PLATFORMS[host];
        if let Some(found) = of_address(&format!("https://{host}/{path}")) {
            prop_assert_eq!(found.platform, platform);
            match found.who {
                Who::Handle(name) => prop_assert_eq!(handle(platform, &name), Some(name)),
                Who::Id(id) => prop_assert!(id.chars().all(|c| c.is_ascii_alphanumeric() || "-_".contains(c)), "{}", id),
            }
        }
    }
}
