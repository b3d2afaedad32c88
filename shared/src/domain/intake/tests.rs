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
    Ok(lead(raw, &key(), Origin::Service)?.0)
}

fn listed(raw: RawProfile) -> Result<(NewLead, Fields), RowError> {
    lead(raw, &key(), Origin::List)
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
}

#[test]
fn unreadable_field_is_unknown_and_row_kept() {
    #[track_caller]
    fn check(change: impl FnOnce(&mut RawProfile), expected: Field) {
        let mut raw = profile("ana");
        change(&mut raw);
        let (_, unknown) = listed(raw).unwrap();
        assert_eq!(unknown.iter().collect::<Vec<_>>(), [expected]);
    }
    let profile_id = |p: &mut RawProfile, id: &str| p.external_id = Some(id.to_owned());
    check(|p| profile_id(p, "1.9E+18"), Field::Id);
    let plain = |p: &mut RawProfile| p.external_id = None;
    check(
        |p| {
            plain(p);
            p.email = Some("not an address".to_owned());
        },
        Field::Email,
    );
    check(
        |p| {
            plain(p);
            p.country = Some("Atlantis".to_owned());
        },
        Field::Country,
    );
    check(
        |p| {
            plain(p);
            p.website = Some("nope".to_owned());
        },
        Field::Website,
    );
}

#[test]
fn unreadable_country_is_not_guessed() {
    let raw = |country: &str| RawProfile {
        country: Some(country.to_owned()),
        location: Some("Berlin".to_owned()),
        email: Some("ana@example.de".to_owned()),
        external_id: None,
        ..profile("ana")
    };
    let country = |text: &str| listed(raw(text)).unwrap().0.country.map(|c| c.to_string());
    assert_eq!(country("Atlantis"), None);
    assert_eq!(country("n/a").as_deref(), Some("DE"));
    assert_eq!(country("NA").as_deref(), Some("DE"));
    assert_eq!(country("SD").as_deref(), Some("SD"));
    assert_eq!(country("Österreich").as_deref(), Some("AT"));
}

#[test]
fn row_is_identified_by_what_can_identify() {
    let list = |platform: Option<Platform>,
                username: Option<&str>,
                url: Option<&str>,
                email: Option<&str>| RawProfile {
        platform,
        username: username.map(str::to_owned),
        profile_url: url.map(str::to_owned),
        email: email.map(str::to_owned),
        ..RawProfile::default()
    };
    let identity = |raw: RawProfile| {
        listed(raw).map(|(lead, _)| format!("{}/{}", lead.platform, lead.username))
    };
    let instagram = Some(Platform::Instagram);
    let known = "https://www.linkedin.com/in/ana-silva/de";
    for (raw, expected) in [
        (list(None, None, Some(known), None), "linkedin/ana-silva"),
        (
            list(None, Some("anafit"), Some(known), None),
            "linkedin/ana-silva",
        ),
        (
            list(instagram, Some("anafit"), Some(known), None),
            "instagram/anafit",
        ),
        (
            list(instagram, Some("two words"), Some(known), None),
            "linkedin/ana-silva",
        ),
        (
            list(instagram, Some("https://instagram.com/anafit/"), None, None),
            "instagram/anafit",
        ),
        (
            list(None, Some("https://x.com/anafit"), None, None),
            "x/anafit",
        ),
    ] {
        assert_eq!(identity(raw).unwrap(), expected);
    }
    for raw in [
        list(instagram, None, None, Some("ana@example.org")),
        list(
            instagram,
            Some("ana@example.org"),
            None,
            Some("ana@example.org"),
        ),
        list(
            None,
            Some("1.9E+18"),
            Some("https://www.instagram.com/p/abc/"),
            Some("ana@example.org"),
        ),
        list(
            None,
            None,
            Some("https://ana.example/about"),
            Some("ana@example.org"),
        ),
    ] {
        let by_mail = identity(raw).unwrap();
        assert!(by_mail.starts_with("csv/mail-"), "{by_mail}");
    }
    for (raw, expected) in [
        (
            list(instagram, Some("../../settings"), None, None),
            RowError::Username,
        ),
        (list(None, Some("7"), None, None), RowError::Username),
        (
            list(None, None, Some("https://ana.example/about"), None),
            RowError::Unidentified,
        ),
        (list(None, Some("null"), None, None), RowError::Unidentified),
        (
            list(
                instagram,
                Some("anafit"),
                Some("https://www.instagram.com/bo/"),
                None,
            ),
            RowError::TwoProfiles,
        ),
    ] {
        assert_eq!(identity(raw).unwrap_err(), expected);
    }
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
    let found = |bio: &str| cell::in_text(bio).map(|a| a.as_str().to_owned());
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
        Origin::Service,
    );
    let names: Vec<_> = batch.leads.iter().map(|l| l.username.as_str()).collect();
    assert_eq!(names, ["ana", "bo"]);
    assert_eq!(batch.duplicates, 2);
    assert_eq!(batch.bad, [BadRow::new(3, RowError::Protected)]);
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

proptest! {
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
