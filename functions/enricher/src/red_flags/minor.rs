//! Whether a profile may belong to a minor.

use std::ops::RangeInclusive;

use super::{
    Certainty,
    lists::{Class, LISTS},
    sentences::{Clause, Sentence},
};

/// Ages that people of age do not say of themselves.
const AGES: RangeInclusive<u8> = 8..=17;

/// The sentences that speak of a minor, or may.
pub(super) fn find(sentences: &[Sentence]) -> Vec<(&Sentence, Certainty)> {
    let clauses = || sentences.iter().flat_map(|sentence| &sentence.clauses);
    // A mother, a teacher or a breeder speaks of another person.
    let of_others = clauses().any(|clause| LISTS.has(Class::Adult, &clause.words));
    let pronouns = clauses().any(|clause| LISTS.has(Class::Pronoun, &clause.words));
    let certainty = |(before, clause): (Option<&Clause>, &Clause)| {
        let words = clause.words.as_slice();
        if LISTS.has(Class::Minor, words) {
            return Some(Certainty::Clear);
        }
        let school = LISTS.has(Class::School, words) || LISTS.within(Class::AnywhereSchool, words);
        if school || says_age(words) {
            if LISTS.has(Class::Adult, words) {
                return None;
            }
            return Some(match of_others {
                true => Certainty::Possible,
                false => Certainty::Clear,
            });
        }
        let bare = words.len() == 1 && words.first().is_some_and(|word| is_age(word));
        // "Age: 14"
        let titled = before.is_some_and(|clause| {
            let places = LISTS.all(Class::AgeIntro, &clause.words);
            places.contains(&(0..clause.words.len()))
        });
        (bare && !of_others).then_some(match pronouns || titled {
            true => Certainty::Clear,
            false => Certainty::Possible,
        })
    };
    let mut found = Vec::new();
    for sentence in sentences {
        let before = std::iter::once(None).chain(sentence.clauses.iter().map(Some));
        let clearest = before.zip(&sentence.clauses).filter_map(certainty).max();
        found.extend(clearest.map(|certainty| (sentence, certainty)));
    }
    found
}

fn is_age(word: &str) -> bool {
    word.parse().is_ok_and(|age| AGES.contains(&age)) || IN_WORDS.contains(&word)
}

/// The same in words, without accents.
const IN_WORDS: &[&str] = &[
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "dreizehn",
    "vierzehn",
    "funfzehn",
    "sechzehn",
    "siebzehn",
    "treize",
    "quatorze",
    "quinze",
    "seize",
    "trece",
    "catorce",
    "quince",
    "dieciseis",
    "diecisiete",
    "tredici",
    "quattordici",
    "quindici",
    "sedici",
    "diciassette",
    "treze",
    "catorze",
    "dezesseis",
    "dezasseis",
    "dezessete",
    "dezassete",
    "dertien",
    "veertien",
    "vijftien",
    "zestien",
    "zeventien",
];

/// Whether the clause says a person's age.
fn says_age(words: &[String]) -> bool {
    let at = |n: usize| words.get(n..).unwrap_or_default();
    let begins = |class, words: &[String]| {
        let places = LISTS.all(class, words);
        places
            .iter()
            .filter(|at| at.start == 0)
            .map(|at| at.end)
            .max()
    };
    let ends_before = |class, n: usize| LISTS.all(class, words).iter().any(|place| place.end == n);
    words.iter().enumerate().any(|(n, word)| {
        if !is_age(word) {
            return false;
        }
        let rest = at(n + 1);
        if begins(Class::AgeUnit, rest).is_some() {
            let before = words.get(..n).unwrap_or_default();
            return !LISTS.has(Class::Thing, words) && !LISTS.has(Class::Since, before);
        }
        let introduced = ends_before(Class::AgeIntro, n);
        let rest = begins(Class::AgeUnitAlone, rest).map_or((false, rest), |unit| {
            (true, rest.get(unit..).unwrap_or_default())
        });
        // "16 ans", "tengo 15 años y bailo", "I'm 14 from Leeds"; not "16 ans d'expérience".
        let goes_on = rest.1.is_empty()
            || rest
                .1
                .first()
                .is_some_and(|word| GOES_ON.contains(&word.as_str()));
        let alone = n == 0 && rest.0;
        // "Tengo 15 años y estoy en el instituto": what follows the "and" is another sentence.
        let another = introduced
            && rest
                .1
                .first()
                .is_some_and(|word| AND.contains(&word.as_str()));
        (introduced || alone) && goes_on && (another || !LISTS.has(Class::Since, rest.1))
    })
}

const AND: &[&str] = &["and", "und", "et", "y", "e"];

/// What follows an age, in a sentence about a person.
const GOES_ON: &[&str] = &[
    "and", "und", "et", "y", "e", "en", "from", "aus", "living", "im",
];
