//! Finds an answer in what a model wrote: behind a fence, thoughts or a greeting, in a list or a wrapper,
//! and with numbers as texts. What cannot be read is said, and never guessed.

use serde_json::{Map, Value};
use shared::domain::{
    gate::Compliance,
    model_calls::CallFault,
    score::{Confidence, Score},
};

/// Fields of an answer.
const FIELDS: &[&str] = &[
    "niche",
    "score",
    "summary",
    "subject",
    "message",
    "evidence",
    "compliance",
    "confidence",
];
/// So many of them make an object an answer.
const ENOUGH: usize = 3;
/// How deep an answer may be wrapped.
const DEPTH: usize = 4;
/// Longest text that is looked at, in bytes.
const LONGEST: usize = 64 * 1024;
/// Most places where an answer is looked for.
const PLACES: usize = 200;

/// Why a text holds no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Unreadable {
    #[error("it is empty")]
    Empty,
    #[error("it is no JSON")]
    NoJson,
    #[error("it is cut off")]
    CutOff,
    #[error("it holds several answers")]
    Several,
    #[error("its {0} is missing or cannot be read")]
    Field(&'static str),
}

impl From<Unreadable> for CallFault {
    fn from(fault: Unreadable) -> Self {
        match fault {
            Unreadable::Empty => Self::Empty,
            Unreadable::NoJson => Self::NoJson,
            Unreadable::CutOff => Self::CutOff,
            Unreadable::Several | Unreadable::Field(_) => Self::Form,
        }
    }
}

/// The one answer of a text.
pub(super) fn find(text: &str) -> Result<Map<String, Value>, Unreadable> {
    let text = without_thoughts(text.trim_start_matches('\u{feff}'));
    let text = text.trim();
    if text.is_empty() {
        return Err(Unreadable::Empty);
    }
    let mut end = text.len().min(LONGEST);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    let text = text.get(..end).unwrap_or_default();
    let mut answers = answers(text, ToOwned::to_owned);
    if answers.is_empty() {
        answers = self::answers(text, repaired);
    }
    answers.dedup();
    match (answers.pop(), answers.is_empty()) {
        (Some(answer), true) => Ok(answer),
        (Some(_), false) => Err(Unreadable::Several),
        (None, _) if is_open(text) => Err(Unreadable::CutOff),
        (None, _) => Err(Unreadable::NoJson),
    }
}

/// The text without what the model thought aloud.
fn without_thoughts(text: &str) -> String {
    let mut text = text.to_owned();
    for tag in ["think", "thinking", "thought", "reasoning", "analysis"] {
        let (open, close) = (format!("<{tag}>"), format!("</{tag}>"));
        // Its beginning may be missing.
        while let Some(end) = text.find(&close) {
            let start = text.find(&open).filter(|start| *start < end).unwrap_or(0);
            text.replace_range(start..end + close.len(), " ");
        }
    }
    match text.rfind("<|message|>") {
        Some(at) => text.split_off(at + "<|message|>".len()),
        None => text,
    }
}

/// The answers within a text, each place as `read` changes it.
fn answers(text: &str, read: impl Fn(&str) -> String) -> Vec<Map<String, Value>> {
    let mut answers = Vec::new();
    let mut from = 0;
    for _ in 0..PLACES {
        let rest = text.get(from..).unwrap_or_default();
        let Some(at) = rest.find(['{', '[', '"']) else {
            break;
        };
        let here = read(rest.get(at..).unwrap_or_default());
        let mut values = serde_json::Deserializer::from_str(&here).into_iter::<Value>();
        match values.next() {
            Some(Ok(value)) => {
                answers.extend(unwrapped(&value, DEPTH));
                from += at + values.byte_offset().max(1);
            }
            Some(Err(_)) | None => from += at + 1,
        }
        while from < text.len() && !text.is_char_boundary(from) {
            from += 1;
        }
    }
    answers
}

/// The answer within a value: itself, the one of a list, or what a wrapper holds.
fn unwrapped(value: &Value, depth: usize) -> Option<Map<String, Value>> {
    let depth = depth.checked_sub(1)?;
    match value {
        Value::Object(fields) => {
            let known: Map<String, Value> = fields
                .iter()
                .map(|(name, value)| (name.trim().to_lowercase(), value.clone()))
                .filter(|(name, _)| FIELDS.contains(&name.as_str()))
                .collect();
            // A schema that is repeated has the fields' names, too.
            let is_schema = known.get("score").is_some_and(Value::is_object);
            if known.len() >= ENOUGH && !is_schema {
                return Some(known);
            }
            one(fields.values(), depth)
        }
        Value::Array(list) => one(list.iter(), depth),
        Value::String(text) if text.trim_start().starts_with(['{', '[']) => {
            unwrapped(&serde_json::from_str(text).ok()?, depth)
        }
        Value::String(_) | Value::Null | Value::Bool(_) | Value::Number(_) => None,
    }
}

fn one<'a>(values: impl Iterator<Item = &'a Value>, depth: usize) -> Option<Map<String, Value>> {
    let mut found: Vec<_> = values.filter_map(|value| unwrapped(value, depth)).collect();
    found.dedup();
    match (found.pop(), found.is_empty()) {
        (Some(answer), true) => Some(answer),
        _ => None,
    }
}

