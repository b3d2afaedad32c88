use serde_json::json;

use super::*;

fn said(body: &Value) -> Content {
    read(&body.to_string()).unwrap().content
}

fn choice(finish: &str, message: &Value) -> Content {
    said(&json!({"choices": [{"finish_reason": finish, "message": message}]}))
}

fn whole() -> Content {
    Content::Text("{\"a\":1}".to_owned())
}

#[test]
fn content_is_read_in_every_shape() {
    let text = "{\"a\":1}";
    for message in [
        json!({"content": text}),
        json!({"content": text, "refusal": ""}),
        json!({"content": text, "refusal": null, "reasoning_content": "hm", "tool_calls": []}),
        json!({"content": text, "refusal": "none"}),
        json!({"content": text, "refusal": false}),
        json!({"content": text, "refusal": {}}),
        json!({"content": [{"type": "text", "text": text}]}),
        json!({"content": [{"type": "reasoning", "text": "hm"}, {"type": "output_text", "text": text}]}),
        json!({"content": ["{\"a\"", ":1}"]}),
        json!({"content": {"a": 1}}),
        json!({"content": null, "tool_calls": [{"function": {"arguments": text}}]}),
        json!({"content": "", "function_call": {"arguments": text}}),
        json!({"content": "", "parsed": {"a": 1}}),
    ] {
        assert_eq!(choice("stop", &message), whole(), "{message}");
    }
    assert_eq!(said(&json!({"choices": [{"text": text}]})), whole());
    assert_eq!(
        said(&json!({"message": {"content": text}, "done_reason": "stop"})),
        whole()
    );
    assert_eq!(
        said(&json!([{"choices": [{"message": {"content": text}}]}])),
        whole()
    );
    assert_eq!(choice("later_word", &json!({"content": text})), whole());
    assert_eq!(choice("content_filter", &json!({"content": text})), whole());
}

#[test]
fn refusal_cut_and_nothing_are_told_apart() {
    for message in [
        json!({"content": null, "refusal": "I cannot help with that."}),
        json!({"content": "", "refusal": "no way"}),
        json!({"content": "I'm sorry, but I can’t help."}),
        json!({"content": "I cannot assess people."}),
        json!({"content": [{"type": "refusal", "refusal": "I will not"}]}),
    ] {
        assert_eq!(choice("stop", &message), Content::Refused, "{message}");
    }
    for finish in ["content_filter", "SAFETY"] {
        assert_eq!(choice(finish, &json!({"content": "x"})), Content::Refused);
    }
    for finish in ["length", "MAX_TOKENS"] {
        assert_eq!(
            choice(finish, &json!({"content": "{\"a"})),
            Content::Truncated("{\"a".to_owned())
        );
    }
    for message in [
        json!({"content": " "}),
        json!({"content": null}),
        json!({}),
        json!(7),
    ] {
        assert_eq!(choice("stop", &message), Content::Empty, "{message}");
    }
    for body in [
        json!({"choices": []}),
        json!({"choices": null}),
        json!({"object": "error"}),
        json!([]),
    ] {
        assert_eq!(said(&body), Content::Empty, "{body}");
    }
}

#[test]
fn usage_is_read_as_servers_write_it() {
    let usage = |usage: Value| {
        let answer = read(&json!({"choices": [], "usage": usage}).to_string()).unwrap();
        (answer.input_tokens, answer.output_tokens)
    };
    assert_eq!(
        usage(json!({"prompt_tokens": 9, "completion_tokens": 2})),
        (9, 2)
    );
    assert_eq!(
        usage(json!({"prompt_tokens": "9", "completion_tokens": 1.5})),
        (9, 2)
    );
    assert_eq!(
        usage(json!({"input_tokens": 9, "output_tokens": null})),
        (9, 0)
    );
    assert_eq!(usage(json!({"prompt_tokens": -9})), (0, 0));
    assert_eq!(
        usage(json!({"total_tokens": 9})),
        (0, 0),
        "what each cost is not known"
    );
    assert_eq!(usage(json!(null)), (0, 0));
    assert_eq!(usage(json!("many")), (0, 0));
}

#[test]
fn success_that_holds_an_error_is_one() {
    let fails = |body: Value| read(&body.to_string()).unwrap_err();
    assert!(matches!(
        fails(json!({"error": {"message": "overloaded", "code": 502}})),
        ModelError::Unavailable { status: Some(502) }
    ));
    assert!(matches!(
        fails(
            json!({"choices": [{"error": {"code": 429, "message": "slow"}, "finish_reason": "error"}]})
        ),
        ModelError::Throttled { .. }
    ));
    assert!(matches!(
        fails(json!({"error": {"message": "Insufficient credits", "code": 402}})),
        ModelError::Refuses { .. }
    ));
    assert!(matches!(
        fails(json!({"error": {"message": "no"}})),
        ModelError::Unclear { .. }
    ));
    // An error that is nothing is none.
    assert_eq!(
        said(&json!({"error": null, "choices": [{"message": {"content": "{\"a\":1}"}}]})),
        whole()
    );
}

#[test]
fn what_is_no_answer_is_not_paid_twice() {
    for page in ["<html>hello</html>", "  <!doctype html>"] {
        assert!(
            matches!(read(page), Err(ModelError::Unavailable { .. })),
            "{page}"
        );
    }
    for cut in ["", "{\"choices\":[{\"mess", "hello"] {
        assert!(matches!(read(cut), Err(ModelError::Lost)), "{cut}");
    }
}

#[test]
fn a_stream_is_joined() {
    let stream = "data: {\"choices\":[{\"delta\":{\"content\":\"{\\\"a\\\"\"}}]}\n\n\
                  data: {\"choices\":[{\"delta\":{\"content\":\":1}\"},\"finish_reason\":\"stop\"}],\"usage\":{\"prompt_tokens\":3}}\n\n\
                  data: [DONE]\n";
    let answer = read(stream).unwrap();
    assert_eq!((answer.content, answer.input_tokens), (whole(), 3));
}

proptest::proptest! {
    #[test]
    fn no_body_panics(body in proptest::prelude::any::<String>()) {
        let _ = read(&body);
    }
}
