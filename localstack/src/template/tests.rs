//! Rules that no linter checks. Each reads a template and lists its violations; each test shows that
//! ours has none, and that a template with one wrong line has one.

mod alarms;
mod feedback;
mod functions;
mod parameters;
mod permissions;
mod queues;
mod reading;
mod schedules;
mod tags;
mod web;

use serde_json::Value;

use super::{Template, entries, merge};

/// The template that is deployed.
const TEXT: &str = include_str!("../../../template.yaml");

/// What a rule found wrong, one line each.
type Broken = Vec<String>;

#[track_caller]
fn holds(rule: fn(&Template) -> Broken) {
    let broken = rule(&Template::parse(TEXT).unwrap());
    assert!(
        broken.is_empty(),
        "template.yaml breaks the rule:\n{}",
        broken.join("\n")
    );
}

/// Writes `by` for the first `line` in the entry `section`, be it a resource, a parameter or an
/// output, and expects the rule to notice.
#[track_caller]
fn detects(rule: fn(&Template) -> Broken, section: &str, line: &str, by: &str) {
    let start = TEXT
        .find(&format!("\n  {section}:"))
        .expect("the section is in the template");
    let (before, after) = TEXT.split_at(start);
    let next = |text: &str| text.starts_with(|c: char| c.is_ascii_uppercase());
    let is_entry =
        |at: &usize| next(&after[at + 1..]) || after[at + 1..].strip_prefix("  ").is_some_and(next);
    let end = after
        .match_indices('\n')
        .map(|(at, _)| at)
        .skip(1)
        .find(is_entry)
        .unwrap_or(after.len());
    let (section_text, rest) = after.split_at(end);
    assert!(section_text.contains(line), "`{line}` is not in {section}");
    let changed = format!("{before}{}{rest}", section_text.replacen(line, by, 1));
    let broken = rule(&Template::parse(&changed).unwrap());
    assert!(
        !broken.is_empty(),
        "no test notices `{by}` instead of `{line}` in {section}"
    );
}

fn properties<'a>(
    template: &'a Template,
    kind: &'a str,
) -> impl Iterator<Item = (&'a str, &'a Value)> {
    template
        .resources_of(kind)
        .map(|(id, resource)| (id, &resource["Properties"]))
}

/// The logical id a reference points to, whether by `Ref` or by `Fn::GetAtt`.
fn target(value: &Value) -> Option<&str> {
    value["Ref"]
        .as_str()
        .or_else(|| value["Fn::GetAtt"][0].as_str())
}

/// One function with the globals underneath, merged as SAM merges them.
struct Function {
    id: String,
    binary: String,
    properties: Value,
}

impl Function {
    fn timeout_secs(&self) -> u64 {
        self.properties["Timeout"].as_u64().unwrap_or_default()
    }

    fn variables(&self) -> impl Iterator<Item = (&str, &Value)> {
        entries(&self.properties["Environment"]["Variables"])
    }
}

fn functions(template: &Template) -> Vec<Function> {
    let merged = |function: super::Function| {
        let mut properties = template.body["Globals"]["Function"].clone();
        let own = &template.body["Resources"][&function.logical_id]["Properties"];
        merge(&mut properties, own);
        Function {
            id: function.logical_id,
            binary: function.binary,
            properties,
        }
    };
    template
        .functions()
        .unwrap()
        .into_iter()
        .map(merged)
        .collect()
}

/// Whether the function has a public URL.
fn answers_people(template: &Template, id: &str) -> bool {
    properties(template, "AWS::Lambda::Url")
        .any(|(_, url)| target(&url["TargetFunctionArn"]) == Some(id))
}

fn events<'a>(function: &'a Function, kind: &str) -> impl Iterator<Item = (&'a str, &'a Value)> {
    entries(&function.properties["Events"])
        .filter(move |(_, event)| event["Type"] == kind)
        .map(|(name, event)| (name, &event["Properties"]))
}

/// One value or a list of them, as policies allow both.
fn many(value: &Value) -> Vec<&Value> {
    match value {
        Value::Null => Vec::new(),
        Value::Array(items) => items.iter().collect(),
        single => vec![single],
    }
}
