//! What the model's server answers, read tolerantly: new fields and words break nothing, and the form of
//! an answer is told from what it holds.

use serde_json::Value;

use super::{Answer, Content, ModelError, fault};

/// Reads the body of a reply of success.
///
/// # Errors
/// When it holds an error after all, or is no answer of a model.
pub(super) fn read(body: &str) -> Result<Answer, ModelError> {
    let text = body.trim_start_matches('\u{feff}').trim();
    let value = match serde_json::from_str::<Value>(text) {
        Ok(value) => value,
        Err(_) if text.starts_with("data:") => joined_stream(text),
        // A page of something that stands between.
        Err(_) if text.starts_with('<') => {
            return Err(ModelError::Unavailable { status: Some(200) });
        }
        // Cut on the way: it may have been worked on.
        Err(_) => return Err(ModelError::Lost),
    };
    of_value(&value)
}

/// Reads a reply of success that is JSON.
///
/// # Errors
/// When it holds an error after all.
pub(super) fn of_value(value: &Value) -> Result<Answer, ModelError> {
    // Some servers wrap what they say in a list of one.
    let value = value.get(0).unwrap_or(value);
    let usage = Usage::of(value);
    let content = content(value)?;
    Ok(Answer {
        content,
        input_tokens: usage.input,
        output_tokens: usage.output,
    })
}

fn content(body: &Value) -> Result<Content, ModelError> {
    let choice = body.get("choices").and_then(|choices| choices.get(0));
    let error = [Some(body), choice]
        .into_iter()
        .flatten()
        .find_map(|part| part.get("error").filter(|error| !is_nothing(error)));
    let message = [choice.and_then(|c| c.get("message")), body.get("message")]
        .into_iter()
        .flatten()
        .find(|message| message.is_object())
        .or(choice);
    let text = message.map(text).unwrap_or_default();
    if let (Some(error), true) = (error, text.is_empty()) {
        return Err(fault::of_error(200, body, error));
    }
    let finish = [choice, Some(body)]
        .into_iter()
        .flatten()
        .find_map(|part| {
            let reason = part.get("finish_reason").or(part.get("done_reason"));
            reason.and_then(Value::as_str)
        })
        .unwrap_or_default()
        .to_lowercase();
    let refused = message.is_some_and(refuses)
        || matches!(
            finish.as_str(),
            "content_filter" | "safety" | "refusal" | "recitation" | "prohibited_content"
        );
    // A refusal beside a whole answer is a word too many.
    let holds_an_answer = text.contains('{') && text.contains('}');
    Ok(match finish.as_str() {
        _ if refused && !holds_an_answer => Content::Refused,
        _ if text.is_empty() => Content::Empty,
        "length" | "max_tokens" | "model_length" => Content::Truncated(text),
        _ if !text.contains('{') && is_apology(&text) => Content::Refused,
        _ => Content::Text(text),
    })
}

/// The text of a message: a text, parts of one, JSON as it is, or the arguments of a tool.
fn text(message: &Value) -> String {
    let content = [message.get("content"), message.get("text")]
        .into_iter()
        .flatten()
        .find(|content| !is_nothing(content));
    let text = match content {
        Some(Value::String(text)) => text.trim().to_owned(),
        Some(Value::Array(parts)) => match parts.iter().any(is_part) {
            true => parts.iter().filter_map(part).collect(),
            false => Value::from(parts.clone()).to_string(),
        },
        Some(object @ Value::Object(_)) => match is_part(object) {
            true => part(object).unwrap_or_default().to_owned(),
            false => object.to_string(),
        },
        Some(_) | None => String::new(),
    };
    if !text.is_empty() {
        return text;
    }
    let arguments = message
        .pointer("/tool_calls/0/function/arguments")
        .or(message.pointer("/function_call/arguments"))
        .or(message.get("parsed"));
    match arguments {
        Some(Value::String(text)) => text.trim().to_owned(),
        Some(object @ Value::Object(_)) => object.to_string(),
        Some(_) | None => String::new(),
    }
}

