//! The subset of JSON Schema that strict structured outputs allow.

use serde_json::{Map, Value};

use super::refusal::Refusal;

const MAX_DEPTH: usize = 10;
const MAX_PROPERTIES: usize = 5_000;

/// Keywords that the strict mode refuses.
const REFUSED: [&str; 18] = [
    "allOf",
    "oneOf",
    "not",
    "if",
    "then",
    "else",
    "dependentRequired",
    "dependentSchemas",
    "minLength",
    "maxLength",
    "patternProperties",
    "propertyNames",
    "minProperties",
    "maxProperties",
    "unevaluatedProperties",
    "uniqueItems",
    "contains",
    "prefixItems",
];

const TYPES: [&str; 7] = [
    "string", "number", "integer", "boolean", "object", "array", "null",
];

/// The name and the schema of a `response_format`, if it is one that this model can keep to.
pub(super) fn of<'a>(
    model: &str,
    format: Option<&'a Value>,
) -> Result<(&'a str, &'a Value), Refusal> {
    let format = format.unwrap_or(&Value::Null);
    if format["type"] != "json_schema" {
        return Err(invalid(
            "Invalid value for 'response_format': expected type 'json_schema'.",
        ));
    }
    if model.starts_with("gpt-3.5") || model == "gpt-4" || model.starts_with("gpt-4-") {
        return Err(invalid(
            "Invalid parameter: 'response_format' of type 'json_schema' is not supported with this \
             model.",
        ));
    }
    let outer = &format["json_schema"];
    let name = outer["name"].as_str().unwrap_or_default();
    let legal = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
    if !(1..=64).contains(&name.len()) || !name.chars().all(legal) {
        return Err(invalid(
            "Invalid 'response_format.json_schema.name': expected a string that matches the \
             pattern '^[a-zA-Z0-9_-]+$'.",
        ));
    }
    let wrong = |why: String| {
        invalid(format!(
            "Invalid schema for response_format '{name}': {why}"
        ))
    };
    if outer["strict"] != true {
        return Err(wrong(
            "'strict' is required to be supplied and to be true.".to_owned(),
        ));
    }
    let schema = &outer["schema"];
    if schema["type"] != "object" || schema.get("anyOf").is_some() {
        return Err(wrong(
            "schema must be a JSON Schema of 'type: \"object\"'.".to_owned(),
        ));
    }
    let mut properties = 0;
    walk(schema, &mut Vec::new(), 0, &mut properties).map_err(wrong)?;
    if properties > MAX_PROPERTIES {
        return Err(wrong(format!("more than {MAX_PROPERTIES} properties.")));
    }
    Ok((name, schema))
}

fn invalid(message: impl Into<String>) -> Refusal {
    Refusal::invalid("invalid_json_schema", Some("response_format"), message)
}

fn walk<'a>(
    schema: &'a Value,
    path: &mut Vec<&'a str>,
    depth: usize,
    properties: &mut usize,
) -> Result<(), String> {
    let context = format!("In context=({})", path.join(", "));
    let Value::Object(fields) = schema else {
        return Err(format!("{context}, a schema must be an object."));
    };
    if depth > MAX_DEPTH {
        return Err(format!(
            "{context}, more than {MAX_DEPTH} levels of nesting."
        ));
    }
    if let Some(keyword) = REFUSED
        .iter()
        .find(|keyword| fields.contains_key(**keyword))
    {
        return Err(format!("{context}, '{keyword}' is not permitted."));
    }
    let types = types(fields).ok_or(format!("{context}, the 'type' is not a known one."))?;
    let typed = ["enum", "const", "anyOf", "$ref"]
        .iter()
        .any(|name| fields.contains_key(*name));
    if types.is_empty() && !typed {
        return Err(format!("{context}, schema must have a 'type' key."));
    }
    if types.contains(&"object") {
        object(fields, &context)?;
    }
    if types.contains(&"array") && !fields.contains_key("items") {
        return Err(format!("{context}, array schema missing items."));
    }
    let children = ["properties", "$defs", "definitions"]
        .into_iter()
        .filter_map(|keyword| {
            fields
                .get(keyword)
                .and_then(Value::as_object)
                .map(|children| (keyword, children))
        });
    for (keyword, children) in children {
        for (name, child) in children {
            *properties += usize::from(keyword == "properties");
            path.extend([keyword, name]);
            // Definitions are counted where they are used, not where they stand.
            let depth = if keyword == "properties" {
                depth + 1
            } else {
                0
            };
            walk(child, path, depth, properties)?;
            path.truncate(path.len() - 2);
        }
    }
    if let Some(items) = fields.get("items") {
        path.push("items");
        walk(items, path, depth + 1, properties)?;
        path.pop();
    }
    for choice in fields
        .get("anyOf")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
    {
        path.push("anyOf");
        walk(choice, path, depth, properties)?;
        path.pop();
    }
    Ok(())
}

