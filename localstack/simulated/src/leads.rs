//! `GET /simulated/leads`: a plain paged list over all platforms, with the broken and repeated rows of real exports.

use std::sync::Arc;

use axum::extract::{RawQuery, State};
use axum::http::StatusCode;
use axum::response::Response;
use serde_json::{Value, json};
use url::form_urlencoded;

use crate::http;
use crate::ledger::{Entry, Service};
use crate::population::{Population, Profile, Verified};
use crate::server::StandIns;

const DEFAULT_LIMIT: usize = 50;
const MAX_LIMIT: usize = 100;

/// A broken row stands after so many good ones, and a repeated one after so many.
const GOOD_PER_BROKEN: usize = 19;
const GOOD_PER_REPEATED: usize = 11;

/// One row of the list.
enum Row<'a> {
    Good(&'a Profile),
    /// A malformed copy of a profile that is already in the list: a lenient reader finds a known
    /// person, never a new one.
    Broken(&'a Profile, usize),
}

pub(crate) async fn list(
    State(stand_ins): State<Arc<StandIns>>,
    RawQuery(query): RawQuery,
) -> Response {
    let answer = page(&stand_ins.population, query.as_deref().unwrap_or_default());
    let (status, outcome, body) = match answer {
        Ok(body) => (StatusCode::OK, "ok", body),
        Err(message) => (
            StatusCode::BAD_REQUEST,
            "bad_request",
            json!({ "error": message }),
        ),
    };
    stand_ins
        .ledger
        .append(Entry::new(Service::Leads, Some(status.as_u16()), outcome));
    http::json(status, "application/json", &body)
}

fn page(population: &Population, query: &str) -> Result<Value, String> {
    let mut start = 0;
    let mut limit = DEFAULT_LIMIT;
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        match name.as_ref() {
            "cursor" if value.is_empty() => {}
            "cursor" => start = read_cursor(&value).ok_or("the cursor is not one of ours")?,
            "limit" => {
                limit = value
                    .parse()
                    .ok()
                    .filter(|limit| (1..=MAX_LIMIT).contains(limit))
                    .ok_or(format!("the limit must be a number from 1 to {MAX_LIMIT}"))?;
            }
            _ => return Err(format!("there is no parameter {name}")),
        }
    }
    let rows = rows(population);
    let end = rows.len().min(start.saturating_add(limit));
    let leads: Vec<Value> = rows
        .get(start..end)
        .unwrap_or_default()
        .iter()
        .map(render)
        .collect();
    let next = (end < rows.len()).then(|| write_cursor(end));
    Ok(json!({ "leads": leads, "next_cursor": next }))
}

fn rows(population: &Population) -> Vec<Row<'_>> {
    let profiles = population.profiles();
    let mut rows = Vec::with_capacity(profiles.len() * 6 / 5);
    for (index, profile) in profiles.iter().enumerate() {
        rows.push(Row::Good(profile));
        let count = index + 1;
        // From the first half, so that the two mostly lie on different pages.
        if count % GOOD_PER_REPEATED == 0
            && let Some(earlier) = profiles.get(index * 7 % (count / 2 + 1))
        {
            rows.push(Row::Good(earlier));
        }
        if count % GOOD_PER_BROKEN == 0
            && let Some(earlier) = profiles.get(index * 5 % count)
        {
            rows.push(Row::Broken(earlier, count / GOOD_PER_BROKEN - 1));
        }
    }
    rows
}

fn render(row: &Row<'_>) -> Value {
    match row {
        Row::Good(profile) => good(profile),
        Row::Broken(profile, kind) => broken(profile, *kind),
    }
}

fn good(profile: &Profile) -> Value {
    json!({
        "platform": profile.platform.name(),
        "id": profile.id,
        "username": profile.username,
        "name": profile.name,
        "bio": profile.bio,
        "email": profile.email.as_ref().filter(|_| profile.email_listed),
        "website": profile.website,
        "location": profile.location,
        "country": profile.country.filter(|_| profile.country_listed),
        "language": profile.language.code(),
        "followers": profile.followers,
        "verified": profile.verified != Verified::None,
        "profile_url": profile.url(),
    })
}

fn broken(profile: &Profile, kind: usize) -> Value {
    let mut row = good(profile);
    let Some(fields) = row.as_object_mut() else {
        return row;
    };
    match kind % 7 {
        0 => {
            fields.remove("id");
        }
        1 => {
            fields.insert("followers".to_owned(), json!("12.5k"));
        }
        2 => {
            fields.insert("username".to_owned(), json!(["not", "a", "name"]));
            fields.insert("id".to_owned(), json!({ "oid": profile.id }));
        }
        3 => {
            fields.insert("platform".to_owned(), json!("myspace"));
        }
        4 => return Value::Null,
        5 => fields.retain(|name, _| name == "platform" || name == "followers"),
        _ => {
            fields.insert("verified".to_owned(), json!("yes, very"));
            fields.insert("bio".to_owned(), json!(404));
        }
    }
    row
}

fn write_cursor(position: usize) -> String {
    data_encoding::BASE32_NOPAD
        .encode(format!("row:{position}").as_bytes())
        .to_lowercase()
}

fn read_cursor(cursor: &str) -> Option<usize> {
    let bytes = data_encoding::BASE32_NOPAD
        .decode(cursor.to_uppercase().as_bytes())
        .ok()?;
    String::from_utf8(bytes)
        .ok()?
        .strip_prefix("row:")?
        .parse()
        .ok()
}
