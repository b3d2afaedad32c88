use linkify::{LinkFinder, LinkKind};
use proptest::prelude::*;

use super::*;
use crate::domain::content::Draft;

/// What a mail program links, as another program decides it, where the host's ending exists.
fn linked_elsewhere(text: &str) -> Option<String> {
    let mut finder = LinkFinder::new();
    finder.url_must_have_scheme(false);
    finder.kinds(&[LinkKind::Url, LinkKind::Email]);
    finder
        .links(text)
        .map(|link| link.as_str().to_owned())
        .find(|link| {
            let host = link.rsplit('@').next().unwrap_or_default();
            let host = host.split(['/', ':', '?', '#']).next().unwrap_or_default();
            let ending = host
                .trim_end_matches('.')
                .rsplit('.')
                .next()
                .unwrap_or_default();
            link.contains("://") || is_top_level(ending)
        })
}

#[test]
fn link_that_a_program_would_make_is_found() {
    for text in [
        "see:evil.com",
        "https.com-.",
        "evil.com_",
        "evil.com,free",
        "evil.com:443/x",
        "(evil.com)now",
        "boss@evil.com",
        "evil.click",
        "evil.gg/x",
        "evil.in",
        "evil.cc",
        "evil。com",
        "evil．ｃｏｍ",
        "evil\u{200B}.com",
        "\u{200B}.com",
        "ev\u{AD}il.com",
        "https://x",
        "HTTP://X.Y",
        "www.evil.example",
        "WWW.evil",
        "mailto:boss@corp",
        "tel:+15551234567",
        "ana@b.local",
        "ana＠evil.com",
        "пример.рф",
        "bücher.de",
        "evil.co.uk",
        "evil.github.io",
        "10.0.0.1",
        "ftp://a",
        "x.com/ana",
        "evil.com?x=1",
        "evil.comです",
        "ありがとうevil.comです",
        "evil.com.",
        "“evil.com”",
        "<evil.com>",
        "evil.com\u{2019}s",
        "a-b.shop",
        "e\u{301}vil.com",
        "@ana.fit",
        "。.com.",
        "👩.com",
        "＠.com",
        "».com",
    ] {
        assert!(has_link(text), "{text}");
    }
}

#[test]
fn plain_words_are_no_links() {
    for text in [
        "",
        "Node.js and Three.js",
        "e.g. Sintra, i.e. there",
        "z.B. und d.h. usw.",
        "3.5 km, 15.200 readers, v2.0",
        "wait...in Berlin",
        "wait…in Berlin",
        "« in », „so“",
        "Mr. Smith et al.",
        "St.Gallen",
        "at 5.30 p.m. in the U.S.",
        "mila at example.test",
        "10:30–12:00",
        "and/or",
        "@ana_fit",
        "note: this",
        "1.2.3",
        "Ph.D.",
        "a.k.a. Bo",
        "#trail.running",
        "ASP .NET and socket .io",
        "trails. It shows",
        "10 % – 15 %",
        "C++/C#",
        "?!",
        "ana@home",
        "data: 5",
    ] {
        assert!(!has_link(text), "{text}");
    }
}

#[test]
fn names_with_a_dot_get_a_space() {
    for (text, spaced) in [
        (
            "Your ASP.NET course is clear.",
            "Your ASP .NET course is clear.",
        ),
        (
            "Your guide to socket.io is clear.",
            "Your guide to socket .io is clear.",
        ),
        ("about trails.It shows", "about trails. It shows"),
        ("at Booking.com was", "at Booking .com was"),
        ("“Booking.com”, Etsy.", "“Booking .com”, Etsy."),
        ("sell on Etsy.To me that", "sell on Etsy. To me that"),
        ("Prices from 3.de facto", "Prices from 3. de facto"),
        ("Node.js and Three.js", "Node.js and Three.js"),
        ("(Monday.com)", "(Monday .com)"),
        ("Booking.com's talk", "Booking .com's talk"),
        ("Booking.com.", "Booking .com."),
        ("a guide to socket.io.", "a guide to socket .io."),
        (
            "read it on your page @ana.fit today",
            "read it on your page @ana .fit today",
        ),
        // No name is written like these.
        ("see evil.gg", "see evil.gg"),
        ("see:Evil.com", "see:Evil.com"),
        ("Evil.com/free", "Evil.com/free"),
        ("www.Booking.com", "www.Booking.com"),
        ("boss@Evil.com", "boss@Evil.com"),
    ] {
        assert_eq!(spaced_names(text), spaced);
    }
}

