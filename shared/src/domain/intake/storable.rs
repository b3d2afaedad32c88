//! What PostgreSQL can store of a source's own words.

use std::io::{self, Write};

use serde::Serialize;
use serde_json::{Value, ser::Formatter};

/// Longest `leads.raw`, as PostgreSQL prints it: its check constraint is the same.
const RAW: usize = 16 * 1024;

/// Small enough, and without the one character that PostgreSQL cannot store. One row that the database
/// refuses would cost its page.
pub(super) fn storable(raw: &Value) -> bool {
    let text = printed(raw);
    text.len() <= RAW && !text.contains("\\u0000")
}

/// A value as PostgreSQL prints `jsonb`, or longer by a few digits.
fn printed(raw: &Value) -> String {
    let mut text = Vec::new();
    let mut serializer = serde_json::Serializer::with_formatter(&mut text, Printed);
    // A value of JSON written into memory cannot fail; one that did would be too long.
    match raw.serialize(&mut serializer) {
        Ok(()) => String::from_utf8(text).unwrap_or_default(),
        Err(_) => "\\u0000".to_owned(),
    }
}

/// PostgreSQL puts a blank after each `,` and `:` and writes numbers without exponents.
struct Printed;

impl Formatter for Printed {
    fn begin_array_value<W: ?Sized + Write>(&mut self, w: &mut W, first: bool) -> io::Result<()> {
        w.write_all(if first { b"" } else { b", " })
    }

    fn begin_object_key<W: ?Sized + Write>(&mut self, w: &mut W, first: bool) -> io::Result<()> {
        w.write_all(if first { b"" } else { b", " })
    }

    fn begin_object_value<W: ?Sized + Write>(&mut self, w: &mut W) -> io::Result<()> {
        w.write_all(b": ")
    }

    fn write_f64<W: ?Sized + Write>(&mut self, w: &mut W, value: f64) -> io::Result<()> {
        let point = if value.fract() == 0.0 { ".0" } else { "" };
        write!(w, "{value}{point}")
    }
}
