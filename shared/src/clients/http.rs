//! Plain HTTP for the collector's sources.

use std::{
    net::{Ipv4Addr, SocketAddr},
    time::Duration,
};

use reqwest::{Client, ClientBuilder, Response, StatusCode, header::HeaderMap, redirect};
use serde::{Serialize, de::DeserializeOwned};

use crate::config::Secret;

/// Longest wait for one answer.
const TIMEOUT: Duration = Duration::from_secs(15);
/// Largest answer that is read: a page of a source is far smaller.
const BODY_LIMIT: usize = 8 * 1024 * 1024;

/// A client for services whose address is ours to configure. Follows no redirect: an API that
/// answers with one is not the API.
#[derive(Debug, Clone)]
pub struct Http(Client);

/// What came back.
#[derive(Debug, Clone)]
pub struct Reply {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The body, at most 8 MiB.
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
    /// Over 8 MiB.
    #[error("{host} answered with more than 8 MiB")]
    TooLarge {
        /// Who was asked.
        host: String,
    },
}

impl Http {
    /// A client with time limits.
    ///
    /// # Errors
    /// When the TLS back end cannot start.
    pub fn new() -> Result<Self, HttpError> {
        Self::build(Client::builder())
    }

    /// A client that finds the name `host` on this machine, whatever the resolver says of it.
    ///
    /// # Errors
    /// When the TLS back end cannot start.
    pub fn on_this_machine(host: &str) -> Result<Self, HttpError> {
        // The port is that of the URL.
        let here = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        Self::build(Client::builder().no_proxy().resolve(host, here))
    }

    fn build(client: ClientBuilder) -> Result<Self, HttpError> {
        let client = client
            .connect_timeout(Duration::from_secs(5))
            .timeout(TIMEOUT)
            .redirect(redirect::Policy::none())
            .user_agent(concat!("lead-outreach/", env!("CARGO_PKG_VERSION")))
            .build();
        client.map(Self).map_err(HttpError::Setup)
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
        let mut request = self.0.get(url).query(query);
        if let Some(token) = token {
            request = request.bearer_auth(token.expose());
        }
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
            if body.len() + chunk.len() > BODY_LIMIT {
                return Err(HttpError::TooLarge { host: host() });
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
