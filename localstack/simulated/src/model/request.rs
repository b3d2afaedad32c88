//! What a request must look like before the model reads it.

use serde_json::Value;

use super::refusal::Refusal;
use super::schema;

/// A request that the API accepts.
#[derive(Debug)]
pub(super) struct Request<'a> {
    pub(super) model: &'a str,
    pub(super) schema: &'a Value,
    pub(super) schema_name: &'a str,
    /// The texts of all messages, in order, with their roles.
    pub(super) messages: Vec<(&'a str, String)>,
    /// At most so many tokens may be written.
    pub(super) cap: Option<u64>,
    pub(super) reasoning: bool,
}

impl<'a> Request<'a> {
    pub(super) fn check(body: Option<&'a Value>) -> Result<Self, Refusal> {
        let Some(Value::Object(fields)) = body else {
            return Err(Refusal::invalid(
                "invalid_json",
                None,
                "We could not parse the JSON body of your request.",
            ));
        };
        let missing = |name: &'static str| {
            let message = format!("Missing required parameter: '{name}'.");
            Refusal::invalid("missing_required_parameter", Some(name), message)
        };
        let model = fields
            .get("model")
            .and_then(Value::as_str)
            .filter(|model| !model.is_empty());
        let model = model.ok_or_else(|| missing("model"))?;
        let messages = fields.get("messages").and_then(Value::as_array);
        let messages = messages
            .filter(|list| !list.is_empty())
            .ok_or_else(|| missing("messages"))?;
        let messages = messages
            .iter()
            .map(message)
            .collect::<Result<Vec<_>, _>>()?;
        let reasoning = is_reasoning(model);
        if reasoning && fields.contains_key("max_tokens") {
            return Err(Refusal::invalid(
                "unsupported_parameter",
                Some("max_tokens"),
                "Unsupported parameter: 'max_tokens' is not supported with this model. Use \
                 'max_completion_tokens' instead.",
            ));
        }
        temperature(fields.get("temperature"), reasoning)?;
        let cap = cap(fields
            .get("max_completion_tokens")
            .or(fields.get("max_tokens")))?;
        let (schema_name, schema) = schema::of(model, fields.get("response_format"))?;
        Ok(Self {
            model,
            schema,
            schema_name,
            messages,
            cap,
            reasoning,
        })
    }

    /// Everything that was written in this role.
    pub(super) fn text_of(&self, role: &str) -> String {
        let texts = self.messages.iter().filter(|(of, _)| *of == role);
        texts
            .map(|(_, text)| text.as_str())
            .collect::<Vec<_>>()
            .join("\n")
    }
}

/// The model families that reason before they answer.
fn is_reasoning(model: &str) -> bool {
    ["o1", "o3", "o4", "gpt-5"]
        .iter()
        .any(|family| model.starts_with(family))
}

fn message(message: &Value) -> Result<(&str, String), Refusal> {
    let role = message
        .get("role")
        .and_then(Value::as_str)
        .unwrap_or_default();
    if ![
        "developer",
        "system",
        "user",
        "assistant",
        "tool",
        "function",
    ]
    .contains(&role)
    {
        let message = format!("Invalid value: '{role}' for the role of a message.");
        return Err(Refusal::invalid("invalid_value", Some("messages"), message));
    }
    let text = match message.get("content") {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Array(parts)) => {
            let texts = parts
                .iter()
                .filter_map(|part| part.get("text").and_then(Value::as_str));
            texts.collect::<Vec<_>>().join("\n")
        }
        _ => {
            let message = "Invalid type for the content of a message: expected a string or a list.";
            return Err(Refusal::invalid("invalid_type", Some("messages"), message));
        }
    };
    Ok((role, text))
}

fn temperature(value: Option<&Value>, reasoning: bool) -> Result<(), Refusal> {
    let Some(value) = value.filter(|value| !value.is_null()) else {
        return Ok(());
    };
    let range = value.as_f64().filter(|value| (0.0..=2.0).contains(value));
    let Some(temperature) = range else {
        let message = format!("Invalid 'temperature': {value} is not a decimal from 0 to 2.");
        return Err(Refusal::invalid(
            "invalid_value",
            Some("temperature"),
            message,
        ));
    };
    if reasoning && (temperature - 1.0).abs() > f64::EPSILON {
        let message = format!(
            "Unsupported value: 'temperature' does not support {temperature} with this model. Only \
             the default (1) value is supported."
        );
        return Err(Refusal::invalid(
            "unsupported_value",
            Some("temperature"),
            message,
        ));
    }
    Ok(())
}

fn cap(value: Option<&Value>) -> Result<Option<u64>, Refusal> {
    let Some(value) = value.filter(|value| !value.is_null()) else {
        return Ok(None);
    };
    value
        .as_u64()
        .filter(|cap| *cap > 0)
        .map(Some)
        .ok_or_else(|| {
            let message =
                format!("Invalid 'max_completion_tokens': {value} is not a positive integer.");
            Refusal::invalid("invalid_value", Some("max_completion_tokens"), message)
        })
}
