//! Whether a profile refuses offers.

use std::ops::Range;

use super::{
    Certainty,
    lists::{Class, LISTS},
    sentences::{Clause, Sentence},
};

/// Most words between a "no" and what it refuses.
const BETWEEN: usize = 3;
/// The same behind a bare "no", which in Spanish and Italian negates whatever follows.
const BETWEEN_BARE: usize = 1;
/// Most words of an answer to a question: "Collabs? No thanks."
const ANSWER: usize = 4;
/// How far before a "no" another word turns it.
const BEFORE: usize = 3;
/// Most words between what is refused and the words that refuse it.
const BEHIND: usize = 6;
/// Most words of a clause that goes on with a list.
const LISTED: usize = 6;

/// The sentences that refuse offers, or may.
pub(super) fn find(sentences: &[Sentence]) -> Vec<(&Sentence, Certainty)> {
    let polite = sentences
        .iter()
        .flat_map(|sentence| &sentence.clauses)
        .any(|clause| LISTS.has(Class::Polite, &clause.words));
    let mut found = Vec::new();
    let mut listed = false;
    for (n, sentence) in sentences.iter().enumerate() {
        let mut clearest = None;
        let own = sentence
            .clauses
            .iter()
            .any(|clause| LISTS.has(Class::Own, &clause.words));
        for (m, clause) in sentence.clauses.iter().enumerate() {
            let clause = Marked::new(clause);
            let next = sentence.clauses.get(m + 1);
            let next = next.or_else(|| sentences.get(n + 1)?.clauses.first());
            clearest = clearest
                .max(clause.refuses(polite || !own))
                .max(clause.is_refused_by(next))
                .max(clause.goes_on(listed));
            listed = clause.begins_a_list() || listed && clause.words.len() <= LISTED;
        }
        listed = false;
        found.extend(clearest.map(|certainty| (sentence, certainty)));
    }
    found
}

/// A clause with what its words are.
struct Marked<'a> {
    words: &'a [String],
    /// What may be refused, with whether it is advertising.
    nouns: Vec<(Range<usize>, bool)>,
    no: Vec<Range<usize>>,
    not: Option<Range<usize>>,
    but: Vec<usize>,
}

impl<'a> Marked<'a> {
    fn new(clause: &'a Clause) -> Self {
        let words = clause.words.as_slice();
        let mut nouns: Vec<_> = [Class::Offer, Class::Mail, Class::Ad]
            .into_iter()
            .flat_map(|class| {
                let places = LISTS.all(class, words);
                places.into_iter().map(move |at| (at, class == Class::Ad))
            })
            .collect();
        nouns.sort_by_key(|(at, _)| at.start);
        let mut no = LISTS.all(Class::No, words);
        no.retain(|at| is_negation(words, at));
        let mut not = LISTS.all(Class::Not, words);
        not.retain(|at| is_negation(words, at));
        let but = LISTS.all(Class::But, words);
        Self {
            words,
            nouns,
            no,
            not: not.into_iter().min_by_key(|at| at.start),
            but: but.into_iter().map(|at| at.start).collect(),
        }
    }

    /// Whether the clause refuses by itself.
    fn refuses(&self, request: bool) -> Option<Certainty> {
        let by_itself =
            LISTS.has(Class::Refusal, self.words) || LISTS.within(Class::Anywhere, self.words);
        if by_itself {
            return Some(Certainty::Clear);
        }
        self.refuses_a_noun(request)
            .max(self.refuses_to_be_reached())
            .max(self.refuses_what_is_done())
            .max(self.refuses_behind())
    }

    /// "No unsolicited offers", "keine Werbung", "pas de démarchage".
    fn refuses_a_noun(&self, request: bool) -> Option<Certainty> {
        let pairs = self.no.iter().flat_map(|no| {
            let nouns = self.nouns.iter();
            let between = match is_bare(self.words, no) {
                true => BETWEEN_BARE,
                false => BETWEEN,
            };
            nouns
                .filter(move |(at, _)| at.start >= no.end && at.start - no.end <= between)
                .map(move |noun| (no, noun))
        });
        pairs
            .filter(|(no, (at, _))| {
                let turns = |but: &usize| {
                    (no.start.saturating_sub(BEFORE)..no.start).contains(but)
                        || (no.end..at.end).contains(but)
                };
                !self.but.iter().any(turns)
            })
            .map(|(_, (at, is_ad))| {
                let turned = self.but.iter().any(|but| *but >= at.end);
                if turned || *is_ad && !(request && self.ends_as_request(at.end)) {
                    Certainty::Possible
                } else {
                    Certainty::Clear
                }
            })
            .max()
    }

