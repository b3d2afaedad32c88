//! Where leads come from. Each source reads one page at a time and says where the next begins.

mod csv;
mod fetch;
mod simulated;
mod x;

use aws_config::SdkConfig;
use chrono::{DateTime, Utc};
use serde::de::DeserializeOwned;
use serde_json::Value;
use shared::{
    clients::{http::Http, storage::ObjectUnreadable},
    config::Secret,
    domain::{intake::Page, lead::Origin},
    lists::ListReport,
};
use url::Url;

/// A source could not give its next page.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// A variable is not set.
    #[error("{0} is not set, and this source needs it")]
    NotConfigured(&'static str),
    /// The source's parameters cannot be used.
    #[error("the source's params cannot be used: {0}")]
    Params(String),
    /// The service asks to wait.
    #[error("the service asks to wait")]
    Throttled {
        /// Until when, if it said.
        until: Option<DateTime<Utc>>,
    },
    /// The service's paid volume is used up: it is paid for again, or waits for the next month.
    #[error("the account's volume at the service is used up: {0}")]
    Exhausted(String),
    /// The service refuses: key, access level or query.
    #[error("the service refuses: {0}")]
    Refused(String),
    /// The service is down or answers nonsense.
    #[error("the service is not available: {0}")]
    Unavailable(String),
    /// The cursor is too old for the service; the caller starts again without it.
    #[error("the cursor is too old for the service")]
    StaleCursor {
        /// Where to start again.
        restart: Value,
    },
    /// The file cannot be read.
    #[error("the file cannot be read: {0}")]
    Unreadable(String),
}

impl From<ObjectUnreadable> for SourceError {
    fn from(error: ObjectUnreadable) -> Self {
        Self::Unreadable(shared::telemetry::chain(&error))
    }
}

/// What sources reach out through.
#[derive(Debug)]
pub struct Endpoints {
    pub http: Http,
    /// For S3.
    pub sdk: SdkConfig,
    pub x_api_base: Url,
    pub x_bearer_token: Option<Secret>,
    /// The stand-in for a platform of any kind.
    pub simulated_api_base: Option<Url>,
}

/// Which source to open, and how much of it is wanted.
#[derive(Debug)]
pub struct Opening<'a> {
    /// The word of its kind.
    pub kind: &'a str,
    pub params: &'a Value,
    pub cursor: &'a Value,
    pub reach: Reach,
}

/// How much of a source is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// As much as there is.
    Whole,
    /// Enough to see what it holds: what is paid for or large is not brought here whole.
    Beginning,
}

/// A source that is being run.
#[derive(Debug)]
pub enum Source<'a> {
    /// X's recent search.
    X(x::RecentSearch<'a>),
    /// A list in a file.
    Csv(Box<csv::Source>),
    /// The stand-in.
    Simulated(simulated::Simulated<'a>),
}

impl<'a> Source<'a> {
    /// Opens a source.
    ///
    /// # Errors
    /// When it is not configured, or its parameters cannot be used.
    pub async fn open(
        opening: &Opening<'_>,
        endpoints: &'a Endpoints,
    ) -> Result<Self, SourceError> {
        match opening.kind {
            "x" => Ok(Self::X(x::RecentSearch::open(
                params(opening)?,
                opening.reach,
                endpoints,
            )?)),
            "csv" => Ok(Self::Csv(Box::new(
                csv::Source::open(params(opening)?, opening, endpoints).await?,
            ))),
            "simulated" => Ok(Self::Simulated(simulated::Simulated::open(
                params(opening)?,
                endpoints,
            )?)),
            other => Err(SourceError::Params(format!(
                "there is no collector for `{other}` yet"
            ))),
        }
    }
}

impl Source<'_> {
    /// The page after `cursor`; `None` when there is nothing more for now.
    ///
    /// # Errors
    /// When the page cannot be had. The cursor stays where it is.
    pub async fn next_page(&mut self, cursor: &Value) -> Result<Option<Page>, SourceError> {
        match self {
            Self::X(source) => source.next_page(cursor).await,
            Self::Csv(source) => source.next_page(),
            Self::Simulated(source) => source.next_page(cursor).await,
        }
    }
}

impl Source<'_> {
    /// Who says what this source gives.
    pub fn origin(&self) -> Origin {
        match self {
            Self::X(_) | Self::Simulated(_) => Origin::Service,
            Self::Csv(_) => Origin::List,
        }
    }

    /// Whether a part of it was left where it lies.
    pub fn is_cut(&self) -> bool {
        match self {
            Self::X(_) | Self::Simulated(_) => false,
            Self::Csv(source) => source.cut,
        }
    }

    /// How the list was read so far, if it is one.
    pub fn list(&self) -> Option<ListReport> {
        match self {
            Self::X(_) | Self::Simulated(_) => None,
            Self::Csv(source) => source.report(),
        }
    }
}

fn params<T: DeserializeOwned>(opening: &Opening<'_>) -> Result<T, SourceError> {
    serde_json::from_value(opening.params.clone()).map_err(|e| SourceError::Params(e.to_string()))
}

/// A cursor of the source's own shape; one that cannot be read starts again.
fn cursor_or_start<T: DeserializeOwned + Default>(cursor: &Value) -> T {
    serde_json::from_value(cursor.clone()).unwrap_or_default()
}
