//! Which statement of which function loses its connection, and which statements there are.

use std::collections::BTreeMap;

use rand::rngs::ChaCha8Rng;
use rand::{RngExt as _, SeedableRng as _};

/// Where a connection is lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum When {
    /// Before the server is told to commit.
    Before,
    /// After the server has committed, before the function hears of it.
    After,
}

impl When {
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Before => "before",
            Self::After => "after",
        }
    }
}

#[derive(Debug)]
struct Cut {
    actor: String,
    statement: String,
    when: When,
    passing: u64,
}

/// What is to be cut, and what was seen.
#[derive(Debug, Default)]
pub(crate) struct Cuts {
    next: Vec<Cut>,
    share: Option<(f64, ChaCha8Rng)>,
    seen: BTreeMap<(String, String), u64>,
    made: u64,
}

impl Cuts {
    /// The `passing`th time (from 1) that the function runs this statement from now on.
    pub(crate) fn next(&mut self, actor: &str, statement: &str, when: When, passing: u64) {
        self.next.push(Cut {
            actor: actor.to_owned(),
            statement: statement.to_owned(),
            when,
            passing,
        });
    }

    /// This share of all statements, chosen by the seed.
    pub(crate) fn share(&mut self, share: f64, seed: u64) {
        self.share = Some((share, ChaCha8Rng::seed_from_u64(seed)));
    }

    /// Nothing more is cut, and what was seen is forgotten.
    pub(crate) fn clear(&mut self) {
        *self = Self::default();
    }

    /// Every statement that a function ran, once each.
    pub(crate) fn statements(&self) -> impl Iterator<Item = (&str, &str)> {
        let seen = self.seen.keys();
        seen.map(|(actor, statement)| (actor.as_str(), statement.as_str()))
    }

    /// How many connections were cut.
    pub(crate) fn made(&self) -> u64 {
        self.made
    }

    /// Whether and where the connection that runs this statement is lost.
    pub(super) fn decide(&mut self, actor: &str, statement: &str) -> Option<When> {
        let key = (actor.to_owned(), statement.to_owned());
        *self.seen.entry(key).or_default() += 1;
        for cut in &mut self.next {
            if cut.actor == actor && cut.statement == statement {
                cut.passing = cut.passing.saturating_sub(1);
            }
        }
        let due = self.next.iter().position(|cut| cut.passing == 0);
        let when = match due {
            Some(place) => Some(self.next.swap_remove(place).when),
            None => self.draw(),
        };
        self.made += u64::from(when.is_some());
        when
    }

    fn draw(&mut self) -> Option<When> {
        let (share, random) = self.share.as_mut()?;
        match random.random::<f64>() {
            draw if draw < *share / 2.0 => Some(When::Before),
            draw if draw < *share => Some(When::After),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_statement_is_cut_at_its_passing_and_once() {
        let mut cuts = Cuts::default();
        cuts.next("sender", "claim", When::After, 2);
        let mut met = |actor, statement| cuts.decide(actor, statement);
        assert_eq!(met("sender", "claim"), None);
        assert_eq!(met("enricher", "claim"), None);
        assert_eq!(met("sender", "claim"), Some(When::After));
        assert_eq!(met("sender", "claim"), None);
        assert_eq!(cuts.made(), 1);
        let seen: Vec<_> = cuts.statements().collect();
        assert_eq!(seen, [("enricher", "claim"), ("sender", "claim")]);
    }

    #[test]
    fn a_share_is_the_same_for_the_same_seed() {
        let met = |seed| {
            let mut cuts = Cuts::default();
            cuts.share(0.2, seed);
            (0..500)
                .map(|_| cuts.decide("sender", "claim"))
                .collect::<Vec<_>>()
        };
        assert_eq!(met(1), met(1));
        assert_ne!(met(1), met(2));
        let cut = met(1).iter().flatten().count();
        assert!((60..140).contains(&cut), "{cut} of 500 at a share of 0.2");
    }
}
