//! The mixture of profile kinds, and how each person is made.

use std::collections::HashSet;

use rand::rngs::ChaCha8Rng;
use rand::seq::{IndexedRandom, SliceRandom};
use rand::{Rng, RngExt};

use super::person::{Language, Platform, Profile, ProfileKind, Verified};
use super::places::{ABROAD, CONSENT, Country, HOME, NOWHERE};
use super::words::{PROHIBITED, Topic, lexicon};
use super::{in_turn, odd, randomness, write};

/// The mixture of forty. Every start of it is a fair sample, so that a population of fifteen already
/// holds one of everything.
const KINDS: [ProfileKind; 40] = {
    use ProfileKind::{
        Abroad, AbroadUnreachable, Consent, Disguised, Fitting, Injection, Nowhere, Odd,
        Prohibited, Role, Small, Twin, Unreachable,
    };
    [
        Fitting,
        Unreachable,
        Fitting,
        Consent,
        Small,
        Fitting,
        Prohibited,
        Nowhere,
        Fitting,
        Role,
        Twin,
        Injection,
        Fitting,
        Disguised,
        Odd,
        Fitting,
        Unreachable,
        Fitting,
        Abroad,
        Fitting,
        Consent,
        AbroadUnreachable,
        Fitting,
        Unreachable,
        Small,
        Fitting,
        Nowhere,
        Fitting,
        Injection,
        Fitting,
        Unreachable,
        Prohibited,
        Fitting,
        Abroad,
        Consent,
        Odd,
        Unreachable,
        Small,
        AbroadUnreachable,
        Fitting,
    ]
};

const PLATFORMS: [Platform; 9] = {
    use Platform::{Facebook, Instagram, LinkedIn, X};
    [
        Instagram, X, Facebook, Instagram, X, LinkedIn, X, Instagram, LinkedIn,
    ]
};

/// The names already taken; handles and addresses are unique in a population.
#[derive(Default)]
pub(super) struct Taken(HashSet<String>);

impl Taken {
    /// The wanted name, or the same with a number after its stem.
    pub(super) fn claim(&mut self, wish: impl Fn(&str) -> String) -> String {
        let free = std::iter::once(String::new())
            .chain((2_u32..).map(|n| n.to_string()))
            .map(|suffix| wish(&suffix))
            .find(|name| !self.0.contains(name));
        let name = free.unwrap_or_default();
        self.0.insert(name.clone());
        name
    }
}

/// So many people in the order of the list, and those who are added later.
pub(super) fn people(seed: u64, count: usize) -> (Vec<Profile>, Vec<Profile>) {
    let mut taken = Taken::default();
    let mut people: Vec<Profile> = Vec::with_capacity(count);
    for (number, kind) in KINDS.into_iter().cycle().take(count).enumerate() {
        let mut random = randomness(seed, "person", number);
        let partner = people
            .iter()
            .rev()
            .find(|other| other.kind == ProfileKind::Fitting);
        let person = match (kind, partner) {
            (ProfileKind::Twin, Some(partner)) => twin(partner, &mut random, &mut taken),
            _ => person(kind, number, &mut random, &mut taken),
        };
        people.push(person);
    }
    for (number, block) in people.chunks_mut(KINDS.len()).enumerate() {
        block.shuffle(&mut randomness(seed, "order", number));
    }
    let newcomers = (0..count.max(20) / 4).map(|number| {
        let mut random = randomness(seed, "newcomer", number);
        let mut person = person(ProfileKind::Fitting, number, &mut random, &mut taken);
        settle_on(Platform::X, &mut person, &mut random);
        person
    });
    (people, newcomers.collect())
}