#[test]
fn words_of_others_are_unlinked_and_readable() {
    for (text, expected) in [
        ("ana_fit", "ana_fit"),
        ("ana.fit", "ana .fit"),
        (
            "10 % at https://example.com/x",
            "10 % at https: //example .com/x",
        ),
        ("ana@example.com", "ana @example .com"),
        ("shoes. And more", "shoes. And more"),
    ] {
        assert_eq!(unlinked(text), expected);
    }
}

#[test]
fn joiners_that_are_spelling_stay() {
    for text in [
        "👩‍🍳",
        "🏃🏽‍♀️",
        "❤️‍🔥",
        "🇵🇹",
        "#️⃣",
        "🏴󠁧󠁢󠁥󠁮󠁧󠁿",
        "👨‍👩‍👧‍👦",
        "نوشته‌های",
        "می‌خواهم",
        "क्‍ष",
        "র‍্য",
        "ක්‍ෂ",
        "葛\u{E0100}",
        "مُ\u{200C}ه",
    ] {
        assert_eq!(without_strays(text), text, "{text:?}");
        assert_eq!(strays(text).count(), 0, "{text:?}");
    }
}

#[test]
fn hidden_characters_are_found_by_what_they_do() {
    use Stray::{Deceptive, Harmless};
    for (text, stray) in [
        ("a\u{200B}b", Harmless),
        ("a\u{200D}b", Harmless),
        ("soft\u{AD}ly", Harmless),
        ("\u{FEFF}a", Harmless),
        ("a\u{34F}b", Harmless),
        ("a\u{2060}b", Harmless),
        ("a\u{180E}b", Harmless),
        ("a\u{3164}b", Harmless),
        ("a\u{FE0F}b", Harmless),
        ("❤\u{FE0F}\u{FE0F}", Harmless),
        ("a\u{61C}b", Harmless),
        ("\u{200D}", Harmless),
        ("a\u{202E}b", Deceptive),
        ("a\u{2066}b", Deceptive),
        ("a\u{E0061}b", Deceptive),
        ("👍\u{E0154}", Deceptive),
        ("🏴\u{E0061}\u{E007F}", Deceptive),
        ("a\u{FFF9}b", Deceptive),
    ] {
        assert_eq!(
            strays(text).next().map(|(_, found)| found),
            Some(stray),
            "{text:?}"
        );
        let left = without_strays(text);
        assert_eq!(strays(&left).count(), 0, "{text:?}");
    }
}

/// Pieces that links are made of, and what stands between them.
fn pieces() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        4 => prop::sample::select(vec![
            ".", ".", ":", "/", "//", "@", " ", "\n", "www", "https", "mailto", "com", "io", "gg", "Net", "It", "evil", "Booking",
            "socket", "ASP", "de", "co", "uk", "рф", "。", "．", "＠", "\u{200B}", "\u{AD}", "\u{200D}", "(", ")", ",", "-", "_",
            "3", "10", "+", "?", "#", "'", "👩", "é", "e\u{301}", "です", "»", "=", "~", "%2E", "\u{2024}", "ﬁ", "℀",
        ]).prop_map(str::to_owned),
        1 => "\\PC{1,3}",
    ];
    prop::collection::vec(piece, 0..14).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn nothing_clickable_leaves_in_a_draft(subject in pieces(), message in pieces()) {
        let draft = Draft::tidied(&subject, &message);
        if draft.fault().is_none() {
            for text in [&draft.subject, &draft.message] {
                prop_assert!(!has_link(text), "{text:?}");
                prop_assert_eq!(linked_elsewhere(text), None, "{:?}", text);
                prop_assert_eq!(strays(text).count(), 0, "{:?}", text);
            }
        }
    }

    #[test]
    fn unlinked_words_hold_no_link(text in pieces()) {
        let unlinked = unlinked(&text);
        prop_assert!(!has_link(&unlinked), "{text:?} → {unlinked:?}");
        prop_assert_eq!(linked_elsewhere(&unlinked), None, "{:?} → {:?}", text, unlinked);
        let letters = |text: &str| text.chars().filter(|c| c.is_alphanumeric()).collect::<String>();
        prop_assert_eq!(letters(&unlinked), letters(&text));
    }

    #[test]
    fn tidying_twice_is_tidying_once(subject in pieces(), message in pieces()) {
        let once = Draft::tidied(&subject, &message);
        let twice = Draft::tidied(&once.subject, &once.message);
        prop_assert_eq!(once, twice);
    }

    #[test]
    fn any_text_can_be_read(text in ".*") {
        let plain = without_strays(&text);
        prop_assert_eq!(strays(&plain).count(), 0);
        has_link(&text);
        decoded(&text);
        mixes_alphabets(&text);
    }
}
