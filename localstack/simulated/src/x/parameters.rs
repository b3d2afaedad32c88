//! The parameters of a search, checked as X checks them.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use data_encoding::BASE32_NOPAD;
use url::form_urlencoded;

use super::problem::Problem;
use super::query::Query;
use crate::digest;
use crate::population::{post_id, posted_at};

/// How far back a recent search sees.
const DAYS: i64 = 7;

const USER_FIELDS: [&str; 20] = [
    "affiliation",
    "confirmed_email",
    "connection_status",
    "created_at",
    "description",
    "entities",
    "id",
    "is_identity_verified",
    "location",
    "most_recent_tweet_id",
    "name",
    "pinned_tweet_id",
    "profile_banner_url",
    "profile_image_url",
    "protected",
    "public_metrics",
    "url",
    "username",
    "verified",
    "verified_type",
];

const POST_FIELDS: [&str; 12] = [
    "author_id",
    "context_annotations",
    "conversation_id",
    "created_at",
    "edit_history_tweet_ids",
    "entities",
    "id",
    "lang",
    "possibly_sensitive",
    "public_metrics",
    "source",
    "text",
];

const EXPANSIONS: [&str; 5] = [
    "author_id",
    "attachments.media_keys",
    "geo.place_id",
    "in_reply_to_user_id",
    "referenced_tweets.id",
];

/// A search that X would carry out.
#[derive(Debug)]
pub(super) struct Parameters {
    pub(super) query: Query,
    pub(super) max_results: usize,
    /// Only posts above this identifier.
    pub(super) above: u64,
    /// Only posts below this identifier.
    pub(super) below: u64,
    pub(super) with_authors: bool,
    pub(super) user_fields: Vec<String>,
    pub(super) post_fields: Vec<String>,
    /// What a page token of this search is tied to.
    tie: String,
}

impl Parameters {
    pub(super) fn parse(query: &str, now: DateTime<Utc>) -> Result<Self, Problem> {
        let given = read(query)?;
        let get = |name: &str| given.get(name).map(String::as_str);
        let text = get("query").unwrap_or_default();
        if text.is_empty() || text.chars().count() > 512 {
            let message = format!(
                "query has an invalid length of {} characters, it must be between 1 and 512.",
                text.chars().count()
            );
            return Err(Problem::invalid("query", text, message));
        }
        let parsed = Query::parse(text).map_err(|why| Problem::invalid("query", text, why))?;
        let max_results = get("max_results").map_or(Ok(10), |value| {
            value.parse().ok().filter(|n| (10..=100).contains(n)).ok_or_else(|| {
                let message = format!(
                    "The `max_results` query parameter value [{value}] is not between 10 and 100"
                );
                Problem::invalid("max_results", value, message)
            })
        })?;
        if let Some(order) = get("sort_order")
            && !["recency", "relevancy"].contains(&order)
        {
            let message = format!("The `sort_order` query parameter value [{order}] is not valid");
            return Err(Problem::invalid("sort_order", order, message));
        }
        let oldest = post_id(now - TimeDelta::days(DAYS));
        let mut above = oldest;
        if let Some(since) = get("since_id") {
            let id = identifier("since_id", since)?;
            if id < oldest {
                return Err(Problem::since_id_too_old(since, oldest));
            }
            above = id;
        }
        if let Some(start) = moment("start_time", get("start_time"))? {
            if start < now - TimeDelta::days(DAYS) || start > now {
                let shown = get("start_time").unwrap_or_default();
                let message = "'start_time' must be within the last 7 days.";
                return Err(Problem::invalid("start_time", shown, message));
            }
            above = above.max(post_id(start).saturating_sub(1));
        }
        let end = moment("end_time", get("end_time"))?.unwrap_or(now - TimeDelta::seconds(30));
        let mut below = post_id(end);
        if let Some(until) = get("until_id") {
            below = below.min(identifier("until_id", until)?);
        }
        let tie = digest::hex(&[text, get("since_id").unwrap_or_default()]);
        if let Some(token) = get("next_token").or(get("pagination_token")) {
            let message = format!("The `next_token` query parameter value [{token}] is not valid");
            let from = read_token(token, &tie);
            below = from.ok_or_else(|| Problem::invalid("next_token", token, message))?;
        }
        let expansions = list("expansions", get("expansions"), &EXPANSIONS)?;
        let post_fields = get("tweet.fields").or(get("post.fields"));
        Ok(Self {
            query: parsed,
            max_results,
            above,
            below,
            with_authors: expansions.iter().any(|field| field == "author_id"),
            user_fields: list("user.fields", get("user.fields"), &USER_FIELDS)?,
            post_fields: list("tweet.fields", post_fields, &POST_FIELDS)?,
            tie,
        })
    }

