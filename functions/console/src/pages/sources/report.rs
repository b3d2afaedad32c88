//! The report of a source's last run, in words. It may be of an older release: what is missing is left out.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde_json::Value;
use shared::{db::console::sources::Source, lists};

use crate::view::{Moment, StateMark, counted};

/// Refused rows that a page lists.
const LISTED: usize = 100;

/// What the collector, or an import by hand, kept of its run.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Report {
    new: i64,
    updated: i64,
    unchanged: i64,
    duplicates: i64,
    erased: i64,
    with_email: i64,
    /// Refused rows in all; an import by hand lists every one instead.
    bad: Option<usize>,
    pub(crate) bad_rows: Vec<RefusedRow>,
    conflict_lines: Vec<u64>,
    unknown: BTreeMap<String, i64>,
    pub(crate) encoding: Option<String>,
    delimiter: Option<String>,
    export: Option<String>,
    pub(crate) columns: Columns,
    rows: Option<i64>,
    ended: Option<Ended>,
}

/// A row that was not used.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(crate) struct RefusedRow {
    pub(crate) line: u64,
    #[serde(default)]
    pub(crate) column: Option<String>,
    pub(crate) reason: String,
}

/// Which columns of a list were used for what.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Columns {
    pub(crate) used: BTreeMap<String, String>,
    pub(crate) ignored: Vec<String>,
}

#[derive(Debug, Clone, Deserialize)]
struct Ended {
    how: String,
    #[serde(default)]
    why: Option<String>,
    #[serde(default)]
    until: Option<DateTime<Utc>>,
}

impl Report {
    /// Reads a report; none of a shape that nobody knows.
    pub(crate) fn read(report: &Value) -> Option<Self> {
        serde_json::from_value(report.clone()).ok()
    }

    /// What became of the rows, in a sentence.
    pub(crate) fn found(&self) -> String {
        let Self {
            new,
            updated,
            unchanged,
            duplicates,
            erased,
            ..
        } = self;
        let mut parts = vec![counted(*new, "new lead", "new leads")];
        for (count, what) in [
            (*updated, "updated"),
            (*unchanged, "known and unchanged"),
            (*duplicates, "named again"),
            (*erased, "left out, because the person was erased"),
        ] {
            if count > 0 {
                parts.push(format!("{} {what}", crate::view::number(count)));
            }
        }
        let refused = i64::try_from(self.refused_count()).unwrap_or(i64::MAX);
        if refused > 0 {
            parts.push(counted(refused, "row refused", "rows refused"));
        }
        format!("{}.", parts.join(", "))
    }

    /// How the list was read, if it was one.
    pub(crate) fn shape(&self) -> Option<String> {
        let encoding = self.encoding.as_deref()?;
        let delimiter = self.delimiter.as_deref().unwrap_or_default();
        let shape = lists::shape(encoding, delimiter, self.export.as_deref());
        let rows = self.rows.unwrap_or_default();
        Some(format!(
            "{} {shape}; {} with an address.",
            counted(rows, "row", "rows"),
            counted(self.with_email, "lead", "leads")
        ))
    }

    /// Why the run ended before the end.
    pub(crate) fn ended_early(&self) -> Option<String> {
        let ended = self.ended.as_ref()?;
        let why = ended.why.as_deref().unwrap_or("it gave no reason");
        match ended.how.as_str() {
            "done" => None,
            "time_is_up" => Some("Its time was up; the next run goes on.".to_owned()),
            "replaced" => Some("Another run took over.".to_owned()),
            "throttled" => Some(match ended.until {
                Some(until) => format!("The service asked to wait until {} UTC.", Moment(until)),
                None => "The service asked to wait; the next run goes on.".to_owned(),
            }),
            "unavailable" => Some(format!("It failed, and is tried again: {why}.")),
            _ => Some(format!("A person must look: {why}.")),
        }
    }

