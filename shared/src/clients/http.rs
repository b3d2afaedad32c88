//! Plain HTTP for the collector's sources, and what every client reads of headers.

use std::{
    net::{Ipv4Addr, SocketAddr},
    time::Duration,
};

use chrono::{DateTime, Utc};
use reqwest::{
    Client, ClientBuilder, RequestBuilder, Response, StatusCode,
    header::{CONTENT_TYPE, DATE, HeaderMap, RETRY_AFTER},
    redirect,
};
use serde::{Serialize, de::DeserializeOwned};
use url::form_urlencoded;

use crate::config::Secret;

/// Longest wait for one answer.
const TIMEOUT: Duration = Duration::from_secs(15);
/// Largest answer that is read: a page of a source is far smaller.
const BODY_LIMIT: usize = 8 * 1024 * 1024;
/// Longest wait for an answer that somebody sits and waits for.
const SHORT_TIMEOUT: Duration = Duration::from_secs(3);
/// Largest answer of that kind: keys and tokens.
const SMALL_BODY_LIMIT: usize = 256 * 1024;

/// A client for services whose address is ours to configure. Follows no redirect: an API that
/// answers with one is not the API.
#[derive(Debug, Clone)]
pub struct Http {
    client: Client,
    body_limit: usize,
}

/// What came back.
#[derive(Debug, Clone)]
pub struct Reply {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: Vec<u8>,
}

/// Nothing usable came back.
#[derive(Debug, thiserror::Error)]
pub enum HttpError {
    /// The client could not be made.
    #[error("could not set up HTTP")]
    Setup(#[source] reqwest::Error),
    /// No answer, or none in time.
    #[error("{host} did not answer")]
    NoAnswer {
        /// Who was asked.
        host: String,
        /// What went wrong, without the address: it may carry a secret.
        #[source]
        source: reqwest::Error,
    },
    /// More than is read.
    #[error("{host} answered with more than {limit} bytes")]
    TooLarge {
        /// Who was asked.
        host: String,
        limit: usize,
    },
}

impl Http {
    /// A client with time limits.
    ///
    /// # Errors
    /// When the TLS back end cannot start.
    pub fn new() -> Result<Self, HttpError> {
        Self::build(Client::builder().timeout(TIMEOUT), BODY_LIMIT)
    }

    /// A client for small answers that somebody waits for: 3 s and 256 KiB.
    ///
    /// # Errors
    /// When the TLS back end cannot start.
    pub fn for_small_answers() -> Result<Self, HttpError> {
        Self::build(Client::builder().timeout(SHORT_TIMEOUT), SMALL_BODY_LIMIT)
    }

    /// A client that finds the name `host` on this machine, whatever the resolver says of it.
    ///
    /// # Errors
    /// When the TLS back end cannot start.
    pub fn on_this_machine(host: &str) -> Result<Self, HttpError> {
        // The port is that of the URL.
        let here = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let client = Client::builder().no_proxy().resolve(host, here);
        Self::build(client.timeout(TIMEOUT), BODY_LIMIT)
    }

    fn build(client: ClientBuilder, body_limit: usize) -> Result<Self, HttpError> {
        let client = client
            .connect_timeout(Duration::from_secs(5))
            .redirect(redirect::Policy::none())
            .user_agent(concat!("lead-outreach/", env!("CARGO_PKG_VERSION")))
            .build();
        let client = client.map_err(HttpError::Setup)?;
        Ok(Self { client, body_limit })
    }

    /// Gets `url` with these query parameters and, if given, a bearer token.
    ///
    /// # Errors
    /// When nothing usable came back. A status of failure is an answer, not an error.
    pub async fn get(
        &self,
        url: &str,
        query: &(impl Serialize + Sync),
        token: Option<&Secret>,
    ) -> Result<Reply, HttpError> {
        let mut request = self.client.get(url).query(query);
        if let Some(token) = token {
            request = request.bearer_auth(token.expose());
        }
        self.answer_to(url, request).await
    }

    /// Posts a form, with a name and a password where the service asks for them.
    ///
    /// # Errors
    /// When nothing usable came back. A status of failure is an answer, not an error.
    pub async fn post_form(
        &self,
        url: &str,
        form: &[(&str, &str)],
        login: Option<(&str, &Secret)>,
    ) -> Result<Reply, HttpError> {
        let body = form_urlencoded::Serializer::new(String::new())
            .extend_pairs(form)
            .finish();
        let mut request = self.client.post(url).body(body);
        request = request.header(CONTENT_TYPE, "application/x-www-form-urlencoded");
        if let Some((name, password)) = login {
            request = request.basic_auth(name, Some(password.expose()));
        }
        self.answer_to(url, request).await
    }

