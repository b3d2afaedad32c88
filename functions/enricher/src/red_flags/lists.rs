//! The lists of words, one file for each language. A text is held against all of them: people mix
//! languages, and a profile's language is a guess.

use std::{ops::Range, sync::LazyLock};

use strum::EnumString;

use super::sentences::words;

/// The files, each of one language.
const FILES: &[&str] = &[
    include_str!("words/en.txt"),
    include_str!("words/de.txt"),
    include_str!("words/fr.txt"),
    include_str!("words/es.txt"),
    include_str!("words/it.txt"),
    include_str!("words/pt.txt"),
    include_str!("words/nl.txt"),
    include_str!("words/other.txt"),
];

/// What a phrase is in a sentence. Its text is the word before the colon.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, EnumString)]
#[strum(serialize_all = "snake_case")]
pub(super) enum Class {
    /// Says no to the noun that follows.
    No,
    /// What may stand before a bare "no", which is another word in some languages.
    NoLead,
    /// Says no to what is done: a refusal only with [`Class::Want`] or [`Class::Reach`].
    Not,
    /// To wish, accept, answer or look for.
    Want,
    /// What is refused: offers, pitches, partnerships.
    Offer,
    /// Mails.
    Mail,
    /// Advertising, which may also be what a product or page of theirs is free of.
    Ad,
    /// To write to a person.
    Reach,
    /// Says behind a noun that it is not wanted.
    Unwelcome,
    /// A refusal by itself.
    Refusal,
    /// A refusal by itself, in a script without spaces.
    Anywhere,
    /// Turns a refusal into something else: "don't hesitate", "no better offers".
    But,
    /// A product or page of theirs, which may be free of advertising.
    Own,
    /// What may follow a noun that is refused.
    Tail,
    /// Makes a request of it.
    Polite,
    /// An age's unit that speaks of nothing else.
    AgeUnit,
    /// An age's unit that may speak of a time.
    AgeUnitAlone,
    /// What stands before an age.
    AgeIntro,
    /// Of a person who goes to school.
    School,
    /// Of a minor, even where another person is named.
    Minor,
    /// The same, in a script without spaces.
    AnywhereSchool,
    /// Says that an age or a school is another person's, or of a grown-up.
    Adult,
    /// What has an age too: pets, firms, houses.
    Thing,
    /// Says that a number of years is a time.
    Since,
    Pronoun,
    Gambling,
    AdultContent,
    Health,
    Income,
    Model,
    Hate,
    /// They do not answer here.
    Contact,
}

/// One word of a phrase.
#[derive(Debug, PartialEq, Eq)]
enum Word {
    Exact(String),
    Starts(String),
    Ends(String),
    Number,
}

impl Word {
    fn matches(&self, word: &str) -> bool {
        match self {
            Self::Exact(text) => word == text,
            Self::Starts(text) => word.starts_with(text.as_str()),
            Self::Ends(text) => word.ends_with(text.as_str()),
            Self::Number => word.parse::<u8>().is_ok_and(|n| (1..=13).contains(&n)),
        }
    }
}

/// All phrases of all languages.
pub(super) struct Lists(Vec<(Class, Vec<Word>)>);

pub(super) static LISTS: LazyLock<Lists> =
    LazyLock::new(|| Lists(FILES.iter().flat_map(|file| read(file)).flatten().collect()));

impl Lists {
    /// Where a phrase of the class stands first.
    pub(super) fn find(&self, class: Class, words: &[String]) -> Option<Range<usize>> {
        self.all(class, words).into_iter().min_by_key(|at| at.start)
    }

    pub(super) fn has(&self, class: Class, words: &[String]) -> bool {
        self.find(class, words).is_some()
    }

    /// Every place where a phrase of the class stands.
    pub(super) fn all(&self, class: Class, words: &[String]) -> Vec<Range<usize>> {
        let phrases = self.0.iter().filter(|(of, _)| *of == class);
        phrases
            .flat_map(|(_, phrase)| {
                let starts = words.windows(phrase.len()).enumerate();
                starts.filter_map(|(at, window)| {
                    let same = phrase.iter().zip(window).all(|(p, word)| p.matches(word));
                    same.then_some(at..at + phrase.len())
                })
            })
            .collect()
    }

    /// Whether a phrase of the class stands in a text without spaces.
    pub(super) fn within(&self, class: Class, words: &[String]) -> bool {
        let text = words.concat();
        self.0
            .iter()
            .filter(|(of, _)| *of == class)
            .any(|(_, phrase)| {
                let phrase: Option<String> = phrase
                    .iter()
                    .map(|word| match word {
                        Word::Exact(text) => Some(text.as_str()),
                        _ => None,
                    })
                    .collect();
                phrase.is_some_and(|phrase| text.contains(&phrase))
            })
    }
}

type Phrase = (Class, Vec<Word>);

/// The phrases of a file, or the line that cannot be read.
fn read(file: &str) -> Vec<Result<Phrase, String>> {
    let lines = file
        .lines()
        .filter(|line| !line.is_empty() && !line.starts_with("# "));
    lines
        .flat_map(|line| match line.split_once(": ") {
            Some((class, phrases)) => phrases
                .split('|')
                .map(|phrase| {
                    let class = class.parse().map_err(|_| line.to_owned())?;
                    let phrase = pattern(phrase).ok_or_else(|| phrase.to_owned())?;
                    Ok((class, phrase))
                })
                .collect(),
            None => vec![Err(line.to_owned())],
        })
        .collect()
}

/// A phrase as the words that it matches: a star stands for the rest of a word.
fn pattern(phrase: &str) -> Option<Vec<Word>> {
    let mut pattern = Vec::new();
    for part in phrase.split_whitespace() {
        if part == "#" {
            pattern.push(Word::Number);
            continue;
        }
        let mut parts = words(part);
        let last = parts.pop();
        pattern.extend(parts.into_iter().map(Word::Exact));
        // A part of signs only, such as "=", is in no text either.
        pattern.extend(
            last.map(|word| match (part.starts_with('*'), part.ends_with('*')) {
                (true, _) => Word::Ends(word),
                (false, true) => Word::Starts(word),
                (false, false) => Word::Exact(word),
            }),
        );
    }
    (!pattern.is_empty()).then_some(pattern)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_of_every_file_is_read() {
        for file in FILES {
            let wrong: Vec<_> = read(file).into_iter().filter_map(Result::err).collect();
            assert_eq!(wrong, [""; 0]);
        }
    }

    #[test]
    fn phrases_match_words_not_parts() {
        let found = |class, text: &str| LISTS.has(class, &words(text));
        assert!(found(Class::Offer, "Kooperationsanfragen"));
        assert!(found(Class::School, "10th grade"));
        assert!(!found(Class::School, "40th grade"));
        assert!(!found(Class::Ad, "adventure"));
        assert!(found(Class::Ad, "Werbe-Mails"));
    }
}
