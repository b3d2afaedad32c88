//! The answer to a search: a page of posts, and their authors as far as they were asked for.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::behaviour::Spelling;
use super::parameters::{Parameters, written};
use super::problem::suspended;
use crate::digest;
use crate::population::{Author, Population, Post, Profile, Timeline, Verified};

/// A link as X shortens it.
pub(crate) fn short_link(goal: &str) -> String {
    let digest = digest::hex(&["short link", goal]);
    format!("https://t.co/{}", digest.get(..10).unwrap_or_default())
}

/// One page, and how many posts and users it bills.
pub(super) fn page(
    population: &Population,
    timeline: &Timeline,
    parameters: &Parameters,
    spelling: Spelling,
) -> (Value, u64) {
    let mut hits = timeline.posts().iter().rev().filter(|post| {
        post.id > parameters.above && post.id < parameters.below && parameters.query.matches(post)
    });
    let page: Vec<&Post> = hits.by_ref().take(parameters.max_results).collect();
    let more = hits.next().is_some();
    let mut meta = Map::new();
    if let (Some(newest), Some(oldest)) = (page.first(), page.last()) {
        meta.insert("newest_id".to_owned(), json!(newest.id.to_string()));
        meta.insert("oldest_id".to_owned(), json!(oldest.id.to_string()));
        if more {
            meta.insert("next_token".to_owned(), json!(parameters.token(oldest.id)));
        }
    }
    meta.insert("result_count".to_owned(), json!(page.len()));
    let mut body = Map::new();
    let mut resources = page.len();
    if !page.is_empty() {
        let posts: Vec<Value> = page
            .iter()
            .map(|post| render_post(post, parameters))
            .collect();
        body.insert("data".to_owned(), Value::Array(posts));
        if parameters.with_authors {
            let (users, errors) = authors(population, &page, parameters);
            resources += users.len();
            body.insert("includes".to_owned(), json!({ "users": users }));
            if !errors.is_empty() {
                body.insert("errors".to_owned(), Value::Array(errors));
            }
        }
    }
    body.insert("meta".to_owned(), Value::Object(meta));
    let mut body = Value::Object(body);
    if spelling == Spelling::Post {
        rename(&mut body);
    }
    (body, resources as u64)
}

/// The authors of a page, each once, and an error for each who is gone.
fn authors(
    population: &Population,
    page: &[&Post],
    parameters: &Parameters,
) -> (Vec<Value>, Vec<Value>) {
    let mut seen = BTreeSet::new();
    let (mut users, mut errors) = (Vec::new(), Vec::new());
    for post in page {
        if !seen.insert(post.author_id.as_str()) {
            continue;
        }
        match Timeline::author(population, post) {
            Author::Known(profile) => users.push(render_user(profile, parameters)),
            Author::Suspended => errors.push(suspended(&post.author_id)),
        }
    }
    (users, errors)
}

fn render_post(post: &Post, parameters: &Parameters) -> Value {
    let id = post.id.to_string();
    let mut fields = Map::new();
    fields.insert("id".to_owned(), json!(id));
    fields.insert("text".to_owned(), json!(post.text));
    fields.insert("edit_history_tweet_ids".to_owned(), json!([id]));
    for field in &parameters.post_fields {
        let value = match field.as_str() {
            "author_id" => json!(post.author_id),
            "created_at" => json!(written(post.id)),
            "lang" => json!(post.language),
            "conversation_id" => json!(id),
            "possibly_sensitive" => json!(false),
            "public_metrics" => json!({
                "retweet_count": post.likes / 9,
                "reply_count": post.likes / 7,
                "like_count": post.likes,
                "quote_count": 0,
                "bookmark_count": post.likes / 20,
                "impression_count": post.likes * 41 + 17,
            }),
            "entities" => match &post.link {
                Some((short, goal)) => json!({ "urls": [link(&post.text, short, goal)] }),
                None => continue,
            },
            _ => continue,
        };
        fields.insert(field.clone(), value);
    }
    // An expansion brings the field that it follows.
    if parameters.with_authors {
        fields.insert("author_id".to_owned(), json!(post.author_id));
    }
    Value::Object(fields)
}

