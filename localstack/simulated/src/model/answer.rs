//! The completion around the answer: tokens, finish reasons, and the paid ways to go wrong.

use serde_json::{Value, json};

use super::behaviour::ModelFault;
use super::conform::conform;
use super::phrases::wanted_language;
use super::profile::Profile;
use super::request::Request;
use super::score::assess;

/// What a reasoning model spends before it writes.
const REASONING_TOKENS: u64 = 192;

/// An answer that is paid for.
pub(super) struct Answer {
    pub(super) body: Value,
    pub(super) prompt_tokens: u64,
    pub(super) completion_tokens: u64,
}

pub(super) fn compose(
    request: &Request<'_>,
    fault: Option<ModelFault>,
    prompt_hash: &str,
    created: i64,
) -> Answer {
    let schema = request.schema;
    let profile = Profile::read(&request.text_of("user"));
    let language = wanted_language(&request.text_of("system"));
    let wish = serde_json::to_value(assess(&profile, language)).ok();
    let mut content = conform(wish.as_ref(), schema, schema, 0);
    if fault == Some(ModelFault::OutOfRange)
        && let Some(score) = content.get_mut("score")
    {
        *score = json!(140);
    }
    let text = match fault {
        Some(ModelFault::Malformed) => {
            "Sure! Here is what I think about this profile: it looks like a good fit.".to_owned()
        }
        Some(ModelFault::Fenced) => {
            format!("<think>\nA short look.\n</think>\n\n```json\n{content}\n```")
        }
        Some(ModelFault::LooselyTyped) => {
            for field in ["score", "confidence"] {
                if let Some(number) = content.get_mut(field) {
                    *number = Value::String(number.to_string());
                }
            }
            json!([content]).to_string()
        }
        _ => content.to_string(),
    };
    let reasoning_tokens = if request.reasoning {
        REASONING_TOKENS
    } else {
        0
    };
    let room = request.cap.map(|cap| cap.saturating_sub(reasoning_tokens));
    let room = match fault {
        Some(ModelFault::Truncated) => Some(room.unwrap_or(u64::MAX).min(tokens(&text) / 2)),
        _ => room,
    };
    let (text, cut) = truncate(text, room);
    let completion_tokens = match fault {
        Some(ModelFault::Refusal) => 9,
        Some(ModelFault::NoContent | ModelFault::NoChoices) => 0,
        _ => tokens(&text),
    } + reasoning_tokens;
    let reason = match (fault, cut) {
        (Some(ModelFault::ContentFilter), _) => "content_filter",
        (Some(ModelFault::UnknownFields), _) => "pause_turn",
        (_, true) => "length",
        (_, false) => "stop",
    };
    let content = match fault {
        Some(ModelFault::Refusal | ModelFault::NoContent | ModelFault::ContentFilter) => {
            Value::Null
        }
        _ => Value::String(text),
    };
    let declines = fault == Some(ModelFault::Refusal);
    let refusal = match fault {
        Some(ModelFault::EmptyRefusal) => Some(""),
        _ => declines.then_some("I'm sorry, but I can't help with that request."),
    };
    let choice = json!({
        "index": 0,
        "message": {
            "role": "assistant", "content": content, "refusal": refusal, "annotations": [],
        },
        "logprobs": null,
        "finish_reason": reason,
    });
    let sent: u64 = request
        .messages
        .iter()
        .map(|(_, text)| tokens(text) + 4)
        .sum();
    // The schema is part of what the model reads.
    let prompt_tokens = sent + tokens(&schema.to_string()) + tokens(request.schema_name);
    let mut body = json!({
        "id": format!("chatcmpl-{}", prompt_hash.get(..24).unwrap_or_default()),
        "object": "chat.completion",
        "created": created,
        "model": snapshot(request.model),
        "choices": if fault == Some(ModelFault::NoChoices) { vec![] } else { vec![choice] },
        "usage": {
            "prompt_tokens": prompt_tokens,
            "completion_tokens": completion_tokens,
            "total_tokens": prompt_tokens + completion_tokens,
            "prompt_tokens_details": { "cached_tokens": 0, "audio_tokens": 0 },
            "completion_tokens_details": {
                "reasoning_tokens": reasoning_tokens, "audio_tokens": 0,
                "accepted_prediction_tokens": 0, "rejected_prediction_tokens": 0,
            },
        },
        "service_tier": "default",
        "system_fingerprint": "fp_simulated",
    });
    if fault == Some(ModelFault::LooselyTyped)
        && let Some(fields) = body.as_object_mut()
    {
        fields.insert("usage".to_owned(), Value::Null);
    }
    if fault == Some(ModelFault::UnknownFields)
        && let Some(fields) = body.as_object_mut()
    {
        fields.insert("service_tier".to_owned(), json!("turbo"));
        fields.insert("provenance".to_owned(), json!({ "watermark": [1, 2, 3] }));
    }
    Answer {
        body,
        prompt_tokens,
        completion_tokens,
    }
}

/// About four bytes a token.
fn tokens(text: &str) -> u64 {
    (text.len() as u64).div_ceil(4)
}

/// The text as far as there is room, and whether anything is missing.
fn truncate(mut text: String, room: Option<u64>) -> (String, bool) {
    let Some(room) = room.filter(|room| *room < tokens(&text)) else {
        return (text, false);
    };
    let mut end = usize::try_from(room * 4)
        .unwrap_or(usize::MAX)
        .min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.truncate(end);
    (text, true)
}

/// The API answers with the dated name behind an alias.
fn snapshot(model: &str) -> String {
    let dated = model
        .rsplit('-')
        .take(3)
        .all(|part| part.bytes().all(|byte| byte.is_ascii_digit()));
    if dated {
        model.to_owned()
    } else {
        format!("{model}-2025-04-14")
    }
}
