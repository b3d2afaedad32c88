//! Names of people: which text is one, and how a mail greets by it.

use unicode_properties::{GeneralCategoryGroup, UnicodeGeneralCategory};
use unicode_script::{Script, UnicodeScript};
use unicode_security::MixedScript;

use super::text::{Lines, clean, folded, is_placeholder, is_unseen};

/// Longest name that is kept, in characters.
const LONGEST: usize = 200;
/// Longest name that a mail greets by, in characters.
const LONGEST_GREETING: usize = 40;

/// A name as a profile shows it: no placeholder, no address and no link.
pub fn shown(text: &str) -> Option<String> {
    let name = clean(text, LONGEST, Lines::Joined)?;
    let lower = name.to_lowercase();
    let address = name.contains('@') && !name.starts_with('@') && name.contains('.');
    let link = lower.contains("://") || lower.starts_with("www.");
    (!is_placeholder(&name) && !address && !link).then_some(name)
}

/// The name that a mail greets by, if the text reads like a person's name in any script. A greeting without a
/// name is polite; one by a slogan, a link or a list of titles is not.
pub fn for_greeting(text: &str) -> Option<String> {
    let name = shown(text)?;
    let name = without_titles_behind(&name)?;
    // Pictures beside a name are left out; signs are of a form or a slogan.
    let pictures = |c: char| !c.is_ascii() && !is_letter(c);
    let shouts = !name.chars().any(char::is_lowercase) && name.chars().any(char::is_uppercase);
    if shouts && name.contains(pictures) {
        return None;
    }
    let name = name.trim_matches(|c: char| pictures(c) || c == ' ');
    if !name.starts_with(is_letter) {
        return None;
    }
    let words: Vec<&str> = name.split(' ').filter(|word| !word.is_empty()).collect();
    let fits = (1..=LONGEST_GREETING).contains(&name.chars().count()) && words.len() <= 5;
    if !fits || !words.iter().all(|word| is_word_of_name(word)) {
        return None;
    }
    let letters = name.chars().filter(|c| c.is_alphabetic()).count();
    if letters < 2 && name.chars().any(|c| c.script() == Script::Latin) {
        return None;
    }
    let spelt: Option<Vec<String>> = words.iter().map(|word| spelt(word)).collect();
    Some(spelt?.join(" "))
}

fn is_letter(c: char) -> bool {
    // Selectors are marks too; they follow signs.
    let selector = matches!(c, '\u{FE00}'..='\u{FE0F}');
    c.is_alphabetic() || (!selector && c.general_category_group() == GeneralCategoryGroup::Mark)
}

/// The part before the first comma where everything behind it is titles.
fn without_titles_behind(name: &str) -> Option<&str> {
    let Some((name, titles)) = name.split_once(',') else {
        return Some(name);
    };
    let is_title = |word: &str| TITLES.contains(&folded(word).as_str());
    let mut titles = titles.split([',', ' ']).filter(|word| !word.is_empty());
    titles.all(is_title).then_some(name)
}

fn is_word_of_name(word: &str) -> bool {
    // A full stop ends an initial or a title. Within a word it makes a link of it, but between initials.
    let initials = word.split('.').all(|part| part.chars().count() <= 1);
    let bare: String = match initials {
        true => word.replace('.', ""),
        false => word.strip_suffix('.').unwrap_or(word).to_owned(),
    };
    let shortened = initials || bare.len() == word.len() || bare.chars().count() <= 4;
    let allowed = |c: char| is_letter(c) || "'’ʼʻ‘-‐‑·".contains(c) || is_unseen(c);
    let lower = folded(&bare);
    shortened
        && bare.chars().all(allowed)
        && bare.chars().any(char::is_alphabetic)
        && bare.is_single_script()
        && !NO_NAMES.contains(&lower.as_str())
}

/// A word in all capitals as it is spelt elsewhere; none where it may be an abbreviation.
fn spelt(word: &str) -> Option<String> {
    let letters: Vec<char> = word.chars().filter(|c| c.is_alphabetic()).collect();
    let initials = word.contains('.');
    if initials || letters.len() < 2 || !letters.iter().all(|c| c.is_uppercase()) {
        return Some(word.to_owned());
    }
    let vowels = "AEIOUYÁÀÂÃÄÅÆÉÈÊËÍÌÎÏÓÒÔÕÖØÚÙÛÜİ";
    let latin = letters.iter().all(|c| c.script() == Script::Latin);
    if latin && letters.len() <= 3 && !letters.iter().any(|c| vowels.contains(*c)) {
        return None;
    }
    let mut spelt = String::with_capacity(word.len());
    let mut begins = true;
    for c in word.chars() {
        match begins {
            true => spelt.push(c),
            false => spelt.extend(c.to_lowercase()),
        }
        begins = !is_letter(c);
    }
    Some(spelt)
}

/// Titles that stand behind a name, folded.
const TITLES: &[&str] = &[
    "phd", "md", "msc", "bsc", "ma", "ba", "mba", "bba", "llm", "llb", "jd", "dds", "dvm", "rd",
    "rn", "cpa", "cfa", "pmp", "esq", "jr", "sr", "ii", "iii", "iv", "dr", "prof", "ing", "mag",
    "dipl", "diplom", "cscs", "cpt", "rdn", "pt", "dpt", "lcsw", "lmft", "ceo", "cto", "cfo",
    "coo", "cmo",
];

