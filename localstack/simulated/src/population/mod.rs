//! The made-up people behind the stand-ins' answers: made from a seed, the same for the same seed.

mod odd;
mod people;
mod person;
mod places;
mod posts;
mod words;
mod write;

use rand::SeedableRng;
use rand::rngs::ChaCha8Rng;

pub use person::{Language, Platform, Profile, ProfileKind, Verified};
pub use posts::Post;
pub(crate) use posts::{Author, Timeline, post_id, posted_at};

use crate::digest;

/// Every made-up person.
///
/// Every forty profiles hold the same mixture of kinds (see [`ProfileKind`]) in an order that the seed
/// decides, so that a small population shows every case and a large one keeps the proportions. A profile
/// does not depend on how many others there are.
#[derive(Clone, Debug)]
pub struct Population {
    seed: u64,
    profiles: Vec<Profile>,
    newcomers: Vec<Profile>,
}

impl Population {
    /// A population of so many profiles over all platforms.
    pub fn new(seed: u64, profiles: usize) -> Self {
        let (profiles, newcomers) = people::people(seed, profiles);
        Self {
            seed,
            profiles,
            newcomers,
        }
    }

    /// What everything in it follows from.
    pub fn seed(&self) -> u64 {
        self.seed
    }

    /// The profiles, in the order in which the list of leads gives them.
    pub fn profiles(&self) -> &[Profile] {
        &self.profiles
    }

    /// People on X who have not posted anything yet; posts published later may be theirs.
    pub fn newcomers(&self) -> &[Profile] {
        &self.newcomers
    }

    /// The profile of that id on X, newcomers included.
    pub(crate) fn on_x(&self, id: &str) -> Option<&Profile> {
        self.profiles
            .iter()
            .chain(&self.newcomers)
            .find(|profile| profile.platform == Platform::X && profile.id == id)
    }
}

/// The entry of a table whose turn it is.
#[expect(
    clippy::indexing_slicing,
    reason = "the tables are constants, none of them empty"
)]
fn in_turn<T>(table: &[T], turn: usize) -> &T {
    &table[turn % table.len()]
}

/// Randomness for one purpose: the same for the same seed, whatever else was drawn before.
fn randomness(seed: u64, purpose: &str, number: usize) -> ChaCha8Rng {
    ChaCha8Rng::seed_from_u64(digest::number(&[
        &seed.to_string(),
        purpose,
        &number.to_string(),
    ]))
}

#[cfg(test)]
mod tests;
