//! A field of a notice, whatever its type: a number where a text should stand, one value where a list
//! should, null or nothing at all never spoils the rest.

use chrono::{DateTime, NaiveDateTime, Utc};
use serde_json::Value;

/// Times of this form and without an offset are UTC.
const WITHOUT_OFFSET: [&str; 2] = ["%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%d %H:%M:%S%.f"];
/// Numbers from here on are milliseconds: as seconds they would lie beyond the year 5000.
const MILLISECONDS: i64 = 100_000_000_000;

/// The field of this name, whatever its case; null where there is none.
pub(crate) fn field<'a>(value: &'a Value, name: &str) -> &'a Value {
    let exactly = value.get(name);
    let any_case = || {
        let fields = value.as_object()?;
        let found = fields
            .iter()
            .find(|(key, _)| key.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value)
    };
    exactly.or_else(any_case).unwrap_or(&Value::Null)
}

/// A text that says something: of a list the first.
pub(crate) fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.trim().to_owned()).filter(|text| !text.is_empty()),
        Value::Number(number) => Some(number.to_string()),
        Value::Array(values) => values.iter().find_map(text),
        Value::Null | Value::Bool(_) | Value::Object(_) => None,
    }
}

/// The entries of a list; a single value is a list of one.
pub(crate) fn list(value: &Value) -> &[Value] {
    match value {
        Value::Array(values) => values,
        Value::Null => &[],
        one => std::slice::from_ref(one),
    }
}

/// A time as services write it.
pub(crate) fn time(value: &Value) -> Option<DateTime<Utc>> {
    let text = text(value)?;
    if let Ok(number) = text.parse::<i64>() {
        return match number {
            MILLISECONDS.. => DateTime::from_timestamp_millis(number),
            0.. => DateTime::from_timestamp(number, 0),
            _ => None,
        };
    }
    let with_offset =
        DateTime::parse_from_rfc3339(&text).or_else(|_| DateTime::parse_from_rfc2822(&text));
    let without = || {
        let mut forms = WITHOUT_OFFSET.into_iter();
        forms.find_map(|form| NaiveDateTime::parse_from_str(&text, form).ok())
    };
    match with_offset {
        Ok(time) => Some(time.with_timezone(&Utc)),
        Err(_) => without().map(|time| time.and_utc()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn time_is_read_as_services_write_it() {
        let expected = Some("2026-01-05T10:00:00Z".parse::<DateTime<Utc>>().unwrap());
        for written in [
            json!("2026-01-05T10:00:00.000Z"),
            json!("2026-01-05T11:00:00+01:00"),
            json!("2026-01-05T10:00:00"),
            json!("2026-01-05 10:00:00"),
            json!("Mon, 05 Jan 2026 10:00:00 +0000"),
            json!(1_767_607_200),
            json!(1_767_607_200_000_i64),
            json!("1767607200"),
            json!(["2026-01-05T10:00:00Z"]),
            json!(" 2026-01-05T10:00:00Z "),
        ] {
            assert_eq!(time(&written), expected, "{written}");
        }
        for odd in [
            json!(null),
            json!("soon"),
            json!({}),
            json!([]),
            json!(-5),
            json!(true),
            json!(1e300),
            json!(""),
        ] {
            assert_eq!(time(&odd), None, "{odd}");
        }
    }

    #[test]
    fn field_of_any_type_is_read() {
        let value = json!({"a": 7, "B": ["x", "y"], "c": null, "d": {"e": 1}});
        assert_eq!(text(field(&value, "a")).as_deref(), Some("7"));
        assert_eq!(text(field(&value, "b")).as_deref(), Some("x"));
        assert_eq!(text(field(&value, "c")), None);
        assert_eq!(list(field(&value, "a")).len(), 1);
        assert_eq!(list(field(&value, "B")).len(), 2);
        assert!(list(field(&value, "none")).is_empty() && text(field(&json!(3), "a")).is_none());
    }
}
