use proptest::prelude::*;

use super::*;

#[track_caller]
fn check(text: &str, expected: &str) {
    assert_eq!(without_addresses(text), expected);
}

#[test]
fn only_the_address_is_redacted() {
    check("Runs. ana@example.org, too", "Runs. …, too");
    check("mail:ana.fit+x@mail.example.org,now", "mail:…,now");
    check("(ana@example.org)", "(…)");
    check("📧ana@bücher.example!", "📧…!");
    check("a@x.example,@handle b@y.example", "…,@handle …");
    check("find me @ana@social.example", "find me @…");
    check("\"ana fit\"@example.org", "\"ana …");
    check("ana＠example．org", "…");
    check(
        "https://ana@example.org/?mail=bo@example.net",
        "https://…/?mail=…",
    );
}

#[test]
fn an_address_in_disguise_is_redacted_too() {
    for disguised in [
        "ana [at] example.org",
        "ana(at)mail.example [dot] com",
        "ana (AT) example (DOT) org",
        "ana at example dot org",
        "ana{at}example{dot}org",
        "ana @ example.org",
        "ana\u{200b}@\u{200b}example.\u{200b}org",
        "ana [arroba] example (punto) org",
        "ana(@)example.com",
        "ana [@] example.com",
        "ana @ gmail . com",
        "ana@gmail. com",
        "ana arroba gmail punto com",
        "ana [ät] example.de",
        "ana(ät)example.de",
        "ana [ at ] example [ dot ] com",
        "ana /at/ example /dot/ com",
        "ana\u{a0}at\u{a0}example.com",
        "ana_at_example.com",
        "ana-at-example-dot-com",
        "anafit at gmail",
        "ana.fit (gmail.com)",
        "ana&#64;example.com",
        "ana&commat;example&period;com",
        "ana%40example.com",
        "ana﹫example.com",
        "ana\u{AD}@example.com",
        "ana chiocciola example punto it",
        "ana arobase example point fr",
        "ana apenstaartje example punt nl",
        "ana małpa example kropka pl",
        "ana klammeraffe example punkt de",
        "ana собака example точка ru",
        "ana snabel-a example prik dk",
        "ana zavináč example tečka cz",
        "ana アット example ドット jp",
        "ana 골뱅이 example 점 kr",
        "ANA AT EXAMPLE DOT ORG",
        "ana*at*example*dot*org",
        "ana_fit gmail com",
        "ana.fit @ gmail",
        "fit[at]gmail[dot]com",
        "anafit/gmail",
        "ana１２３@example.org",
    ] {
        check(&format!("Coach | {disguised} | runs"), "Coach | … | runs");
    }
    for (text, expected) in [
        ("Coach. gmail: ana.fit", "Coach. …"),
        ("Gmail - anafit!", "…!"),
        ("Coach | gmail: ana.fit | runs", "Coach | … | runs"),
        ("gmail=anafit", "…"),
        (
            "https://ana.example/?m=ana%40example.com",
            "https://ana.example/?m=…",
        ),
    ] {
        check(text, expected);
    }
}

#[test]
fn a_telephone_number_is_redacted() {
    check("call +351 912 345 678!", "call …!");
    check("(555) 123-4567-89 now", "(… now");
    check("https://wa.me/15551234567", "https://wa.me/…");
    for number in [
        "12 34 56 78",
        "12345678",
        "+47–912–34–567",
        "912_345_678",
        "912|345|678",
        "９１２３４５６７８",
        "٩١٢٣٤٥٦٧٨",
        "९१२३४५६७८",
        "91.23.45.67",
        "+4791234567",
        "0171/2345678",
        "1234-5678",
        "912·345·678",
    ] {
        check(&format!("Tlf {number} nå"), "Tlf … nå");
    }
    check("WhatsApp+15551234567", "WhatsApp…");
    check("tel912345678901", "tel…");
    check("Tel91234567", "Tel…");
}

#[test]
fn what_reaches_nobody_stays() {
    for text in [
        "",
        "@ana.fit",
        "with @bo and a@b",
        "look at this. And that",
        "yoga at dawn",
        "at 5.30 every day",
        "2019-2024, 15 200 readers, 3.5 km",
        "1 000 000 runners + me",
        "runner123456789",
        "coffee @ home",
        "10 000 000 views",
        "since 2024-05-12",
        "12.05.2024 in Lisbon",
        "I love Gmail and Outlook",
        "Proton and other particles",
        "we meet at noon. Come",
        "point of view, a dot, a punt",
        "Cats/dogs at home",
        "2018 | 2019 | 2020",
        "runs at 6 am",
        "Ana @ Trails",
        "1:30 – 2:45",
        "Liga 2 at Porto",
    ] {
        check(text, text);
    }
}

#[test]
fn text_is_read_as_a_person_reads_it() {
    check("Caf&eacute; &amp; runs", "Café & runs");
    check("𝓣𝓻𝓪𝓲𝓵 runner", "Trail runner");
    check("100 % oats, 50%25", "100 % oats, 50%");
    check("👩\u{200D}🍳 cooks", "👩\u{200D}🍳 cooks");
    check("tag\u{E0041}\u{E0042}ged", "tagged");
}

const ATS: &[&str] = &[
    "@",
    "＠",
    "﹫",
    " @ ",
    "[at]",
    "(at)",
    "{at}",
    "<at>",
    "[a]",
    "(a)",
    "[arroba]",
    "(arroba)",
    " at ",
    " [ AT ] ",
    "(@)",
    "[ät]",
    " arroba ",
    " chiocciola ",
    "&#64;",
    "%40",
    "_at_",
    "\u{200B}@",
    "|at|",
];
const DOTS: &[&str] = &[
    ".",
    "．",
    "[dot]",
    "(dot)",
    " dot ",
    "[.]",
    "(.)",
    " [punkt] ",
    "(ponto)",
    " punto ",
    "&#46;",
    "%2E",
    "\u{AD}.",
    "{dot}",
    " (DOT) ",
    "[point]",
];

proptest! {
    #[test]
    fn no_address_survives_in_whatever_it_stands(
        before in "[^@＠%&]{0,20}", local in "[a-z0-9][a-z0-9._+-]{0,12}[a-z0-9]", name in "[a-z][a-z0-9-]{1,9}[a-z]",
        top in "(org|com|de|dev)", at in prop::sample::select(ATS), dot in prop::sample::select(DOTS), after in "[ ,;!?)\n].{0,20}",
    ) {
        let text = format!("{before} {local}{at}{name}{dot}{top}{after}");
        let redacted = without_addresses(&text);
        let host = format!("{name}.{top}");
        let spelt = format!("{name}{}{top}", plain(dot));
        prop_assert!(!redacted.contains(&host) && !redacted.contains(&spelt), "{text} → {redacted}");
    }

    #[test]
    fn any_text_can_be_read(text in ".*") {
        without_addresses(&text);
    }

    #[test]
    fn every_digit_is_found(c in any::<char>()) {
        let plain = plain_digit(c);
        prop_assert!(plain == c || plain.is_ascii_digit());
    }
}
