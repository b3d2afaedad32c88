//! What an answer of failure is about: this question, the account, the set-up, or the moment. Servers
//! have words and shapes of their own for each.

use std::{fmt, time::Duration};

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

/// The question is too long for this model.
const TOO_LONG: &[&str] = &[
    "context_length",
    "context length",
    "maximum context",
    "context window",
    "context size",
    "contextwindow",
    "string_above_max_length",
    "prompt is too long",
    "prompt too long",
    "input is too long",
    "input too long",
    "too many tokens",
    "max_model_len",
    "maximum input",
    "longer than the maximum",
    "exceeds the maximum number of tokens",
    "reduce the length",
    "request too large",
    "token limit exceeded",
    "exceed the limit of tokens",
    "exceeds the available",
    "larger than the maximum",
];
/// A filter caught this question.
const FILTERED: &[&str] = &[
    "content_filter",
    "content_policy",
    "content policy",
    "content management policy",
    "content filter",
    "flagged",
    "moderation",
    "responsibleai",
    "responsible_ai",
    "invalid_prompt",
    "safety system",
    "safety_violation",
    "prohibited_content",
    "harassment",
    "policy_violation",
    "usage policies",
    "data_inspection_failed",
    "inappropriate content",
    "sensitive content",
];
const NO_CREDIT: &[&str] = &[
    "insufficient_quota",
    "insufficient quota",
    "insufficient credit",
    "insufficient_credit",
    "insufficient balance",
    "insufficient_balance",
    "insufficient funds",
    "credit balance",
    "credit_balance",
    "balance_exhausted",
    "exceeded your current quota",
    "billing",
    "payment required",
    "out of credit",
    "no credit",
    "more credits",
    "spend_limit",
    "usage_limit",
    "spending limit",
    "spend limit",
    "balance is too low",
    "quota_exceeded",
    "arrear",
    "add credit",
];
const NO_MODEL: &[&str] = &[
    "model_not_found",
    "model not found",
    "no such model",
    "unknown model",
    "invalid model",
    "not a valid model",
    "unknown_model",
    "model_not_available",
    "does not exist or you do not have access",
    "model does not exist",
    "no endpoints found",
    "not found, try pulling",
    "decommissioned",
    "model_decommissioned",
    "deploymentnotfound",
    "no allowed providers",
];
const WRONG_KEY: &[&str] = &[
    "invalid_api_key",
    "invalid api key",
    "incorrect api key",
    "api key not valid",
    "api_key_invalid",
    "authentication",
    "unauthorized",
    "no auth credentials",
    "invalid key",
    "missing api key",
];
/// Fields of our request.
const PARAMETERS: &[&str] = &[
    "temperature",
    "max_completion_tokens",
    "max_tokens",
    "response_format",
    "json_schema",
];
const BAD_PARAMETER: &[&str] = &[
    "unsupported",
    "not support",
    "unrecognized",
    "unknown parameter",
    "unknown field",
    "extra inputs",
    "extra fields",
    "not permitted",
    "invalid_json_schema",
    "invalid schema",
    "invalid value",
    "is not allowed",
    "extra_forbidden",
    "unexpected keyword",
    "deprecated",
    "not a valid",
];

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
mod tests {
    use serde_json::json;

    use super::*;

    #[derive(Debug, PartialEq)]
    enum About {
        Question,
        Cause(Cause),
        Wait,
        Away,
        Lost,
        Unclear,
    }

    fn about(status: u16, body: &Value) -> About {
        let body = body.get(0).unwrap_or(body);
        let error = ["error", "errors", "detail"]
            .iter()
            .find_map(|name| body.get(*name))
            .unwrap_or(body);
        match classify(status, &Said::new(body, error), None) {
            ModelError::Declined { .. } => About::Question,
            ModelError::Refuses { cause, .. } => About::Cause(cause),
            ModelError::Throttled { .. } => About::Wait,
            ModelError::Unavailable { .. } => About::Away,
            ModelError::Lost => About::Lost,
            ModelError::Unclear { .. } => About::Unclear,
        }
    }

