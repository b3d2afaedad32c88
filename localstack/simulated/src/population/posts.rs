//! What people on X have posted, and what they post on request.

use chrono::{DateTime, TimeDelta, Utc};
use rand::RngExt;
use rand::rngs::ChaCha8Rng;
use rand::seq::IndexedRandom;

use super::person::{Language, Platform, Profile};
use super::words::lexicon;
use super::{Population, randomness, write};

/// Milliseconds of the Unix epoch from which X counts the time inside an identifier.
const ID_EPOCH: i64 = 1_288_834_974_657;

/// Off-topic posts: a search for affiliates must not find them.
const CHATTER: [&str; 6] = [
    "Rain again. The dog refuses to leave the house.",
    "Three cups of coffee in and the inbox still wins.",
    "Sunday reset: fresh sheets, long walk, no screens.",
    "Does anybody else talk to their houseplants?",
    "Finally fixed the squeaky door. I am unstoppable.",
    "That sunset though.",
];

/// One post.
#[derive(Clone, Debug, PartialEq)]
pub struct Post {
    /// Ascending in time, as X's own identifiers.
    pub id: u64,
    /// Identifier of the author.
    pub author_id: String,
    /// Text; a link in it is already shortened.
    pub text: String,
    /// BCP 47 language.
    pub language: &'static str,
    /// The shortened link in the text and what it stands for.
    pub link: Option<(String, String)>,
    /// How often it was liked.
    pub likes: u64,
}

/// Who a post is by.
#[derive(Clone, Copy)]
pub(crate) enum Author<'a> {
    Known(&'a Profile),
    /// The account is gone; only its identifier is left.
    Suspended,
}

/// The identifier of the first post of a moment.
pub(crate) fn post_id(at: DateTime<Utc>) -> u64 {
    u64::try_from(at.timestamp_millis() - ID_EPOCH).unwrap_or(0) << 22
}

/// The moment inside an identifier.
pub(crate) fn posted_at(id: u64) -> DateTime<Utc> {
    let millis = i64::try_from(id >> 22)
        .unwrap_or(i64::MAX)
        .saturating_add(ID_EPOCH);
    DateTime::from_timestamp_millis(millis).unwrap_or(DateTime::<Utc>::MAX_UTC)
}

/// The posts so far, and the simulated clock.
///
/// The clock starts at a fixed moment and moves only on request: the same seed gives the same
/// identifiers on every day.
#[derive(Clone, Debug)]
pub(crate) struct Timeline {
    now: DateTime<Utc>,
    posts: Vec<Post>,
    published: usize,
}

impl Timeline {
    /// What was posted in the six days before that moment.
    pub(crate) fn new(population: &Population, now: DateTime<Utc>) -> Self {
        let mut timeline = Self {
            now,
            posts: Vec::new(),
            published: 0,
        };
        let authors = population
            .profiles()
            .iter()
            .filter(|profile| profile.platform == Platform::X);
        for (number, author) in authors.enumerate() {
            let mut random = randomness(population.seed(), "posts", number);
            for _ in 0..random.random_range(1..=3) {
                let at = earlier(now, &mut random);
                timeline
                    .posts
                    .push(about_affiliates(author, at, &mut random));
            }
            if random.random_bool(0.4) {
                let at = earlier(now, &mut random);
                timeline.posts.push(chatter(author, at, &mut random));
            }
            if number % 15 == 4 {
                let at = earlier(now, &mut random);
                let mut post = about_affiliates(author, at, &mut random);
                // No profile has an identifier this short.
                post.author_id = format!("{}", 77_000 + number);
                timeline.posts.push(post);
            }
        }
        timeline.posts.sort_by_key(|post| post.id);
        // Two posts of the same millisecond differ in their last bits, as X's do.
        let mut last = 0;
        for post in &mut timeline.posts {
            post.id = post.id.max(last + 1);
            last = post.id;
        }
        timeline
    }

    pub(crate) fn now(&self) -> DateTime<Utc> {
        self.now
    }

    /// In ascending order.
    pub(crate) fn posts(&self) -> &[Post] {
        &self.posts
    }

    pub(crate) fn author<'a>(population: &'a Population, post: &Post) -> Author<'a> {
        population
            .on_x(&post.author_id)
            .map_or(Author::Suspended, Author::Known)
    }

    /// Lets time pass.
    pub(crate) fn advance(&mut self, by: TimeDelta) {
        self.now = self.now.checked_add_signed(by).unwrap_or(self.now);
    }

    /// Publishes so many posts about affiliate programmes, every other one by a new author. They
    /// can be found at once.
    pub(crate) fn publish(&mut self, population: &Population, count: usize) {
        let known: Vec<&Profile> = population
            .profiles()
            .iter()
            .filter(|profile| profile.platform == Platform::X)
            .collect();
        for _ in 0..count {
            let number = self.published;
            self.published += 1;
            self.advance(TimeDelta::minutes(1));
            let mut random = randomness(population.seed(), "published", number);
            let newcomer = population
                .newcomers()
                .get(number / 2)
                .filter(|_| number.is_multiple_of(2));
            if let Some(author) = newcomer.or_else(|| known.choose(&mut random).copied()) {
                self.posts
                    .push(about_affiliates(author, self.now, &mut random));
            }
        }
        // A search ends half a minute before now.
        self.advance(TimeDelta::minutes(1));
    }
}

fn earlier(now: DateTime<Utc>, random: &mut ChaCha8Rng) -> DateTime<Utc> {
    now - TimeDelta::milliseconds(random.random_range(3_600_000..6 * 86_400_000))
}

fn about_affiliates(author: &Profile, at: DateTime<Utc>, random: &mut ChaCha8Rng) -> Post {
    let template = lexicon(author.language)
        .posts
        .choose(random)
        .copied()
        .unwrap_or("affiliate {}");
    let text = write::fill(template, author.topic);
    let link = text.contains("{link}").then(|| {
        let goal = author.website.clone();
        let goal = goal.unwrap_or_else(|| format!("https://links.example.net/{}", author.username));
        (crate::x::short_link(&goal), goal)
    });
    let short = link.as_ref().map_or("", |(short, _)| short.as_str());
    post(author, at, text.replace("{link}", short), link, random)
}

fn chatter(author: &Profile, at: DateTime<Utc>, random: &mut ChaCha8Rng) -> Post {
    let text = CHATTER
        .choose(random)
        .copied()
        .unwrap_or_default()
        .to_owned();
    Post {
        language: Language::English.code(),
        ..post(author, at, text, None, random)
    }
}

fn post(
    author: &Profile,
    at: DateTime<Utc>,
    text: String,
    link: Option<(String, String)>,
    random: &mut ChaCha8Rng,
) -> Post {
    Post {
        id: post_id(at) + random.random_range(0..4_096),
        author_id: author.id.clone(),
        text,
        language: author.language.code(),
        link,
        likes: random.random_range(0..400),
    }
}
