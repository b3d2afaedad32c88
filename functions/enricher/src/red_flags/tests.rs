use super::*;

/// One bio for a line: what must follow, its language, its text.
const BIOS: &str = include_str!("bios.tsv");

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Expected {
    Stop,
    Look,
    /// It may be looked at, and is not stopped.
    None,
}

fn bios() -> Vec<(Expected, &'static str, &'static str)> {
    let rows = BIOS.lines().map(|line| {
        let mut cells = line.splitn(3, '\t');
        let mut cell = || cells.next().unwrap();
        let expected = match cell() {
            "stop" => Expected::Stop,
            "look" => Expected::Look,
            "none" => Expected::None,
            word => unreachable!("{word}"),
        };
        (expected, cell(), cell())
    });
    rows.collect()
}

fn outcome(bio: &str) -> Compliance {
    compliance(&red_flags(&[bio]))
}

/// Prints how many bios were stopped wrongly and how many were missed.
#[test]
#[expect(clippy::print_stdout, reason = "the figures are what this test is for")]
fn bios_are_stopped_where_they_refuse() {
    let bios = bios();
    let (mut missed, mut stopped, mut unseen, mut looked) = (vec![], vec![], vec![], vec![]);
    for (expected, language, bio) in &bios {
        let found = outcome(bio);
        let list = match (expected, found) {
            (Expected::Stop, Compliance::Ok | Compliance::Review) => &mut missed,
            (Expected::Look | Expected::None, Compliance::Block) => &mut stopped,
            (Expected::Look, Compliance::Ok) => &mut unseen,
            (Expected::None, Compliance::Review) => &mut looked,
            (Expected::Stop, Compliance::Block)
            | (Expected::Look, Compliance::Review)
            | (Expected::None, Compliance::Ok) => continue,
        };
        list.push(format!("{language} {bio} {:?}", red_flags(&[bio])));
    }
    let count = |which| {
        bios.iter()
            .filter(|(expected, ..)| *expected == which)
            .count()
    };
    let (refusals, harmless) = (count(Expected::Stop), count(Expected::None));
    println!(
        "{} bios: {} of {refusals} refusals and minors missed, {} of {harmless} harmless stopped, {} looked at",
        bios.len(),
        missed.len(),
        stopped.len(),
        looked.len(),
    );
    for (what, list) in [
        ("missed", &missed),
        ("stopped", &stopped),
        ("not seen", &unseen),
        ("looked at", &looked),
    ] {
        list.iter().for_each(|bio| println!("{what}: {bio}"));
    }
    assert!(bios.len() >= 300 && harmless >= 150 && refusals >= 150);
    assert_eq!(missed, [""; 0]);
    assert_eq!(stopped, [""; 0]);
    assert_eq!(unseen, [""; 0]);
    assert!(looked.len() * 20 < harmless);
}

#[test]
fn every_language_of_the_mails_has_bios() {
    for language in ["en", "de", "fr", "es", "it", "pt", "nl"] {
        let of = |(_, code, _): &&(Expected, &str, &str)| *code == language;
        assert!(bios().iter().filter(of).count() >= 35, "{language}");
    }
}

#[test]
fn a_flag_shows_the_sentence() {
    let flags = red_flags(&["Potter. Bitte keine Werbe-Mails! Danke"]);
    assert_eq!(
        flags.iter().map(RedFlag::reason).collect::<Vec<_>>(),
        ["the profile asks not to get offers: “Bitte keine Werbe-Mails”"]
    );
}

#[test]
fn many_texts_are_read_as_one_profile() {
    // The pronoun stands in the name.
    let flags = red_flags(&["Mila (she/her)", "16 | tea"]);
    assert_eq!(compliance(&flags), Compliance::Block);
    assert_eq!(compliance(&red_flags(&[])), Compliance::Ok);
}

proptest::proptest! {
    #[test]
    fn no_text_panics(text in proptest::prelude::any::<String>()) {
        let _ = red_flags(&[&text]);
    }

    /// Neither letters' size nor styles nor hidden characters hide a refusal.
    #[test]
    fn disguise_hides_no_refusal(n in 0_usize..400, upper: bool) {
        let bios = bios();
        let (expected, _, bio) = bios[n % bios.len()];
        // Only Turkish and Greek letters change by more than their size.
        proptest::prop_assume!(expected == Expected::Stop && bio.is_ascii());
        let bio = if upper { bio.to_uppercase() } else { bio.to_lowercase() };
        let hidden: String = bio.chars().flat_map(|c| [c, '\u{200b}']).collect();
        proptest::prop_assert_eq!(outcome(&hidden), Compliance::Block);
    }
}