fn render_user(profile: &Profile, parameters: &Parameters) -> Value {
    let links = links(&profile.bio);
    let mut bio = profile.bio.clone();
    for (short, goal) in &links {
        bio = bio.replacen(goal, short, 1);
    }
    let mut fields = Map::new();
    fields.insert("id".to_owned(), json!(profile.id));
    fields.insert("name".to_owned(), json!(profile.name));
    fields.insert("username".to_owned(), json!(profile.username));
    for field in &parameters.user_fields {
        let value = match field.as_str() {
            "description" => json!(bio),
            "location" => match &profile.location {
                Some(location) => json!(location),
                None => continue,
            },
            "url" => json!(
                profile
                    .website
                    .as_deref()
                    .map(short_link)
                    .unwrap_or_default()
            ),
            "protected" => json!(false),
            "verified" => json!(profile.verified != Verified::None),
            "verified_type" => json!(profile.verified.name()),
            "created_at" => json!(joined(profile)),
            "profile_image_url" => {
                json!(format!(
                    "https://images.example.net/{}_normal.jpg",
                    profile.username
                ))
            }
            "public_metrics" => json!({
                "followers_count": profile.followers,
                "following_count": profile.followers % 977 + 30,
                "tweet_count": profile.followers % 8_111 + 12,
                "listed_count": profile.followers / 1_200,
                "like_count": profile.followers % 3_001,
                "media_count": profile.followers % 211,
            }),
            "entities" => match entities(profile, &bio, &links) {
                Some(entities) => entities,
                None => continue,
            },
            _ => continue,
        };
        fields.insert(field.clone(), value);
    }
    Value::Object(fields)
}

fn entities(profile: &Profile, bio: &str, links: &[(String, String)]) -> Option<Value> {
    let mut entities = Map::new();
    if let Some(website) = &profile.website {
        let short = short_link(website);
        let urls = json!({ "urls": [link(&short, &short, website)] });
        entities.insert("url".to_owned(), urls);
    }
    if !links.is_empty() {
        let urls: Vec<Value> = links
            .iter()
            .map(|(short, goal)| link(bio, short, goal))
            .collect();
        entities.insert("description".to_owned(), json!({ "urls": urls }));
    }
    (!entities.is_empty()).then_some(Value::Object(entities))
}

/// The links of a text, shortened and as they stand.
fn links(text: &str) -> Vec<(String, String)> {
    text.split_whitespace()
        .filter(|word| word.starts_with("https://"))
        .map(|goal| (short_link(goal), goal.to_owned()))
        .collect()
}

/// A link of a text; X counts code points.
fn link(text: &str, short: &str, goal: &str) -> Value {
    let before = text
        .find(short)
        .and_then(|at| text.get(..at))
        .unwrap_or_default();
    let start = before.chars().count();
    let display = goal
        .trim_start_matches("https://")
        .trim_start_matches("www.");
    json!({
        "start": start,
        "end": start + short.chars().count(),
        "url": short,
        "expanded_url": goal,
        "display_url": display,
    })
}

fn joined(profile: &Profile) -> String {
    let number = digest::number(&["joined", &profile.id]);
    let (year, month, day) = (
        2009 + number % 15,
        number / 15 % 12 + 1,
        number / 180 % 28 + 1,
    );
    format!("{year}-{month:02}-{day:02}T09:00:00.000Z")
}

/// Turns the documentation's names into those of the newer specification.
fn rename(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            let old = std::mem::take(fields);
            for (name, mut inner) in old {
                rename(&mut inner);
                let name = match name.as_str() {
                    "edit_history_tweet_ids" => "edit_history_post_ids".to_owned(),
                    "tweet_count" => "post_count".to_owned(),
                    "retweet_count" => "repost_count".to_owned(),
                    _ => name,
                };
                fields.insert(name, inner);
            }
        }
        Value::Array(items) => items.iter_mut().for_each(rename),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}