    /// Whether nothing follows but a word or two of politeness.
    fn ends_behind(&self, end: usize) -> bool {
        let rest = self.words.get(end..).unwrap_or_default();
        rest.is_empty()
            || rest.len() <= 2 && LISTS.all(Class::Tail, rest).iter().any(|at| at.start == 0)
    }

    /// Advertising is refused only where the words do not go on about something else.
    fn ends_as_request(&self, end: usize) -> bool {
        let rest = self.words.get(end..).unwrap_or_default();
        let begins = |class| LISTS.all(class, rest).iter().any(|at| at.start == 0);
        let follows = [Class::Tail, Class::Offer, Class::Ad, Class::Mail];
        rest.is_empty() || follows.into_iter().any(begins)
    }

    /// "Please don't email me", "bitte nicht anschreiben".
    fn refuses_to_be_reached(&self) -> Option<Certainty> {
        let said = self.not.is_some() && LISTS.has(Class::Reach, self.words);
        (said && self.but.is_empty()).then_some(Certainty::Clear)
    }

    /// "Not interested in collaborations", "Werbung nehme ich nicht an".
    fn refuses_what_is_done(&self) -> Option<Certainty> {
        let not = self.not.as_ref()?;
        let wants = LISTS.has(Class::Want, self.words);
        // What comes long before the "not" is another thought.
        let noun = self
            .nouns
            .iter()
            .any(|(at, _)| at.end + BEHIND >= not.start);
        let turned = self.but.iter().any(|but| *but <= not.end);
        let certainty = match self.but.is_empty() {
            true => Certainty::Clear,
            false => Certainty::Possible,
        };
        (wants && noun && !turned).then_some(certainty)
    }

    /// "PR pitches will be deleted", "Werbung unerwünscht".
    fn refuses_behind(&self) -> Option<Certainty> {
        let mut behind = LISTS.all(Class::Unwelcome, self.words);
        // "Ads and no tracking" is no refusal.
        behind.retain(|at| at.len() > 1 || self.ends_behind(at.end));
        let near = self.nouns.iter().any(|(noun, _)| {
            behind
                .iter()
                .any(|at| at.start >= noun.end && at.start - noun.end <= BEHIND)
        });
        (near && self.but.is_empty()).then_some(Certainty::Clear)
    }

    /// "Collabs? No thanks."
    fn is_refused_by(&self, next: Option<&Clause>) -> Option<Certainty> {
        let ends = self.nouns.last()?.0.end == self.words.len();
        let next = next?;
        let answer = LISTS.all(Class::Unwelcome, &next.words);
        let whole =
            |at: &Range<usize>| at.start == 0 && (at.len() > 1 || at.end == next.words.len());
        // "Collabs by mail, I don't answer DMs" refuses another way to be reached.
        let refused = next.words.len() <= ANSWER
            && answer.iter().any(whole)
            && !LISTS.has(Class::Contact, &next.words);
        (ends && self.words.len() <= BEHIND && refused).then_some(Certainty::Clear)
    }

    /// "No DMs, calls" and "not interested in courses, apps" begin a list of what is not wanted.
    fn begins_a_list(&self) -> bool {
        let item = |no: &Range<usize>| {
            let rest = self.words.len() - no.end;
            rest == 0
                || rest <= 2 && (!self.nouns.is_empty() || LISTS.has(Class::Contact, self.words))
        };
        let wants = self.not.is_some() && LISTS.has(Class::Want, self.words);
        (wants || self.no.iter().any(item)) && self.but.is_empty()
    }

    fn goes_on(&self, listed: bool) -> Option<Certainty> {
        let goes_on = listed
            && self.words.len() <= LISTED
            && !LISTS.has(Class::Want, self.words)
            && self.nouns.iter().any(|(at, _)| self.ends_behind(at.end));
        (goes_on && self.but.is_empty()).then_some(Certainty::Clear)
    }
}

/// A bare "no" stands at the beginning or behind words of a request: in Portuguese it also means
/// "in the".
fn is_negation(words: &[String], at: &Range<usize>) -> bool {
    let before = words.get(..at.start).unwrap_or_default();
    let lead = |word: &String| LISTS.has(Class::NoLead, std::slice::from_ref(word));
    !is_bare(words, at) || before.iter().all(lead)
}

fn is_bare(words: &[String], at: &Range<usize>) -> bool {
    at.len() == 1 && words.get(at.start).is_some_and(|word| word == "no")
}