/// The text with line breaks within strings written as JSON wants them, and without commas before an end.
fn repaired(text: &str) -> String {
    let mut repaired = String::with_capacity(text.len());
    let (mut inside, mut escaped) = (false, false);
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = inside,
            '"' => inside = !inside,
            '\n' if inside => {
                repaired.push_str("\\n");
                continue;
            }
            c if inside && c.is_control() => {
                repaired.push(' ');
                continue;
            }
            ',' if !inside => {
                let mut ahead = chars.clone().skip_while(|c| c.is_whitespace());
                if matches!(ahead.next(), Some('}' | ']')) {
                    continue;
                }
            }
            _ => {}
        }
        repaired.push(c);
    }
    repaired
}

/// Whether a brace is open at the end.
fn is_open(text: &str) -> bool {
    text.matches('{').count() > text.matches('}').count()
}

/// A score as a whole number, a number with a fraction, "82/100" or "82 %". A fraction is dropped: it
/// never raises a score.
pub(super) fn score(value: Option<&Value>) -> Option<Score> {
    let number = match value? {
        Value::Number(number) => number.as_f64()?,
        Value::String(text) => {
            let text = text.trim().replace(',', ".");
            let (number, rest) = leading_number(&text)?;
            match rest.trim().trim_end_matches('.') {
                "" | "%" | "/100" | "/ 100" | "out of 100" | "of 100" | "points" => number,
                "/10" | "/ 10" | "out of 10" => number * 10.0,
                _ => return None,
            }
        }
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => return None,
    };
    // Between 0 and 1 it may be another scale.
    if number > 0.0 && number < 1.0 {
        return None;
    }
    #[expect(
        clippy::cast_possible_truncation,
        reason = "`as` saturates, and the range is checked"
    )]
    Score::new(number.floor() as i64)
}

/// How sure the model is. What cannot be read is not sure at all: a person looks.
pub(super) fn confidence(value: Option<&Value>) -> Confidence {
    let number = match value {
        Some(Value::Number(number)) => number.as_f64().map(|number| (number, false)),
        Some(Value::String(text)) => {
            let text = text.trim().replace(',', ".");
            leading_number(&text).and_then(|(number, rest)| match rest.trim() {
                "" => Some((number, false)),
                "%" | "/100" => Some((number, true)),
                _ => None,
            })
        }
        _ => None,
    };
    let number = match number {
        Some((number, false)) if (0.0..=1.0).contains(&number) => number,
        Some((number, true)) if (0.0..=100.0).contains(&number) => number / 100.0,
        Some((number, false)) if (2.0..=100.0).contains(&number) => number / 100.0,
        _ => return Confidence::MIN,
    };
    #[expect(
        clippy::cast_possible_truncation,
        reason = "a number from 0 to 1 needs no more"
    )]
    Confidence::new(number as f32).unwrap_or(Confidence::MIN)
}

fn leading_number(text: &str) -> Option<(f64, &str)> {
    let end = text
        .find(|c: char| !(c.is_ascii_digit() || c == '.'))
        .unwrap_or(text.len());
    let (number, rest) = text.split_at_checked(end)?;
    Some((number.parse().ok()?, rest))
}

/// The model's word on writing at all, with its reasons. A word that is none of ours is one more reason
/// for a person to look.
pub(super) fn compliance(value: Option<&Value>) -> (Compliance, Vec<String>) {
    let (verdict, reasons) = match value {
        Some(Value::Object(fields)) => {
            let named = |names: &[&str]| names.iter().find_map(|name| fields.get(*name));
            (
                named(&["verdict", "status", "result", "decision"]),
                named(&["reasons", "reason", "notes"]),
            )
        }
        other => (other, None),
    };
    let mut reasons: Vec<String> = match reasons {
        Some(Value::Array(list)) => list.iter().map(|reason| text(Some(reason))).collect(),
        reason => vec![text(reason)],
    };
    reasons.retain(|reason| !reason.is_empty());
    let word = text(verdict).to_lowercase();
    let verdict = match word.as_str() {
        "ok" | "okay" => Compliance::Ok,
        "review" => Compliance::Review,
        "block" | "blocked" => Compliance::Block,
        _ => {
            reasons.push("the model's verdict cannot be read".to_owned());
            Compliance::Review
        }
    };
    (verdict, reasons)
}

/// Claims with the words that back them.
pub(super) fn evidence(value: Option<&Value>) -> Vec<(String, String)> {
    let pair = |item: &Value| match item {
        Value::Object(fields) => {
            let named = |names: &[&str]| names.iter().find_map(|name| fields.get(*name));
            let quote = text(named(&["quote", "quotes", "text", "source", "words"]));
            let claim = text(named(&["claim", "statement", "fact"]));
            match claim.is_empty() {
                true => (quote.clone(), quote),
                false => (claim, quote),
            }
        }
        other => (text(Some(other)), text(Some(other))),
    };
    match value {
        Some(Value::Array(list)) => list.iter().map(pair).collect(),
        Some(Value::String(json)) if json.trim_start().starts_with(['[', '{']) => {
            let parsed: Option<Value> = serde_json::from_str(json).ok();
            match parsed {
                Some(Value::String(_)) | None => Vec::new(),
                parsed => evidence(parsed.as_ref()),
            }
        }
        None | Some(Value::Null) => Vec::new(),
        Some(item) => vec![pair(item)],
    }
}

/// A text, also where it came as its paragraphs or a number.
pub(super) fn text(value: Option<&Value>) -> String {
    match value {
        Some(Value::String(text)) => text.trim().to_owned(),
        Some(Value::Number(number)) => number.to_string(),
        Some(Value::Array(parts)) => {
            let parts: Vec<&str> = parts.iter().filter_map(Value::as_str).collect();
            parts.join("\n\n")
        }
        Some(Value::Null | Value::Bool(_) | Value::Object(_)) | None => String::new(),
    }
}
