//! How people write: names, handles, addresses, biographies.

use rand::RngExt;
use rand::rngs::ChaCha8Rng;
use rand::seq::IndexedRandom;
use unicode_normalization::UnicodeNormalization;

use super::people::Taken;
use super::person::{Profile, ProfileKind};
use super::words::{Lexicon, Topic};

/// Only names that are reserved for examples: such an address can never be real.
const MAIL_HOSTS: [&str; 7] = [
    "example.org",
    "example.com",
    "example.net",
    "mail.example.com",
    "studio.example.org",
    "post.example.net",
    "inbox.example.org",
];

/// `{}` in a template, filled in.
pub(super) fn fill(template: &str, value: &str) -> String {
    template.replacen("{}", value, 1)
}

/// A name from a table, as written and in plain Latin letters.
pub(super) fn name(table: &[&'static str], random: &mut ChaCha8Rng) -> (&'static str, String) {
    let entry = table.choose(random).copied().unwrap_or("Kim");
    let (written, latin) = entry.split_once('|').unwrap_or((entry, entry));
    (written, plain(latin))
}

/// The name as the profile shows it: mostly just the name, sometimes dressed up.
pub(super) fn shown_name(
    given: &str,
    family: &str,
    niche: &str,
    random: &mut ChaCha8Rng,
) -> String {
    match random.random_range(0..12) {
        0 => format!("{given} {family} ✨"),
        1 => format!("{given} | {niche}"),
        2 => given.to_lowercase(),
        3 => format!("{} {}", given.to_uppercase(), family.to_uppercase()),
        _ => format!("{given} {family}"),
    }
}

/// A handle that every platform accepts: at most fifteen of `[a-z0-9_]`.
pub(super) fn handle(
    given: &str,
    family: &str,
    niche: &str,
    random: &mut ChaCha8Rng,
    taken: &mut Taken,
) -> String {
    let niche = niche.split(' ').next().unwrap_or(niche);
    let stem = match random.random_range(0..5) {
        0 => format!("{given}_{niche}"),
        1 => format!("{given}{family}"),
        2 => format!("the{given}{family}"),
        3 => format!("{niche}with{given}"),
        _ => format!("{given}_{family}"),
    };
    tailed(&stem, random, taken)
}

/// The stem, shortened, with an unlikely suffix: the handles of made-up people
/// must not be those of real ones.
pub(super) fn tailed(stem: &str, random: &mut ChaCha8Rng, taken: &mut Taken) -> String {
    let letters = ["q", "x", "z", "k", "j"];
    let [first, last] = [0, 1].map(|_| letters.choose(random).copied().unwrap_or("q"));
    let digit = random.random_range(2..10);
    taken.claim(|suffix| {
        let tail = format!("_{first}{digit}{last}{suffix}");
        let room = 15_usize.saturating_sub(tail.len());
        stem.chars().take(room).chain(tail.chars()).collect()
    })
}

/// A personal address on a reserved domain.
pub(super) fn address(
    given: &str,
    family: &str,
    random: &mut ChaCha8Rng,
    taken: &mut Taken,
) -> String {
    let host = MAIL_HOSTS.choose(random).copied().unwrap_or("example.org");
    let local = match random.random_range(0..4) {
        0 => format!("{given}{family}"),
        1 => format!("{given}.{family}"),
        2 => format!("{family}.{given}"),
        _ => format!("{given}_{family}"),
    };
    taken.claim(|suffix| format!("{local}{suffix}@{host}"))
}

/// An address of an office, or of no person.
pub(super) fn role_address(turn: usize, username: &str) -> String {
    let host = username.replace('_', "-");
    let local = ["info", "noreply", "support", "admin"];
    format!("{}@{host}.example.com", super::in_turn(&local, turn))
}

/// The same address in another spelling.
pub(super) fn capitalised(address: &str) -> String {
    let mut next_is_first = true;
    let change = |c: char| {
        let changed = if next_is_first {
            c.to_ascii_uppercase()
        } else {
            c
        };
        next_is_first = matches!(c, '.' | '_' | '@');
        changed
    };
    address.chars().map(change).collect()
}

/// A website on a reserved domain.
pub(super) fn website(username: &str, random: &mut ChaCha8Rng) -> String {
    let host = username.replace('_', "-");
    match random.random_range(0..4) {
        0 => format!("https://links.example.net/{username}"),
        1 => format!("https://www.example.org/~{username}"),
        _ => format!("https://{host}.example.com"),
    }
}

/// What the person says about themselves.
pub(super) fn bio(
    profile: &Profile,
    words: &Lexicon,
    topic: &Topic,
    with_address: bool,
    random: &mut ChaCha8Rng,
) -> String {
    let mut kinds: Vec<String> = Vec::new();
    let mut say =
        |choice: Option<&&'static str>| kinds.extend(choice.map(|text| (*text).to_owned()));
    if profile.kind == ProfileKind::Small {
        say(words.vague.choose(random));
    } else {
        say(topic.roles.choose(random));
        say(topic.details.choose(random));
        if random.random_bool(0.7) {
            say(words.partners.choose(random));
        }
    }
    if let (Some(email), true) = (&profile.email, with_address) {
        let shown = match profile.kind {
            ProfileKind::Disguised => disguised(email, random),
            _ => email.clone(),
        };
        kinds.extend(
            words
                .contacts
                .choose(random)
                .map(|contact| fill(contact, &shown)),
        );
    }
    if let (Some(website), true) = (&profile.website, random.random_bool(0.1)) {
        kinds.push(website.clone());
    }
    let joints = [" | ", ". ", " · ", "\n", " • ", " ✨ "];
    kinds.join(joints.choose(random).copied().unwrap_or(". "))
}

fn disguised(address: &str, random: &mut ChaCha8Rng) -> String {
    match random.random_range(0..3) {
        0 => address.replace('@', " [at] "),
        1 => address.replace('@', " (at) ").replace('.', " (dot) "),
        _ => address.replace('@', " [at] ").replace('.', " [dot] "),
    }
}

/// Letters without their marks, lower case, nothing but `a-z`.
fn plain(name: &str) -> String {
    name.replace('ß', "ss")
        .nfd()
        .filter(char::is_ascii_alphabetic)
        .map(|c| c.to_ascii_lowercase())
        .collect()
}
