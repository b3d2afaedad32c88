//! Answers of a model's server, and bios that a model need not be asked about.

use anyhow::{Context as _, Result};
use serde::Deserialize;
use serde_json::{Value, json};
use simulated::GivenAnswer;

use super::expectation::at;
use super::file::CaseFile;
use super::stage::Stage;
use super::table::Input;
use crate::lists::Row;

/// What the answers of a file quote, unless it is given with them.
const BIO: &str = "Trail runs and tea. I write about shoes.";

pub(super) async fn run(stage: &mut Stage, file: &CaseFile) -> Result<Vec<Input>> {
    if file.ends_with("csv") {
        return bios(stage, file).await;
    }
    let mut inputs = Vec::new();
    for (n, value) in file.values()?.iter().enumerate() {
        let answer = match at(value, "/status").as_u64() {
            Some(_) => GivenAnswer {
                status: serde_json::from_value(at(value, "/status").clone())?,
                headers: serde_json::from_value(at(value, "/headers").clone()).unwrap_or_default(),
                body: at(value, "/body").clone(),
            },
            None => GivenAnswer::new(200, value.clone()),
        };
        inputs.push(Input {
            what: what(value),
            must: file.must(n),
            happened: stage.enrich(lead(file), answer).await?,
        });
    }
    Ok(inputs)
}

/// A person who would be written to, with the bio that the answers are about.
pub(super) fn lead(file: &CaseFile) -> Row {
    let bio = at(&file.expected.given, "/bio").as_str().unwrap_or(BIO);
    Row {
        bio: bio.to_owned(),
        ..Row::runner(1)
    }
}

/// A completion with this answer.
pub(super) fn completion(answer: &Value) -> GivenAnswer {
    let content = answer.to_string();
    let body = json!({
        "id": "c-1", "object": "chat.completion", "model": "m",
        "choices": [{
            "index": 0, "message": { "role": "assistant", "content": content },
            "finish_reason": "stop",
        }],
        "usage": { "prompt_tokens": 900, "completion_tokens": 200, "total_tokens": 1100 },
    });
    GivenAnswer::new(200, body)
}

fn what(value: &Value) -> String {
    let message = at(value, "/choices/0/message");
    if !message.is_null() {
        return match at(message, "/content").as_str() {
            Some(content) => format!("content {content}, refusal {}", at(message, "/refusal")),
            None => format!("no content, refusal {}", at(message, "/refusal")),
        };
    }
    let mut words = vec![at(value, "/status").to_string()];
    words.extend(at(value, "/what").as_str().map(str::to_owned));
    words.push(at(value, "/body").to_string());
    words.join(", ")
}

#[derive(Deserialize)]
struct Bio {
    username: String,
    name: String,
    email: String,
    bio: String,
    #[serde(default)]
    expect: String,
}

/// Bios of people whom the programme fits: only what they say decides. The last column says in words what must
/// happen: `block`, `no objection`, `a look by a person`, or several of them.
async fn bios(stage: &mut Stage, file: &CaseFile) -> Result<Vec<Input>> {
    let mut rows = csv::Reader::from_reader(file.content.as_slice());
    let mut inputs = Vec::new();
    for row in rows.deserialize() {
        let row: Bio = row.with_context(|| format!("{} has an odd row", file.name))?;
        let quote: String = row.bio.chars().take(20).collect();
        let answer = json!({
            "niche": "daily life", "score": 82, "summary": "Writes about daily life.",
            "subject": "An idea for your page",
            "message": "Your page is careful.\n\nWould a partnership interest you?",
            "evidence": [{ "claim": "writes a page", "quote": quote.trim() }],
            "compliance": { "verdict": "ok", "reasons": [] }, "confidence": 0.8,
        });
        let lead = Row {
            username: row.username,
            name: row.name,
            email: Some(row.email),
            profile_url: String::new(),
            bio: row.bio.clone(),
            ..Row::runner(1)
        };
        let mut happened = stage.enrich(lead, completion(&answer)).await?;
        let result = result(&happened).to_owned();
        if let Some(happened) = happened.as_object_mut() {
            happened.insert("result".to_owned(), json!(result));
        }
        inputs.push(Input {
            what: row.bio,
            must: expected(&row.expect),
            happened,
        });
    }
    Ok(inputs)
}

fn result(happened: &Value) -> &str {
    match (
        at(happened, "/outcome").as_str(),
        at(happened, "/reason").as_str(),
    ) {
        (Some("planned"), _) => "fine",
        (Some("review"), _) => "review",
        (_, Some("not_compliant")) => "blocked",
        (_, Some(reason)) => reason,
        _ => "nothing",
    }
}

fn expected(words: &str) -> Option<Value> {
    let results = [
        ("no objection", "fine"),
        ("look", "review"),
        ("block", "blocked"),
    ];
    let results: Vec<&str> = results
        .into_iter()
        .filter(|(word, _)| words.contains(word))
        .map(|(_, result)| result)
        .collect();
    match results.as_slice() {
        [] => None,
        // Nobody pays to hear what the person has said.
        ["blocked"] => Some(json!({ "result": "blocked", "requests": 0 })),
        [result] => Some(json!({ "result": result })),
        _ => Some(json!({ "result": { "any_of": results } })),
    }
}
