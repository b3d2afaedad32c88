use proptest::prelude::*;
use serde_json::json;

use super::*;

fn key() -> HashKey {
    HashKey::new(vec![7; 32]).unwrap()
}

fn profile(username: &str) -> RawProfile {
    RawProfile {
        platform: Some(Platform::X),
        external_id: Some(format!("id-{username}")),
        username: Some(username.to_owned()),
        ..RawProfile::default()
    }
}

fn one(raw: RawProfile) -> Result<NewLead, RowError> {
    lead(raw, &key())
}

#[test]
fn a_profile_is_normalised() {
    let lead = one(RawProfile {
        username: Some(" @AnaFit ".to_owned()),
        name: Some("Ana\u{200B}\tFit\u{0}".to_owned()),
        bio: Some("Coach.\r\nWrite to: Ana@Example.org!".to_owned()),
        location: Some("Lisboa, Portugal".to_owned()),
        website: Some("anafit.example".to_owned()),
        language: Some("pt-BR".to_owned()),
        ..profile("ana")
    })
    .unwrap();
    assert_eq!(lead.username, "anafit");
    assert_eq!(lead.name.as_deref(), Some("Ana Fit"));
    assert_eq!(lead.email.as_ref().unwrap().0.as_str(), "ana@example.org");
    assert_eq!(
        lead.bio.as_deref(),
        Some("Coach.\nWrite to: Ana@Example.org!")
    );
    assert_eq!(lead.country.unwrap().as_str(), "PT");
    assert_eq!(lead.website.as_deref(), Some("https://anafit.example/"));
    assert_eq!(lead.language.as_deref(), Some("pt"));
    assert_eq!(lead.profile_url.as_deref(), Some("https://x.com/anafit"));
}

#[test]
fn unusable_row_is_reported_without_its_content() {
    #[track_caller]
    fn check(change: impl FnOnce(&mut RawProfile), expected: &str) {
        let mut raw = profile("ana");
        change(&mut raw);
        let reason = one(raw).unwrap_err().to_string();
        assert!(reason.starts_with(expected), "{reason}");
    }
    check(|p| p.username = Some("two words".to_owned()), "username:");
    check(|p| p.username = None, "it names no username");
    check(|p| p.email = Some("not an address".to_owned()), "email:");
    check(|p| p.follower_count = Some(-1), "followers:");
    check(|p| p.external_id = Some("@ana".to_owned()), "id:");
}

#[test]
fn profile_is_identified_from_known_columns() {
    let bare = RawProfile {
        platform: Some(Platform::LinkedIn),
        ..RawProfile::default()
    };
    let by_url = RawProfile {
        profile_url: Some("https://www.linkedin.com/in/AnaSilva/?x=1".to_owned()),
        ..bare.clone()
    };
    let lead = one(by_url).unwrap();
    assert_eq!(
        (lead.username.as_str(), lead.external_id.as_str()),
        ("anasilva", "@anasilva")
    );
    let by_mail = RawProfile {
        email: Some("ana@example.org".to_owned()),
        ..bare
    };
    let username = one(by_mail).unwrap().username;
    assert!(
        username.starts_with("mail-") && !username.contains("ana"),
        "{username}"
    );
}

#[test]
fn only_plainly_shown_address_is_taken() {
    let found = |bio: &str| address_in(bio).map(|a| a.as_str().to_owned());
    assert_eq!(
        found("mail: ana@example.org.").as_deref(),
        Some("ana@example.org")
    );
    assert_eq!(
        found("📧ana@example.org | coach").as_deref(),
        Some("ana@example.org")
    );
    assert_eq!(
        found("<mailto:ana@example.org>").as_deref(),
        Some("ana@example.org")
    );
    assert_eq!(found("with @anafit and @bo").as_deref(), None);
    assert_eq!(found("ana [at] example.org").as_deref(), None);
    assert_eq!(found("ana(at)example(dot)org").as_deref(), None);
}

#[test]
fn a_page_names_each_profile_once() {
    let row = |line, profile| Row { line, profile };
    let other_id = RawProfile {
        external_id: Some("other".to_owned()),
        ..profile("ANA")
    };
    let batch = normalise(
        vec![
            row(1, Ok(profile("ana"))),
            row(2, Ok(other_id)),
            row(3, Err(RowError::Protected)),
            row(4, Ok(profile("bo"))),
            row(5, Ok(profile("ana"))),
        ],
        &key(),
    );
    let names: Vec<_> = batch.leads.iter().map(|l| l.username.as_str()).collect();
    assert_eq!(names, ["ana", "bo"]);
    assert_eq!(batch.duplicates, 2);
    assert_eq!(
        batch.bad,
        [BadRow {
            line: 3,
            error: RowError::Protected
        }]
    );
}

