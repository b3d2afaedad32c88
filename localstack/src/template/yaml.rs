//! Reads YAML with `CloudFormation`'s short tags into the long form that JSON templates use.

use anyhow::{Context as _, Result, bail};
use saphyr::{LoadableYamlNode as _, MappingOwned, ScalarOwned, YamlOwned};
use serde_json::{Map, Number, Value, json};

/// Reads one YAML document; `!Ref X` becomes `{"Ref": "X"}`, `!Sub X` becomes `{"Fn::Sub": "X"}`.
///
/// Keys given twice are an error, as they are to `CloudFormation`.
pub(super) fn parse(text: &str) -> Result<Value> {
    let documents = YamlOwned::load_from_str(text).context("could not read the YAML")?;
    match documents.as_slice() {
        [document] => value(document),
        others => bail!("expected one YAML document, found {}", others.len()),
    }
}

fn value(node: &YamlOwned) -> Result<Value> {
    match node {
        YamlOwned::Value(leaf) => scalar(leaf),
        YamlOwned::Sequence(items) => items.iter().map(value).collect(),
        YamlOwned::Mapping(entries) => mapping(entries),
        YamlOwned::Tagged(tag, argument) => long_form(&tag.suffix, value(argument)?),
        YamlOwned::Representation(..) | YamlOwned::Alias(_) | YamlOwned::BadValue => {
            bail!("could not make sense of {node:?}")
        }
    }
}

fn scalar(leaf: &ScalarOwned) -> Result<Value> {
    Ok(match leaf {
        ScalarOwned::Null => Value::Null,
        ScalarOwned::Boolean(flag) => json!(flag),
        ScalarOwned::Integer(whole) => json!(whole),
        ScalarOwned::FloatingPoint(number) => Number::from_f64(number.into_inner())
            .map(Value::Number)
            .with_context(|| format!("JSON has no number {number}"))?,
        ScalarOwned::String(text) => json!(text),
    })
}

fn mapping(entries: &MappingOwned) -> Result<Value> {
    let entry = |(key, node): (&YamlOwned, &YamlOwned)| {
        let key = key
            .as_str()
            .with_context(|| format!("the key {key:?} is no text"))?;
        Ok((
            key.to_owned(),
            value(node).with_context(|| format!("in {key}"))?,
        ))
    };
    entries
        .iter()
        .map(entry)
        .collect::<Result<Map<_, _>>>()
        .map(Value::Object)
}

fn long_form(tag: &str, argument: Value) -> Result<Value> {
    Ok(match tag {
        "Ref" | "Condition" => json!({ tag: argument }),
        "GetAtt" => json!({ "Fn::GetAtt": attribute(argument)? }),
        "And" | "Equals" | "FindInMap" | "If" | "Join" | "Not" | "Or" | "Select" | "Split"
        | "Sub" => {
            json!({ format!("Fn::{tag}"): argument })
        }
        _ => bail!("CloudFormation has no tag !{tag}, or this reader does not know it"),
    })
}

/// `!GetAtt Queue.Arn` names the same thing as `!GetAtt [Queue, Arn]`.
fn attribute(argument: Value) -> Result<Value> {
    let Value::String(path) = argument else {
        return Ok(argument);
    };
    let (resource, attribute) = path
        .split_once('.')
        .with_context(|| format!("!GetAtt {path} names no attribute"))?;
    Ok(json!([resource, attribute]))
}