fn person(kind: ProfileKind, number: usize, random: &mut ChaCha8Rng, taken: &mut Taken) -> Profile {
    let turn = turn(kind, number);
    let home = home(kind, turn, random);
    let words = lexicon(home.language);
    let topic = match kind {
        ProfileKind::Prohibited => Some(in_turn(PROHIBITED, turn)),
        _ => words.topics.choose(random),
    };
    let topic: &Topic = topic.unwrap_or(in_turn(PROHIBITED, turn));
    let (given, given_latin) = write::name(words.given, random);
    let (family, family_latin) = write::name(words.family, random);
    let platform = *in_turn(&PLATFORMS, number);
    let username = write::handle(&given_latin, &family_latin, topic.niche, random, taken);
    let email = match kind {
        ProfileKind::Unreachable | ProfileKind::AbroadUnreachable => None,
        ProfileKind::Small if turn % 2 == 1 => None,
        ProfileKind::Role => Some(write::role_address(turn, &username)),
        _ => Some(write::address(&given_latin, &family_latin, random, taken)),
    };
    let in_bio = match (kind, platform) {
        (ProfileKind::Role | ProfileKind::Disguised, _) | (_, Platform::X) => true,
        _ => random.random_bool(0.8),
    };
    let website = match kind {
        ProfileKind::Small => None,
        _ => random
            .random_bool(0.75)
            .then(|| write::website(&username, random)),
    };
    let location = match kind {
        ProfileKind::Nowhere => in_turn(NOWHERE, turn).map(str::to_owned),
        _ => home.places.choose(random).map(|place| (*place).to_owned()),
    };
    let mut profile = Profile {
        kind,
        platform,
        id: String::new(),
        name: match home.language {
            Language::Japanese => format!("{family} {given}"),
            _ => write::shown_name(given, family, topic.niche, random),
        },
        bio: String::new(),
        email_listed: kind != ProfileKind::Disguised && (!in_bio || random.random_bool(0.6)),
        email,
        website,
        location,
        country: (kind != ProfileKind::Nowhere).then_some(home.code),
        country_listed: kind != ProfileKind::Nowhere && random.random_bool(0.85),
        language: home.language,
        niche: topic.niche,
        topic: topic.word,
        followers: followers(kind, random),
        verified: verified(random),
        username,
    };
    settle_on(platform, &mut profile, random);
    profile.bio = write::bio(&profile, words, topic, in_bio, random);
    match kind {
        ProfileKind::Injection => odd::inject(&mut profile, turn),
        ProfileKind::Odd => odd::distort(&mut profile, turn),
        _ => {}
    }
    profile
}

/// How many earlier profiles are of this kind: the variants of a kind take turns.
fn turn(kind: ProfileKind, number: usize) -> usize {
    let played = |people: usize| {
        KINDS
            .iter()
            .take(people)
            .filter(|other| **other == kind)
            .count()
    };
    number / KINDS.len() * played(KINDS.len()) + played(number % KINDS.len())
}

/// The same person on another platform, in other words, with the same address.
fn twin(partner: &Profile, random: &mut ChaCha8Rng, taken: &mut Taken) -> Profile {
    let elsewhere = PLATFORMS
        .into_iter()
        .find(|platform| *platform != partner.platform);
    let stem: String = partner
        .username
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .collect();
    let words = lexicon(partner.language);
    let topic = words
        .topics
        .iter()
        .find(|topic| topic.niche == partner.niche);
    let mut twin = Profile {
        kind: ProfileKind::Twin,
        username: write::tailed(&format!("im{stem}"), random, taken),
        followers: followers(ProfileKind::Twin, random),
        email_listed: true,
        email: partner.email.as_deref().map(write::capitalised),
        ..partner.clone()
    };
    settle_on(elsewhere.unwrap_or(Platform::X), &mut twin, random);
    if let Some(topic) = topic {
        twin.bio = write::bio(&twin, words, topic, true, random);
    }
    twin
}

/// Gives the profile the identifier of a platform.
fn settle_on(platform: Platform, profile: &mut Profile, random: &mut ChaCha8Rng) {
    let number = random.next_u64();
    profile.platform = platform;
    profile.id = match platform {
        Platform::X => format!("{}", 1_000_000_000_000 + number % 900_000_000_000_000),
        Platform::Instagram => format!("178414{:011}", number % 100_000_000_000),
        Platform::Facebook => format!("1000{:011}", number % 100_000_000_000),
        Platform::LinkedIn => format!("ACoAA{number:016X}"),
    };
}

fn home(kind: ProfileKind, turn: usize, random: &mut ChaCha8Rng) -> &'static Country {
    match kind {
        ProfileKind::Consent => in_turn(CONSENT, turn),
        // One after the other, so that a small population already speaks several languages.
        ProfileKind::Abroad => in_turn(ABROAD, turn * 2),
        ProfileKind::AbroadUnreachable => in_turn(ABROAD, turn * 2 + 1),
        ProfileKind::Nowhere => ABROAD
            .choose(random)
            .filter(|_| turn % 3 == 1)
            .unwrap_or(&HOME),
        ProfileKind::Fitting
        | ProfileKind::Disguised
        | ProfileKind::Unreachable
        | ProfileKind::Small
        | ProfileKind::Prohibited
        | ProfileKind::Role
        | ProfileKind::Twin
        | ProfileKind::Injection
        | ProfileKind::Odd => &HOME,
    }
}

/// Small accounts have a few dozen, the others a few thousand, and one in twenty millions.
fn followers(kind: ProfileKind, random: &mut ChaCha8Rng) -> u64 {
    if kind == ProfileKind::Small {
        return random.random_range(12..400);
    }
    let magnitude = match random.random_range(0..20) {
        0..9 => 1_000,
        9..16 => 10_000,
        16..19 => 100_000,
        _ => 1_000_000,
    };
    random.random_range(magnitude..magnitude * 10) + random.random_range(0..magnitude)
}

fn verified(random: &mut ChaCha8Rng) -> Verified {
    match random.random_range(0..20) {
        0..15 => Verified::None,
        15..18 => Verified::Blue,
        18 => Verified::Business,
        _ => Verified::Government,
    }
}