/// The types that a schema names; none at all if one of them is unknown.
fn types(fields: &Map<String, Value>) -> Option<Vec<&str>> {
    let named: Vec<&str> = match fields.get("type") {
        None => Vec::new(),
        Some(Value::String(name)) => vec![name.as_str()],
        Some(Value::Array(names)) => names.iter().map(Value::as_str).collect::<Option<_>>()?,
        Some(_) => return None,
    };
    named
        .iter()
        .all(|name| TYPES.contains(name))
        .then_some(named)
}

fn object(fields: &Map<String, Value>, context: &str) -> Result<(), String> {
    if fields.get("additionalProperties") != Some(&Value::Bool(false)) {
        return Err(format!(
            "{context}, 'additionalProperties' is required to be supplied and to be false."
        ));
    }
    let required: Vec<&str> = fields
        .get("required")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    let properties = fields.get("properties").and_then(Value::as_object);
    let names = || properties.into_iter().flat_map(Map::keys);
    if let Some(name) = names().find(|name| !required.contains(&name.as_str())) {
        return Err(format!(
            "{context}, 'required' is required to be supplied and to be an array including every \
             key in properties. Missing '{name}'."
        ));
    }
    if let Some(name) = required
        .iter()
        .find(|name| !names().any(|known| known == *name))
    {
        return Err(format!("{context}, 'required' has an extra key '{name}'."));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::of;

    fn object(properties: &Value, required: &Value) -> Value {
        json!({ "type": "object", "additionalProperties": false,
                "required": required, "properties": properties })
    }

    #[track_caller]
    fn check(schema: &Value, complaint: Option<&str>) {
        let format = json!({ "type": "json_schema",
            "json_schema": { "name": "n", "strict": true, "schema": schema } });
        match (of("gpt-4.1-mini", Some(&format)), complaint) {
            (Ok(_), None) => {}
            (Err(refusal), Some(complaint)) => {
                assert!(refusal.message.contains(complaint), "{}", refusal.message);
            }
            (Ok(_), Some(complaint)) => panic!("accepted, not refused with {complaint}"),
            (Err(refusal), None) => panic!("refused: {}", refusal.message),
        }
    }

    #[test]
    fn every_object_is_closed_and_complete() {
        let inner = object(
            &json!({ "b": { "type": ["string", "null"] } }),
            &json!(["b"]),
        );
        check(&object(&json!({ "a": inner }), &json!(["a"])), None);
        check(
            &json!({ "type": "object", "properties": {} }),
            Some("additionalProperties"),
        );
        check(
            &object(&json!({ "a": { "type": "string" } }), &json!([])),
            Some("Missing 'a'"),
        );
        check(&object(&json!({}), &json!(["a"])), Some("extra key 'a'"));
        let open = json!({ "type": "array", "items": { "type": "object", "properties": {} } });
        check(
            &object(&json!({ "a": open }), &json!(["a"])),
            Some("properties, a, items"),
        );
    }

    #[test]
    fn keywords_outside_the_subset_are_refused() {
        let with = |schema: Value| object(&json!({ "a": schema }), &json!(["a"]));
        check(
            &with(json!({ "type": "string", "maxLength": 5 })),
            Some("'maxLength'"),
        );
        check(
            &with(json!({ "type": "integer", "minimum": 0, "maximum": 100 })),
            None,
        );
        check(&with(json!({ "allOf": [] })), Some("'allOf'"));
        check(&with(json!({ "type": "text" })), Some("'type'"));
        check(
            &with(json!({ "description": "anything" })),
            Some("'type' key"),
        );
        check(&with(json!({ "type": "array" })), Some("items"));
        check(
            &with(json!({ "anyOf": [{ "type": "null" }, { "enum": ["a"] }] })),
            None,
        );
        check(&json!({ "anyOf": [] }), Some("type: \"object\""));
    }

    #[test]
    fn nesting_has_a_limit() {
        let nested = |levels: usize| {
            (0..levels).fold(json!({ "type": "string" }), |inner, _| {
                object(&json!({ "a": inner }), &json!(["a"]))
            })
        };
        check(&nested(10), None);
        check(&nested(12), Some("nesting"));
    }
}
