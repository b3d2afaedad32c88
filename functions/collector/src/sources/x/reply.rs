//! X's answers, read tolerantly: unknown fields are skipped and both of its vocabularies are
//! understood.

use std::collections::HashMap;

use serde::Deserialize;
use serde_json::Value;
use shared::domain::lead::Platform;

use super::super::{RawProfile, Row, RowError};

/// A page of recent search.
#[derive(Debug, Deserialize)]
pub(super) struct Search {
    /// Absent when nothing was found.
    #[serde(default)]
    data: Vec<Post>,
    #[serde(default)]
    includes: Includes,
    /// What could not be shown, in an answer that is 200 all the same.
    #[serde(default)]
    errors: Vec<PartialError>,
    #[serde(default)]
    pub(super) meta: Meta,
}

#[derive(Debug, Default, Deserialize)]
pub(super) struct Meta {
    pub(super) newest_id: Option<String>,
    pub(super) next_token: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Post {
    id: String,
    author_id: Option<String>,
    lang: Option<String>,
    #[serde(default)]
    text: String,
}

#[derive(Debug, Default, Deserialize)]
struct Includes {
    #[serde(default)]
    users: Vec<Value>,
}

#[derive(Debug, Deserialize)]
struct PartialError {
    title: Option<String>,
    #[serde(rename = "type")]
    kind: Option<String>,
}

#[derive(Debug, Deserialize)]
struct User {
    id: String,
    username: String,
    name: Option<String>,
    description: Option<String>,
    location: Option<String>,
    verified: Option<bool>,
    verified_type: Option<String>,
    url: Option<String>,
    #[serde(default)]
    protected: bool,
    public_metrics: Option<Metrics>,
    entities: Option<Entities>,
}

#[derive(Debug, Deserialize)]
struct Metrics {
    followers_count: Option<i64>,
}

#[derive(Debug, Default, Deserialize)]
struct Entities {
    url: Option<Urls>,
    description: Option<Urls>,
}

#[derive(Debug, Deserialize)]
struct Urls {
    #[serde(default)]
    urls: Vec<Expanded>,
}

#[derive(Debug, Deserialize)]
struct Expanded {
    url: Option<String>,
    expanded_url: Option<String>,
}

impl Search {
    /// One row per author, in the order of their newest post, and one per author that X withheld.
    pub(super) fn into_rows(self) -> Vec<Row> {
        let mut users: HashMap<String, Result<User, RowError>> = HashMap::new();
        let mut raw_users: HashMap<String, Value> = HashMap::new();
        for raw in self.includes.users {
            let id = raw
                .get("id")
                .and_then(Value::as_str)
                .unwrap_or_default()
                .to_owned();
            let user = serde_json::from_value(raw.clone())
                .map_err(|_| RowError::Shape("the author is not as X documents it"));
            users.insert(id.clone(), user);
            raw_users.insert(id, raw);
        }
        let mut rows = Vec::new();
        for post in self.data {
            let Some(author) = &post.author_id else {
                continue;
            };
            // The first post of an author takes the author; later ones are of the same lead.
            let Some(user) = users.remove(author) else {
                continue;
            };
            let raw = raw_users.remove(author);
            let profile = user.and_then(|user| user.into_profile(&post, raw));
            rows.push(profile);
        }
        // The title is X's own wording; the id and the name in the error are personal data.
        rows.extend(self.errors.into_iter().map(|error| {
            let kind = error.kind.as_deref().and_then(|k| k.rsplit('/').next());
            Err(RowError::Withheld {
                title: error.title.unwrap_or_default(),
                kind: kind.unwrap_or("error").to_owned(),
            })
        }));
        (1..)
            .zip(rows)
            .map(|(line, profile)| Row { line, profile })
            .collect()
    }
}

impl User {
    fn into_profile(self, post: &Post, raw: Option<Value>) -> Result<RawProfile, RowError> {
        if self.protected {
            return Err(RowError::Protected);
        }
        let entities = self.entities.unwrap_or_default();
        let bio = self
            .description
            .map(|bio| expand(bio, entities.description.as_ref()));
        let expanded = entities
            .url
            .and_then(|url| url.urls.into_iter().next()?.expanded_url);
        // `url` itself is a t.co link, which says nothing about its owner.
        let website = expanded.or_else(|| self.url.filter(|url| !url.contains("//t.co/")));
        let raw = raw.map(
            |user| serde_json::json!({"user": user, "post": {"id": post.id, "text": post.text}}),
        );
        Ok(RawProfile {
            platform: Some(Platform::X),
            external_id: Some(self.id),
            username: Some(self.username),
            name: self.name,
            bio,
            location: self.location,
            website,
            verified: self.verified.map(|v| {
                v || self
                    .verified_type
                    .as_deref()
                    .is_some_and(|t| t != "none" && !t.is_empty())
            }),
            follower_count: self.public_metrics.and_then(|m| m.followers_count),
            language: post.lang.clone(),
            raw,
            ..RawProfile::default()
        })
    }
}

/// The text with the addresses that X's t.co links stand for.
fn expand(text: String, links: Option<&Urls>) -> String {
    links
        .into_iter()
        .flat_map(|links| &links.urls)
        .fold(text, |text, link| match (&link.url, &link.expanded_url) {
            (Some(short), Some(long)) => text.replace(short, long),
            _ => text,
        })
}

/// An answer of failure, in any of X's three shapes.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Problem {
    #[serde(rename = "type")]
    kind: Option<String>,
    #[serde(default)]
    errors: Vec<ProblemDetail>,
}

#[derive(Debug, Deserialize)]
struct ProblemDetail {
    #[serde(default)]
    parameters: serde_json::Map<String, Value>,
}

impl Problem {
    /// The last part of the problem's type, such as `usage-capped`.
    pub(super) fn kind(&self) -> &str {
        self.kind
            .as_deref()
            .and_then(|kind| kind.rsplit('/').next())
            .unwrap_or_default()
    }

    /// Whether it complains about one of these parameters.
    pub(super) fn names(&self, parameters: &[&str]) -> bool {
        let mut named = self.errors.iter().flat_map(|error| error.parameters.keys());
        named.any(|name| parameters.contains(&name.as_str()))
    }
}