    /// The token of the page that goes on below this post. It does not expire, and posts that are
    /// published in between do not shift it.
    pub(super) fn token(&self, last: u64) -> String {
        let tie = self.tie.get(..8).unwrap_or_default();
        BASE32_NOPAD
            .encode(format!("{last:x}-{tie}").as_bytes())
            .to_lowercase()
    }
}

fn read_token(token: &str, tie: &str) -> Option<u64> {
    let bytes = BASE32_NOPAD.decode(token.to_uppercase().as_bytes()).ok()?;
    let text = String::from_utf8(bytes).ok()?;
    let (last, tied) = text.split_once('-')?;
    u64::from_str_radix(last, 16)
        .ok()
        .filter(|_| tie.starts_with(tied))
}

fn read(query: &str) -> Result<BTreeMap<String, String>, Problem> {
    const KNOWN: [&str; 17] = [
        "query",
        "max_results",
        "next_token",
        "pagination_token",
        "start_time",
        "end_time",
        "since_id",
        "until_id",
        "sort_order",
        "tweet.fields",
        "post.fields",
        "expansions",
        "user.fields",
        "media.fields",
        "place.fields",
        "poll.fields",
        "search_count.fields",
    ];
    let mut given = BTreeMap::new();
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        if !KNOWN.contains(&name.as_ref()) {
            let message = format!(
                "The query parameter [{name}] is not one of [{}]",
                KNOWN.join(",")
            );
            return Err(Problem::invalid(&name, &value, message));
        }
        given.insert(name.into_owned(), value.into_owned());
    }
    Ok(given)
}

fn identifier(name: &str, value: &str) -> Result<u64, Problem> {
    let digits = (1..=19).contains(&value.len()) && value.bytes().all(|byte| byte.is_ascii_digit());
    value.parse().ok().filter(|_| digits).ok_or_else(|| {
        let message =
            format!("The `{name}` query parameter value [{value}] does not match ^[0-9]{{1,19}}$");
        Problem::invalid(name, value, message)
    })
}

fn moment(name: &str, value: Option<&str>) -> Result<Option<DateTime<Utc>>, Problem> {
    let Some(value) = value else { return Ok(None) };
    DateTime::parse_from_rfc3339(value)
        .map(|at| Some(at.to_utc()))
        .map_err(|_| {
            let message =
                format!("The `{name}` query parameter value [{value}] is not a valid date");
            Problem::invalid(name, value, message)
        })
}

/// A comma-separated list of known fields. Either vocabulary will do.
fn list(name: &str, value: Option<&str>, known: &[&str]) -> Result<Vec<String>, Problem> {
    let mut fields = Vec::new();
    for field in value
        .unwrap_or_default()
        .split(',')
        .filter(|field| !field.is_empty())
    {
        let older = field
            .replace("post_id", "tweet_id")
            .replace("posts.id", "tweets.id");
        if !known.contains(&older.as_str()) {
            let message = format!(
                "The `{name}` query parameter value [{field}] is not one of [{}]",
                known.join(",")
            );
            return Err(Problem::invalid(name, field, message));
        }
        fields.push(older);
    }
    Ok(fields)
}

/// When a post was made, as X writes it.
pub(super) fn written(id: u64) -> String {
    posted_at(id).format("%Y-%m-%dT%H:%M:%S%.3fZ").to_string()
}
