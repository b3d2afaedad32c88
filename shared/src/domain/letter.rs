//! What stands around a personal message in a mail: the greeting, and the sentences that the law asks for.

mod frame;
mod language;

pub use frame::{FRAMES, Frame, greets};
pub use language::{Language, Languages};

use super::{
    lead::{Origin, Platform},
    name::for_greeting,
    reading::{unlinked, without_strays},
};

/// To whom a message goes, and about what.
#[derive(Debug, Clone, Copy)]
pub struct Addressee<'a> {
    pub name: Option<&'a str>,
    /// ISO 639-1.
    pub language: Option<&'a str>,
    /// Where the profile lives.
    pub platform: Platform,
    /// Where its data is from: what the mail says of it (GDPR, Art. 14(2)(f)).
    pub origin: Origin,
    pub username: &'a str,
    /// What the campaign offers, in a few words.
    pub offer: &'a str,
}

/// The sentences around one message, filled in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sentences {
    /// Empty where the message greets by itself.
    pub greeting: String,
    /// Who writes, and that it is commercial.
    pub commercial: String,
    /// Where the recipient's data is from.
    pub source: String,
}

/// The frame's sentences for a message to this person.
pub fn sentences(frame: &Frame, to: &Addressee<'_>, message: &str, sender_name: &str) -> Sentences {
    let offer = inert(to.offer);
    let blanks = [
        ("{sender}", sender_name),
        ("{offer}", offer.trim_end_matches('.')),
    ];
    Sentences {
        greeting: greeting(frame, to, message),
        commercial: fill(frame.commercial, &blanks),
        source: source(frame, to),
    }
}

/// By what the source is: a list that names a platform is still a list.
fn source(frame: &Frame, to: &Addressee<'_>) -> String {
    match (to.origin, to.platform) {
        (Origin::List, _) | (Origin::Service, Platform::Csv) => frame.from_list.to_owned(),
        (
            Origin::Service,
            Platform::X | Platform::Instagram | Platform::Facebook | Platform::LinkedIn,
        ) => fill(
            frame.from_profile,
            &[
                ("{platform}", to.platform.title()),
                ("{username}", &inert(to.username)),
            ],
        ),
    }
}

/// By name where the text is one; none where the message greets already.
fn greeting(frame: &Frame, to: &Addressee<'_>, message: &str) -> String {
    if greets(message) {
        return String::new();
    }
    match to.name.and_then(for_greeting) {
        Some(name) => fill(frame.greeting, &[("{name}", &name)]),
        None => frame.greeting_without_name.to_owned(),
    }
}

/// Words of others within a sentence of ours: nothing hidden in them, and nothing of them clickable.
fn inert(words: &str) -> String {
    let plain = without_strays(words).replace(|c: char| c.is_control(), " ");
    unlinked(plain.trim())
}

/// Fills blanks from left to right; what a value says is not read again.
fn fill(sentence: &str, blanks: &[(&str, &str)]) -> String {
    let mut filled = String::with_capacity(sentence.len() * 2);
    let mut rest = sentence;
    for (blank, value) in blanks {
        let (before, after) = rest.split_once(blank).unwrap_or((rest, ""));
        filled.push_str(before);
        filled.push_str(value);
        rest = after;
    }
    filled.push_str(rest);
    filled
}

/// A message's paragraphs: parted by an empty line.
pub fn paragraphs(message: &str) -> impl Iterator<Item = &str> {
    message
        .split("\n\n")
        .map(str::trim)
        .filter(|paragraph| !paragraph.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn greets_knows_every_language_of_the_frames() {
        for greeting in [
            "Dear Ana, I read …",
            "Good morning Ana – I read …",
            "Liebe Ana, ich habe …",
            "Guten Tag Ana, ich habe …",
            "Chère Ana,\nj’ai lu …",
            "Bonjour Ana, j’ai lu …",
            "Hola, Ana: he leído …",
            "Querida Ana: he leído …",
            "Buongiorno Ana, ho letto …",
            "Cara Ana, ho letto …",
            "Olá, Ana! Li …",
            "Bom dia, Ana! Li …",
            "Beste Ana, ik las …",
            "Dag Ana, ik las …",
            "Anaさん、こんにちは。",
        ] {
            assert!(greets(greeting), "{greeting}");
        }
        for opening in [
            "",
            "Higher is better.",
            "Liebe zum Detail zeichnet Ihre Beiträge aus, und das fällt auf.",
            "Your runs, said hello to by thousands, are worth a look.",
            "Beste hardlopers verdienen meer dan een medaille voor hun werk, vinden wij.",
            "Dagelijks lees ik mee, en graag.",
        ] {
            assert!(!greets(opening), "{opening}");
        }
    }

    #[test]
    fn only_names_are_greeted_by_name() {
        let greeting_to = |name| {
            let to = Addressee {
                name,
                language: None,
                platform: Platform::X,
                origin: Origin::Service,
                username: "ana",
                offer: "10 %",
            };
            greeting(Frame::of(None), &to, "I read about your runs.")
        };
        assert_eq!(greeting_to(Some("Ana Fit")), "Hello Ana Fit,");
        let name = "José O'Neill-Silva";
        assert_eq!(greeting_to(Some(name)), format!("Hello {name},"));
        for odd in [
            None,
            Some(""),
            Some("🔥BEST DEALS🔥"),
            Some("a\r\nBcc: x@example.org"),
            Some("<script>"),
        ] {
            assert_eq!(greeting_to(odd), "Hello,", "{odd:?}");
        }
    }

    #[test]
    fn filled_in_text_is_not_filled_again() {
        let blanks = [("{sender}", "{offer}"), ("{offer}", "10 %")];
        assert_eq!(fill("{sender}: {offer}.", &blanks), "{offer}: 10 %.");
    }
}
