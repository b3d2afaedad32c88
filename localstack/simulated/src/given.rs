//! Answers that a test sets word for word, instead of what a stand-in would say.

use std::collections::{BTreeMap, VecDeque};

use axum::body::Body;
use axum::http::StatusCode;
use axum::http::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use axum::response::{IntoResponse as _, Response};
use serde::Deserialize;
use serde_json::Value;

/// One answer: its status, headers and body are those that the client gets.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GivenAnswer {
    /// The HTTP status.
    pub status: u16,
    /// Its own headers; without a content type it is JSON.
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    /// A text is sent as it is, anything else as JSON; null is an empty body.
    #[serde(default)]
    pub body: Value,
}

impl GivenAnswer {
    /// An answer without headers of its own.
    pub fn new(status: u16, body: Value) -> Self {
        Self {
            status,
            headers: BTreeMap::new(),
            body,
        }
    }

    /// With a header.
    #[must_use]
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.headers.insert(name.into(), value.into());
        self
    }

    /// Whether the service would have charged for it.
    pub(crate) fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// A number of the body, such as the tokens that were used.
    pub(crate) fn number(&self, pointer: &str) -> u64 {
        let number = self.body.pointer(pointer).and_then(Value::as_u64);
        number.unwrap_or_default()
    }

    /// The answer as it goes out; a header that no answer can have is left out.
    pub(crate) fn response(&self) -> Response {
        let body = match &self.body {
            Value::Null => String::new(),
            Value::String(text) => text.clone(),
            json => json.to_string(),
        };
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let json = [(CONTENT_TYPE, "application/json")];
        let mut response = (status, json, Body::from(body)).into_response();
        for (name, value) in &self.headers {
            if let (Ok(name), Ok(value)) = (
                HeaderName::from_bytes(name.as_bytes()),
                HeaderValue::from_str(value),
            ) {
                response.headers_mut().insert(name, value);
            }
        }
        response
    }
}

/// The answers that are set: the next few, then one for every request.
#[derive(Clone, Debug, Default)]
pub(crate) struct Given {
    next: VecDeque<(GivenAnswer, u64)>,
    always: Option<GivenAnswer>,
}

impl Given {
    pub(crate) fn push_next(&mut self, answer: GivenAnswer, count: u64) {
        self.next.push_back((answer, count));
    }

    pub(crate) fn set_always(&mut self, answer: GivenAnswer) {
        self.always = Some(answer);
    }

    pub(crate) fn clear(&mut self) {
        *self = Self::default();
    }

    /// The answer to the next request, if one is set.
    pub(crate) fn take(&mut self) -> Option<GivenAnswer> {
        self.next.retain(|(_, left)| *left > 0);
        match self.next.front_mut() {
            Some((answer, left)) => {
                *left -= 1;
                Some(answer.clone())
            }
            None => self.always.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{Given, GivenAnswer};

    #[test]
    fn next_answers_come_before_the_standing_one() {
        let mut given = Given::default();
        assert_eq!(given.take(), None);
        given.set_always(GivenAnswer::new(402, json!(null)));
        given.push_next(GivenAnswer::new(429, json!("wait")), 2);
        let statuses: Vec<_> = (0..4)
            .filter_map(|_| given.take())
            .map(|answer| answer.status)
            .collect();
        assert_eq!(statuses, [429, 429, 402, 402]);
    }
}
