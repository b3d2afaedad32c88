//! A record of JSON as the cells of a row: each of its own fields is a column. What is within a field is left alone, since it
//! may be about somebody else, but for what is known: the contact in `properties` (of CRMs), the `author` of a post, and the
//! addresses and places that services write as objects. That somebody wants no mail counts wherever it stands.

use serde_json::{Map, Value};

use super::{
    columns::{Mapping, Meaning, meaning},
    opt_out,
};
use crate::domain::intake::Field;

/// More fields than any export has.
const MOST: usize = 2_000;
/// How deep it is looked for that somebody wants no mail; the parser itself allows 128.
const DEPTH: usize = 8;

/// A field's name and its text.
pub(super) type NamedCell = (String, String);

/// A person's fields.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Record {
    /// In the order of their names, each once.
    pub(super) cells: Vec<NamedCell>,
    /// The field that says that this person wants no mail.
    pub(super) opted_out: Option<String>,
    /// Whether it says nothing at all, within its fields either.
    pub(super) is_empty: bool,
}

/// Reads a line.
///
/// # Errors
/// Says why it is no record.
pub(super) fn read(line: &[u8], mapping: &Mapping) -> Result<Record, &'static str> {
    let value = serde_json::from_slice(line).map_err(|_| "it is no valid JSON")?;
    let Value::Object(fields) = value else {
        return Err("it is JSON, but no object with fields");
    };
    let person = person(&fields, mapping);
    if person.len() > MOST {
        return Err("it has more than 2,000 fields");
    }
    let mut cells: Vec<NamedCell> = person
        .iter()
        .map(|(name, value)| (name.clone(), cell(name, value, mapping)))
        .collect();
    // The same order whatever order the parser keeps.
    cells.sort();
    Ok(Record {
        cells,
        opted_out: opted_out(&fields, mapping, &addresses(person, mapping), 0),
        is_empty: fields.values().all(|value| match value {
            Value::Null => true,
            Value::String(text) => text.trim().is_empty(),
            _ => false,
        }),
    })
}

/// The object whose fields are the person's.
fn person<'a>(fields: &'a Map<String, Value>, mapping: &Mapping) -> &'a Map<String, Value> {
    // Others write there what they please.
    if let Some(Value::Object(properties)) = fields.get("properties") {
        let names_record = fields.keys().any(|name| names_person(name, mapping));
        let has = |field| has(properties, mapping, field);
        if has(Field::Email) || has(Field::ProfileUrl) && !names_record {
            return properties;
        }
    }
    match fields.get("author") {
        // A record that names a person itself is no post, and its author somebody else.
        Some(Value::Object(author)) if !fields.keys().any(|name| names_person(name, mapping)) => {
            author
        }
        _ => fields,
    }
}

/// Whether such a field is there, and filled.
fn has(fields: &Map<String, Value>, mapping: &Mapping, wanted: Field) -> bool {
    fields.iter().any(|(name, value)| {
        is_field(name, mapping, wanted) && !cell(name, value, mapping).trim().is_empty()
    })
}

fn is_field(name: &str, mapping: &Mapping, wanted: Field) -> bool {
    let found = meaning(name, mapping).map(|(meaning, _)| meaning);
    found == Some(Meaning::Is(wanted))
}

/// The addresses in fields of their own, as they are compared.
fn addresses(fields: &Map<String, Value>, mapping: &Mapping) -> Vec<String> {
    let mut found = Vec::new();
    for (name, value) in fields {
        if is_field(name, mapping, Field::Email) {
            let cell = cell(name, value, mapping).to_lowercase();
            let parts = cell.split(';').map(str::trim);
            found.extend(parts.filter(|part| !part.is_empty()).map(str::to_owned));
        }
    }
    found
}

/// Whether a record has a person's own field, so that a list in it is not an answer's.
pub(super) fn is_person(fields: &Map<String, Value>) -> bool {
    fields
        .keys()
        .any(|name| names_person(name, &Mapping::new()))
}

pub(super) fn names_person(name: &str, mapping: &Mapping) -> bool {
    use Meaning::{FirstName, Is, LastName, On};
    matches!(
        meaning(name, mapping),
        Some((
            FirstName
                | LastName
                | On(..)
                | Is(Field::Name | Field::Email | Field::Username | Field::Followers | Field::Bio),
            _
        ))
    )
}

