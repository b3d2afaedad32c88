//! What speaks against writing to a profile, in its own words: no model may talk it away
//! (invariant 6).
//!
//! A refusal of offers and the signs of a minor stop the mail. Every other word alone is at most a
//! reason for a person to look, who is shown the sentence.

mod lists;
mod minor;
mod refusal;
mod sentences;

use lists::{Class, LISTS};
use sentences::{Sentence, sentences};
use shared::domain::gate::Compliance;
use strum::IntoStaticStr;

/// Longest sentence that is shown, in characters.
const SHOWN: usize = 200;

/// What a sentence of a profile says. Its text is what a reviewer reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, IntoStaticStr)]
pub(crate) enum Topic {
    #[strum(serialize = "the profile asks not to get offers")]
    RefusesOffers,
    #[strum(serialize = "the profile may belong to a minor")]
    Minor,
    #[strum(serialize = "the profile may not want messages of this kind")]
    MayRefuse,
    #[strum(serialize = "the profile speaks to the model")]
    SpeaksToTheModel,
    #[strum(serialize = "the profile may be about gambling")]
    Gambling,
    #[strum(serialize = "the profile may have adult content")]
    AdultContent,
    #[strum(serialize = "the profile may make health claims")]
    HealthClaims,
    #[strum(serialize = "the profile may make income claims")]
    IncomeClaims,
    #[strum(serialize = "the profile may spread hate")]
    Hate,
}

/// How sure it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Certainty {
    /// A person looks.
    Possible,
    /// No mail, whatever else is said.
    Clear,
}

/// Something that speaks against writing, with the sentence that says it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RedFlag {
    pub(crate) topic: Topic,
    pub(crate) compliance: Compliance,
    pub(crate) sentence: String,
}

impl RedFlag {
    /// For a person who reviews it.
    pub(crate) fn reason(&self) -> String {
        let topic: &str = self.topic.into();
        format!("{topic}: “{}”", self.sentence)
    }
}

/// What these flags say of writing at all.
pub(crate) fn compliance(flags: &[RedFlag]) -> Compliance {
    flags
        .iter()
        .map(|flag| flag.compliance)
        .fold(Compliance::Ok, Compliance::max)
}

/// What speaks against writing to a profile with these texts: one flag for each topic, the clearest.
pub(crate) fn red_flags(texts: &[&str]) -> Vec<RedFlag> {
    let sentences: Vec<Sentence> = texts.iter().flat_map(|text| sentences(text)).collect();
    let mut flags: Vec<RedFlag> = Vec::new();
    let mut add = |topic, compliance, sentence: &Sentence| {
        let flag = RedFlag {
            topic,
            compliance,
            sentence: sentence.shown.chars().take(SHOWN).collect(),
        };
        match flags.iter_mut().find(|known| known.topic == topic) {
            Some(known) if known.compliance < compliance => *known = flag,
            Some(_) => {}
            None => flags.push(flag),
        }
    };
    for (sentence, certainty) in refusal::find(&sentences) {
        match certainty {
            Certainty::Clear => add(Topic::RefusesOffers, Compliance::Block, sentence),
            Certainty::Possible => add(Topic::MayRefuse, Compliance::Review, sentence),
        }
    }
    for (sentence, certainty) in minor::find(&sentences) {
        let compliance = match certainty {
            Certainty::Clear => Compliance::Block,
            Certainty::Possible => Compliance::Review,
        };
        add(Topic::Minor, compliance, sentence);
    }
    for sentence in &sentences {
        for (class, topic) in TOPICS {
            let said = |clause: &&sentences::Clause| LISTS.find(*class, &clause.words).is_some();
            if sentence.clauses.iter().any(|clause| said(&clause)) {
                add(*topic, Compliance::Review, sentence);
            }
        }
    }
    flags.sort_by_key(|flag| flag.topic);
    flags
}

const TOPICS: &[(Class, Topic)] = &[
    (Class::Contact, Topic::MayRefuse),
    (Class::Model, Topic::SpeaksToTheModel),
    (Class::Gambling, Topic::Gambling),
    (Class::AdultContent, Topic::AdultContent),
    (Class::Health, Topic::HealthClaims),
    (Class::Income, Topic::IncomeClaims),
    (Class::Hate, Topic::Hate),
];

#[cfg(test)]
mod tests;