    #[test]
    fn a_failure_is_read_for_what_it_is_about() {
        let parameter = |name: &str| About::Cause(Cause::Parameter(name.to_owned()));
        let long = "This model's maximum context length is 8192 tokens. However, you requested 9120 tokens.";
        let cases = [
            (
                400,
                json!({"error": {"message": long, "type": "BadRequestError", "param": null, "code": 400}}),
                About::Question,
            ),
            (
                400,
                json!({"object": "error", "message": long, "type": "BadRequestError", "code": 400}),
                About::Question,
            ),
            (
                400,
                json!({"error": {"type": "invalid_request_error", "code": "context_length_exceeded", "param": "messages"}}),
                About::Question,
            ),
            (
                500,
                json!({"error": {"code": 500, "message": "the request exceeds the available context size"}}),
                About::Question,
            ),
            (
                422,
                json!({"error": "Input validation error: `inputs` must have less than 4096 tokens; too many tokens", "error_type": "validation"}),
                About::Question,
            ),
            (413, json!({}), About::Question),
            (
                413,
                json!({"error": {"message": "Request too large for model m on tokens per minute (TPM)", "code": "rate_limit_exceeded"}}),
                About::Question,
            ),
            (
                429,
                json!({"error": {"message": "Request too large for m: Limit 6000, Requested 9120"}}),
                About::Question,
            ),
            (
                403,
                json!({"error": {"code": 403, "message": "Input was flagged", "metadata": {"reasons": ["harassment"]}}}),
                About::Question,
            ),
            (
                400,
                json!({"error": {"code": "content_filter", "message": "no", "innererror": {"code": "ResponsibleAIPolicyViolation"}}}),
                About::Question,
            ),
            (
                400,
                json!({"error": {"code": "data_inspection_failed", "message": "no"}}),
                About::Question,
            ),
            (
                402,
                json!({"error": {"code": 402, "message": "Insufficient credits"}}),
                About::Cause(Cause::Credit),
            ),
            (
                402,
                json!({"error": {"message": "Insufficient Balance", "type": "unknown_error", "code": "invalid_request_error"}}),
                About::Cause(Cause::Credit),
            ),
            (
                429,
                json!({"error": {"type": "insufficient_quota", "code": "credit_balance_exhausted"}}),
                About::Cause(Cause::Credit),
            ),
            (
                429,
                json!({"error": {"type": "insufficient_quota", "code": "project_spend_limit_exceeded"}}),
                About::Cause(Cause::Credit),
            ),
            (
                400,
                json!({"error": {"message": "Your credit balance is too low to access the API."}}),
                About::Cause(Cause::Credit),
            ),
            (
                401,
                json!({"error": {"message": "no", "code": 401}}),
                About::Cause(Cause::Key),
            ),
            (
                401,
                json!({"error": {"code": "invalid_api_key", "type": "invalid_request_error"}}),
                About::Cause(Cause::Key),
            ),
            (
                400,
                json!([{"error": {"code": 400, "message": "API key not valid. Please pass a valid API key.", "status": "INVALID_ARGUMENT"}}]),
                About::Cause(Cause::Key),
            ),
            (
                404,
                json!({"error": {"code": "model_not_found", "message": "The model does not exist"}}),
                About::Cause(Cause::Model),
            ),
            (
                404,
                json!({"error": "model 'm' not found, try pulling it first"}),
                About::Cause(Cause::Model),
            ),
            (
                400,
                json!({"error": {"message": "m is not a valid model ID", "code": 400}}),
                About::Cause(Cause::Model),
            ),
            (
                404,
                json!({"detail": "Not Found"}),
                About::Cause(Cause::Address),
            ),
            (405, json!(null), About::Cause(Cause::Address)),
            (302, json!(null), About::Cause(Cause::Address)),
            (
                400,
                json!({"error": {"message": "Unsupported value: 'temperature' does not support 0.3 with this model.", "param": "temperature", "code": "unsupported_value"}}),
                parameter("temperature"),
            ),
            (
                400,
                json!({"error": {"message": "Unrecognized request argument supplied: max_completion_tokens"}}),
                parameter("max_completion_tokens"),
            ),
            (
                422,
                json!({"detail": [{"loc": ["body", "response_format"], "msg": "extra fields not permitted", "type": "value_error.extra"}]}),
                parameter("response_format"),
            ),
            (
                400,
                json!({"error": {"message": "This model does not support response_format", "code": 400}}),
                parameter("response_format"),
            ),
            (
                400,
                json!({"error": {"code": "invalid_json_schema", "message": "Invalid schema for response_format", "param": "response_format"}}),
                parameter("response_format"),
            ),
            (
                403,
                json!({"error": {"message": "Country, region, or territory not supported", "code": "unsupported_country_region_territory"}}),
                About::Cause(Cause::Access),
            ),
            (
                429,
                json!({"error": {"code": 429, "message": "Provider returned error", "metadata": {"raw": "rate limited upstream"}}}),
                About::Wait,
            ),
            (
                429,
                json!({"type": "tokens", "code": "rate_limit_exceeded"}),
                About::Wait,
            ),
            (429, json!(null), About::Wait),
            (503, json!({"error": {"code": 503}}), About::Away),
            (
                529,
                json!({"type": "error", "error": {"type": "overloaded_error"}}),
                About::Away,
            ),
            (
                500,
                json!({"error": {"message": "The server had an error while processing your request.", "type": "server_error"}}),
                About::Away,
            ),
            (408, json!(null), About::Away),
            (
                498,
                json!({"error": {"type": "capacity_exceeded", "message": "Flex tier capacity exceeded."}}),
                About::Away,
            ),
            (
                400,
                json!({"error": {"code": "json_validate_failed", "message": "Failed to generate JSON. Please adjust your prompt."}}),
                About::Question,
            ),
            (504, json!(null), About::Lost),
            (524, json!({"error": "timeout"}), About::Lost),
            (
                400,
                json!({"error": {"message": "no", "code": null}}),
                About::Unclear,
            ),
            (400, json!(null), About::Unclear),
            (403, json!(null), About::Unclear),
            (422, json!({"error": {"message": "no"}}), About::Unclear),
        ];
        for (status, body, expected) in cases {
            assert_eq!(about(status, &body), expected, "{status} {body}");
        }
    }

    #[test]
    fn error_names_what_to_put_right() {
        let text = |cause| {
            ModelError::Refuses {
                status: 400,
                code: "c".to_owned(),
                cause,
            }
            .to_string()
        };
        assert!(text(Cause::Parameter("temperature".to_owned())).contains("OPENAI_TEMPERATURE"));
        assert!(text(Cause::Credit).contains("credit"));
        assert!(text(Cause::Key).contains("OPENAI_API_KEY"));
        assert!(text(Cause::Model).contains("OPENAI_MODEL"));
        assert!(text(Cause::Address).contains("OPENAI_BASE_URL"));
    }

    /// A server may quote the profile: nothing of it may reach a log.
    #[test]
    fn what_a_server_quotes_is_not_kept() {
        let quoted = json!({"error": {"message": "Ana from Porto", "code": "bad: Ana from Porto", "param": "Ana Fit"}});
        let error = of_error(400, &quoted, &quoted["error"]);
        assert!(!format!("{error} {error:?}").contains("Ana"), "{error:?}");
    }
}
