//! X's answers, read tolerantly: unknown fields are skipped, a field that is null or of another type says nothing, and
//! both of its vocabularies are understood.

use std::collections::{HashMap, HashSet};

use serde_json::{Value, json};
use shared::{
    clients::http::Reply,
    domain::{
        intake::{RawProfile, Row, RowError},
        lead::Platform,
        text::decode_references,
    },
};

/// A page of recent search.
#[derive(Debug)]
pub(super) struct Search(Value);

impl Search {
    /// `None` if the answer is not a search result.
    pub(super) fn read(reply: &Reply) -> Option<Self> {
        let answer: Value = reply.json().ok()?;
        let fields = answer.as_object()?;
        let is_result = ["data", "meta", "errors", "includes"]
            .iter()
            .any(|name| fields.contains_key(*name));
        let odd = answer
            .get("data")
            .is_some_and(|data| !data.is_array() && !data.is_null());
        (is_result && !odd).then_some(Self(answer))
    }

    pub(super) fn newest_id(&self) -> Option<String> {
        word(self.0.get("meta")?.get("newest_id"))
    }

    pub(super) fn next_token(&self) -> Option<String> {
        word(self.0.get("meta")?.get("next_token"))
    }

    fn posts(&self) -> impl Iterator<Item = &Value> {
        list(self.0.get("data"))
    }

    fn users(&self) -> impl Iterator<Item = &Value> {
        list(
            self.0
                .get("includes")
                .and_then(|includes| includes.get("users")),
        )
    }

    /// Whether it shows posts and not one of their authors, and does not say why: to go on would pass over people.
    pub(super) fn leaves_out_all_authors(&self) -> bool {
        self.posts().next().is_some()
            && self.users().next().is_none()
            && list(self.0.get("errors")).next().is_none()
    }

    /// One row per author, in the order of their newest post, and one per author that X withheld or left out.
    pub(super) fn into_rows(self) -> Vec<Row> {
        let users: HashMap<String, &Value> = self
            .users()
            .filter_map(|user| Some((word(user.get("id"))?, user)))
            .collect();
        let withheld: HashSet<String> = list(self.0.get("errors"))
            .filter_map(|error| word(error.get("resource_id")).or_else(|| word(error.get("value"))))
            .collect();
        let mut seen = HashSet::new();
        let mut rows = Vec::new();
        for post in self.posts() {
            let Some(author) = word(post.get("author_id")) else {
                rows.push(Err(RowError::AuthorMissing));
                continue;
            };
            // The first post of an author takes the author; later ones are of the same lead.
            if !seen.insert(author.clone()) {
                continue;
            }
            match users.get(&author) {
                Some(user) => rows.push(profile(user, post)),
                // X says below that it withholds this one.
                None if withheld.contains(&author) => {}
                None => rows.push(Err(RowError::AuthorMissing)),
            }
        }
        // The title is X's own wording; the id and the name in the error are personal data.
        rows.extend(list(self.0.get("errors")).map(|error| {
            let kind = word(error.get("type"));
            let kind = kind.as_deref().and_then(|kind| kind.rsplit('/').next());
            Err(RowError::Withheld {
                title: word(error.get("title")).unwrap_or_default(),
                kind: kind.unwrap_or("error").to_owned(),
            })
        }));
        (1..)
            .zip(rows)
            .map(|(line, profile)| Row { line, profile })
            .collect()
    }
}

fn profile(user: &Value, post: &Value) -> Result<RawProfile, RowError> {
    if user.get("protected").and_then(Value::as_bool) == Some(true) {
        return Err(RowError::Protected);
    }
    let username =
        word(user.get("username")).ok_or(RowError::Shape("the author has no username"))?;
    let entities = user.get("entities");
    let links = |of: &str| list(entities.and_then(|all| all.get(of)?.get("urls")));
    let bio = text(user.get("description")).map(|bio| expand(bio, links("description")));
    let expanded = links("url").find_map(|link| word(link.get("expanded_url")));
    // `url` itself is a t.co link, which says nothing about its owner.
    let website = expanded.or_else(|| word(user.get("url")).filter(|url| !url.contains("//t.co/")));
    let vouched = user.get("verified").and_then(Value::as_bool);
    let kind = word(user.get("verified_type"));
    let metrics = user.get("public_metrics");
    Ok(RawProfile {
        platform: Some(Platform::X),
        external_id: word(user.get("id")),
        username: Some(username),
        name: text(user.get("name")),
        bio,
        location: text(user.get("location")),
        website,
        verified: vouched.map(|v| v || kind.is_some_and(|kind| kind != "none")),
        follower_count: metrics.and_then(|all| whole(all.get("followers_count"))),
        language: word(post.get("lang")),
        raw: Some(json!({"user": user, "post": {"id": post.get("id"), "text": post.get("text")}})),
        ..RawProfile::default()
    })
}

/// The members of a list; none where it is something else.
fn list(value: Option<&Value>) -> impl Iterator<Item = &Value> {
    value.and_then(Value::as_array).into_iter().flatten()
}

/// A text or a number as a text; an empty one says nothing.
fn word(value: Option<&Value>) -> Option<String> {
    match value? {
        Value::String(text) if !text.trim().is_empty() => Some(text.clone()),
        Value::Number(number) if number.is_u64() => Some(number.to_string()),
        Value::String(_)
        | Value::Number(_)
        | Value::Null
        | Value::Bool(_)
        | Value::Array(_)
        | Value::Object(_) => None,
    }
}

/// A text of a person's; X writes `&amp;` for `&`.
fn text(value: Option<&Value>) -> Option<String> {
    value?
        .as_str()
        .map(|text| decode_references(text).into_owned())
}

fn whole(value: Option<&Value>) -> Option<i64> {
    match value? {
        Value::Number(number) => number.as_i64(),
        Value::String(text) => text.trim().parse().ok(),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    }
}

/// The text with the addresses that X's t.co links stand for; the longer link first, since one may begin with another.
fn expand<'a>(text: String, links: impl Iterator<Item = &'a Value>) -> String {
    let mut links: Vec<(String, String)> = links
        .filter_map(|link| Some((word(link.get("url"))?, word(link.get("expanded_url"))?)))
        .collect();
    links.sort_by_key(|(short, _)| std::cmp::Reverse(short.len()));
    links
        .into_iter()
        .fold(text, |text, (short, long)| text.replace(&short, &long))
}

/// An answer of failure, in any of X's three shapes.
#[derive(Debug, Default)]
pub(super) struct Problem(Value);

impl Problem {
    /// Whatever the answer says; nothing of it is needed.
    pub(super) fn read(reply: &Reply) -> Self {
        Self(reply.json().unwrap_or_default())
    }

    /// The last part of the problem's type, such as `usage-capped`.
    pub(super) fn kind(&self) -> &str {
        let kind = self.0.get("type").and_then(Value::as_str);
        kind.and_then(|kind| kind.rsplit('/').next())
            .unwrap_or_default()
    }

    /// Whether it says that the account has no credit left.
    pub(super) fn is_about_money(&self) -> bool {
        let title = self
            .0
            .get("title")
            .and_then(Value::as_str)
            .unwrap_or_default();
        matches!(
            self.kind(),
            "credits" | "usage-capped" | "spend-cap-reached"
        ) || title == "CreditsDepleted"
    }

    /// Whether it complains about one of these parameters.
    pub(super) fn names(&self, parameters: &[&str]) -> bool {
        let mut named =
            list(self.0.get("errors")).filter_map(|error| error.get("parameters")?.as_object());
        named.any(|of| of.keys().any(|name| parameters.contains(&name.as_str())))
    }
}
