use super::*;

fn settings() -> Settings {
    Settings {
        min_confidence: 0.35,
        review_all: true,
        countries: BasisRules::from([
            ("FR".parse().unwrap(), BasisRule::Allow),
            ("JP".parse().unwrap(), BasisRule::Never),
        ]),
        ..Settings::new("12 % of every sale".to_owned(), "People who run".to_owned())
    }
}

/// The form of these settings with one entry replaced.
fn form(field: &str, entry: &str) -> Entries {
    let mut entries = of("Spring", &settings());
    entries.set(field, entry);
    entries
}

#[test]
fn form_of_settings_reads_back_the_same() {
    for settings in [
        settings(),
        Settings {
            hours: None,
            rules_decide: true,
            language: Some(Language::Dutch),
            min_confidence: 0.123_456_7,
            ..settings()
        },
    ] {
        let wanted = read(&of("Spring", &settings)).unwrap();
        assert_eq!((wanted.name.as_str(), wanted.note), ("Spring", None));
        assert_eq!(wanted.settings, settings);
    }
}

#[test]
fn entry_that_cannot_be_taken_is_named() {
    let long = "x".repeat(4_001);
    for (field, entry, says) in [
        ("name", "", "cannot be empty"),
        ("name", "a\nb", "one line"),
        ("name", "a\u{202e}b", "U+202E"),
        ("offer", " ", "cannot be empty"),
        ("offer", &long, "4,001 characters. Enter at most 4,000."),
        ("offer", "a\0b", "U+0000"),
        ("audience", "", "cannot be empty"),
        ("min_score", "101", "“101” is out of range."),
        ("min_score", "7O", "“7O” is not a whole number."),
        (
            "min_confidence",
            "1.1",
            "“1.1” is not a number from 0 to 1.",
        ),
        (
            "min_confidence",
            "NaN",
            "“NaN” is not a number from 0 to 1.",
        ),
        ("min_confidence", "", "for example 0.5"),
        ("daily_cap", "-1", "from 0 to 1,000,000, for example 50."),
        ("language", "ja", "“ja” is no language that mails"),
        ("hours_from", "8:30", "“8:30” is not a whole hour."),
        ("hours_from", "", "is not a whole hour"),
        ("hours_to", "25", "“25” is not a whole hour."),
        ("hours_to", "07:00", "The end must be later than 08:00."),
        ("hours_to", "8", "The end must be later than 08:00."),
        ("other_country", "Narnia", "“Narnia” is no country"),
        ("note", "a\0", "U+0000"),
    ] {
        let problems = read(&form(field, entry)).unwrap_err();
        let message = problems.of(field).unwrap_or_default();
        assert!(message.contains(says), "{field}={entry:?}: {problems:?}");
        assert_eq!(problems.iter().count(), 1, "{problems:?}");
    }
}

#[test]
fn any_hour_outweighs_the_hours_entered() {
    let mut entries = form("any_hour", "yes");
    entries.set("hours_to", "nonsense");
    assert_eq!(read(&entries).unwrap().settings.hours, None);
    for (entry, expected) in [("9", 9), ("09", 9), (" 09:00 ", 9)] {
        let hours = read(&form("hours_from", entry)).unwrap().settings.hours;
        assert_eq!(hours, Some((expected, 20)), "{entry}");
    }
}

#[test]
fn country_rules_are_added_changed_and_taken_back() {
    let mut entries = form("rule_FR", "");
    entries.set("rule_US", "consent");
    entries.set("other_country", "south korea");
    entries.set("other_rule", "review");
    let rules = read(&entries).unwrap().settings.countries;
    let expected = BasisRules::from([
        ("JP".parse().unwrap(), BasisRule::Never),
        ("KR".parse().unwrap(), BasisRule::Review),
        ("US".parse().unwrap(), BasisRule::Consent),
    ]);
    assert_eq!(rules, expected);
    entries.set("other_rule", "");
    let problems = read(&entries).unwrap_err();
    assert!(problems.of("other_rule").unwrap().contains("Choose a rule"));
    for (field, entry) in [
        ("rule_ZZ", "allow"),
        ("rule_FR", "yes"),
        ("rule_<b>", "allow"),
    ] {
        assert!(read(&form(field, entry)).is_err(), "{field}={entry}");
    }
}

#[test]
fn countries_that_differ_stand_first() {
    let (own, rest) = country_lines(&of("Spring", &settings()));
    let names: Vec<&str> = own.iter().map(|line| line.name.as_str()).collect();
    assert_eq!(names, ["France", "Japan"]);
    assert_eq!(
        (own[0].default, own[0].chosen.as_str()),
        ("Review", "allow")
    );
    assert!(rest.iter().all(|line| line.chosen.is_empty()));
    assert_eq!(rest.len(), DEFAULTS.len() - 1);
}
