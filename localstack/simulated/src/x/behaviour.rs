//! X's faults, latency and request limit.

use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use crate::faults::Plan;
use crate::given::{Given, GivenAnswer};

/// What can go wrong with a search.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum XFault {
    /// 429 with the reset header, as a problem document.
    RateLimited,
    /// 429 with the reset header, in the shape of the old API.
    RateLimitedOldShape,
    /// 429 because the month's credit is used up: retrying in fifteen minutes does not help.
    UsageCapped,
    /// 401.
    Unauthorized,
    /// 403: the wrong access level.
    Forbidden,
    /// 400: `since_id` is older than a week.
    SinceIdTooOld,
    /// 500, as `{"code":…,"message":…}`.
    ServerError,
    /// 503, as a problem document.
    Unavailable,
    /// 502 with a page of HTML.
    HtmlPage,
    /// 200 with a body that breaks off in the middle of the JSON.
    BrokenJson,
    /// A good answer after ninety seconds.
    Slow,
    /// The connection is reset without an answer.
    ConnectionReset,
}

impl XFault {
    /// As it stands in JSON and in the ledger.
    pub fn name(self) -> &'static str {
        match self {
            Self::RateLimited => "rate_limited",
            Self::RateLimitedOldShape => "rate_limited_old_shape",
            Self::UsageCapped => "usage_capped",
            Self::Unauthorized => "unauthorized",
            Self::Forbidden => "forbidden",
            Self::SinceIdTooOld => "since_id_too_old",
            Self::ServerError => "server_error",
            Self::Unavailable => "unavailable",
            Self::HtmlPage => "html_page",
            Self::BrokenJson => "broken_json",
            Self::Slow => "slow",
            Self::ConnectionReset => "connection_reset",
        }
    }

    /// Whether the search is still carried out.
    pub(super) fn answers(self) -> bool {
        self == Self::Slow
    }
}

/// Which of X's two vocabularies the answers use; requests may use either.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Spelling {
    /// `tweet_count`, `retweet_count`, `edit_history_tweet_ids`: the documentation's.
    #[default]
    Tweet,
    /// `post_count`, `repost_count`, `edit_history_post_ids`: the newer specification's.
    Post,
}

/// The faults, latency and request limit that X is set to.
#[derive(Debug)]
pub struct XBehaviour {
    faults: Plan<XFault>,
    given: Given,
    latency: Duration,
    spelling: Spelling,
    limit: u64,
    window: Duration,
    opened: Option<Instant>,
    used: u64,
    requests: u64,
}

/// What is left of the window after a request.
pub(super) struct Room {
    pub(super) left: bool,
    pub(super) limit: u64,
    pub(super) remaining: u64,
    pub(super) seconds_left: u64,
    /// Which request this was.
    pub(super) number: u64,
}

impl XBehaviour {
    pub(crate) fn new(seed: u64) -> Self {
        Self {
            faults: Plan::new(seed),
            given: Given::default(),
            latency: Duration::ZERO,
            spelling: Spelling::default(),
            limit: 450,
            window: Duration::from_secs(15 * 60),
            opened: None,
            used: 0,
            requests: 0,
        }
    }

    /// The next so many requests meet this fault.
    pub fn next(&mut self, count: u64, fault: XFault) -> &mut Self {
        self.faults.push_next(fault, count);
        self
    }

    /// Every request meets this fault.
    pub fn always(&mut self, fault: XFault) -> &mut Self {
        self.faults.set_always(Some(fault));
        self
    }

    /// This share of the requests (0 to 1) meets this fault; the seed decides which.
    pub fn share(&mut self, fault: XFault, share: f64) -> &mut Self {
        self.faults.set_share(fault, share);
        self
    }

    /// The next so many requests that can be answered get this answer, word for word.
    pub fn answer_next(&mut self, count: u64, answer: GivenAnswer) -> &mut Self {
        self.given.push_next(answer, count);
        self
    }

    /// Every request that can be answered gets this answer, word for word.
    pub fn answer_always(&mut self, answer: GivenAnswer) -> &mut Self {
        self.given.set_always(answer);
        self
    }

    /// Every answer takes that long.
    pub fn latency_ms(&mut self, millis: u64) -> &mut Self {
        self.latency = Duration::from_millis(millis);
        self
    }

    /// So many requests may be made in so many seconds; a new window opens with the next request.
    pub fn window(&mut self, limit: u64, seconds: u64) -> &mut Self {
        self.limit = limit;
        self.window = Duration::from_secs(seconds);
        self.opened = None;
        self
    }

    /// The vocabulary of the answers.
    pub fn spelling(&mut self, spelling: Spelling) -> &mut Self {
        self.spelling = spelling;
        self
    }

    /// No faults, no answers that are set, no latency; the window and the spelling stay.
    pub fn clear(&mut self) -> &mut Self {
        self.faults.clear();
        self.given.clear();
        self.latency = Duration::ZERO;
        self
    }

    /// The answer that is set for the next request, if one is.
    pub(super) fn take_given(&mut self) -> Option<GivenAnswer> {
        self.given.take()
    }

    pub(super) fn pick(&mut self, query: &str) -> Option<XFault> {
        self.faults.pick(query)
    }

    pub(super) fn latency(&self) -> Duration {
        self.latency
    }

    pub(super) fn spelled(&self) -> Spelling {
        self.spelling
    }

    /// Takes one request out of the window.
    pub(super) fn take_room(&mut self) -> Room {
        let now = Instant::now();
        let opened = match self.opened {
            Some(opened) if now.duration_since(opened) < self.window => opened,
            _ => {
                self.used = 0;
                now
            }
        };
        self.opened = Some(opened);
        self.requests += 1;
        let left = self.used < self.limit;
        self.used += u64::from(left);
        let window_left = self.window.saturating_sub(now.duration_since(opened));
        Room {
            left,
            limit: self.limit,
            remaining: self.limit - self.used,
            // Rounded up: who waits that long is let in.
            seconds_left: window_left.as_secs() + 1,
            number: self.requests,
        }
    }
}
