//! What must happen, as data: a JSON value that is compared with what happened.
//!
//! An object names the fields that matter, and the rest of what happened is not looked at. A list has as many
//! entries as what happened. Anything else is equal. Besides, an object may say:
//!
//! | object | holds when |
//! |---|---|
//! | `{"any_of": [a, b]}` | one of them holds |
//! | `{"not": a}` | it does not hold |
//! | `{"contains": "text"}` | the text stands in it, in whatever case |
//! | `{"at_least": 3}`, `{"at_most": 3}` | the number is no smaller, no larger |

use serde_json::{Map, Value};

/// The value at this place, such as `/report/ended`; null where there is none.
pub(super) fn at<'a>(value: &'a Value, place: &str) -> &'a Value {
    value.pointer(place).unwrap_or(&Value::Null)
}

/// Whether what happened is what must happen.
pub(super) fn holds(must: &Value, happened: &Value) -> bool {
    match must {
        Value::Object(fields) => match rule(fields) {
            Some((name, value)) => holds_rule(name, value, happened),
            None => fields.iter().all(|(name, must)| {
                let happened = happened.get(name).unwrap_or(&Value::Null);
                holds(must, happened)
            }),
        },
        Value::Array(entries) => happened.as_array().is_some_and(|happened| {
            entries.len() == happened.len()
                && entries
                    .iter()
                    .zip(happened)
                    .all(|(must, it)| holds(must, it))
        }),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => must == happened,
    }
}

/// How many of the named fields are as they must be.
pub(super) fn likeness(must: &Value, happened: &Value) -> usize {
    let fields = must.as_object().into_iter().flatten();
    fields
        .filter(|(name, must)| holds(must, happened.get(*name).unwrap_or(&Value::Null)))
        .count()
}

const RULES: [&str; 5] = ["any_of", "not", "contains", "at_least", "at_most"];

/// The one rule that an object is, if it is one.
fn rule(fields: &Map<String, Value>) -> Option<(&str, &Value)> {
    let mut fields = fields.iter();
    match (fields.next(), fields.next()) {
        (Some((name, value)), None) if RULES.contains(&name.as_str()) => Some((name, value)),
        _ => None,
    }
}

fn holds_rule(name: &str, value: &Value, happened: &Value) -> bool {
    let numbers = value.as_f64().zip(happened.as_f64());
    match name {
        "any_of" => {
            let mut choices = value.as_array().into_iter().flatten();
            choices.any(|choice| holds(choice, happened))
        }
        "not" => !holds(value, happened),
        "contains" => {
            let texts = value.as_str().zip(happened.as_str());
            texts.is_some_and(|(part, text)| text.to_lowercase().contains(&part.to_lowercase()))
        }
        "at_least" => numbers.is_some_and(|(least, it)| it >= least),
        "at_most" => numbers.is_some_and(|(most, it)| it <= most),
        _ => false,
    }
}

/// What must happen, for people: `bounce soft, suppressed no`.
pub(super) fn words(must: &Value) -> String {
    match must {
        Value::Object(fields) if fields.is_empty() => "none".to_owned(),
        Value::Object(fields) => match rule(fields) {
            Some((name, value)) => rule_words(name, value),
            None => {
                let fields = fields.iter();
                let fields = fields.map(|(name, value)| field_words(name, value));
                fields.collect::<Vec<_>>().join(", ")
            }
        },
        Value::Array(entries) => {
            let entries: Vec<_> = entries.iter().map(words).collect();
            format!("[{}]", entries.join("; "))
        }
        Value::Null => "none".to_owned(),
        Value::String(text) if text.is_empty() => "an empty text".to_owned(),
        Value::Bool(true) => "yes".to_owned(),
        Value::Bool(false) => "no".to_owned(),
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
    }
}

fn field_words(name: &str, value: &Value) -> String {
    format!("{} {}", name.replace('_', " "), words(value))
}

fn rule_words(name: &str, value: &Value) -> String {
    let choices = || {
        let choices = value.as_array().into_iter().flatten();
        choices.map(words).collect::<Vec<_>>().join(" or ")
    };
    match name {
        "any_of" => choices(),
        "not" => format!("not {}", words(value)),
        "contains" => format!("with \u{201c}{}\u{201d}", words(value)),
        "at_least" => format!("at least {}", words(value)),
        _ => format!("at most {}", words(value)),
    }
}

/// What happened in the fields that the expectation names, for people; without one, in all.
pub(super) fn happened_words(must: Option<&Value>, happened: &Value) -> String {
    match must {
        Some(must) => words(&named(must, happened)),
        None => words(happened),
    }
}

/// The part of what happened that an expectation names, also in the choices of a rule.
fn named(must: &Value, happened: &Value) -> Value {
    let (Value::Object(fields), Value::Object(it)) = (must, happened) else {
        return happened.clone();
    };
    let mut part = Map::new();
    match rule(fields) {
        Some(("any_of", choices)) => {
            for choice in choices.as_array().into_iter().flatten() {
                if let Value::Object(more) = named(choice, happened) {
                    part.extend(more);
                }
            }
        }
        Some((_, value)) => return named(value, happened),
        None => {
            for (name, must) in fields {
                let value = it.get(name).unwrap_or(&Value::Null);
                part.insert(name.clone(), named(must, value));
            }
        }
    }
    Value::Object(part)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn check(must: &Value, expected: bool) {
        let happened = json!({
            "method": "model", "requests": 1, "reason": null, "why": "X's Credit is used up",
            "notes": ["a", "b"],
        });
        assert_eq!(holds(must, &happened), expected, "{must}");
    }

    #[test]
    fn expectation_looks_at_the_fields_it_names() {
        check(&json!({}), true);
        check(&json!({"method": "model", "requests": 1}), true);
        check(&json!({"method": "rules"}), false);
        check(&json!({"unknown": null}), true);
        check(&json!({"unknown": 1}), false);
        check(&json!({"notes": ["a", "b"]}), true);
        check(&json!({"notes": ["a"]}), false);
    }

    #[test]
    fn rules_hold_by_their_meaning() {
        check(&json!({"why": {"contains": "credit"}}), true);
        check(&json!({"why": {"contains": "quota"}}), false);
        check(&json!({"reason": {"not": null}}), false);
        check(&json!({"requests": {"at_most": 1}}), true);
        check(&json!({"requests": {"at_least": 2}}), false);
        check(
            &json!({"any_of": [{"method": "rules"}, {"requests": 1}]}),
            true,
        );
        check(
            &json!({"any_of": [{"method": "rules"}, {"requests": 2}]}),
            false,
        );
    }

    #[test]
    fn expectation_reads_as_words() {
        let must = json!({"bounce": {"any_of": ["soft", "hard"]}, "suppressed": false});
        assert_eq!(words(&must), "bounce soft or hard, suppressed no");
        let happened = json!({"bounce": "soft", "detail": "x", "suppressed": true});
        assert_eq!(
            happened_words(Some(&must), &happened),
            "bounce soft, suppressed yes"
        );
    }
}