fn cell(name: &str, value: &Value, mapping: &Mapping) -> String {
    let known = meaning(name, mapping).map(|(meaning, _)| meaning);
    // Words under which services put the value of such a field.
    let within: &[&str] = match known {
        Some(Meaning::Is(Field::Email)) => &["value", "email", "address"],
        Some(Meaning::Is(Field::Location)) => &["name"],
        Some(Meaning::Is(Field::Country)) => &["code", "name"],
        _ => &[],
    };
    match value {
        Value::Array(items) => {
            let texts: Vec<String> = items
                .iter()
                .filter_map(|item| text(item).or_else(|| inner(item, within)))
                .collect();
            texts.join("; ")
        }
        value => text(value)
            .or_else(|| inner(value, within))
            .unwrap_or_default(),
    }
}

fn inner(value: &Value, within: &[&str]) -> Option<String> {
    let fields = value.as_object()?;
    within.iter().find_map(|name| text(fields.get(*name)?))
}

fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(yes) => Some(yes.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

/// The first field, at any place of the record, that says that the person wants no mail.
fn opted_out(
    fields: &Map<String, Value>,
    mapping: &Mapping,
    own: &[String],
    depth: usize,
) -> Option<String> {
    fields.iter().find_map(|(name, value)| {
        let says = match meaning(name, mapping) {
            Some((Meaning::OptOut, _)) => says_yes(value),
            Some((Meaning::Status, _)) => says_status(value, 0),
            _ => false,
        };
        if says {
            return Some(name.chars().take(100).collect());
        }
        let objects: Vec<&Map<String, Value>> = match value {
            Value::Object(inner) => vec![inner],
            Value::Array(items) => items.iter().filter_map(Value::as_object).collect(),
            _ => Vec::new(),
        };
        // Of another person, who has another address, it says nothing.
        let is_own = |inner: &Map<String, Value>| {
            let theirs = addresses(inner, mapping);
            theirs.is_empty() || theirs.iter().any(|address| own.contains(address))
        };
        let is_address = is_field(name, mapping, Field::Email);
        let mut objects = objects
            .into_iter()
            .filter(|inner| depth < DEPTH && (is_address || is_own(inner)));
        objects.find_map(|inner| opted_out(inner, mapping, own, depth + 1))
    })
}

fn says_status(value: &Value, depth: usize) -> bool {
    match value {
        Value::Array(items) => {
            depth < DEPTH && items.iter().any(|item| says_status(item, depth + 1))
        }
        Value::Object(fields) => {
            depth < DEPTH && fields.values().any(|value| says_status(value, depth + 1))
        }
        value => text(value).is_some_and(|text| opt_out::is_status(&text)),
    }
}

/// Of an object, such as a time with its zone, `value` decides, or any of its fields; an empty list is no yes.
fn says_yes(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Array(items) => items.iter().any(says_yes),
        Value::Object(fields) => match fields.get("value") {
            Some(value) => text(value).is_some_and(|text| opt_out::is_yes(&text)),
            None => fields
                .values()
                .any(|value| text(value).is_some_and(|text| opt_out::is_yes(&text))),
        },
        value => text(value).is_some_and(|text| opt_out::is_yes(&text)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(line: &str) -> Record {
        read(line.as_bytes(), &Mapping::new()).unwrap()
    }

    #[track_caller]
    fn check(line: &str, expected: &[(&str, &str)]) {
        let expected: Vec<_> = expected
            .iter()
            .map(|(name, text)| ((*name).to_owned(), (*text).to_owned()))
            .collect();
        assert_eq!(record(line).cells, expected, "{line}");
    }

    #[test]
    fn fields_become_cells() {
        check(
            r#"{"username":"ana","followers":1200,"verified":true,"bio":null,"tags":["a","b"]}"#,
            &[
                ("bio", ""),
                ("followers", "1200"),
                ("tags", "a; b"),
                ("username", "ana"),
                ("verified", "true"),
            ],
        );
        check(
            r#"{"emails":[{"type":"work","value":"a@example.org"},{"value":"b@example.org"}],"country":{"name":"Portugal","code":"PT"}}"#,
            &[
                ("country", "PT"),
                ("emails", "a@example.org; b@example.org"),
            ],
        );
    }

    #[test]
    fn what_is_within_a_field_is_left_alone() {
        for owner in ["user", "owner", "account", "contact", "company"] {
            check(
                &format!(
                    r#"{{"email":"ana@example.org","{owner}":{{"email":"sales@example.com","name":"Zoe"}}}}"#
                ),
                &{
                    let mut cells = [("email", "ana@example.org"), (owner, "")];
                    cells.sort_unstable();
                    cells
                },
            );
        }
    }

    #[test]
    fn author_of_a_post_is_the_person() {
        check(
            r#"{"author":{"id":"77","userName":"ana"},"id":"190000001","url":"https://x.com/ana/status/1"}"#,
            &[("id", "77"), ("userName", "ana")],
        );
        check(
            r#"{"name":"Ana","author":{"name":"Zoe"}}"#,
            &[("author", ""), ("name", "Ana")],
        );
    }

    #[test]
    fn properties_are_the_contact() {
        check(
            r#"{"id":"1","email":"old@example.org","properties":{"email":"ana@example.org"}}"#,
            &[("email", "ana@example.org")],
        );
        // What others write there is no contact.
        for properties in [
            "{}",
            r#"{"account":"Acme","plan":"pro"}"#,
            r#"{"url":"https://x.com/acme","title":"Pricing"}"#,
        ] {
            let line = format!(r#"{{"email":"ana@example.org","properties":{properties}}}"#);
            check(&line, &[("email", "ana@example.org"), ("properties", "")]);
        }
    }

    #[test]
    fn opt_out_counts_wherever_it_stands() {
        for (line, expected) in [
            (
                r#"{"email":"a@example.org","unsubscribed":true}"#,
                Some("unsubscribed"),
            ),
            (
                r#"{"unsubscribed":true,"properties":{"email":"a@example.org"}}"#,
                Some("unsubscribed"),
            ),
            (
                r#"{"email":"a@example.org","lists":[{"optedOut":"2026-01-02"}]}"#,
                Some("optedOut"),
            ),
            (
                r#"{"email":"a@example.org","unsubscribed":{"date":"2026-01-02"}}"#,
                Some("unsubscribed"),
            ),
            (
                r#"{"properties":{"email":"a@example.org","hs_email_optout":"true"}}"#,
                Some("hs_email_optout"),
            ),
            (
                r#"{"email_address":"a@example.org","status":"cleaned"}"#,
                Some("status"),
            ),
            (
                r#"{"email_address":"a@example.org","status":"subscribed"}"#,
                None,
            ),
            (
                r#"{"email":"a@example.org","unsubscribed":false,"optOut":[]}"#,
                None,
            ),
            (r#"{"email":"a@example.org","unsubscribed":null}"#, None),
            (
                r#"{"email":"a@example.org","unsubscribed":{"value":false}}"#,
                None,
            ),
            (
                r#"{"email":"a@example.org","consent":1,"email_marketing_consent":{"state":"unsubscribed"}}"#,
                Some("email_marketing_consent"),
            ),
            (
                r#"{"email":"a@example.org","status":["imported","unsubscribed"]}"#,
                Some("status"),
            ),
            (
                r#"{"email":"a@example.org","hs_email_optout_7001":"true"}"#,
                Some("hs_email_optout_7001"),
            ),
            (
                r#"{"name":"Ana","emails":[{"type":"office","email":"a@example.org","is_unsubscribed":true}]}"#,
                Some("is_unsubscribed"),
            ),
            (
                r#"{"email":"a@example.org","subscription":{"status":"unsubscribed","url":"https://list.example/p/1"}}"#,
                Some("status"),
            ),
            (
                r#"{"email":"A@example.org","contact":{"email":"a@example.org","unsubscribed":true}}"#,
                Some("unsubscribed"),
            ),
            (
                r#"{"email":"a@example.org","old":[{"email":"x@example.org","status":"bounced"}]}"#,
                None,
            ),
        ] {
            assert_eq!(record(line).opted_out.as_deref(), expected, "{line}");
        }
    }

    #[test]
    fn what_is_no_record_is_refused() {
        let refused = |line: &str| read(line.as_bytes(), &Mapping::new()).unwrap_err();
        for (line, why) in [
            ("{\"username\":", "no valid JSON"),
            ("[1]", "no object"),
            ("7", "no object"),
        ] {
            assert!(refused(line).contains(why), "{line}");
        }
        let wide: Vec<String> = (0..=MOST).map(|n| format!("\"f{n}\":1")).collect();
        assert!(refused(&format!("{{{}}}", wide.join(","))).contains("2,000"));
        assert!(refused(&"{\"a\":".repeat(100_000)).contains("no valid"));
    }
}
