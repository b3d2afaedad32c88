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
    let long =
        "This model's maximum context length is 8192 tokens. However, you requested 9120 tokens.";
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