/// Words that no person is greeted by, folded: what a person does, what a thing is called, what a form says.
const NO_NAMES: &[&str] = &[
    "admin",
    "administrator",
    "agency",
    "agentur",
    "author",
    "blog",
    "blogger",
    "brand",
    "business",
    "buy",
    "ceo",
    "cfo",
    "channel",
    "cheap",
    "click",
    "club",
    "cmo",
    "co",
    "coach",
    "coaching",
    "cofounder",
    "collective",
    "community",
    "company",
    "contact",
    "corp",
    "creator",
    "cto",
    "customer",
    "deals",
    "designer",
    "developer",
    "digital",
    "director",
    "editor",
    "empty",
    "engineer",
    "entrepreneur",
    "fan",
    "fanpage",
    "firstname",
    "founder",
    "free",
    "freelancer",
    "friend",
    "fullname",
    "gmbh",
    "group",
    "gründer",
    "guest",
    "hello",
    "help",
    "home",
    "inc",
    "influencer",
    "info",
    "instagram",
    "investor",
    "kontakt",
    "lastname",
    "linkedin",
    "llc",
    "llp",
    "ltd",
    "manager",
    "marketing",
    "media",
    "member",
    "mentor",
    "mr",
    "mrs",
    "ms",
    "na",
    "name",
    "news",
    "newsletter",
    "nobody",
    "none",
    "null",
    "nutzer",
    "office",
    "official",
    "online",
    "owner",
    "page",
    "photographer",
    "podcast",
    "private",
    "profile",
    "sales",
    "service",
    "shop",
    "speaker",
    "store",
    "studio",
    "support",
    "team",
    "test",
    "tester",
    "the",
    "trainer",
    "twitter",
    "ug",
    "undefined",
    "unknown",
    "usuario",
    "user",
    "username",
    "verein",
    "verified",
    "via",
    "webmaster",
    "website",
    "writer",
    "facebook",
    "your",
];

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[track_caller]
    fn check(text: &str, expected: Option<&str>) {
        assert_eq!(for_greeting(text).as_deref(), expected, "{text}");
    }

    #[test]
    fn names_of_every_script_are_greeted() {
        for name in [
            "Ana Silva",
            "Dr. Ana Silva",
            "J. K. Rowan",
            "Seán O’Brien",
            "Núria Vila-Gómez",
            "Gal·la Pérez",
            "李小龙",
            "山田 太郎",
            "Мария Иванова",
            "أحمد علي",
            "आरती शर्मा",
            "สมชาย",
            "José María",
            "Siobhán d'Arcy",
            "ʻAkau",
            "Nguyễn Thị Hoa",
            "김민수",
            "Ann",
            "Wai Ling",
            "J.R. Smith",
            "علی‌رضا",
            "Łukasz Żak",
            "Mª José",
            "Noor van den Berg",
            "Jean‐Luc",
        ] {
            check(name, Some(name));
        }
        check("Jose\u{0301}", Some("José"));
        check("🌈 Ana Fit 🏃‍♀️", Some("Ana Fit"));
        check("Ana Silva, PhD, MBA", Some("Ana Silva"));
        check("CAMILA", Some("Camila"));
        check("MARÍA O'NEILL", Some("María O'Neill"));
    }

    #[test]
    fn what_is_no_name_is_not_greeted() {
        for text in [
            "",
            "null",
            "#N/A",
            "n. A.",
            "free-shoes.com",
            "https://evil.example",
            "www.evil.example",
            "see evil.gg",
            "ana@example.org",
            "Coach | Speaker | Author",
            "CEO & Founder",
            "Official Shop",
            "Firstname Lastname",
            "Silva, Ana",
            "[First Name]",
            "{{name}}",
            "Ana 4 You",
            "Аna Silva",
            "BMW",
            "A",
            "Ana\u{202E}xyz",
            "the running team of the city of example",
            "user",
            "1.402E+04",
            "Instagram User",
            "evil。com",
            "🔥BEST DEALS🔥",
            "🔥SHOES🔥",
            "CEO | Coach",
            "Founder, Trails",
            "Trail Shop",
            "Buy cheap shoes",
            "<script>",
            "Ana &amp; Bo",
            "{name}",
            "p\u{430}ypal",
            "Mr.",
            "ᅠ",
            "🌸",
            "…",
        ] {
            if text == "Ana\u{202E}xyz" {
                check(text, Some("Anaxyz"));
            } else {
                check(text, None);
            }
        }
    }

    #[test]
    fn stored_name_is_no_placeholder_or_address() {
        for (text, expected) in [
            ("Ana Silva", Some("Ana Silva")),
            ("undefined", None),
            ("ana@example.org", None),
            ("https://x.example/ana", None),
            ("@anafit", Some("@anafit")),
            ("Coach | Speaker", Some("Coach | Speaker")),
        ] {
            assert_eq!(shown(text).as_deref(), expected, "{text}");
        }
    }

    proptest! {
        #[test]
        fn greeting_never_holds_a_link(text in "\\PC{0,60}") {
            if let Some(name) = for_greeting(&text) {
                // A full stop between initials makes no link: no host ends in one letter.
                let is_initials = |word: &str| word.split('.').all(|part| part.chars().count() <= 1);
                let dotted = name.split_whitespace().any(|word| {
                    !is_initials(word) && word.trim_end_matches('.').contains(['.', ':', '/', '@'])
                });
                prop_assert!(!dotted && !name.contains('\n') && name.chars().count() <= LONGEST_GREETING, "{}", name);
            }
        }
    }
}