fn is_part(part: &Value) -> bool {
    part.is_string()
        || part.get("type").is_some_and(Value::is_string) && part.get("niche").is_none()
}

/// The text of one part; what a model thinks aloud is none.
fn part(part: &Value) -> Option<&str> {
    let kind = part.get("type").and_then(Value::as_str).unwrap_or("text");
    match kind {
        "text" | "output_text" => part.as_str().or(part.get("text").and_then(Value::as_str)),
        _ => None,
    }
}

/// Whether the message says that it will not answer. Some servers send an empty text with each answer.
fn refuses(message: &Value) -> bool {
    let said = |value: &Value| {
        value.as_str().is_some_and(|text| {
            let text = text.trim().to_lowercase();
            !matches!(text.as_str(), "" | "null" | "none" | "false" | "no")
        })
    };
    let parts = message.get("content").and_then(Value::as_array);
    let part = |part: &Value| part.get("refusal").is_some_and(said);
    message.get("refusal").is_some_and(said) || parts.is_some_and(|parts| parts.iter().any(part))
}

/// The openings of a refusal in prose.
fn is_apology(text: &str) -> bool {
    let start = text.trim_start().to_lowercase().replace('’', "'");
    [
        "i'm sorry",
        "i am sorry",
        "sorry,",
        "i cannot",
        "i can't",
        "i can not",
        "i won't",
        "i'm unable",
        "i am unable",
        "i'm not able",
        "i am not able",
        "as an ai",
    ]
    .iter()
    .any(|opening| start.starts_with(opening))
}

/// Null, an empty text, list or object: said by servers that leave nothing out.
fn is_nothing(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => true,
        Value::String(text) => text.trim().is_empty(),
        Value::Array(list) => list.is_empty(),
        Value::Object(fields) => fields.is_empty(),
        Value::Bool(true) | Value::Number(_) => false,
    }
}

/// What a server that streams whatever it is asked says in all.
fn joined_stream(body: &str) -> Value {
    let events = body
        .lines()
        .filter_map(|line| line.strip_prefix("data:"))
        .filter_map(|data| serde_json::from_str::<Value>(data.trim()).ok());
    let mut text = String::new();
    let mut joined = serde_json::Map::new();
    for event in events {
        let delta = event.pointer("/choices/0/delta/content");
        text.push_str(delta.and_then(Value::as_str).unwrap_or_default());
        for field in ["usage", "error"] {
            if let Some(value) = event.get(field).filter(|value| !value.is_null()) {
                joined.insert(field.to_owned(), value.clone());
            }
        }
        if let Some(reason) = event.pointer("/choices/0/finish_reason") {
            joined.insert("finish_reason".to_owned(), reason.clone());
        }
    }
    let message = serde_json::json!({ "content": text });
    joined.insert("message".to_owned(), message);
    Value::Object(joined)
}

/// Tokens as billed; 0 where the server does not say.
#[derive(Debug, Default, PartialEq, Eq)]
struct Usage {
    input: u32,
    output: u32,
}

impl Usage {
    fn of(body: &Value) -> Self {
        let usage = body.get("usage").filter(|usage| usage.is_object());
        let usage = usage.unwrap_or(body);
        let count = |names: &[&str]| names.iter().find_map(|name| tokens(usage.get(*name)?));
        let input = count(&["prompt_tokens", "input_tokens", "prompt_eval_count"]);
        let output = count(&["completion_tokens", "output_tokens", "eval_count"]);
        match (input, output) {
            (None, None) => Self::default(),
            (input, output) => Self {
                input: input.unwrap_or_default(),
                output: output.unwrap_or_default(),
            },
        }
    }
}

/// A number of tokens, also as a text or with a fraction. A negative one says nothing.
fn tokens(value: &Value) -> Option<u32> {
    let number = match value {
        Value::Number(number) => number.as_f64()?,
        Value::String(text) => text.trim().parse().ok()?,
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => return None,
    };
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "checked to be within range"
    )]
    (0.0..=f64::from(u32::MAX))
        .contains(&number)
        .then_some(number.ceil() as u32)
}

#[cfg(test)]
mod tests;
