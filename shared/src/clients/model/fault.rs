//! What an answer of failure is about: this question, the account, the set-up, or the moment. Servers
//! have words and shapes of their own for each.

mod phrases;

use std::{fmt, time::Duration};

use phrases::{BAD_PARAMETER, FILTERED, NO_CREDIT, NO_MODEL, PARAMETERS, TOO_LONG, WRONG_KEY};
use reqwest::Response;
use serde_json::Value;

use super::ModelError;
use crate::clients::http::retry_after;

/// Largest error body that is looked at.
const ERROR_BODY_LIMIT: usize = 64 * 1024;
/// Longest code or name that is kept of what a server says.
const WORD_LIMIT: usize = 60;

/// What has to be put right before the server takes any call of ours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cause {
    Key,
    Credit,
    Model,
    /// This field of the request.
    Parameter(String),
    Address,
    Access,
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Key => f.write_str("it does not take the key: check OPENAI_API_KEY"),
            Self::Credit => f.write_str(
                "the account has no credit or quota left: add credit, or raise its limit, at the provider",
            ),
            Self::Model => f.write_str(
                "it has no such model, or none that this account may use: check OPENAI_MODEL",
            ),
            Self::Parameter(name) => match name.as_str() {
                "temperature" => f.write_str(
                    "it does not take the parameter temperature: set OPENAI_TEMPERATURE to `none`",
                ),
                "response_format" => f.write_str(
                    "it does not take the parameter response_format: check that OPENAI_MODEL supports strict JSON schemas",
                ),
                "max_completion_tokens" | "max_tokens" => write!(
                    f,
                    "it does not take the parameter {name}: check OPENAI_MAX_TOKENS"
                ),
                name => write!(f, "it does not take the parameter {name}: check OPENAI_MODEL and OPENAI_BASE_URL"),
            },
            Self::Address => f.write_str(
                "there is no model at this address: check OPENAI_BASE_URL",
            ),
            Self::Access => f.write_str(
                "it does not serve this account or place: check OPENAI_API_KEY and the account at the provider",
            ),
        }
    }
}

/// What an answer of failure means: its status, body and `Retry-After`.
pub(super) async fn of_response(mut response: Response) -> ModelError {
    let status = response.status().as_u16();
    let after = retry_after(response.headers());
    let mut body = Vec::new();
    while let Ok(Some(chunk)) = response.chunk().await {
        body.extend_from_slice(&chunk);
        if body.len() > ERROR_BODY_LIMIT {
            break;
        }
    }
    // The edge answers with HTML at times: the status decides then.
    let body: Value = serde_json::from_slice(&body).unwrap_or_default();
    let body = body.get(0).unwrap_or(&body);
    let error = ["error", "errors", "detail"]
        .iter()
        .find_map(|name| body.get(*name))
        .unwrap_or(body);
    classify(status, &Said::new(body, error), after)
}

/// What an error within a reply of success means: its own number is the status.
pub(super) fn of_error(status: u16, body: &Value, error: &Value) -> ModelError {
    let said = Said::new(body, error);
    classify(said.status.unwrap_or(status), &said, None)
}

/// What a server says is wrong, in small letters.
#[derive(Debug, Default)]
struct Said {
    /// Its word for it, as far as it may be kept.
    code: String,
    kind: String,
    /// The field that it names.
    parameter: Option<String>,
    /// Everything it says. It may quote the question: it is looked at and not kept.
    text: String,
    status: Option<u16>,
}

impl Said {
    fn new(body: &Value, error: &Value) -> Self {
        let field = |name: &str| error.get(name).or(body.get(name));
        let word = |name: &str| {
            let value = field(name).map(|value| match value {
                Value::String(text) => text.clone(),
                Value::Number(number) => number.to_string(),
                _ => String::new(),
            });
            plain(&value.unwrap_or_default())
        };
        let status = ["code", "status", "status_code", "http_status"]
            .iter()
            .find_map(|name| word(name).parse().ok())
            .filter(|status| (400..600).contains(status));
        let parameter = ["param", "parameter", "loc"]
            .iter()
            .find_map(|name| field(name).or(error.pointer(&format!("/0/{name}"))))
            .map(|named| match named {
                Value::Array(path) => path
                    .iter()
                    .filter_map(Value::as_str)
                    .filter(|part| *part != "body")
                    .collect::<Vec<_>>()
                    .join("."),
                named => named.as_str().unwrap_or_default().to_owned(),
            })
            .map(|name| plain(&name))
            .filter(|name| !name.is_empty());
        Self {
            code: word("code"),
            kind: word("type"),
            parameter,
            text: body.to_string().to_lowercase(),
            status,
        }
    }