#[test]
fn what_the_database_cannot_store_is_left_out() {
    let stored = |raw| {
        one(RawProfile {
            raw: Some(raw),
            ..profile("ana")
        })
        .unwrap()
        .raw
    };
    assert!(stored(json!({"a": 1})).is_some());
    assert!(stored(json!({"a": "\u{0}"})).is_none());
    assert!(stored(json!("x".repeat(16 * 1024 - 2))).is_some());
    assert!(stored(json!("x".repeat(16 * 1024 - 1))).is_none());
    // PostgreSQL prints a blank behind each comma: 16,383 and 16,386 characters.
    assert!(stored(json!([10, vec![1; 5_459]])).is_some());
    assert!(stored(json!([10, vec![1; 5_460]])).is_none());
    assert!(
        stored(json!(vec![1e300; 60])).is_none(),
        "PostgreSQL writes 301 digits for each"
    );
}

#[test]
fn an_odd_website_is_none() {
    for text in [
        "javascript:alert(1)",
        "ftp://ana.example",
        "http://127.0.0.1/",
        "http://u:p@ana.example",
        "nope",
    ] {
        assert_eq!(web_address(text), None, "{text}");
    }
}

#[test]
fn username_is_what_its_platform_allows() {
    #[track_caller]
    fn check(platform: Platform, username: &str, expected: bool) {
        let raw = RawProfile {
            platform: Some(platform),
            external_id: None,
            ..profile(username)
        };
        assert_eq!(one(raw).is_ok(), expected, "{platform} {username}");
    }
    check(Platform::X, "Ana_Fit1", true);
    check(Platform::X, "www.evil.example", false);
    check(Platform::X, "//evil.example/x", false);
    check(Platform::X, "a?b", false);
    check(Platform::Instagram, "ana.fit", true);
    check(Platform::Instagram, "www.evil.example", false);
    check(Platform::Instagram, "evil.com", false);
    check(Platform::Facebook, "ana.fit-2", true);
    check(Platform::Facebook, "../evil", false);
    check(Platform::LinkedIn, "josé-maría-1", true);
    check(Platform::LinkedIn, "evil.example", false);
    check(Platform::Csv, "anything.goes", true);
    check(Platform::Csv, "https://evil.example", false);
}

proptest! {
    #[test]
    fn profile_url_stays_with_its_platform(username in "\\PC{1,30}", platform in 0..4_usize) {
        let (platform, host) = [
            (Platform::X, "x.com"),
            (Platform::Instagram, "www.instagram.com"),
            (Platform::Facebook, "www.facebook.com"),
            (Platform::LinkedIn, "www.linkedin.com"),
        ][platform];
        let url = Url::parse(&profile_url(platform, &username, None).unwrap()).unwrap();
        prop_assert_eq!(url.host_str(), Some(host));
    }

    #[test]
    fn any_profile_is_bounded_or_refused(name in "\\PC{0,300}", bio in any::<String>(), username in "[A-Z_]{1,9}|\\PC{0,120}", location in any::<String>()) {
        let raw = RawProfile { name: Some(name), bio: Some(bio), location: Some(location), ..profile(&username) };
        if let Ok(lead) = one(raw) {
            prop_assert!(lead.username == lead.username.to_lowercase() && !lead.username.starts_with('@'));
            for text in [&lead.name, &lead.bio, &lead.location].into_iter().flatten() {
                prop_assert!(text.chars().count() <= 4_000 && !text.contains('\0') && text.trim() == text);
            }
        }
    }

    #[test]
    fn normalising_twice_changes_nothing(bio in any::<String>(), username in "@?[A-Za-z0-9_]{1,20}") {
        let once = one(RawProfile { bio: Some(bio), ..profile(&username) }).unwrap();
        let again = one(RawProfile {
            bio: once.bio.clone(),
            external_id: Some(once.external_id.clone()),
            ..profile(&once.username)
        })
        .unwrap();
        prop_assert_eq!(once, again);
    }
}
