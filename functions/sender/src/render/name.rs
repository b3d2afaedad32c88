//! Whether what a profile calls itself is a name that a mail may greet. What is in doubt is not greeted:
//! a mail without a name is polite, one to "CEO | Coach" or "null" is not.

use shared::domain::reading::{has_link, mixes_alphabets, without_strays};
use unicode_normalization::{UnicodeNormalization as _, char::is_combining_mark};
use unicode_properties::UnicodeEmoji as _;

/// Longest name that is greeted.
const LONGEST: usize = 40;
const MOST_WORDS: usize = 5;

/// What programs and people write where they have no name, in lower case.
const NO_NAMES: &[&str] = &[
    "null",
    "none",
    "nil",
    "nan",
    "n a",
    "na",
    "undefined",
    "unknown",
    "unbekannt",
    "inconnu",
    "inconnue",
    "desconocido",
    "desconocida",
    "sconosciuto",
    "desconhecido",
    "onbekend",
    "user",
    "username",
    "nutzer",
    "benutzer",
    "utilisateur",
    "usuario",
    "utente",
    "instagram user",
    "facebook user",
    "tiktok user",
    "linkedin member",
    "x user",
    "twitter user",
    "deleted user",
    "deleted account",
    "deleted",
    "account",
    "admin",
    "administrator",
    "anonymous",
    "anonym",
    "anonyme",
    "anonimo",
    "test",
    "test user",
    "name",
    "first name",
    "last name",
    "full name",
    "your name",
    "vorname",
    "nachname",
    "prénom",
    "nom",
    "nombre",
    "nome",
    "naam",
    "no name",
    "noname",
    "kein name",
    "sans nom",
    "sin nombre",
    "senza nome",
    "sem nome",
    "geen naam",
    "private",
    "privat",
    "info",
    "contact",
    "kontakt",
    "support",
    "team",
    "hello",
    "welcome",
    "empty",
    "false",
    "true",
    "mr",
    "mrs",
    "ms",
    "herr",
    "frau",
];

/// Words of a title, a trade or a shop: a text that holds one describes somebody and names nobody.
const TITLES: &[&str] = &[
    "ceo",
    "cto",
    "cfo",
    "coo",
    "cmo",
    "founder",
    "cofounder",
    "gründer",
    "gründerin",
    "owner",
    "inhaber",
    "inhaberin",
    "director",
    "manager",
    "president",
    "coach",
    "trainer",
    "trainerin",
    "speaker",
    "author",
    "autor",
    "autorin",
    "blogger",
    "bloggerin",
    "influencer",
    "creator",
    "photographer",
    "fotograf",
    "fotografin",
    "photography",
    "fotografie",
    "consultant",
    "berater",
    "beraterin",
    "entrepreneur",
    "unternehmer",
    "engineer",
    "developer",
    "designer",
    "official",
    "offiziell",
    "oficial",
    "officiel",
    "ufficiale",
    "shop",
    "store",
    "boutique",
    "studio",
    "agency",
    "agentur",
    "agence",
    "agencia",
    "magazine",
    "podcast",
    "gmbh",
    "ltd",
    "llc",
    "inc",
    "corp",
    "phd",
    "mba",
    "msc",
    "bsc",
    "deals",
    "sale",
    "free",
    "follow",
    "dm",
    "click",
    "buy",
    "subscribe",
];

/// The name as it is greeted, or `None`.
pub(super) fn greeted(given: &str) -> Option<String> {
    let given: String = without_strays(given).nfc().collect();
    let has_emoji = given.chars().any(is_emoji);
    // A picture beside a name is left out.
    let plain: String = given
        .chars()
        .map(|c| if is_emoji(c) { ' ' } else { c })
        .collect();
    // And so is what joined it.
    let plain = without_strays(&plain);
    let words: Vec<&str> = plain.split_whitespace().collect();
    let name = words.join(" ");
    let lower = name.to_lowercase();
    let letters = lower.replace(|c: char| !c.is_alphanumeric(), " ");
    let plain_words: Vec<&str> = letters.split_whitespace().collect();
    // With pictures around it, shouting is a slogan.
    let shouts =
        has_emoji && !name.chars().any(char::is_lowercase) && name.chars().any(char::is_uppercase);
    let is_name = (1..=LONGEST).contains(&name.chars().count())
        && words.len() <= MOST_WORDS
        && name.chars().all(is_of_name)
        && name.starts_with(char::is_alphabetic)
        && !shouts
        && !NO_NAMES.contains(&plain_words.join(" ").as_str())
        && !plain_words.iter().any(|word| TITLES.contains(word))
        && !mixes_alphabets(&name)
        && !has_link(&name);
    is_name.then_some(name)
}

/// Letters of every script with their marks, and what stands between the parts of names.
fn is_of_name(c: char) -> bool {
    c.is_alphabetic() || is_combining_mark(c) || " .'-’ʼʻ·‐\u{200C}\u{200D}".contains(c)
}

fn is_emoji(c: char) -> bool {
    !c.is_ascii() && c.is_emoji_char() || matches!(c, '\u{FE0F}' | '\u{1F3FB}'..='\u{1F3FF}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_every_script_are_greeted_as_given() {
        for name in [
            "Ana Fit",
            "José O'Neill-Silva",
            "ANA SILVA",
            "ana",
            "Nguyễn Thị Ánh",
            "Zoë",
            "Łukasz Żak",
            "Дмитрий",
            "张伟",
            "田中 さくら",
            "محمد",
            "علی‌رضا",
            "प्रिया",
            "אורי",
            "Γιώργος",
            "ณัฐ",
            "D’Angelo",
            "J.R. Smith",
            "Dr. Ana Silva",
            "Jean‐Luc",
            "Mª José",
            "Ng",
            "Noor van den Berg",
            "Kaʻiulani",
            "Montserrat Col·lell",
        ] {
            assert_eq!(greeted(name).as_deref(), Some(name));
        }
        assert_eq!(greeted("Ana  Silva 🌸").as_deref(), Some("Ana Silva"));
        assert_eq!(greeted("Mila 🏃‍♀️ Ostrand").as_deref(), Some("Mila Ostrand"));
        assert_eq!(
            greeted("Jose\u{301} \u{200B}Silva").as_deref(),
            Some("José Silva")
        );
    }

    #[test]
    fn what_is_no_name_is_not_greeted() {
        for text in [
            "",
            " ",
            "null",
            "N/A",
            "n. a.",
            "NaN",
            "undefined",
            "Instagram User",
            "[First Name]",
            "your name",
            "free-shoes.com",
            "Ana.It",
            "www.shoes",
            "evil。com",
            "ana@example.org",
            "@ana",
            "https://x.example",
            "CEO | Coach",
            "CEO & Founder",
            "Founder, Trails",
            "Trail Shop",
            "🔥BEST DEALS🔥",
            "🔥SHOES🔥",
            "Ana 123",
            "-Ana",
            "…",
            "a\r\nBcc: x",
            "<script>",
            "Ana &amp; Bo",
            "{name}",
            "p\u{430}ypal",
            "pay\u{202E}lap ana (b)",
            "Buy cheap shoes",
            "One two three four five six",
            "🌸",
            "Mr.",
            "ᅠ",
        ] {
            assert_eq!(greeted(text), None, "{text:?}");
        }
        assert_eq!(greeted(&"a".repeat(41)), None);
    }
}
