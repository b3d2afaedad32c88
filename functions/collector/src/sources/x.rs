//! X API v2, recent search: the authors of the posts that match a query.
//!
//! Polling: `since_id` stays the same while `next_token` is followed; when the last page is
//! stored, the newest id of the first becomes the next `since_id`.

mod reply;

use chrono::DateTime;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use shared::{
    clients::http::Reply,
    config::Secret,
    domain::{intake::Page, source::Search},
};

use super::{Endpoints, Reach, SourceError, cursor_or_start, fetch};

/// Fewest posts that X gives a page; each is paid for.
const FEWEST: u32 = 10;

#[derive(Debug, Default, Serialize, Deserialize)]
struct Cursor {
    /// The query whose posts were read so far: a cursor says nothing about another one.
    query: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    since_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_token: Option<String>,
    /// Newest id of the first page of this round.
    #[serde(skip_serializing_if = "Option::is_none")]
    newest_id: Option<String>,
}

/// A run over recent posts.
#[derive(Debug)]
pub struct RecentSearch<'a> {
    endpoints: &'a Endpoints,
    token: &'a Secret,
    url: String,
    search: Search,
    pages: u32,
}

impl<'a> RecentSearch<'a> {
    pub(super) fn open(
        mut search: Search,
        reach: Reach,
        endpoints: &'a Endpoints,
    ) -> Result<Self, SourceError> {
        if reach == Reach::Beginning {
            (search.max_results, search.max_pages) = (Some(FEWEST), Some(1));
        }
        let token = endpoints.x_bearer_token.as_ref();
        let token = token.ok_or(SourceError::NotConfigured("X_BEARER_TOKEN"))?;
        search
            .check()
            .map_err(|error| SourceError::Params(error.to_string()))?;
        let base = endpoints.x_api_base.as_str().trim_end_matches('/');
        let url = format!("{base}/2/tweets/search/recent");
        Ok(Self {
            endpoints,
            token,
            url,
            search,
            pages: 0,
        })
    }
}

impl RecentSearch<'_> {
    pub(super) async fn next_page(&mut self, cursor: &Value) -> Result<Option<Page>, SourceError> {
        if self.pages >= self.search.max_pages.unwrap_or(10) {
            return Ok(None);
        }
        let mut cursor: Cursor = cursor_or_start(cursor);
        if cursor.query != self.search.query {
            cursor = Cursor {
                query: self.search.query.clone(),
                ..Cursor::default()
            };
        }
        let mut query = vec![
            ("query", self.search.query.clone()),
            (
                "max_results",
                self.search.max_results.unwrap_or(100).to_string(),
            ),
            // The prose of X's documentation still says "tweet"; its schema says "post". The old
            // names are sent, both are read.
            (
                "tweet.fields",
                "id,text,author_id,created_at,lang".to_owned(),
            ),
            ("expansions", "author_id".to_owned()),
            (
                "user.fields",
                "created_at,description,entities,location,name,protected,public_metrics,url,\
                 username,verified,verified_type"
                    .to_owned(),
            ),
        ];
        query.extend(cursor.since_id.clone().map(|id| ("since_id", id)));
        query.extend(cursor.next_token.clone().map(|token| ("next_token", token)));

        let reply = fetch::get(&self.endpoints.http, &self.url, &query, Some(self.token)).await?;
        if !reply.status.is_success() {
            return Err(refusal(&reply, cursor));
        }
        let unreadable = |why: &str| SourceError::Unavailable(format!("the answer {why}"));
        let found =
            reply::Search::read(&reply).ok_or_else(|| unreadable("is not a search result"))?;
        self.pages += 1;
        // The cursor stays: the next run asks for these posts again.
        if found.leaves_out_all_authors() {
            return Err(unreadable("shows posts without any of their authors"));
        }
        let newest_id = newer(cursor.newest_id, found.newest_id());
        let next_token = found.next_token();
        if next_token.is_some() && next_token == cursor.next_token {
            return Err(unreadable("names its own page as the next one"));
        }
        let next = match next_token {
            Some(token) => Cursor {
                query: cursor.query,
                since_id: cursor.since_id,
                next_token: Some(token),
                newest_id,
            },
            None => Cursor {
                query: cursor.query,
                since_id: newest_id.or(cursor.since_id),
                next_token: None,
                newest_id: None,
            },
        };
        let last = next.next_token.is_none();
        Ok(Some(Page {
            rows: found.into_rows(),
            cursor: json!(next),
            last,
        }))
    }
}

/// The id of the newest post of a round: of its first page that has one. An empty first page has none.
fn newer(known: Option<String>, found: Option<String>) -> Option<String> {
    let (Some(one), Some(other)) = (&known, &found) else {
        return known.or(found);
    };
    // Ids grow, and a longer one is a larger number.
    let larger = (other.len(), other.as_str()) > (one.len(), one.as_str());
    if larger { found } else { known }
}

/// What an answer of failure means.
fn refusal(reply: &Reply, cursor: Cursor) -> SourceError {
    let problem = reply::Problem::read(reply);
    let status = reply.status.as_u16();
    match (status, problem.kind()) {
        (402, _) => SourceError::Exhausted(
            "X's credit is used up (402): buy credit, or raise the spending limit; X is asked again in a day".to_owned(),
        ),
        (400..=499, _) if problem.is_about_money() => SourceError::Exhausted(format!(
            "X's usage cap or credit ({status}): raise it, or wait for the next period; X is asked again in a day"
        )),
        (429, _) => {
            let reset = reply
                .header("x-rate-limit-reset")
                .and_then(|epoch| epoch.parse().ok());
            SourceError::Throttled {
                until: reset.and_then(|s| DateTime::from_timestamp(s, 0)),
            }
        }
        (400, _) if cursor.since_id.is_some() && problem.names(&["since_id"]) => {
            SourceError::StaleCursor { restart: json!({}) }
        }
        // The page is gone; what was read before it need not be paid for again.
        (400, _)
            if cursor.next_token.is_some()
                && problem.names(&["next_token", "pagination_token"]) =>
        {
            SourceError::StaleCursor {
                restart: json!(Cursor {
                    next_token: None,
                    newest_id: None,
                    ..cursor
                }),
            }
        }
        (400, _) => {
            SourceError::Refused("X cannot read the query (400 invalid request)".to_owned())
        }
        (401, _) => {
            SourceError::Refused("X does not know the token in X_BEARER_TOKEN (401)".to_owned())
        }
        (403, _) => SourceError::Refused("the X account may not search (403)".to_owned()),
        _ => SourceError::Unavailable(format!("X answers with status {status}")),
    }
}