    async fn answer_to(&self, url: &str, request: RequestBuilder) -> Result<Reply, HttpError> {
        let host = || {
            let url = url::Url::parse(url).ok();
            url.and_then(|u| u.host_str().map(str::to_owned))
                .unwrap_or_default()
        };
        let no_answer = |e: reqwest::Error| HttpError::NoAnswer {
            host: host(),
            source: e.without_url(),
        };
        let mut response: Response = request.send().await.map_err(no_answer)?;
        let (status, headers) = (response.status(), response.headers().clone());
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(no_answer)? {
            if body.len() + chunk.len() > self.body_limit {
                return Err(HttpError::TooLarge {
                    host: host(),
                    limit: self.body_limit,
                });
            }
            body.extend_from_slice(&chunk);
        }
        Ok(Reply {
            status,
            headers,
            body,
        })
    }
}

impl Reply {
    /// The body as JSON.
    ///
    /// # Errors
    /// When it is none, or not of this shape.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, serde_json::Error> {
        serde_json::from_slice(&self.body)
    }

    /// A header's text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }
}

/// Longest wait that is taken from another's header: what asks for more is asked again after a day.
const LONGEST_WAIT: Duration = Duration::from_secs(24 * 60 * 60);

/// How long a server asks to be left alone: seconds, milliseconds or a date, by its own clock if it
/// says what time it is there.
pub fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = |name: &str| headers.get(name)?.to_str().ok().map(str::trim);
    let seconds = |text: &str| {
        let seconds: f64 = text.trim_end_matches('s').parse().ok()?;
        Duration::try_from_secs_f64(seconds).ok()
    };
    let milliseconds = text("retry-after-ms").and_then(|text| {
        let milliseconds: f64 = text.parse().ok()?;
        Duration::try_from_secs_f64(milliseconds / 1_000.0).ok()
    });
    let after = text(RETRY_AFTER.as_str());
    let until = || {
        let moment = |text: &str| DateTime::parse_from_rfc2822(text).ok();
        let until = moment(after?)?.with_timezone(&Utc);
        let now = match text(DATE.as_str()).and_then(moment) {
            Some(there) => there.with_timezone(&Utc),
            None => now(),
        };
        // One that has passed asks for nothing.
        Some((until - now).to_std().unwrap_or_default())
    };
    let wait = milliseconds.or_else(|| seconds(after?)).or_else(until);
    wait.map(|wait| wait.min(LONGEST_WAIT))
}

#[expect(
    clippy::disallowed_methods,
    reason = "the wire is read at the moment at which it says until when"
)]
fn now() -> DateTime<Utc> {
    Utc::now()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retry_after_is_read_in_every_form() {
        let seconds = |n| Some(Duration::from_secs(n));
        let date = "Mon, 05 Jan 2026 10:00:00 GMT";
        for (headers, expected) in [
            (vec![("retry-after", "7")], seconds(7)),
            (
                vec![("retry-after", " 1.5 ")],
                Some(Duration::from_millis(1_500)),
            ),
            (vec![("retry-after", "20s")], seconds(20)),
            (
                vec![("retry-after-ms", "250"), ("retry-after", "1")],
                Some(Duration::from_millis(250)),
            ),
            (
                vec![
                    ("retry-after", "Mon, 05 Jan 2026 10:02:00 GMT"),
                    ("date", date),
                ],
                seconds(120),
            ),
            (
                vec![
                    ("retry-after", date),
                    ("date", "Mon, 05 Jan 2026 11:00:00 GMT"),
                ],
                seconds(0),
            ),
            (
                vec![("retry-after", "Mon, 05 Jan 2015 10:02:00 GMT")],
                seconds(0),
            ),
            (vec![("retry-after", "99999999999")], Some(LONGEST_WAIT)),
            (vec![("retry-after", "-3")], None),
            (vec![("retry-after", "soon")], None),
            (vec![("retry-after", "NaN")], None),
            (vec![], None),
        ] {
            let mut map = HeaderMap::new();
            for (name, value) in &headers {
                map.insert(*name, value.parse().unwrap());
            }
            assert_eq!(retry_after(&map), expected, "{headers:?}");
        }
    }
}