    fn refused_count(&self) -> usize {
        self.bad.unwrap_or(self.bad_rows.len()) + self.conflict_lines.len()
    }

    /// The refused rows that are listed, those of another person last.
    pub(crate) fn refused(&self) -> Vec<RefusedRow> {
        let conflicts = self.conflict_lines.iter().map(|line| RefusedRow {
            line: *line,
            column: Some("username".to_owned()),
            reason: "the profile is stored as another person’s, and nothing was changed".to_owned(),
        });
        let rows = self.bad_rows.iter().cloned();
        rows.chain(conflicts).take(LISTED).collect()
    }

    /// How many are not listed.
    pub(crate) fn more_refused(&self) -> usize {
        self.refused_count().saturating_sub(self.refused().len())
    }

    /// Rows of a column that could not be read.
    pub(crate) fn unread(&self, field: &str) -> i64 {
        self.unknown.get(field).copied().unwrap_or_default()
    }
}

/// How a source's state is shown.
pub(crate) fn state_mark(source: &Source) -> StateMark {
    let (class, word) = match source {
        Source { running: true, .. } => ("state state-waiting", "Being read"),
        Source {
            needs_attention: true,
            ..
        } => ("state state-warn", "A person must look"),
        Source { enabled: false, .. } => ("state", "Paused"),
        Source {
            rests_until: Some(_),
            ..
        } => ("state state-waiting", "Rests"),
        Source {
            last_run_at: None, ..
        } => ("state state-waiting", "Not read yet"),
        Source { .. } => ("state state-good", "On"),
    };
    StateMark { class, word }
}

/// What it looks for, in a few words.
pub(crate) fn reads(source: &Source) -> String {
    let field = |name: &str| source.params.get(name).and_then(Value::as_str);
    match (field("query"), field("file")) {
        (Some(query), _) => format!("Search on X: {query}"),
        (None, Some(file)) => format!("List: {file}"),
        (None, None) => source.kind.clone(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn report_of_a_list_reads_as_sentences() {
        let report = Report::read(&json!({
            "pages": 1, "new": 3, "updated": 1, "unchanged": 0, "duplicates": 2, "erased": 0, "with_email": 4,
            "bad": 120, "bad_rows": [{"line": 4, "column": "username", "reason": "too long"}, {"line": 7, "reason": "x"}],
            "conflict_lines": [9], "unknown": {"country": 2}, "encoding": "UTF-8", "delimiter": ";", "rows": 1_126,
            "columns": {"used": {"Mail": "email"}, "ignored": ["Fax"]},
            "ended": {"how": "needs_attention", "why": "120 of 126 rows were refused", "rests": false},
        }))
        .unwrap();
        assert_eq!(
            report.found(),
            "3 new leads, 1 updated, 2 named again, 121 rows refused."
        );
        let shape = report.shape().unwrap();
        assert_eq!(
            shape,
            "1,126 rows in UTF-8, parted by semicolons; 4 leads with an address."
        );
        let ended = report.ended_early().unwrap();
        assert_eq!(ended, "A person must look: 120 of 126 rows were refused.");
        assert_eq!(report.refused().len(), 3);
        assert_eq!(report.more_refused(), 118);
        assert_eq!(report.unread("country"), 2);
    }

    #[test]
    fn report_of_a_search_or_an_import_is_read() {
        let search =
            Report::read(&json!({"new": 1, "bad": 0, "bad_rows": [], "ended": {"how": "done"}}))
                .unwrap();
        assert_eq!(search.found(), "1 new lead.");
        assert_eq!((search.shape(), search.ended_early()), (None, None));
        let import = Report::read(
            &json!({"new": 0, "bad_rows": [{"line": 2, "reason": "r"}], "leads": 0, "name": "seed"}),
        );
        assert_eq!(import.unwrap().found(), "No new leads, 1 row refused.");
        let odd = Report::read(&json!({"new": "many"}));
        assert!(odd.is_none());
    }
}
