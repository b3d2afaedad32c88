//! The model's faults and latency.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::digest;
use crate::faults::Plan;
use crate::given::{Given, GivenAnswer};

/// What can go wrong with a completion.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ModelFault {
    /// 429 with `Retry-After: 1`.
    RateLimited,
    /// 429 without a time to retry at.
    RateLimitedSilent,
    /// 429 with `Retry-After: 3600`.
    RateLimitedForAnHour,
    /// 429 with a page of HTML.
    RateLimitedHtml,
    /// 429 because the quota is used up: retrying does not help.
    InsufficientQuota,
    /// 401.
    Unauthorized,
    /// 400: the prompt is too long for the model.
    ContextLength,
    /// 404: there is no such model.
    ModelNotFound,
    /// 500 with a JSON error.
    ServerError,
    /// 503 with a page of HTML.
    UnavailableHtml,
    /// Paid: the model declines.
    Refusal,
    /// Paid: the answer breaks off (`finish_reason: length`).
    Truncated,
    /// Paid: the content filter removed the answer.
    ContentFilter,
    /// Paid: the content is prose instead of JSON.
    Malformed,
    /// Paid: valid for the schema as a shape, but the score is 140.
    OutOfRange,
    /// Paid: no choices.
    NoChoices,
    /// Paid: content is null, and it is no refusal either.
    NoContent,
    /// Paid: a good answer with fields and a `finish_reason` that no client knows.
    UnknownFields,
    /// Paid: a good answer beside a refusal that is an empty text.
    EmptyRefusal,
    /// Paid: a good answer between thoughts and a fence.
    Fenced,
    /// Paid: a good answer with numbers as texts, in a list, and without usage.
    LooselyTyped,
    /// 200 with an error that says 502.
    ErrorInSuccess,
    /// Paid: accepted, computed, and never answered.
    Hang,
    /// Paid: the connection breaks in the middle of the answer.
    CutOff,
    /// The connection is reset before anything is computed.
    ConnectionReset,
}

impl ModelFault {
    /// All of them.
    pub const ALL: [Self; 25] = [
        Self::RateLimited,
        Self::RateLimitedSilent,
        Self::RateLimitedForAnHour,
        Self::RateLimitedHtml,
        Self::InsufficientQuota,
        Self::Unauthorized,
        Self::ContextLength,
        Self::ModelNotFound,
        Self::ServerError,
        Self::UnavailableHtml,
        Self::Refusal,
        Self::Truncated,
        Self::ContentFilter,
        Self::Malformed,
        Self::OutOfRange,
        Self::NoChoices,
        Self::NoContent,
        Self::UnknownFields,
        Self::EmptyRefusal,
        Self::Fenced,
        Self::LooselyTyped,
        Self::ErrorInSuccess,
        Self::Hang,
        Self::CutOff,
        Self::ConnectionReset,
    ];

    /// As it stands in JSON and in the ledger.
    pub fn name(self) -> &'static str {
        match self {
            Self::RateLimited => "rate_limited",
            Self::RateLimitedSilent => "rate_limited_silent",
            Self::RateLimitedForAnHour => "rate_limited_for_an_hour",
            Self::RateLimitedHtml => "rate_limited_html",
            Self::InsufficientQuota => "insufficient_quota",
            Self::Unauthorized => "unauthorized",
            Self::ContextLength => "context_length",
            Self::ModelNotFound => "model_not_found",
            Self::ServerError => "server_error",
            Self::UnavailableHtml => "unavailable_html",
            Self::Refusal => "refusal",
            Self::Truncated => "truncated",
            Self::ContentFilter => "content_filter",
            Self::Malformed => "malformed",
            Self::OutOfRange => "out_of_range",
            Self::NoChoices => "no_choices",
            Self::NoContent => "no_content",
            Self::UnknownFields => "unknown_fields",
            Self::EmptyRefusal => "empty_refusal",
            Self::Fenced => "fenced",
            Self::LooselyTyped => "loosely_typed",
            Self::ErrorInSuccess => "error_in_success",
            Self::Hang => "hang",
            Self::CutOff => "cut_off",
            Self::ConnectionReset => "connection_reset",
        }
    }

    /// Whether an answer was computed, and so has to be paid for.
    pub fn is_paid(self) -> bool {
        match self {
            Self::Refusal
            | Self::Truncated
            | Self::ContentFilter
            | Self::Malformed
            | Self::OutOfRange
            | Self::NoChoices
            | Self::NoContent
            | Self::UnknownFields
            | Self::EmptyRefusal
            | Self::Fenced
            | Self::LooselyTyped
            | Self::Hang
            | Self::CutOff => true,
            Self::RateLimited
            | Self::RateLimitedSilent
            | Self::RateLimitedForAnHour
            | Self::RateLimitedHtml
            | Self::InsufficientQuota
            | Self::Unauthorized
            | Self::ContextLength
            | Self::ModelNotFound
            | Self::ServerError
            | Self::UnavailableHtml
            | Self::ErrorInSuccess
            | Self::ConnectionReset => false,
        }
    }
}

/// The faults and latency that the model is set to.
#[derive(Debug)]
pub struct ModelBehaviour {
    seed: u64,
    faults: Plan<ModelFault>,
    given: Given,
    latency_ms: u64,
    jitter_ms: u64,
    requests: u64,
}

impl ModelBehaviour {
    pub(crate) fn new(seed: u64) -> Self {
        Self {
            seed,
            faults: Plan::new(seed),
            given: Given::default(),
            latency_ms: 0,
            jitter_ms: 0,
            requests: 0,
        }
    }

    /// The next so many requests meet this fault.
    pub fn next(&mut self, count: u64, fault: ModelFault) -> &mut Self {
        self.faults.push_next(fault, count);
        self
    }

    /// Every request meets this fault.
    pub fn always(&mut self, fault: ModelFault) -> &mut Self {
        self.faults.set_always(Some(fault));
        self
    }

    /// This share of the requests (0 to 1) meets this fault; the seed and the prompt decide which.
    pub fn share(&mut self, fault: ModelFault, share: f64) -> &mut Self {
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

    /// Every answer takes that long, and up to the jitter longer.
    pub fn latency_ms(&mut self, millis: u64, jitter_ms: u64) -> &mut Self {
        self.latency_ms = millis;
        self.jitter_ms = jitter_ms;
        self
    }

    /// No faults, no answers that are set, no latency.
    pub fn clear(&mut self) -> &mut Self {
        self.faults.clear();
        self.given.clear();
        self.latency_ms(0, 0)
    }

    /// The answer that is set for the next request, if one is.
    pub(super) fn take_given(&mut self) -> Option<GivenAnswer> {
        self.given.take()
    }

    /// The fault and the latency of a request with this prompt.
    pub(super) fn draw(&mut self, prompt: &str) -> (Option<ModelFault>, Duration) {
        self.requests += 1;
        let parts = [
            &self.seed.to_string(),
            "jitter",
            prompt,
            &self.requests.to_string(),
        ];
        let jitter = digest::number(&parts) % (self.jitter_ms + 1);
        (
            self.faults.pick(prompt),
            Duration::from_millis(self.latency_ms + jitter),
        )
    }
}
