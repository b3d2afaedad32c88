//! Fits the model's answer into the requested schema.

use serde_json::{Map, Value, json};

/// How deep a recursive schema is followed.
const MAX_DEPTH: usize = 12;

/// A value that is valid for the schema and holds as much of the wanted answer as it allows. Where
/// nothing is wanted, a plain value.
pub(super) fn conform(wish: Option<&Value>, schema: &Value, root: &Value, depth: usize) -> Value {
    if depth > MAX_DEPTH {
        return Value::Null;
    }
    if let Some(target) = schema.get("$ref").and_then(Value::as_str) {
        let target = target
            .strip_prefix('#')
            .and_then(|pointer| root.pointer(pointer));
        return conform(wish, target.unwrap_or(&Value::Null), root, depth + 1);
    }
    if let Some(constant) = schema.get("const") {
        return constant.clone();
    }
    if let Some(choices) = schema.get("enum").and_then(Value::as_array) {
        let wished = wish.filter(|wish| choices.contains(wish));
        let other = choices.iter().find(|choice| **choice == "other");
        return wished
            .or(other)
            .or(choices.first())
            .cloned()
            .unwrap_or_default();
    }
    if let Some(choices) = schema.get("anyOf").and_then(Value::as_array) {
        let fits = |choice: &&Value| wish.is_some_and(|wish| admits(choice, wish));
        let choice = choices
            .iter()
            .find(fits)
            .or(choices.first())
            .unwrap_or(&Value::Null);
        return conform(wish, choice, root, depth + 1);
    }
    let kind = kinds(schema)
        .into_iter()
        .find(|kind| wish.is_some_and(|wish| is(wish, kind)));
    match kind.or_else(|| kinds(schema).first().copied()) {
        Some("object") => object(wish, schema, root, depth),
        Some("array") => array(wish, schema, root, depth),
        Some("string") => wish
            .filter(|wish| wish.is_string())
            .cloned()
            .unwrap_or(json!("none")),
        Some(kind @ ("integer" | "number")) => number(wish, schema, kind),
        Some("boolean") => wish
            .filter(|wish| wish.is_boolean())
            .cloned()
            .unwrap_or(json!(false)),
        _ => Value::Null,
    }
}

fn object(wish: Option<&Value>, schema: &Value, root: &Value, depth: usize) -> Value {
    let properties = schema.get("properties").and_then(Value::as_object);
    let fields: Map<String, Value> = properties
        .into_iter()
        .flatten()
        .map(|(name, inner)| {
            let wish = wish.and_then(|wish| wish.get(name));
            (name.clone(), conform(wish, inner, root, depth + 1))
        })
        .collect();
    Value::Object(fields)
}

fn array(wish: Option<&Value>, schema: &Value, root: &Value, depth: usize) -> Value {
    let bound = |name: &str| {
        schema
            .get(name)
            .and_then(Value::as_u64)
            .and_then(|bound| usize::try_from(bound).ok())
    };
    let items = schema.get("items").unwrap_or(&Value::Null);
    let mut values: Vec<Value> = wish
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .take(bound("maxItems").unwrap_or(usize::MAX))
        .map(|wish| conform(Some(wish), items, root, depth + 1))
        .collect();
    while values.len() < bound("minItems").unwrap_or(0) {
        values.push(conform(None, items, root, depth + 1));
    }
    Value::Array(values)
}

fn number(wish: Option<&Value>, schema: &Value, kind: &str) -> Value {
    let bound = |name: &str| schema.get(name).and_then(Value::as_f64);
    let wished = wish.and_then(Value::as_f64).unwrap_or(0.0);
    let low = bound("minimum").or(bound("exclusiveMinimum").map(|low| low + 1.0));
    let high = bound("maximum").or(bound("exclusiveMaximum").map(|high| high - 1.0));
    let clamped = wished
        .max(low.unwrap_or(f64::MIN))
        .min(high.unwrap_or(f64::MAX));
    match wish {
        Some(wish) if (clamped - wished).abs() < f64::EPSILON => wish.clone(),
        _ if kind == "integer" => format!("{clamped:.0}")
            .parse::<i64>()
            .map_or(json!(0), Value::from),
        _ => json!(clamped),
    }
}

fn kinds(schema: &Value) -> Vec<&str> {
    match schema.get("type") {
        Some(Value::String(kind)) => vec![kind],
        Some(Value::Array(kinds)) => kinds.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    }
}

fn is(value: &Value, kind: &str) -> bool {
    match kind {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        "boolean" => value.is_boolean(),
        _ => value.is_null(),
    }
}

fn admits(schema: &Value, value: &Value) -> bool {
    kinds(schema).iter().any(|kind| is(value, kind))
        || schema
            .get("enum")
            .and_then(Value::as_array)
            .is_some_and(|all| all.contains(value))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::conform;

    #[test]
    fn unforeseen_schema_gets_a_valid_object() {
        let schema = json!({ "type": "object", "properties": {
            "kind": { "enum": ["b", "a"] }, "many": { "type": "array", "minItems": 2,
            "items": { "$ref": "#/$defs/one" } }, "n": { "type": "integer", "minimum": 3 },
            "score": { "type": "integer", "minimum": 0, "maximum": 10 },
            "maybe": { "anyOf": [{ "type": "null" }, { "type": "string" }] } },
            "$defs": { "one": { "type": "boolean" } } });
        let wish = json!({ "score": 87, "kind": "a", "maybe": "yes", "unasked": 1 });
        assert_eq!(
            conform(Some(&wish), &schema, &schema, 0),
            json!({ "kind": "a", "many": [false, false], "n": 3, "score": 10, "maybe": "yes" }),
        );
    }
}