    /// The word to keep: the code if it is one, or else the kind.
    fn word(&self) -> String {
        let is_word = !self.code.is_empty() && self.code.parse::<u32>().is_err();
        match is_word || self.kind.is_empty() {
            true => self.code.clone(),
            false => self.kind.clone(),
        }
    }

    fn speaks_of(&self, words: &[&str]) -> bool {
        words.iter().any(|word| self.text.contains(word))
    }
}

/// A word that cannot hold what the question said.
fn plain(text: &str) -> String {
    let kept = text
        .chars()
        .filter(|c| c.is_ascii_alphanumeric() || "_-.".contains(*c));
    match text.contains(char::is_whitespace) {
        true => String::new(),
        false => kept.take(WORD_LIMIT).collect(),
    }
}

fn classify(status: u16, said: &Said, after: Option<Duration>) -> ModelError {
    let declined = |code: &str| ModelError::Declined {
        code: match said.word() {
            word if word.is_empty() => code.to_owned(),
            word => word,
        },
    };
    let refuses = |cause| ModelError::Refuses {
        status,
        code: said.word(),
        cause,
    };
    let about_a_request =
        matches!(status, 200 | 400..=499 if ![408, 429, 498].contains(&status)) || status == 500;
    if about_a_request && said.speaks_of(TOO_LONG) {
        return declined("too_long");
    }
    if about_a_request && said.speaks_of(FILTERED) {
        return declined("filtered");
    }
    // Groq's, where the model writes no JSON about this profile.
    if about_a_request && said.speaks_of(&["json_validate_failed"]) {
        return declined("json_validate_failed");
    }
    // A limit of tokens a minute that this question alone goes over is never met by waiting.
    if status == 429 && said.speaks_of(&["request too large"]) {
        return declined("too_large");
    }
    match status {
        402 => return refuses(Cause::Credit),
        401 => return refuses(Cause::Key),
        413 | 414 => return declined("too_large"),
        // 498 is Groq's, for a flex tier without capacity.
        408 | 409 | 425 | 498 | 499 => {
            return ModelError::Unavailable {
                status: Some(status),
            };
        }
        // A gateway gave up waiting for the server, which may go on, and be paid. 524 is Cloudflare's.
        504 | 524 => return ModelError::Lost,
        500.. => {
            return ModelError::Unavailable {
                status: Some(status),
            };
        }
        _ => {}
    }
    if said.speaks_of(NO_CREDIT) {
        return refuses(Cause::Credit);
    }
    if status == 429 {
        return ModelError::Throttled { after };
    }
    if let Some(name) = parameter(said) {
        return refuses(Cause::Parameter(name));
    }
    if said.speaks_of(NO_MODEL) || said.parameter.as_deref() == Some("model") {
        return refuses(Cause::Model);
    }
    if said.speaks_of(WRONG_KEY) {
        return refuses(Cause::Key);
    }
    match status {
        300..=399 | 404 | 405 | 410 => refuses(Cause::Address),
        403 | 451
            if said.speaks_of(&[
                "country",
                "region",
                "territory",
                "location",
                "ip address",
                "permission",
                "access",
                "not allowed",
            ]) =>
        {
            refuses(Cause::Access)
        }
        _ => ModelError::Unclear {
            status,
            code: said.word(),
        },
    }
}

/// The field of our request that the server does not take.
fn parameter(said: &Said) -> Option<String> {
    let known = |name: &str| PARAMETERS.iter().find(|known| name.contains(*known));
    if let Some(name) = said.parameter.as_deref().and_then(known) {
        return Some((*name).to_owned());
    }
    let complains = said.speaks_of(BAD_PARAMETER);
    let named = PARAMETERS.iter().find(|name| said.speaks_of(&[**name]));
    let other = said
        .parameter
        .clone()
        .filter(|name| name != "messages" && name != "model");
    complains
        .then(|| named.map(|name| (*name).to_owned()).or(other))
        .flatten()
}

#[cfg(test)]
mod tests;
